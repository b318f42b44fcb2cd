// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	ourlabels "github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/retention/holdlist"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/stats"
	"github.com/alumni-operator/alumni-operator/internal/storeread"
)

// hold is a legal hold as workers are told it, with the Secret that lists its members.
type hold struct {
	settings.RetentionHold
	list job.HoldList
}

// ownersOf names the policies over a network.
func ownersOf(network *v1alpha1.AlumniNetwork, all []v1alpha1.RetentionPolicy) map[string]bool {
	owners := map[string]bool{}
	for i := range all {
		if selects(&all[i], network) && all[i].DeletionTimestamp.IsZero() {
			owners[all[i].Name] = true
		}
	}
	return owners
}

// effectiveHolds are those of all policies over a network, as minimums are, in the order of their names.
func effectiveHolds(network *v1alpha1.AlumniNetwork, all []v1alpha1.RetentionPolicy) []hold {
	var holds []hold
	for i := range all {
		p := &all[i]
		if !selects(p, network) || !p.DeletionTimestamp.IsZero() {
			continue
		}
		for _, h := range p.Spec.Holds {
			holds = append(holds, hold{
				RetentionHold: settings.RetentionHold{Name: p.Name + "/" + h.Name, Categories: categoriesOf(h), Reason: string(h.Reason), ReviewOn: h.ReviewOn},
				list:          job.HoldList{Secret: h.MembersSecretRef.Name, Key: cmp.Or(h.MembersSecretRef.Key, "members")},
			})
		}
	}
	slices.SortFunc(holds, func(a, b hold) int { return strings.Compare(a.Name, b.Name) })
	for i := range holds {
		holds[i].Members = strconv.Itoa(i) + "/" + holds[i].list.Key
	}
	return holds
}

// categoriesOf are the categories that a hold keeps.
func categoriesOf(h v1alpha1.RetentionHold) []string {
	if len(h.Categories) == 0 {
		return []string{string(v1alpha1.CategoryDeliveryLogs), string(v1alpha1.CategoryProfile)}
	}
	var names []string
	for _, c := range h.Categories {
		names = append(names, string(c))
	}
	slices.Sort(names)
	return names
}

// holdsBy says whether a policy has a hold whose members a Secret lists.
func holdsBy(p *v1alpha1.RetentionPolicy, secret string) bool {
	return slices.ContainsFunc(p.Spec.Holds, func(h v1alpha1.RetentionHold) bool { return h.MembersSecretRef.Name == secret })
}

// readHolds looks whether every list of members can be read. While one cannot, no run starts or goes on: nobody knows then who must be
// kept.
func (r *Reconciler) readHolds(ctx context.Context, s *scope) error {
	versions := map[job.HoldList]string{}
	for _, n := range s.networks {
		for i := range n.holds {
			h := &n.holds[i]
			if versions[h.list] == "" {
				version, err := r.readList(ctx, s.policy.Namespace, *h)
				if err != nil {
					return errors.Join(err, r.runner().Rest(ctx, s.jobs, true))
				}
				versions[h.list] = version
			}
			h.Version = versions[h.list]
		}
	}
	s.holdsRead = true
	return nil
}

// readList checks the list of a hold, and returns the version of its Secret.
func (r *Reconciler) readList(ctx context.Context, namespace string, h hold) (string, error) {
	const meanwhile = "nobody is erased meanwhile, and who is on hold stays so"
	secret, err := secretwatch.Read(ctx, r.Live, types.NamespacedName{Namespace: namespace, Name: h.list.Secret}, h.list.Key)
	if failure := (*outcome.Failure)(nil); errors.As(err, &failure) {
		failure.Message = fmt.Sprintf("hold %s: %s; %s", h.Name, failure.Message, meanwhile)
	}
	if err != nil {
		return "", err
	}
	if _, err := holdlist.Parse(secret.Data[h.list.Key]); err != nil {
		return "", secretwatch.Invalid(h.list.Secret, "key %q with the members of hold %s: %v; %s", h.list.Key, h.Name, err, meanwhile)
	}
	return string(secret.UID) + "/" + secret.ResourceVersion, nil
}

// inStore finds a hold in the store.
func (n *networkScope) inStore(name string) *stats.Hold {
	for i := range n.result.Holds {
		if n.result.Holds[i].Name == name {
			return &n.result.Holds[i]
		}
	}
	return nil
}

// holdsWait says that a hold is not in the store yet as it is declared.
func (n *networkScope) holdsWait() bool {
	return slices.ContainsFunc(n.holds, func(h hold) bool {
		is := n.inStore(h.Name)
		return is == nil || is.SecretVersion != h.Version || !includes(is.Categories, h.Categories)
	})
}

func includes(all, some []string) bool {
	return !slices.ContainsFunc(some, func(c string) bool { return !slices.Contains(all, c) })
}

// unconfirmed are holds in the store that keep more than is declared, and that this policy answers for: its own, and those of policies
// that are not over the network any more.
func (n *networkScope) unconfirmed(policy string) []stats.Hold {
	var more []stats.Hold
	for _, is := range n.result.Holds {
		owner, _, _ := strings.Cut(is.Name, "/")
		if owner != policy && n.owners[owner] {
			continue
		}
		at := slices.IndexFunc(n.holds, func(h hold) bool { return h.Name == is.Name })
		if at < 0 || is.Unlisted > 0 || !includes(n.holds[at].Categories, is.Categories) {
			more = append(more, is)
		}
	}
	return more
}

// shortName is how a hold is called in the annotation of a policy.
func shortName(policy, name string) string { return strings.TrimPrefix(name, policy+"/") }

// releases are the holds of a network whose release somebody has confirmed, by name and day. Yesterday and tomorrow count, for days begin
// at different times around the world; what has lain in a file for long does not.
func (n *networkScope) releases(s *scope) []string {
	given := map[string]bool{}
	for _, word := range strings.Split(s.policy.Annotations[v1alpha1.ReleaseHoldsAnnotation], ",") {
		given[strings.TrimSpace(word)] = true
	}
	var names []string
	for _, h := range n.unconfirmed(s.policy.Name) {
		for _, d := range []int{0, -1, 1} {
			if given[confirmation(s, h.Name, d)] {
				names = append(names, h.Name)
				break
			}
		}
	}
	return names
}

// confirmation is what confirms the release of a hold on a day.
func confirmation(s *scope, hold string, days int) string {
	return shortName(s.policy.Name, hold) + "@" + s.now.UTC().AddDate(0, 0, days).Format(time.DateOnly)
}

// holdsDue says whether a run must bring holds into the store, or out of it. After runs that failed it waits for growing pauses.
func (n *networkScope) holdsDue(s *scope) bool {
	if !n.holdsWait() && len(n.releases(s)) == 0 {
		return false
	}
	failed, newest := failedRequests(n.result)
	return failed == 0 || !s.now.Before(newest.FinishedAt.Add(pauseAfter(failed)))
}

// failedRequests counts the newest runs for requests as long as they failed, and finds the newest of them.
func failedRequests(result storeread.Retention) (failed int, newest stats.RetentionRun) {
	for _, run := range result.Runs {
		switch {
		case run.Kind != kindOfRequests || run.FinishedAt == nil:
		case run.State != "Failed":
			return failed, newest
		default:
			if failed++; failed == 1 {
				newest = run
			}
		}
	}
	return failed, newest
}

// tellHolds adds holds to what a run is told. Only a run for requests releases.
func (n *networkScope) tellHolds(s *scope, in *job.RetentionInput, told *settings.Retention, kind string) {
	for _, h := range n.holds {
		in.Holds = append(in.Holds, h.list)
	}
	if kind == kindRequests {
		told.Releases = n.releases(s)
	}
	if len(told.Holds)+len(told.Releases) > 0 {
		told.HoldsAt = s.now.UTC().Format(time.RFC3339)
	}
}

// giveWay stops what must rest, and returns the Jobs that others wait for. While a hold waits to be put on, runs by the schedule rest, so
// that they do not erase who is to be kept.
func (r *Reconciler) giveWay(ctx context.Context, jobs []batchv1.Job, resting, holdsWait bool) ([]batchv1.Job, error) {
	var first, others []batchv1.Job
	for _, j := range jobs {
		if holdsWait && j.Labels[ourlabels.RunKind] != kindRequests {
			others = append(others, j)
		} else {
			first = append(first, j)
		}
	}
	if err := r.runner().Rest(ctx, others, true); err != nil {
		return nil, err
	}
	return first, r.runner().Rest(ctx, first, resting)
}

// showHolds sets HoldsPlaced from what the stores keep and what is declared.
func showHolds(s *scope) {
	kind, declared := v1alpha1.HoldsPlacedCondition, 0
	for _, n := range s.networks {
		declared += len(n.holds)
		if !n.read {
			conditions.Unknown(s.policy, kind, v1alpha1.ReasonNotReachedYet, "waits for the store of AlumniNetwork "+n.network.Name)
			return
		}
		if reason, message := n.holdsTrouble(s); reason != "" {
			conditions.False(s.policy, kind, reason, message)
			return
		}
	}
	today := calendar.DateOf(s.now, s.location()).String()
	for _, h := range s.policy.Spec.Holds {
		if h.ReviewOn != "" && h.ReviewOn <= today { // as text, dates compare as dates do
			conditions.False(s.policy, kind, v1alpha1.ReasonReviewDue, fmt.Sprintf(
				"Hold %s was to be reviewed on %s and goes on. Set a later reviewOn, or take it out and confirm its release", h.Name, h.ReviewOn))
			return
		}
	}
	if declared == 0 {
		conditions.True(s.policy, kind, v1alpha1.ReasonNoHolds, "No policy over the networks has holds")
		return
	}
	message := "Every hold is on in every network"
	if n := s.unknown(); n > 0 {
		message += fmt.Sprintf("; identifiers that a network has nobody for: %d, status.networks tells where", n)
	}
	conditions.True(s.policy, kind, v1alpha1.ReasonHoldsPlaced, message)
}

// unknown counts the identifiers of the policy's own holds that a network has nobody for, over all networks.
func (s *scope) unknown() int64 {
	var sum int64
	for _, n := range s.networks {
		for _, is := range n.result.Holds {
			if strings.HasPrefix(is.Name, s.policy.Name+"/") {
				sum += is.Unknown
			}
		}
	}
	return sum
}

// holdsTrouble says how what a store keeps differs from what is declared; empty when it does not.
func (n *networkScope) holdsTrouble(s *scope) (reason, message string) {
	confirmed := n.releases(s)
	for _, h := range n.unconfirmed(s.policy.Name) {
		if slices.Contains(confirmed, h.Name) {
			continue
		}
		return v1alpha1.ReasonReleaseNotConfirmed, fmt.Sprintf(
			"Hold %s keeps more in AlumniNetwork %s than is declared, and goes on: it has %d members, of whom %d are not listed any more. "+
				"Declare it again, or set annotation %s to %s to release what is not declared",
			h.Name, n.network.Name, h.Members+h.Unknown, h.Unlisted, v1alpha1.ReleaseHoldsAnnotation, confirmation(s, h.Name, 0))
	}
	if !n.holdsWait() && len(confirmed) == 0 {
		return "", ""
	}
	message = fmt.Sprintf("Holds of AlumniNetwork %s wait for a run that puts them on or takes them off", n.network.Name)
	if failed, newest := failedRequests(n.result); failed > 0 {
		return v1alpha1.ReasonRetentionRunFailed, fmt.Sprintf("%s; run %s failed: %s", message, newest.RunName, newest.Failure)
	}
	return v1alpha1.ReasonProgressing, message
}

// location is the zone of the policy; UTC when it cannot be read, which RulesValid tells.
func (s *scope) location() *time.Location {
	zone, err := calendar.Zone(string(s.policy.Zone()))
	if err != nil {
		return time.UTC
	}
	return zone
}
