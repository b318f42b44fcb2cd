// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

func TestAProfileIsKeptAsItWasWritten(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@hoshino.example")
	profile := community.Profile{FamilyNameKana: " ホシノ ", GivenNameKana: "ハナ", Region: "京都府", Skills: []string{"Go", "", "Go", "発酵"},
		Employer: "みどり食品", Title: "課長", About: "一行目\r\n二行目", Locale: community.English}
	shown := community.Visibility{community.FieldName: community.AudienceAlumni, community.FieldEmail: community.AudienceNobody,
		community.FieldSkills: community.AudienceEmployees}
	w.Expect(w.portal.UpdateProfile(t.Context(), viewer, profile, shown)).To(Succeed())

	m, err := w.portal.Member(t.Context(), viewer)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(m.Profile).To(Equal(community.Profile{FamilyNameKana: "ホシノ", GivenNameKana: "ハナ", Region: "京都府", Skills: []string{"Go", "発酵"},
		Employer: "みどり食品", Title: "課長", About: "一行目\n二行目", Locale: community.English}))
	w.Expect(m.Visibility).To(Equal(community.Visibility{community.FieldName: community.AudienceAlumni, community.FieldSkills: community.AudienceEmployees}))
	w.Expect(m.Email).To(Equal("hana@hoshino.example"))
	w.Expect(m.Employments).To(Equal([]community.Employment{{Department: "商品開発部", Post: "主任",
		JoinedOn: time.Date(2010, 4, 1, 0, 0, 0, 0, time.UTC), LeftOn: time.Date(2021, 3, 31, 0, 0, 0, 0, time.UTC)}}))

	profile.Birthday, profile.TimeZone = community.MonthDay{Month: time.February, Day: 29}, "Europe/London"
	w.Expect(w.portal.UpdateProfile(t.Context(), viewer, profile, shown)).To(Succeed())
	w.Expect(w.value(`SELECT birthday || time_zone FROM alumni.member WHERE id = $1`, viewer.Member)).To(Equal("229Europe/London"))
	m, err = w.portal.Member(t.Context(), viewer)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect([]any{m.Profile.Birthday, m.Profile.TimeZone}).To(Equal([]any{profile.Birthday, profile.TimeZone}))
	profile.Birthday, profile.TimeZone = community.MonthDay{}, ""
	w.Expect(w.portal.UpdateProfile(t.Context(), viewer, profile, shown)).To(Succeed())
	w.Expect(w.value(`SELECT (birthday IS NULL) || time_zone FROM alumni.member WHERE id = $1`, viewer.Member)).To(Equal("true"))

	profile.Region = "x\x00"
	w.Expect(code(w.portal.UpdateProfile(t.Context(), viewer, profile, shown))).To(Equal(community.CodeInvalid))
	profile.Region = ""
	w.Expect(code(w.portal.UpdateProfile(t.Context(), viewer, profile, community.Visibility{"Shoe": community.AudienceStaff}))).To(Equal(community.CodeInvalid))
}

func TestConsentsAreLinesOfALedger(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@hoshino.example")
	w.exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
		VALUES ($1, 'Network', 'Given', 'roster', 'Roster', 'import', $2)`, viewer.Member, w.clock.Now())

	first := choice(community.PurposeNewsletter)
	first.Give[community.PurposeJobs] = false
	w.Expect(w.portal.Decide(t.Context(), viewer, first)).To(Succeed())
	w.Expect(w.portal.Decide(t.Context(), viewer, first)).To(Succeed(), "nothing changes, so nothing is written")
	w.clock.Advance(time.Hour)
	second := choice(community.PurposeJobs)
	second.Give[community.PurposeNewsletter] = false
	w.Expect(w.portal.Decide(t.Context(), viewer, second)).To(Succeed())

	c, err := w.portal.Consents(t.Context(), viewer)
	w.Expect(err).NotTo(HaveOccurred())
	given := []bool{}
	for _, p := range community.Purposes() {
		given = append(given, c.Given(p))
	}
	w.Expect(given).To(Equal([]bool{true, false, false, true, false, false}))
	lines := []string{}
	for _, e := range c.History {
		lines = append(lines, string(e.Purpose)+" "+string(e.Decision))
	}
	w.Expect(lines).To(Equal([]string{"Newsletter Withdrawn", "Jobs Given", "Newsletter Given", "Network Given"}))

	leave := community.Choice{Give: map[community.Purpose]bool{community.PurposeNetwork: false}, TextVersion: wording}
	w.Expect(code(w.portal.Decide(t.Context(), viewer, leave))).To(Equal(community.CodeInvalid))
}

func TestAPauseEndsByItself(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@hoshino.example")
	state := func() string { return w.value(`SELECT state FROM alumni.member WHERE id = $1`, viewer.Member) }
	until, past := w.clock.Now().Add(48*time.Hour), w.clock.Now()

	w.Expect(code(w.portal.Pause(t.Context(), viewer, &past))).To(Equal(community.CodeInvalid))
	w.Expect(w.portal.Pause(t.Context(), viewer, &until)).To(Succeed())
	w.Expect(state()).To(Equal("Paused"))
	w.clock.Advance(47 * time.Hour)
	w.Expect(w.portal.Housekeep(t.Context())).To(Succeed())
	w.Expect(state()).To(Equal("Paused"))
	w.clock.Advance(time.Hour)
	w.Expect(w.portal.Housekeep(t.Context())).To(Succeed())
	w.Expect(state()).To(Equal("Active"))

	w.Expect(w.portal.Pause(t.Context(), viewer, nil)).To(Succeed())
	w.clock.Advance(20 * 24 * time.Hour)
	w.Expect(w.portal.Housekeep(t.Context())).To(Succeed())
	w.Expect(state()).To(Equal("Paused"))
	w.Expect(w.portal.Resume(t.Context(), viewer)).To(Succeed())
	w.Expect(state()).To(Equal("Active"))
}

func TestLeavingIsForRealAndAtOnce(t *testing.T) {
	w := newWorld(t)
	viewer, session := w.signedIn("hana@hoshino.example")
	other, _ := w.signedIn("taro@hoshino.example")
	spare := w.link(viewer.Member)
	w.Expect(w.portal.Decide(t.Context(), viewer, choice(community.PurposeNetwork, community.PurposeJobs))).To(Succeed())
	w.Expect(w.portal.UpdateProfile(t.Context(), viewer, community.Profile{Locale: "ja"}, community.Visibility{community.FieldName: community.AudienceAlumni})).To(Succeed())
	w.Expect(w.portal.QueueLink(t.Context(), "hana@hoshino.example", "ja", netip.Addr{})).To(Succeed())

	receipt, err := w.portal.Withdraw(t.Context(), viewer, community.Japanese)
	w.Expect(err).NotTo(HaveOccurred())

	left := func(sql string) string { return w.value(sql, viewer.Member) }
	w.Expect(left(`SELECT state || (withdrawn_at IS NOT NULL) FROM alumni.member WHERE id = $1`)).To(Equal("Withdrawntrue"))
	for _, table := range []string{"session", "sign_in_link", "visibility"} {
		w.Expect(left(`SELECT count(*) FROM alumni.`+table+` WHERE member_id = $1`)).To(Equal("0"), table)
	}
	w.Expect(left(`SELECT count(*) FROM alumni.consent_state WHERE member_id = $1 AND decision = 'Given'`)).To(Equal("0"))
	w.Expect(left(`SELECT count(*) FROM alumni.consent WHERE member_id = $1 AND decision = 'Withdrawn'`)).To(Equal("2"))
	w.Expect(left(`SELECT string_agg(kind || locale, ',') FROM alumni.portal_mail WHERE member_id = $1`)).To(Equal("WithdrawalReceiptja"))
	w.Expect(left(`SELECT id || source || state FROM alumni.erasure_request WHERE member_id = $1`)).To(Equal(receipt.Request.String() + "WithdrawalOpen"))

	_, err = w.portal.Authenticate(t.Context(), session)
	w.Expect(code(err)).To(Equal(community.CodeUnauthenticated))
	_, err = w.portal.SignIn(t.Context(), spare)
	w.Expect(code(err)).To(Equal(community.CodeLinkSpent))
	token, err := w.portal.NewLink(t.Context(), viewer.Member, w.value(`SELECT address FROM alumni.contact WHERE member_id = $1`, viewer.Member))
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(token).To(BeEmpty(), "a queued mail must not make a link for somebody who left")
	_, err = w.portal.Member(t.Context(), other)
	w.Expect(err).NotTo(HaveOccurred(), "others stay")
}

func TestSomebodyWhoLeftMayDoNothingWithAnOldSession(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@hoshino.example")
	_, err := w.portal.Withdraw(t.Context(), viewer, community.Japanese)
	w.Expect(err).NotTo(HaveOccurred())

	acts := map[string]func() error{
		"read":        func() error { _, err := w.portal.Member(t.Context(), viewer); return err },
		"write":       func() error { return w.portal.UpdateProfile(t.Context(), viewer, community.Profile{Locale: "ja"}, nil) },
		"decide":      func() error { return w.portal.Decide(t.Context(), viewer, choice(community.PurposeJobs)) },
		"pause":       func() error { return w.portal.Pause(t.Context(), viewer, nil) },
		"resume":      func() error { return w.portal.Resume(t.Context(), viewer) },
		"resume mail": func() error { return w.portal.ResumeMail(t.Context(), viewer) },
		"leave":       func() error { _, err := w.portal.Withdraw(t.Context(), viewer, "ja"); return err },
		"be nobody": func() error {
			return w.portal.Pause(t.Context(), community.Viewer{Member: uuid.Must(uuid.NewV7())}, nil)
		},
	}
	for name, act := range acts {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(code(act())).To(Equal(community.CodeForbidden)) })
	}
}

func TestMailIsClaimedOnceAndTakenOverWhenALeaseEnds(t *testing.T) {
	w := newWorld(t)
	member := w.person(community.StateActive, "hana@hoshino.example")
	for range 3 {
		w.Expect(w.portal.QueueLink(t.Context(), "hana@hoshino.example", "en", netip.Addr{})).To(Succeed())
	}
	claim := func(n int) []community.Mail {
		mails, err := w.portal.ClaimMails(t.Context(), n, time.Minute)
		w.Expect(err).NotTo(HaveOccurred())
		return mails
	}
	first := claim(1)
	w.Expect(first).To(HaveLen(1))
	w.Expect(first[0]).To(And(HaveField("Member", member), HaveField("Kind", community.MailSignInLink), HaveField("Locale", community.English),
		HaveField("Attempts", 1), HaveField("Address", "hana@hoshino.example"), HaveField("Request", BeNil())))
	rest := claim(10)
	w.Expect(rest).To(HaveLen(2))
	w.Expect(claim(10)).To(BeEmpty())

	w.Expect(w.portal.MailSent(t.Context(), first[0].ID)).To(Succeed())
	w.Expect(w.portal.MailFailed(t.Context(), rest[0].ID)).To(Succeed())
	w.clock.Advance(time.Minute)
	again := claim(10)
	w.Expect(again).To(HaveLen(1))
	w.Expect(again[0].Attempts).To(Equal(2))
	w.Expect(w.portal.RetryMail(t.Context(), again[0].ID, time.Hour)).To(Succeed())
	w.clock.Advance(59 * time.Minute)
	w.Expect(claim(10)).To(BeEmpty())
	w.clock.Advance(time.Minute)
	w.Expect(claim(10)).To(HaveLen(1))

	w.clock.Advance(25 * time.Hour)
	w.Expect(w.portal.Housekeep(t.Context())).To(Succeed())
	w.Expect(w.value(`SELECT count(*) FROM alumni.portal_mail`)).To(Equal("1"), "only what waits is kept")
}
