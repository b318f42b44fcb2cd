// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// teller is a rig whose newsletter tells news, and whose first members show their names.
func teller(t *testing.T, members int) *rig {
	r := newRig(t, members)
	r.job.Campaign.Locales[0].Body = "Dear all,\n\n{{ if .Blocks.News }}\n## News of members\n\n{{ .Blocks.News }}\n{{ end }}\n\nBye"
	r.exec(`INSERT INTO alumni.visibility SELECT id, 'Name', 'Alumni' FROM alumni.member`)
	return r
}

// tell makes a post of a member, so long ago.
func (r *rig) tell(by int, body string, ago time.Duration) {
	r.Helper()
	r.exec(`INSERT INTO alumni.post (id, recipient_id, kind, body, locale, newsletter, created_at)
		VALUES (gen_random_uuid(), $1, 'News', $2, 'en', 'Allowed', now() - make_interval(secs => $3))`, member(by), body, ago.Seconds())
}

var toldNews = regexp.MustCompile(`<strong>([^<]+)</strong><br>([^<]+)<br><a style=\S+ href="https://alumni\.hoshino\.example/feed/[0-9a-f-]{36}">Read on`)

// told are the names and texts of the news in the mail to a member.
func (r *rig) told(i int) []string {
	r.Helper()
	all := []string{}
	for _, m := range toldNews.FindAllStringSubmatch(r.bodies()[address(i)], -1) {
		all = append(all, m[1]+": "+m[2])
	}
	return all
}

func TestANewsletterTellsWhatMembersAllow(t *testing.T) {
	g := NewWithT(t)
	r := teller(t, 3)
	r.tell(1, "first", 3*time.Hour)
	r.tell(2, "second", 2*time.Hour)
	r.tell(2, "too old", 31*24*time.Hour)
	for what, change := range map[string]string{
		"not allowed":   "newsletter = 'NotAllowed'",
		"hidden":        "state = 'Hidden'",
		"withdrawn now": "state = 'Withdrawn', body = ''",
	} {
		r.tell(1, what, time.Hour)
		r.exec(`UPDATE alumni.post SET `+change+` WHERE body = $1`, what)
	}
	r.tell(3, "of somebody without a name", time.Hour)
	r.exec(`DELETE FROM alumni.visibility WHERE member_id = $1`, member(3))
	r.mustRun()
	want := []string{"Given2 Canary-Family-2: second", "Given1 Canary-Family-1: first"}
	for i := 1; i <= 3; i++ {
		g.Expect(r.told(i)).To(Equal(want), "member %d", i)
		g.Expect(r.bodies()[address(i)]).To(And(ContainSubstring("News of members</h2>"), ContainSubstring("- Given2 Canary-Family-2\r\n  second\r\n")))
	}
	g.Expect(r.log.String()).NotTo(Or(ContainSubstring("second"), ContainSubstring("Canary-Family")))
	g.Expect(scalar[int](r, "SELECT cardinality(news_posts) FROM alumni.campaign_run")).To(Equal(2))
}

func TestTheNextNewsletterTellsWhatCameSince(t *testing.T) {
	g := NewWithT(t)
	r := teller(t, 1)
	for i := range 7 {
		r.tell(1, fmt.Sprint("post ", i), time.Duration(i+1)*time.Hour)
	}
	r.mustRun()
	g.Expect(r.told(1)).To(HaveLen(5), "the newest five")
	r.exec(`UPDATE alumni.campaign_run SET started_at = now() - interval '2 hours 30 minutes'`)
	first := r.job.RunName
	r.job.RunName = "news-29412000"
	r.mustRun()
	g.Expect(r.told(1)).To(Equal([]string{"Given1 Canary-Family-1: post 0", "Given1 Canary-Family-1: post 1"}))
	r.exec(`UPDATE alumni.campaign_run SET started_at = now()`)
	r.job.RunName = "news-29413440"
	r.mustRun()
	g.Expect(r.bodies()[address(1)]).NotTo(ContainSubstring("News of members"), "nothing came, and no heading stands alone")
	g.Expect(r.bodies()[address(1)]).To(ContainSubstring("<p>Bye</p>"))

	r.exec(`UPDATE alumni.delivery SET state = 'Failed', reason = 'Refused', sent_at = NULL`)
	r.job.Campaign.ResendOf, r.job.RunName = first, first+"-r1"
	r.mustRun()
	g.Expect(r.told(1)).To(HaveLen(5), "sent again it says the same")
}

func TestWhatIsWithdrawnAfterPlanningIsNotTold(t *testing.T) {
	g := NewWithT(t)
	r := teller(t, 4)
	for i, body := range []string{"stays", "withdrawn", "of one who left", "of one who hid"} {
		r.tell(i+1, body, time.Duration(i+1)*time.Hour)
	}
	l := r.ledger(r.job.clock)
	created, err := l.join(t.Context(), r.job, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(created).To(BeTrue())
	g.Expect(scalar[int](r, "SELECT cardinality(news_posts) FROM alumni.campaign_run")).To(Equal(4))
	r.exec(`UPDATE alumni.post SET state = 'Withdrawn', body = '' WHERE body = 'withdrawn'`)
	r.exec(`UPDATE alumni.member SET state = 'Withdrawn' WHERE id = $1`, member(3))
	r.exec(`DELETE FROM alumni.visibility WHERE member_id = $1`, member(4))
	r.tell(1, "too late", 0)
	r.mustRun()
	g.Expect(r.told(1)).To(Equal([]string{"Given1 Canary-Family-1: stays"}))
}

func TestANoticeInThePortalKeepsNoNews(t *testing.T) {
	g := NewWithT(t)
	r := teller(t, 1)
	r.tell(1, "told", time.Hour)
	r.job.Campaign.Channels = []settings.Channel{{Type: channelPortal}, {Type: channelEmail}}
	r.mustRun()
	g.Expect(r.told(1)).To(HaveLen(1))
	g.Expect(scalar[string](r, "SELECT body FROM alumni.notice")).To(And(ContainSubstring("Bye"), Not(ContainSubstring("told")), Not(ContainSubstring("News of"))))
}

func TestEveryVariantTellsTheSameNews(t *testing.T) {
	g := NewWithT(t)
	r := teller(t, 40)
	r.tell(1, "told", time.Hour)
	r.job.ScheduledAt = time.Now()
	r.job.Campaign.ABTest = &settings.ABTest{TestPercent: 50, AfterSeconds: 1}
	l := &r.job.Campaign.Locales[0]
	l.Variants = []settings.Variant{{Name: "a", Subject: "Ay"}, {Name: "b", Body: strings.ReplaceAll(l.Body, "Bye", "See you")}}
	r.mustRun()
	for i := 1; i <= 40; i++ {
		g.Expect(r.told(i)).To(Equal([]string{"Given1 Canary-Family-1: told"}), "member %d", i)
	}
}

func TestANetworkWithoutTheFeedPlansNoNews(t *testing.T) {
	g := NewWithT(t)
	r := teller(t, 1)
	r.tell(1, "told", time.Hour)
	r.job.Network.Modules = []string{}
	r.job.Campaign.Locales[0].Body = "news"
	r.mustRun()
	g.Expect(scalar[int](r, "SELECT cardinality(news_posts) FROM alumni.campaign_run")).To(Equal(0))
}

func TestANewsletterTellsOfTheMeetingsToCome(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 2)
	r.job.Campaign.Locales[0].Body = "Dear all,\n\n{{ .Blocks.Events }}"
	meet := func(title, state string, in time.Duration) {
		r.exec(`INSERT INTO alumni.event (id, kind, organiser, locale, title, form, starts_at, ends_at, time_zone, state, created_at, updated_at)
			VALUES (gen_random_uuid(), 'Reunion', 'Office', 'en', $1, 'OnSite', now() + make_interval(secs => $2), now() + make_interval(secs => $2 + 3600), 'Asia/Tokyo', $3, now(), now())`,
			title, in.Seconds(), state)
	}
	for i := range 6 {
		meet(fmt.Sprint("meeting ", i), "Published", time.Duration(i+1)*time.Hour)
	}
	meet("one of two", "Published", 2*time.Minute)
	meet("the other", "Published", 3*time.Minute)
	r.exec(`UPDATE alumni.event SET organiser = 'Member', recipient_id = $1 WHERE title IN ('one of two', 'the other')`, member(1))
	meet("of one who left", "Published", time.Minute)
	r.exec(`UPDATE alumni.event SET organiser = 'Member', recipient_id = NULL WHERE title = 'of one who left'`)
	meet("met already", "Published", -time.Hour)
	meet("called off", "Cancelled", time.Minute)
	meet("a draft", "Draft", time.Minute)
	r.mustRun()
	body := r.bodies()[address(2)]
	for i := range 4 {
		g.Expect(body).To(ContainSubstring(fmt.Sprint("meeting ", i)))
	}
	g.Expect(body).To(And(ContainSubstring("one of two"), Not(ContainSubstring("the other")), Not(ContainSubstring("of one who left"))))
	g.Expect(body).To(And(ContainSubstring("https://alumni.hoshino.example/events/"), Not(ContainSubstring("meeting 4")), Not(ContainSubstring("met already")),
		Not(ContainSubstring("called off")), Not(ContainSubstring("a draft"))))
}
