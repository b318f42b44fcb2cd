// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/apply"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	ourlabels "github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/stats"
	"github.com/alumni-operator/alumni-operator/internal/storeread"
)

// certificateKey is the key of the ConfigMap under which the signed certificate is kept.
const certificateKey = "certificate.json"

// checkChain compares the store's chain with the head that status kept. A chain in which that head is no longer
// the link of its number was cut, rewritten, or restored from an older copy.
func checkChain(n *networkScope, found storeread.Retention) error {
	was := n.status
	if at := restoredAt(n.network); !at.Equal(was.RestoredAt) {
		return nil // the chain is that of the backup; its own links are followed from now on
	}
	if was.ChainLength > 0 && found.SeenLink != was.ChainHead {
		return outcome.Stop(v1alpha1.ReasonChainBroken,
			"the audit chain of AlumniNetwork %s has %d links and head %.12s; link %d was %.12s and is not any more; nothing is erased until a person has looked",
			n.network.Name, found.Chain.Length, orNone(found.Chain.Head), was.ChainLength, orNone(was.ChainHead))
	}
	return nil
}

// restoredAt is when the network's store was built from a backup; nil for one that began empty.
func restoredAt(n *v1alpha1.AlumniNetwork) *metav1.Time {
	if n.Status.Restore == nil {
		return nil
	}
	return n.Status.Restore.RestoredAt
}

func orNone(head string) string {
	if head == "" {
		return "none"
	}
	return head
}

// showNetwork writes what the store says into the network's part of status.
func showNetwork(s *scope, n *networkScope, result storeread.Retention) {
	n.status.RestoredAt = restoredAt(n.network)
	n.status.ChainHead, n.status.ChainLength = result.Chain.Head, result.Chain.Length
	n.status.Erased, n.status.OpenErasures, n.status.OldestDeadline = result.Erased, result.Erasure.Open, nil
	if t := result.Erasure.OldestReceivedAt; t != nil {
		n.status.OldestDeadline = metaTime(t.Add(s.policy.ErasurePromise()))
	}
	n.status.Holds = nil
	for _, h := range result.Holds[:min(len(result.Holds), maxShown)] {
		n.status.Holds = append(n.status.Holds, v1alpha1.RetentionHoldStatus{
			Name: h.Name, Members: h.Members, UnknownMembers: h.Unknown, UnlistedMembers: h.Unlisted})
	}
	for _, run := range result.Runs {
		if run.Kind != kindOfSchedule {
			continue
		}
		n.status.PlanHash = run.PlanHash
		n.status.LastRun = &v1alpha1.RetentionRun{
			ID: run.RunName, Mode: v1alpha1.RetentionMode(run.Mode), State: run.State,
			AsOf: metaTime(run.AsOf), FinishedAt: timeOf(run.FinishedAt),
			DueMembers: run.DueMembers, ErasedMembers: run.ErasedMembers, ChangedMembers: run.ChangedMembers,
			FailedMembers: run.FailedMembers, WithheldMembers: run.WithheldMembers, DueRows: run.DueRows, ErasedRows: run.ErasedRows,
		}
		return
	}
}

func timeOf(t *time.Time) *metav1.Time {
	if t == nil {
		return nil
	}
	return metaTime(*t)
}

// keepCertificate copies the newest certificate out of the store, so that it does not share the store's fate.
func (r *Reconciler) keepCertificate(ctx context.Context, p *v1alpha1.RetentionPolicy, n *networkScope, proof *stats.Certificate) error {
	if proof == nil {
		return nil
	}
	text, err := certificate.Signed{Body: proof.Body, Signature: proof.Signature, PublicKey: proof.PublicKey}.Encode()
	if err != nil {
		return err
	}
	config := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.Namespace, Name: naming.Certificate(p.Name, n.network.Name),
			Labels: ourlabels.With(ourlabels.For(n.network.Name, ourlabels.Retention), ourlabels.RetentionPolicy, p.Name),
		},
		Data: map[string]string{certificateKey: string(text)},
	}
	if err := (&apply.Applier{Client: r.Client, Live: r.Live}).Apply(ctx, p, config); err != nil {
		return err
	}
	n.status.Certificate = config.Name
	return nil
}

// maxShown is the number of networks that status lists.
const maxShown = 100

// showStatus writes counts and conditions from what the steps found. A step that failed has set Planned already.
func showStatus(s *scope, errs []error) {
	status := &s.policy.Status
	status.SelectedNetworks = int32(len(s.networks))
	status.Due, status.Erased, status.Networks = 0, 0, nil
	for _, n := range s.networks {
		status.Erased += n.status.Erased
		if run := n.status.LastRun; run != nil {
			status.Due += run.DueMembers
		}
		if len(status.Networks) < maxShown {
			status.Networks = append(status.Networks, n.status)
		}
	}
	if !conditions.IsTrue(s.policy, v1alpha1.RulesValidCondition) {
		return
	}
	if s.holdsRead {
		showHolds(s)
	}
	showCatalogue(s, errs)
	if len(errs) == 0 {
		showPlanned(s)
	}
	showErasures(s)
}

// showCatalogue sets CatalogueComplete from the newest ended run of each network, of whatever kind: each looks first.
func showCatalogue(s *scope, errs []error) {
	kind := v1alpha1.CatalogueCompleteCondition
	looked := false
	for _, n := range s.networks {
		run := newestEnded(n.result)
		if run == nil {
			continue
		}
		looked = true
		if names, incomplete := strings.CutPrefix(run.Failure, v1alpha1.ReasonCatalogueIncomplete); incomplete {
			conditions.False(s.policy, kind, v1alpha1.ReasonCatalogueIncomplete, fmt.Sprintf(
				"The store of AlumniNetwork %s holds more than is known%s. Nobody is erased from it until that is mended; run %s saw it",
				n.network.Name, names, run.RunName))
			return
		}
	}
	switch {
	case looked:
		conditions.True(s.policy, kind, v1alpha1.ReasonCatalogueComplete, "Everything that the stores hold of people is known")
	case len(errs) == 0:
		conditions.True(s.policy, kind, v1alpha1.ReasonAwaitingFirstRun, "No run has looked yet")
	}
}

// newestEnded is the newest run of any kind that has come to its end; nil when there is none.
func newestEnded(result storeread.Retention) *stats.RetentionRun {
	for i := range result.Runs {
		if result.Runs[i].FinishedAt != nil {
			return &result.Runs[i]
		}
	}
	return nil
}

// showPlanned sets Planned from the newest ended run of each network, the worst first.
func showPlanned(s *scope) {
	kind := v1alpha1.PlannedCondition
	if s.policy.Spec.State.Suspended() {
		conditions.False(s.policy, kind, v1alpha1.ReasonSuspended, "No run starts while the policy is suspended")
		return
	}
	reason, message := v1alpha1.ReasonAwaitingFirstRun, "No run has ended yet"
	for _, n := range s.networks {
		if bad, words := trouble(n); bad != "" {
			conditions.False(s.policy, kind, bad, words)
			return
		}
		run := ended(n.result)
		switch {
		case run == nil:
		case run.State == "Certified":
			reason, message = v1alpha1.ReasonCertified, "The newest runs erased what was due and left a certificate"
		case run.State == "Previewed" && reason == v1alpha1.ReasonAwaitingFirstRun:
			reason, message = v1alpha1.ReasonPreviewed, "The newest runs counted what is due and erased nothing"
		}
	}
	conditions.True(s.policy, kind, reason, message)
}

// trouble says what is wrong with the newest ended run of a network; empty when nothing is.
func trouble(n *networkScope) (reason, message string) {
	if n.gaveUp != "" {
		return v1alpha1.ReasonRetentionRunFailed, "Run " + n.gaveUp + ": its worker failed too often" + stopper(n) + "; delete the Job to try again"
	}
	run := ended(n.result)
	switch {
	case run == nil:
		return "", ""
	case run.State == "Failed":
		return v1alpha1.ReasonRetentionRunFailed,
			fmt.Sprintf("Run %s over AlumniNetwork %s failed: %s", run.RunName, n.network.Name, run.Failure)
	case run.FailedMembers > 0:
		return v1alpha1.ReasonMembersFailed,
			fmt.Sprintf("Run %s over AlumniNetwork %s could not erase %d people; it erased the others", run.RunName, n.network.Name, run.FailedMembers)
	}
	return "", ""
}

// stopper is the code that the run which gave up has left in the store, if it has.
func stopper(n *networkScope) string {
	for _, run := range n.result.Runs {
		if run.RunName == n.gaveUp && run.Failure != "" {
			return " (" + run.Failure + ")"
		}
	}
	return ""
}

// ended is the newest scheduled run or preview that has come to its end; nil when there is none.
func ended(result storeread.Retention) *stats.RetentionRun {
	for i := range result.Runs {
		if result.Runs[i].Kind == kindOfSchedule && result.Runs[i].FinishedAt != nil {
			return &result.Runs[i]
		}
	}
	return nil
}

// showErasures sets ErasuresOnTime from the oldest open request.
func showErasures(s *scope) {
	kind := v1alpha1.ErasuresOnTimeCondition
	var open int64
	for _, n := range s.networks {
		open += n.status.OpenErasures
		if d := n.status.OldestDeadline; d != nil && d.Time.Before(s.now) {
			conditions.False(s.policy, kind, v1alpha1.ReasonOverdue,
				fmt.Sprintf("Somebody who asked AlumniNetwork %s to be erased has waited longer than promised", n.network.Name))
			return
		}
	}
	if open > 0 {
		conditions.True(s.policy, kind, v1alpha1.ReasonOnTime, "People wait to be erased, none longer than promised")
		return
	}
	conditions.True(s.policy, kind, v1alpha1.ReasonNoneOpen, "Nobody waits to be erased")
}
