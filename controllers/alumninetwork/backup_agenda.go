// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/schedule"
)

const (
	// lateBackup is how late a backup or a drill may begin; a later one waits for the next due time.
	lateBackup = 12 * time.Hour
	// overdueAfter is the time that the second due backup in a row has before the network is overdue.
	overdueAfter = time.Hour
	// backupAnnotation asks for a backup now: any new value does.
	backupAnnotation = "alumni-operator.io/back-up"
)

// backupRun is a backup or a drill that should have been started by now.
type backupRun struct {
	name  string
	due   time.Time
	drill bool
}

// agenda says what is due, in the order in which it is started, and when the next is.
type agenda struct {
	due       []backupRun
	next      time.Time // backup
	nextDrill time.Time
	schedule  schedule.Schedule
}

// backupAgenda reads the schedules and the annotation. The names of runs are made of what asked for them, so that no
// controller can start one twice.
func backupAgenda(n *v1alpha1.AlumniNetwork, now time.Time) (agenda, error) {
	b := n.Spec.Store.Backup
	plan, err := schedule.Parse(string(b.Schedule), string(n.Zone()))
	if err != nil {
		return agenda{}, outcome.Retry(outcome.Resync, v1alpha1.ReasonInvalidSpec, "spec.store.backup.schedule: %v", err)
	}
	a := agenda{schedule: plan, next: plan.Next(now)}
	if value := n.Annotations[backupAnnotation]; value != "" {
		sum := sha256.Sum256([]byte(value))
		a.due = append(a.due, backupRun{name: naming.BackupRun(n.Name, "now-"+hex.EncodeToString(sum[:5])), due: now})
	}
	if due := newest(n, plan, now); !due.IsZero() {
		a.due = append(a.due, backupRun{name: naming.BackupRun(n.Name, strconv.FormatInt(due.Unix()/60, 10)), due: due})
	}
	if b.Drill == nil {
		return a, nil
	}
	drills, err := schedule.Parse(string(b.Drill.Schedule), string(n.Zone()))
	if err != nil {
		return agenda{}, outcome.Retry(outcome.Resync, v1alpha1.ReasonInvalidSpec, "spec.store.backup.drill.schedule: %v", err)
	}
	a.nextDrill = drills.Next(now)
	if due := newest(n, drills, now); !due.IsZero() {
		a.due = append(a.due, backupRun{name: naming.DrillRun(n.Name, due), due: due, drill: true})
	}
	return a, nil
}

// newest is the newest due time that is not too long ago, nor before the network was declared.
func newest(n *v1alpha1.AlumniNetwork, plan schedule.Schedule, now time.Time) time.Time {
	from := now.Add(-lateBackup)
	if created := n.CreationTimestamp.Time; created.After(from) {
		from = created
	}
	due, _ := plan.Due(from, now, lateBackup)
	return due
}

// askedRuns are the names of the runs that are due, for the look into the journal.
func askedRuns(n *v1alpha1.AlumniNetwork, now time.Time) []string {
	if n.Spec.Store.Backup == nil {
		return nil
	}
	a, err := backupAgenda(n, now)
	if err != nil {
		return nil // told where the agenda is followed
	}
	var names []string
	for _, run := range a.due {
		names = append(names, run.name)
	}
	return names
}

// nextLook is the time until something is due; 0 when nothing ever is.
func (a agenda) nextLook(now time.Time) time.Duration {
	var soonest time.Duration
	for _, next := range []time.Time{a.next, a.nextDrill} {
		if next.IsZero() {
			continue
		}
		if d := next.Sub(now); soonest == 0 || d < soonest {
			soonest = d
		}
	}
	return soonest
}

// overdue says whether two backups in a row were due since a moment, and the second has had its time.
func (a agenda) overdue(since, now time.Time) bool {
	second := a.schedule.Next(since)
	if !second.IsZero() {
		second = a.schedule.Next(second)
	}
	return !second.IsZero() && now.Sub(second) > overdueAfter
}
