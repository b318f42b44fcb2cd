// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/quiet"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// restful draws what a network may promise.
func restful(random *rand.Rand, near time.Time) *settings.QuietHours {
	clock := func() string { return fmt.Sprintf("%02d:%02d", random.IntN(24), 15*random.IntN(4)) }
	rest := &settings.QuietHours{From: clock(), Until: clock()}
	for d := time.Sunday; d <= time.Saturday && len(rest.Days) < 3; d++ {
		if random.IntN(4) == 0 {
			rest.Days = append(rest.Days, d.String())
		}
	}
	for i := range 5 {
		if random.IntN(2) == 0 {
			rest.Holidays = append(rest.Holidays, near.AddDate(0, 0, i-1).UTC().Format(time.DateOnly))
		}
	}
	return rest
}

// TestNobodyIsWrittenToInTheirQuietHours plans runs at any moment and claims them hours later, and looks at the clock of each member
// whom a message is planned for, handed out to, or still allowed to go to.
func TestNobodyIsWrittenToInTheirQuietHours(t *testing.T) {
	const seed = 20261122
	random := rand.New(rand.NewPCG(seed, 0))
	zones := []string{"", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati"}
	r := newRig(t, 2*len(zones))
	for i, zone := range zones {
		r.exec("UPDATE alumni.member SET time_zone = $1 WHERE id IN ($2, $3)", zone, member(2*i+1), member(2*i+2))
	}
	planned, handed := 0, 0
	for trial := range 60 {
		g := NewWithT(t)
		now := time.Now().Add(time.Duration(random.IntN(370*24*3600)) * time.Second)
		r.job.Network.QuietHours = restful(random, now)
		hours, err := quiet.Parse(r.job.Network.QuietHours.From, r.job.Network.QuietHours.Until, r.job.Network.QuietHours.Days)
		g.Expect(err).NotTo(HaveOccurred())
		hours, err = hours.With(r.job.Network.QuietHours.Holidays)
		g.Expect(err).NotTo(HaveOccurred())
		quietFor := func(zone string, at time.Time) bool {
			if zone == "" {
				zone = r.job.Network.TimeZone
			}
			l, err := time.LoadLocation(zone)
			g.Expect(err).NotTo(HaveOccurred())
			return hours.At(at, l)
		}
		r.begin(fmt.Sprint("trial-", trial))
		l := r.ledger(func() time.Time { return now })
		_, err = l.join(t.Context(), r.job, r.job.day())
		g.Expect(err).NotTo(HaveOccurred())
		for zone, at := range whenPlanned(r, now) {
			planned++
			g.Expect(quietFor(zone, at)).To(BeFalse(), "seed %d, trial %d: planned for %s in %q with %+v", seed, trial, at, zone, *r.job.Network.QuietHours)
		}

		now = now.Add(time.Duration(random.IntN(48*3600)) * time.Second)
		r.exec("UPDATE alumni.delivery SET not_before = now() WHERE state = 'Planned'")
		r.exec("UPDATE alumni.delivery_chunk SET not_before = now()")
		items, _, err := l.claim(t.Context(), 100, r.job.day())
		g.Expect(err).NotTo(HaveOccurred())
		for _, i := range items {
			handed++
			zone := scalar[string](r, "SELECT time_zone FROM alumni.member WHERE id = $1", i.member)
			g.Expect(quietFor(zone, now)).To(BeFalse(), "seed %d, trial %d: handed out at %s in %q", seed, trial, now, zone)
			g.Expect(quietFor(zone, now.Add(maxClaimAge))).To(BeFalse(), "it may go out so much later")
			later := now
			now = now.Add(time.Duration(random.IntN(12*3600)) * time.Second)
			if l.still(t.Context(), i) {
				g.Expect(quietFor(zone, now)).To(BeFalse(), "seed %d, trial %d: still going out at %s in %q", seed, trial, now, zone)
			}
			now = later
		}
		r.exec("TRUNCATE alumni.delivery, alumni.delivery_chunk")
	}
	NewWithT(t).Expect([]int{planned, handed}).To(HaveEach(BeNumerically(">", 50)), "or nothing was looked at")
}

// whenPlanned is for when messages are planned, by the zone of their members. The store's clock is another than the test's: a message
// that may go at once has not_before of the past.
func whenPlanned(r *rig, now time.Time) map[string]time.Time {
	rows, err := r.store.Admin().Query(r.Context(), `SELECT m.time_zone, max(d.not_before) FROM alumni.delivery d JOIN alumni.member m ON m.id = d.member_id
		WHERE d.state = 'Planned' GROUP BY 1`)
	if err != nil {
		r.Fatal(err)
	}
	at := map[string]time.Time{}
	var zone string
	var notBefore time.Time
	if _, err := pgx.ForEachRow(rows, []any{&zone, &notBefore}, func() error {
		at[zone] = notBefore
		if notBefore.Before(now) {
			at[zone] = now
		}
		return nil
	}); err != nil {
		r.Fatal(err)
	}
	return at
}
