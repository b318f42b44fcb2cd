// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/audience"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/tracking"
)

// tested is a rig whose campaign tries variants a and b on its members.
func tested(t *testing.T, members int, test settings.ABTest) *rig {
	r := newRig(t, members)
	r.job.ScheduledAt = time.Now()
	r.job.Campaign.ABTest, r.job.Campaign.Tracking = &test, &settings.Tracking{Clicks: "Aggregate"}
	l := &r.job.Campaign.Locales[0]
	l.Subject, l.Body = "Base", "[shop](https://shop.example/)"
	l.Variants = []settings.Variant{{Name: "b", Subject: "Bee"}, {Name: "a", Subject: "Ay"}}
	return r
}

// frozen is what became of each member when the audience was frozen: the variant, HeldOut, or nothing for those who wait.
func (r *rig) frozen() map[string]string {
	r.Helper()
	rows, err := r.store.Admin().Query(context.Background(), "SELECT member_id::text, variant || reason FROM alumni.delivery")
	if err != nil {
		r.Fatal(err)
	}
	out := map[string]string{}
	var who, what string
	if _, err := pgx.ForEachRow(rows, []any{&who, &what}, func() error { out[who] = what; return nil }); err != nil {
		r.Fatal(err)
	}
	return out
}

func TestSharesOfATestAreWithinBoundsAndTheSameOnEveryStart(t *testing.T) {
	const members = 1000
	r := tested(t, members, settings.ABTest{TestPercent: 10, AfterSeconds: 3600})
	names := []string{"a", "b", "c", "d"}
	rapid.Check(t, func(t *rapid.T) {
		g := NewWithT(t)
		test := settings.ABTest{TestPercent: rapid.IntRange(10, 30).Draw(t, "test"), HoldOutPercent: rapid.IntRange(0, 10).Draw(t, "held out"), AfterSeconds: 3600}
		variants := names[:rapid.IntRange(2, 4).Draw(t, "variants")]
		r.job.Campaign.ABTest = &test
		r.job.Campaign.Locales[0].Variants = nil
		for _, name := range variants {
			r.job.Campaign.Locales[0].Variants = append(r.job.Campaign.Locales[0].Variants, settings.Variant{Name: name, Subject: name})
		}
		r.exec("TRUNCATE alumni.delivery, alumni.delivery_chunk, alumni.tracking_count, alumni.complaint_count, alumni.unsubscribe_count, alumni.delivery_erased, alumni.campaign_run")
		l := r.ledger(time.Now)
		_, err := l.join(context.Background(), r.job, r.job.day())
		g.Expect(err).NotTo(HaveOccurred())
		first := r.frozen()

		counts := map[string]int{}
		for _, what := range first {
			counts[what]++
		}
		near := func(what string, share float64) {
			expected := members * share
			g.Expect(float64(counts[what])).To(BeNumerically("~", expected, 1+6*math.Sqrt(expected*(1-share))), "%q of %v with %d variants", what, test, len(variants))
		}
		near("HeldOut", float64(test.HoldOutPercent)/100)
		for _, name := range variants {
			near(name, float64(test.TestPercent)/100/float64(len(variants)))
		}
		near("", 1-float64(test.HoldOutPercent+test.TestPercent)/100)

		r.exec("DELETE FROM alumni.delivery") // another start that plans the same run
		query, err := audience.Compile(r.job.Campaign, r.job.day(), firstOfAudience)
		g.Expect(err).NotTo(HaveOccurred())
		sql, args := l.planArms(l.run.id, query)
		_, err = r.pool().Exec(context.Background(), sql, args...)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(r.frozen()).To(Equal(first))
	})
}

func TestArmsDivideTheAudience(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := NewWithT(t)
		test := settings.ABTest{TestPercent: rapid.IntRange(10, 30).Draw(t, "test"), HoldOutPercent: rapid.IntRange(0, 10).Draw(t, "held out")}
		n := rapid.IntRange(2, 4).Draw(t, "variants")
		bounds := arms(test, n)
		g.Expect(bounds).To(HaveLen(n + 1))
		g.Expect(slices.IsSorted(bounds)).To(BeTrue())
		g.Expect(bounds[0]).To(Equal(100 * test.HoldOutPercent))
		g.Expect(bounds[n]).To(Equal(100 * (test.HoldOutPercent + test.TestPercent)))
		for i := 1; i <= n; i++ {
			g.Expect(bounds[i]-bounds[i-1]).To(BeNumerically("~", 100*test.TestPercent/n, 1), "equal parts")
		}
	})
}

// decides plants a run with so many mails and clicks of each variant, and answers with its winner.
func decides(r *rig, sent, clicks map[string]int) string {
	r.exec("TRUNCATE alumni.delivery, alumni.delivery_chunk, alumni.tracking_count, alumni.complaint_count, alumni.unsubscribe_count, alumni.delivery_erased, alumni.campaign_run")
	r.exec(`INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, generation, state, scheduled_at, deadline, test_until)
		VALUES ($1, 'c1', 'news', 'Newsletter', 1, 'Sending', now(), now() + interval '1 day', now())`, r.job.RunName)
	offset := 0
	for variant, n := range sent {
		r.exec(`INSERT INTO alumni.delivery (run_id, member_id, channel, state, variant, sent_at)
			SELECT r.id, m.id, 'Email', 'Sent', $1, now() FROM alumni.campaign_run r, (SELECT id FROM alumni.member ORDER BY id OFFSET $2 LIMIT $3) m`, variant, offset, n)
		offset += n
		r.exec(`INSERT INTO alumni.tracking_count (run_id, kind, link, variant, count, machine) SELECT id, 'Click', 1, $1, $2, 1000 FROM alumni.campaign_run`, variant, clicks[variant])
	}
	l := r.ledger(time.Now)
	l.run.id, l.run.tested = scalar[int64](r, "SELECT id FROM alumni.campaign_run"), true
	if err := l.decide(context.Background()); err != nil {
		r.Fatal(err)
	}
	return l.run.winner
}

func TestATestIsDecidedByClicksForEachMailSent(t *testing.T) {
	r := tested(t, 1000, settings.ABTest{TestPercent: 20, AfterSeconds: 3600})
	r.job.Campaign.Locales[0].Variants = append(r.job.Campaign.Locales[0].Variants, settings.Variant{Name: "c", Subject: "Sea"})
	for name, c := range map[string]struct {
		sent, clicks map[string]int
		winner       string
	}{
		"the one that was clicked most": {map[string]int{"a": 200, "b": 200, "c": 200}, map[string]int{"a": 1, "b": 3, "c": 2}, "b"},
		"for each mail, not in all":     {map[string]int{"a": 400, "b": 200, "c": 200}, map[string]int{"a": 3, "b": 2, "c": 1}, "b"},
		"too few of one of them":        {map[string]int{"a": 200, "b": 200, "c": 199}, map[string]int{"a": 1, "b": 3, "c": 2}, "a"},
		"nobody clicked":                {map[string]int{"a": 200, "b": 200, "c": 200}, nil, "a"},
		"the first of equals":           {map[string]int{"a": 200, "b": 200, "c": 200}, map[string]int{"a": 1, "b": 2, "c": 2}, "b"},
		"equals of different size":      {map[string]int{"a": 400, "b": 200, "c": 200}, map[string]int{"a": 4, "b": 2, "c": 1}, "a"},
		"nothing was sent of any":       {map[string]int{"a": 0, "b": 0, "c": 0}, map[string]int{"c": 9}, "a"},
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(decides(r, c.sent, c.clicks)).To(Equal(c.winner)) })
	}
}

func TestATestIsDecidedOnceAndNotBeforeItsTime(t *testing.T) {
	g := NewWithT(t)
	r := tested(t, 400, settings.ABTest{TestPercent: 20, AfterSeconds: 3600})
	g.Expect(decides(r, map[string]int{"a": 200, "b": 200}, map[string]int{"b": 5})).To(Equal("b"))
	again := r.ledger(time.Now)
	again.run.id, again.run.tested = scalar[int64](r, "SELECT id FROM alumni.campaign_run"), true
	r.exec("UPDATE alumni.tracking_count SET count = 50 WHERE variant = 'a'")
	g.Expect(again.decide(t.Context())).To(Succeed())
	g.Expect(again.run.winner).To(Equal("b"), "later clicks change nothing")

	r.exec("UPDATE alumni.campaign_run SET winner = '', test_until = now() + interval '1 minute'")
	early := r.ledger(time.Now)
	early.run.id, early.run.tested = again.run.id, true
	g.Expect(early.decide(t.Context())).To(Succeed())
	g.Expect(early.run.winner).To(BeEmpty())
	g.Expect(early.waits()).To(BeTrue())

	r.exec("UPDATE alumni.campaign_run SET test_until = now()")
	var deciding sync.WaitGroup
	winners := make([]string, 8)
	for i := range winners {
		deciding.Go(func() {
			l := r.ledger(time.Now)
			l.run.id, l.run.tested = again.run.id, true
			if err := l.decide(context.Background()); err != nil {
				t.Error(err)
			}
			winners[i] = l.run.winner
		})
	}
	deciding.Wait()
	g.Expect(slices.Compact(winners)).To(Equal([]string{"a"}), "all workers agree")
}

// subjects counts the mails of each subject.
func (r *rig) subjects() map[string]int {
	out := map[string]int{}
	for _, m := range r.smtp.Messages() {
		_, rest, _ := strings.Cut(string(m.Data), "Subject: ")
		subject, _, _ := strings.Cut(rest, "\r\n")
		out[subject]++
	}
	return out
}

// until does the run until so many mails were taken, and stops it then.
func (r *rig) until(mails int) {
	r.Helper()
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- Run(ctx, r.pool(), r.job) }()
	NewWithT(r.T).Eventually(r.smtp.Taken, 20*time.Second, 10*time.Millisecond).Should(Equal(mails))
	stop()
	NewWithT(r.T).Expect(<-done).To(MatchError(ErrUnfinished))
}

// timeComes lets the time of the test come.
func (r *rig) timeComes() {
	r.Helper()
	r.exec("UPDATE alumni.campaign_run SET test_until = now()")
	r.exec("UPDATE alumni.delivery SET not_before = now() WHERE state = 'Planned'")
	r.exec("UPDATE alumni.delivery_chunk SET not_before = now() WHERE lease_owner IS NULL AND not_before < 'infinity'")
}

func TestThoseOutsideATestWaitForTheWinnerAndGetIt(t *testing.T) {
	g := NewWithT(t)
	const members = 2000
	r := tested(t, members, settings.ABTest{TestPercent: 30, HoldOutPercent: 5, AfterSeconds: 3600})
	l := r.ledger(time.Now)
	_, err := l.join(t.Context(), r.job, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	arm := map[string]int{}
	for _, what := range r.frozen() {
		arm[what]++
	}
	r.until(arm["a"] + arm["b"])
	g.Expect(r.subjects()).To(Equal(map[string]int{"Ay": arm["a"], "Bee": arm["b"]}), "the others wait")
	g.Expect(scalar[float64](r, "SELECT extract(epoch FROM min(not_before) - now())::float8 FROM alumni.delivery WHERE state = 'Planned'")).To(BeNumerically("~", 3600, 60))
	g.Expect(scalar[float64](r, "SELECT extract(epoch FROM deadline - started_at)::float8 FROM alumni.campaign_run")).To(BeNumerically("~", 7200, 1), "the wait does not shorten the time for retries")

	signer, err := tracking.NewSigner(r.job.TokenKey)
	g.Expect(err).NotTo(HaveOccurred())
	variants := map[string]int{}
	for _, body := range r.bodies() {
		link, err := signer.ParseLink(clickLinks.FindStringSubmatch(body)[1], "https://shop.example/")
		g.Expect(err).NotTo(HaveOccurred())
		variants[link.Variant]++
	}
	g.Expect(variants).To(Equal(map[string]int{"a": arm["a"], "b": arm["b"]}), "links tell whose text was clicked")

	r.exec("INSERT INTO alumni.tracking_count (run_id, kind, link, variant, count, machine) SELECT id, 'Click', 1, 'b', 3, 0 FROM alumni.campaign_run")
	r.timeComes()
	g.Expect(r.ledgerOf().decide(t.Context())).To(Succeed()) // by a worker that dies before it sends anything
	r.exec("UPDATE alumni.tracking_count SET variant = 'a'")
	r.mustRun()
	g.Expect(r.subjects()).To(Equal(map[string]int{"Ay": arm["a"], "Bee": arm["b"] + arm[""]}))
	g.Expect(r.counts()).To(Equal(map[string]int{"Sent": members - arm["HeldOut"], "Skipped/HeldOut": arm["HeldOut"]}))
	g.Expect(scalar[string](r, "SELECT winner || state FROM alumni.campaign_run")).To(Equal("bFinished"))
	for to, times := range r.smtp.Counts() {
		g.Expect(times).To(Equal(1), to)
	}
}

// ledgerOf is a ledger that has joined the run of the rig's job.
func (r *rig) ledgerOf() *ledger {
	r.Helper()
	l := r.ledger(time.Now)
	if _, err := l.join(r.Context(), r.job, r.job.day()); err != nil {
		r.Fatal(err)
	}
	return l
}

func TestARunWhoseTestIsTakenOutGoesOnWithoutIt(t *testing.T) {
	g := NewWithT(t)
	r := tested(t, 300, settings.ABTest{TestPercent: 10, AfterSeconds: 3600})
	r.ledgerOf()
	r.job.Campaign.ABTest, r.job.Campaign.Locales[0].Variants = nil, nil
	r.timeComes()
	r.mustRun()
	g.Expect(r.subjects()).To(Equal(map[string]int{"Base": 300}))
	g.Expect(scalar[string](r, "SELECT winner || state FROM alumni.campaign_run")).To(Equal("Finished"))
}
