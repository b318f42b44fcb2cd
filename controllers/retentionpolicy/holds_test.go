// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"errors"
	"path"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	ourlabels "github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/stats"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

// holding is a policy with a hold.
func holding(p v1alpha1.RetentionPolicy) v1alpha1.RetentionPolicy {
	p.Spec.Holds = []v1alpha1.RetentionHold{{Name: "dispute", Reason: v1alpha1.HoldLegalClaim, MembersSecretRef: v1alpha1.HoldMembersReference{Name: "dispute"}}}
	return p
}

// looking is what a reconcile knows of one network that all policies are over.
func looking(policy v1alpha1.RetentionPolicy, others []v1alpha1.RetentionPolicy, inStore ...stats.Hold) (*scope, *networkScope) {
	all := append([]v1alpha1.RetentionPolicy{policy}, others...)
	network := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Name: "main"}}
	n := &networkScope{network: network, effective: effective{holds: effectiveHolds(network, all)}, owners: ownersOf(network, all), read: true}
	for i := range n.holds {
		n.holds[i].Version = "uid/1"
	}
	n.result.Holds = inStore
	return &scope{policy: &policy, now: moment("2026-11-21T12:00:00Z"), networks: []*networkScope{n}, holdsRead: true}, n
}

func inStore(name string, change func(*stats.Hold)) stats.Hold {
	h := stats.Hold{Name: name, Categories: []string{"DeliveryLogs", "Profile"}, SecretVersion: "uid/1", Members: 3, Unknown: 1}
	if change != nil {
		change(&h)
	}
	return h
}

func TestWhatTheStoreKeepsBeyondWhatIsDeclaredIsToldUntilSomebodyConfirms(t *testing.T) {
	confirm := func(p v1alpha1.RetentionPolicy, value string) v1alpha1.RetentionPolicy {
		p.Annotations = map[string]string{v1alpha1.ReleaseHoldsAnnotation: value}
		return p
	}
	none, one := policy("group", nil), holding(policy("group", nil))
	reviewed := holding(policy("group", nil))
	reviewed.Spec.Holds[0].ReviewOn = "2026-11-21"
	later := holding(policy("group", nil))
	later.Spec.Holds[0].ReviewOn = "2026-11-22"
	narrow := holding(policy("group", nil))
	narrow.Spec.Holds[0].Categories = []v1alpha1.RetentionCategory{v1alpha1.CategoryProfile}
	on := inStore("group/dispute", nil)
	for name, c := range map[string]struct {
		policy   v1alpha1.RetentionPolicy
		others   []v1alpha1.RetentionPolicy
		store    []stats.Hold
		reason   string
		says     string
		releases []string
		due      bool
	}{
		"no holds":                        {none, nil, nil, v1alpha1.ReasonNoHolds, "", nil, false},
		"a hold that is not on yet":       {one, nil, nil, v1alpha1.ReasonProgressing, "wait for a run", nil, true},
		"a hold that is on":               {one, nil, []stats.Hold{on}, v1alpha1.ReasonHoldsPlaced, "nobody for: 1,", nil, false},
		"its Secret was changed":          {one, nil, []stats.Hold{inStore("group/dispute", func(h *stats.Hold) { h.SecretVersion = "uid/0" })}, v1alpha1.ReasonProgressing, "", nil, true},
		"a category came to it":           {one, nil, []stats.Hold{inStore("group/dispute", func(h *stats.Hold) { h.Categories = h.Categories[1:] })}, v1alpha1.ReasonProgressing, "", nil, true},
		"its review is due":               {reviewed, nil, []stats.Hold{on}, v1alpha1.ReasonReviewDue, "reviewed on 2026-11-21 and goes on", nil, false},
		"its review is not due yet":       {later, nil, []stats.Hold{on}, v1alpha1.ReasonHoldsPlaced, "", nil, false},
		"it was taken out":                {none, nil, []stats.Hold{on}, v1alpha1.ReasonReleaseNotConfirmed, v1alpha1.ReleaseHoldsAnnotation + " to dispute@2026-11-21", nil, false},
		"members were taken off":          {one, nil, []stats.Hold{inStore("group/dispute", func(h *stats.Hold) { h.Unlisted = 2 })}, v1alpha1.ReasonReleaseNotConfirmed, "4 members, of whom 2 are not listed", nil, false},
		"a category was taken out":        {narrow, nil, []stats.Hold{on}, v1alpha1.ReasonReleaseNotConfirmed, "", nil, false},
		"the release was confirmed":       {confirm(none, "dispute@2026-11-20"), nil, []stats.Hold{on}, v1alpha1.ReasonProgressing, "", []string{"group/dispute"}, true},
		"among others":                    {confirm(none, "audit@2026-11-21, dispute@2026-11-21"), nil, []stats.Hold{on}, v1alpha1.ReasonProgressing, "", []string{"group/dispute"}, true},
		"long ago":                        {confirm(none, "dispute@2026-11-19"), nil, []stats.Hold{on}, v1alpha1.ReasonReleaseNotConfirmed, "", nil, false},
		"without the day":                 {confirm(none, "dispute"), nil, []stats.Hold{on}, v1alpha1.ReasonReleaseNotConfirmed, "", nil, false},
		"of a hold that is declared":      {confirm(one, "dispute@2026-11-21"), nil, []stats.Hold{on}, v1alpha1.ReasonHoldsPlaced, "", nil, false},
		"the policy of it was deleted":    {none, nil, []stats.Hold{inStore("old/audit", nil)}, v1alpha1.ReasonReleaseNotConfirmed, "to old/audit@2026-11-21", nil, false},
		"and its release was confirmed":   {confirm(none, "old/audit@2026-11-21"), nil, []stats.Hold{inStore("old/audit", nil)}, v1alpha1.ReasonProgressing, "", []string{"old/audit"}, true},
		"another policy answers for it":   {confirm(none, "other/dispute@2026-11-21"), []v1alpha1.RetentionPolicy{policy("other", nil)}, []stats.Hold{inStore("other/dispute", nil)}, v1alpha1.ReasonNoHolds, "", nil, false},
		"another policy has one":          {none, []v1alpha1.RetentionPolicy{holding(policy("other", nil))}, []stats.Hold{inStore("other/dispute", nil)}, v1alpha1.ReasonHoldsPlaced, "", nil, false},
		"another policy is on its way to": {none, []v1alpha1.RetentionPolicy{holding(policy("other", nil))}, nil, v1alpha1.ReasonProgressing, "", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s, n := looking(c.policy, c.others, c.store...)
			showHolds(s)
			got := conditions.Get(s.policy, v1alpha1.HoldsPlacedCondition)
			g.Expect(got.Reason).To(Equal(c.reason), got.Message)
			g.Expect(got.Message).To(ContainSubstring(c.says))
			g.Expect(n.releases(s)).To(Equal(c.releases))
			g.Expect(n.holdsDue(s)).To(Equal(c.due))
		})
	}
}

func TestAHoldIsTriedAfterGrowingPausesWhereItCannotBePutOn(t *testing.T) {
	g := NewWithT(t)
	s, n := looking(holding(policy("group", nil)), nil)
	n.result.Runs = []stats.RetentionRun{run(kindOfRequests, "Failed", "2026-11-21T11:59:30Z", 0)}
	n.result.Runs[0].Failure = "ClockJump"
	g.Expect(n.holdsDue(s)).To(BeFalse())
	showHolds(s)
	told := conditions.Get(s.policy, v1alpha1.HoldsPlacedCondition)
	g.Expect(told.Reason).To(Equal(v1alpha1.ReasonRetentionRunFailed))
	g.Expect(told.Message).To(HaveSuffix("failed: ClockJump"))
	s.now = s.now.Add(31 * time.Second)
	g.Expect(n.holdsDue(s)).To(BeTrue())
	n.result.Runs = []stats.RetentionRun{run(kindOfRequests, "Certified", "2026-11-21T12:00:30Z", 0)}
	g.Expect(n.holdsDue(s)).To(BeTrue(), "a run that ended well keeps nothing waiting")
}

func TestHoldsOfAllPoliciesOverANetworkAreToldAndOnlyARunForRequestsReleases(t *testing.T) {
	g := NewWithT(t)
	own := policy("group", nil)
	own.Annotations = map[string]string{v1alpha1.ReleaseHoldsAnnotation: "old@2026-11-21"}
	going, suspended := holding(policy("going", nil)), holding(policy("suspended", nil))
	going.DeletionTimestamp = ptr.To(metav1.Now())
	suspended.Spec.State = v1alpha1.StateSuspended
	s, n := looking(own, []v1alpha1.RetentionPolicy{suspended, holding(policy("elsewhere", map[string]string{"region": "eu"})), going, holding(policy("b", nil))},
		inStore("group/old", nil))
	for _, kind := range []string{kindScheduled, kindRequests} {
		var in job.RetentionInput
		told := runSettings(s.policy, n.effective, v1alpha1.RetentionEnforce)
		n.tellHolds(s, &in, &told, kind)
		g.Expect(told.Holds).To(HaveLen(2))
		g.Expect(told.Holds[1]).To(Equal(settings.RetentionHold{Name: "suspended/dispute", Categories: []string{"DeliveryLogs", "Profile"}, Reason: "LegalClaim",
			Members: "1/members", Version: "uid/1"}))
		g.Expect(in.Holds).To(Equal([]job.HoldList{{Secret: "dispute", Key: "members"}, {Secret: "dispute", Key: "members"}}))
		g.Expect(job.BuildRetentionJob(in).Spec.Template.Spec.Containers[0].VolumeMounts).To(ContainElement(
			HaveField("MountPath", path.Join(settings.HoldsDir, path.Dir(told.Holds[1].Members)))), "the list lies where the worker looks")
		g.Expect(told.HoldsAt).To(Equal("2026-11-21T12:00:00Z"))
		if kind == kindRequests {
			g.Expect(told.Releases).To(Equal([]string{"group/old"}))
		} else {
			g.Expect(told.Releases).To(BeEmpty())
		}
	}
	s, n = looking(policy("group", nil), nil)
	var in job.RetentionInput
	told := runSettings(s.policy, n.effective, v1alpha1.RetentionEnforce)
	n.tellHolds(s, &in, &told, kindRequests)
	g.Expect(told.HoldsAt).To(BeEmpty(), "a worker of the version before does not know the field")
}

func TestNobodyIsErasedWhileAListCannotBeRead(t *testing.T) {
	g, env := NewWithT(t), kube.Start(t)
	namespace := env.NewNamespace(t)
	r := &Reconciler{Client: env.Client, Live: env.Client}
	declared := holding(policy("group", nil))
	declared.Namespace = namespace
	jobs, rests := working(t, env, namespace)
	look := func() (*scope, string, string) {
		s, _ := looking(declared, nil)
		s.holdsRead, s.jobs = false, jobs
		err := r.readHolds(t.Context(), s)
		var failure *outcome.Failure
		if errors.As(err, &failure) {
			return s, failure.Reason, failure.Message
		}
		g.Expect(err).NotTo(HaveOccurred())
		return s, "", ""
	}
	s, reason, message := look()
	g.Expect(s.holdsRead).To(BeFalse())
	g.Expect(reason).To(Equal(v1alpha1.ReasonSecretNotFound))
	g.Expect(message).To(And(ContainSubstring("group/dispute"), ContainSubstring("who is on hold stays so")))
	g.Expect(rests()).To(Equal([]bool{true, true}), "nor does a run go on")

	const someone = "019a8e0c-5b1f-7cc4-9d0e-2f6a4c1b7e55"
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "dispute"}, Data: map[string][]byte{"members": []byte(someone + "\nTaro\n")}}
	g.Expect(env.Client.Create(t.Context(), secret)).To(Succeed())
	g.Eventually(func() string { _, reason, _ := look(); return reason }, 10*time.Second).Should(Equal(v1alpha1.ReasonSecretInvalid))
	_, _, message = look()
	g.Expect(message).To(And(ContainSubstring("line 2"), Not(ContainSubstring("Taro")), Not(ContainSubstring(someone))))

	secret.Data["members"] = []byte(someone)
	g.Expect(env.Client.Update(t.Context(), secret)).To(Succeed())
	g.Eventually(func() bool { s, _, _ = look(); return s.holdsRead }, 10*time.Second).Should(BeTrue())
	g.Expect(s.networks[0].holds[0].Version).To(Equal(string(secret.UID) + "/" + secret.ResourceVersion))
	g.Expect(holdsBy(s.policy, "dispute")).To(BeTrue())
}

// working creates a Job for each kind of run, and a way to ask which of them rest.
func working(t *testing.T, env *kube.Env, namespace string) (jobs []batchv1.Job, rests func() []bool) {
	t.Helper()
	g := NewWithT(t)
	for _, kind := range []string{kindScheduled, kindRequests} {
		pod := corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "worker", Image: "worker"}}}
		j := batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: kind, Labels: map[string]string{ourlabels.RunKind: kind}},
			Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: pod}}}
		g.Expect(env.Client.Create(t.Context(), &j)).To(Succeed())
		jobs = append(jobs, j)
	}
	return jobs, func() []bool {
		var all []bool
		for i := range jobs {
			g.Expect(env.Client.Get(t.Context(), client.ObjectKeyFromObject(&jobs[i]), &jobs[i])).To(Succeed())
			all = append(all, ptr.Deref(jobs[i].Spec.Suspend, false))
		}
		return all
	}
}

func TestRunsByTheScheduleRestWhileAHoldWaits(t *testing.T) {
	g, env := NewWithT(t), kube.Start(t)
	r := &Reconciler{Client: env.Client, Live: env.Client}
	jobs, rests := working(t, env, env.NewNamespace(t))
	first, err := r.giveWay(t.Context(), jobs, false, true)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(atWork(first)).To(Equal(kindRequests), "who puts the hold on waits for that one alone")
	g.Expect(rests()).To(Equal([]bool{true, false}))
	_, err = r.giveWay(t.Context(), jobs, false, false)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(rests()).To(Equal([]bool{false, false}))
}
