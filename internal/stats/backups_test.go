// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/stats"
)

func TestTheJournalOfBackupsGivesTheNewestOfEachKind(t *testing.T) {
	g := NewWithT(t)
	r := open(t, `INSERT INTO alumni.backup_run (run_name, kind, state, failure, backup, size_bytes, scheduled_at, taken_at, finished_at) VALUES
		('b1', 'Backup', 'Succeeded', '', 'one', 10, now(), now(), now()),
		('d1', 'Drill', 'Succeeded', '', 'one', 10, now(), now(), now()),
		('b2', 'Backup', 'Succeeded', 'PruneFailed', 'two', 20, now(), now(), now()),
		('b3', 'Backup', 'Failed', 'DestinationFull', '', 0, now(), NULL, now()),
		('b4', 'Backup', 'Running', '', '', 0, now(), NULL, NULL),
		('d2', 'Drill', 'Failed', 'BackupDamaged', 'two', 20, now(), now(), now())`)

	b, err := r.Backups(t.Context(), "no_such_database", []string{"b1", "b3", "b4", "other"})

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(b.Last.RunName).To(Equal("b3"))
	g.Expect(b.Last.Failure).To(Equal("DestinationFull"))
	g.Expect(b.LastGood.Backup).To(Equal("two"))
	g.Expect(b.LastGood.SizeBytes).To(BeEquivalentTo(20))
	g.Expect(b.LastDrill.RunName).To(Equal("d2"))
	g.Expect(b.LastGoodDrill.RunName).To(Equal("d1"))
	g.Expect(b.Ended).To(Equal(map[string]bool{"b1": true, "b3": true}))
	g.Expect(b.Scratch).To(BeFalse())

	b, err = r.Backups(t.Context(), "template1", nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(b.Scratch).To(BeTrue(), "a database of that name is there")
}

func TestAJournalWithoutRunsSaysNothing(t *testing.T) {
	g := NewWithT(t)
	b, err := open(t).Backups(t.Context(), "none", []string{"b1"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(b).To(Equal(stats.Backups{Ended: map[string]bool{}}))
}
