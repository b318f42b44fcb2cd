// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// mebibyte rounds the size of a database for people.
const mebibyte = 1 << 20

// readFacts reads what status shows of the store: counts and versions, over one short session of the metrics role. What was
// read of a network at rest since the last resync is good enough, and read again as soon as it is not.
func (r *Reconciler) readFacts(ctx context.Context, s *scope) error {
	if facts, left := r.Looks.recall(s.network); facts != nil {
		s.facts, s.nextFacts = facts, left
		setFacts(&s.network.Status, *facts, databaseName(s.network), s.promise)
		return nil
	}
	s.stirs = r.Looks.stirs(s.network)
	if err := r.openMetrics(ctx, s); err != nil {
		return err
	}
	leave, err := r.Budget.Enter(ctx, s.metrics, 1)
	if err != nil {
		return explain(err)
	}
	defer leave()
	reader, err := stats.Open(ctx, s.metrics)
	if err != nil {
		return explain(err)
	}
	defer reader.Close(ctx)
	facts, err := reader.Network(ctx)
	if err != nil {
		return explain(err)
	}
	if n := s.network; n.Spec.Store.Backup != nil || n.Status.Backup != nil {
		s.backups, err = reader.Backups(ctx, naming.ScratchDatabase(databaseName(n)), askedRuns(n, s.now))
		if err != nil {
			return explain(err)
		}
	}
	s.facts, s.factsNew = &facts, true
	setFacts(&s.network.Status, facts, databaseName(s.network), s.promise)
	return nil
}

// keepFacts remembers the aggregates that this look has read when nothing is under way that the next look would miss in them.
func (r *Reconciler) keepFacts(s *scope) {
	n := s.network
	atRest := inService(n) && conditions.IsTrue(n, v1alpha1.RosterSyncedCondition) && n.Spec.Store.Backup == nil && n.Status.Backup == nil && !s.held
	switch {
	case s.facts == nil: // the store could not be read, so it may not be in order either
		r.Looks.forget(n)
	case !atRest || s.facts.RosterRunning != "":
		r.Looks.forgetFacts(n)
	case s.factsNew:
		r.Looks.remember(n, s.facts, s.stirs)
	}
}

// inService says that nothing is wrong with a network, but that its portal may be rolling out.
func inService(n *v1alpha1.AlumniNetwork) bool {
	ready := conditions.Get(n, v1alpha1.ReadyCondition)
	return ready != nil && (ready.Status == metav1.ConditionTrue || ready.Reason == v1alpha1.ReasonRollingOut)
}

// setFacts copies the aggregates into status.
func setFacts(status *v1alpha1.AlumniNetworkStatus, facts stats.Network, database string, promise time.Duration) {
	var credentials *v1alpha1.CredentialsStatus
	if status.Store != nil {
		credentials = status.Store.Credentials
	}
	status.Store = &v1alpha1.StoreStatus{
		Credentials: credentials,
		Database:    database, ServerVersion: facts.Store.ServerVersion, SchemaVersion: facts.Store.SchemaVersion,
		SizeMebibytes: (facts.Store.SizeBytes + mebibyte - 1) / mebibyte,
	}
	m := facts.Members
	status.Members = &v1alpha1.MembersStatus{
		Listed: m.Listed, Invited: m.Invited, Active: m.Active, Paused: m.Paused, Withdrawn: m.Withdrawn,
		Reachable: m.Reachable, Erased: m.Erased,
	}
	status.Privacy = &v1alpha1.PrivacyStatus{OpenErasures: facts.Erasure.Open}
	if oldest := facts.Erasure.OldestReceivedAt; oldest != nil {
		status.Privacy.OldestErasureDeadline = second(oldest.Add(promise))
	}
	next := nextImportOf(status)
	status.Roster = rosterStatus(facts.Roster)
	if next != nil {
		if status.Roster == nil {
			status.Roster = &v1alpha1.RosterStatus{}
		}
		status.Roster.NextImportAt = next
	}
}

func nextImportOf(status *v1alpha1.AlumniNetworkStatus) *metav1.Time {
	if status.Roster == nil {
		return nil
	}
	return status.Roster.NextImportAt
}

// rosterStatus is the outcome of the newest import that ended.
func rosterStatus(last *stats.RosterImport) *v1alpha1.RosterStatus {
	if last == nil {
		return nil
	}
	status := &v1alpha1.RosterStatus{
		Rows: last.Rows, Inserted: last.Inserted, Updated: last.Updated, Quarantined: last.Quarantined, Tombstoned: last.Tombstoned,
	}
	if last.FinishedAt != nil {
		status.LastImportAt = second(*last.FinishedAt)
	}
	for _, q := range last.Quarantine {
		status.Quarantine = append(status.Quarantine, v1alpha1.QuarantinedRow{Line: q.Line, Field: q.Field, Reason: q.Reason})
	}
	return status
}

// second drops what the API does not keep of a time, so that a comparison with what was read back is fair.
func second(t time.Time) *metav1.Time {
	m := metav1.NewTime(t.UTC().Truncate(time.Second))
	return &m
}
