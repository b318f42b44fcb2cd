// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
)

func TestWhatIsDueOfBackupsAndDrills(t *testing.T) {
	at := func(value string) time.Time {
		parsed, err := time.Parse(time.RFC3339, value)
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		return parsed
	}
	created := at("2026-01-01T00:00:00Z")
	for name, c := range map[string]struct {
		now, asked, drill string
		created           time.Time
		due               []string
		next              string
	}{
		"at its time":                         {now: "2027-04-01T02:30:00+09:00", due: []string{"main-backup-30108570"}, next: "2027-04-02T02:30:00+09:00"},
		"hours late":                          {now: "2027-04-01T14:29:00+09:00", due: []string{"main-backup-30108570"}, next: "2027-04-02T02:30:00+09:00"},
		"too late":                            {now: "2027-04-01T14:31:00+09:00", next: "2027-04-02T02:30:00+09:00"},
		"a network that was declared since":   {now: "2027-04-01T09:00:00+09:00", created: at("2027-04-01T08:00:00+09:00"), next: "2027-04-02T02:30:00+09:00"},
		"asked for now, before what is due":   {now: "2027-04-01T02:31:00+09:00", asked: "x", due: []string{"main-backup-now-2d711642b7", "main-backup-30108570"}, next: "2027-04-02T02:30:00+09:00"},
		"a drill comes after the backup":      {now: "2027-04-01T02:31:00+09:00", drill: "0 1 * * *", due: []string{"main-backup-30108570", "main-drill-30108480"}, next: "2027-04-02T02:30:00+09:00"},
		"both at the same minute is no clash": {now: "2027-04-01T02:31:00+09:00", drill: "30 2 * * *", due: []string{"main-backup-30108570", "main-drill-30108570"}, next: "2027-04-02T02:30:00+09:00"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			n := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Name: "main", CreationTimestamp: metav1.NewTime(created)}}
			if !c.created.IsZero() {
				n.CreationTimestamp = metav1.NewTime(c.created)
			}
			n.Spec.TimeZone = "Asia/Tokyo"
			n.Spec.Store.Backup = &v1alpha1.StoreBackup{Schedule: "30 2 * * *"}
			if c.drill != "" {
				n.Spec.Store.Backup.Drill = &v1alpha1.BackupDrill{Schedule: v1alpha1.CronExpression(c.drill)}
			}
			if c.asked != "" {
				n.Annotations = map[string]string{backupAnnotation: c.asked}
			}

			plan, err := backupAgenda(n, at(c.now))

			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(askedRuns(n, at(c.now))).To(Equal(c.due))
			g.Expect(plan.next).To(BeTemporally("==", at(c.next)))
			g.Expect(plan.nextLook(at(c.now))).To(BeNumerically(">", 0))
		})
	}
}

func TestANetworkIsOverdueAfterTwoMissedBackups(t *testing.T) {
	g := NewWithT(t)
	n := &v1alpha1.AlumniNetwork{}
	n.Spec.Store.Backup = &v1alpha1.StoreBackup{Schedule: "0 2 * * *"}
	last := time.Date(2027, 4, 1, 2, 0, 30, 0, time.UTC)
	plan, err := backupAgenda(n, last)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(plan.overdue(last, last.Add(25*time.Hour))).To(BeFalse(), "one is missed")
	g.Expect(plan.overdue(last, last.Add(48*time.Hour+30*time.Minute))).To(BeFalse(), "the second may still run")
	g.Expect(plan.overdue(last, last.Add(49*time.Hour+time.Minute))).To(BeTrue())
}
