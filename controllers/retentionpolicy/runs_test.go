// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"context"
	"os"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	ourlabels "github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/schedule"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
	"github.com/alumni-operator/alumni-operator/internal/stats"
	"github.com/alumni-operator/alumni-operator/internal/storeread"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }

func moment(value string) time.Time {
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		panic(err)
	}
	return t
}

// seen is what a store says of its runs, the newest first.
func seen(open int64, newest string, runs ...stats.RetentionRun) storeread.Retention {
	result := storeread.Retention{}
	result.Runs, result.Erasure.Open = runs, open
	if newest != "" {
		result.Erasure.NewestReceivedAt = ptr.To(moment(newest))
	}
	return result
}

func run(kind, state, ended string, erased int64) stats.RetentionRun {
	at := moment(ended)
	return stats.RetentionRun{Kind: kind, State: state, Generation: 2, Mode: "DryRun", StartedAt: at.Add(-time.Second), FinishedAt: &at, ErasedMembers: erased}
}

func TestARequestThatCannotBeClosedIsTriedAfterGrowingPauses(t *testing.T) {
	now := moment("2026-11-21T12:00:00Z")
	vain := func(ended string) stats.RetentionRun { return run(kindOfRequests, "Failed", ended, 0) }
	done := func(ended string) stats.RetentionRun { return run(kindOfRequests, "Certified", ended, 1) }
	for name, c := range map[string]struct {
		seen storeread.Retention
		due  bool
	}{
		"nobody waits":                              {seen(0, ""), false},
		"somebody waits and no run has been":        {seen(1, "2026-11-21T11:59:59Z"), true},
		"the first try was half a minute ago":       {seen(1, "2026-11-21T11:00:00Z", vain("2026-11-21T11:59:30Z")), false},
		"the first try was a minute ago":            {seen(1, "2026-11-21T11:00:00Z", vain("2026-11-21T11:59:00Z")), true},
		"the third try was three minutes ago":       {seen(1, "2026-11-21T11:00:00Z", vain("2026-11-21T11:57:00Z"), vain("2026-11-21T11:55:00Z"), vain("2026-11-21T11:54:00Z")), false},
		"the third try was four minutes ago":        {seen(1, "2026-11-21T11:00:00Z", vain("2026-11-21T11:56:00Z"), vain("2026-11-21T11:54:00Z"), vain("2026-11-21T11:53:00Z")), true},
		"another person came after the last try":    {seen(2, "2026-11-21T11:59:45Z", vain("2026-11-21T11:59:30Z")), true},
		"the last run erased some and left others":  {seen(1, "2026-11-21T11:00:00Z", done("2026-11-21T11:59:59Z"), vain("2026-11-21T11:59:00Z")), true},
		"runs of the schedule say nothing about it": {seen(1, "2026-11-21T11:59:00Z", run(kindOfSchedule, "Certified", "2026-11-21T11:59:59Z", 0)), true},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(requestsDue(c.seen, now)).To(Equal(c.due))
		})
	}
	NewWithT(t).Expect(pauseAfter(100)).To(Equal(time.Hour))
}

func TestAPreviewThatFailedIsNoPreview(t *testing.T) {
	g := NewWithT(t)
	failed := run(kindOfSchedule, "Failed", "2026-11-21T11:00:00Z", 0)
	g.Expect(previewed(seen(0, "", failed), 2)).To(BeFalse())
	g.Expect(previewed(seen(0, "", run(kindOfRequests, "Certified", "2026-11-21T11:00:00Z", 1)), 2)).To(BeFalse(), "it looked at requests only")
	g.Expect(previewed(seen(0, "", run(kindOfSchedule, "Previewed", "2026-11-21T11:00:00Z", 0)), 2)).To(BeTrue())
	g.Expect(previewed(seen(0, "", run(kindOfSchedule, "Previewed", "2026-11-21T11:00:00Z", 0)), 3)).To(BeFalse(), "an older generation's")
	tries, last := failedPreviews(seen(0, "", failed, run(kindOfSchedule, "Failed", "2026-11-21T10:00:00Z", 0)), 2)
	g.Expect(tries).To(Equal(2))
	g.Expect(last).To(Equal(moment("2026-11-21T11:00:00Z")))
}

func TestAScheduledRunIsMadeUpForHoweverLate(t *testing.T) {
	for name, c := range map[string]struct{ cron, last, now, due string }{
		"nothing has come":              {"0 3 * * *", "2026-11-21T03:00:00Z", "2026-11-21T12:00:00Z", ""},
		"a minute ago":                  {"0 3 * * *", "2026-11-20T03:00:00Z", "2026-11-21T03:01:00Z", "2026-11-21T03:00:00Z"},
		"the cluster was down all day":  {"0 3 * * *", "2026-11-20T03:00:00Z", "2026-11-21T23:00:00Z", "2026-11-21T03:00:00Z"},
		"for a month: only the newest":  {"0 3 * * *", "2026-10-20T03:00:00Z", "2026-11-21T23:00:00Z", "2026-11-21T03:00:00Z"},
		"a yearly run, half a year ago": {"0 3 1 5 *", "2026-04-30T03:00:00Z", "2026-11-21T23:00:00Z", "2026-05-01T03:00:00Z"},
		"every minute, for a year":      {"* * * * *", "2025-11-21T03:00:00Z", "2026-11-21T23:00:30Z", "2026-11-21T23:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			parsed, err := schedule.Parse(c.cron, "UTC")
			g.Expect(err).NotTo(HaveOccurred())
			s := &scope{policy: &v1alpha1.RetentionPolicy{}, schedule: parsed, now: moment(c.now)}
			s.policy.Status.LastScheduledAt = metaTime(moment(c.last))
			want := time.Time{}
			if c.due != "" {
				want = moment(c.due)
			}
			g.Expect(s.due()).To(BeTemporally("==", want))
		})
	}
}

func TestTimesThatPassWhileSuspendedAreLeftOut(t *testing.T) {
	g := NewWithT(t)
	parsed, err := schedule.Parse("0 3 * * *", "UTC")
	g.Expect(err).NotTo(HaveOccurred())
	s := &scope{policy: &v1alpha1.RetentionPolicy{}, schedule: parsed, now: moment("2026-11-21T12:00:00Z")}
	s.policy.Status.LastScheduledAt = metaTime(moment("2026-11-01T03:00:00Z"))
	s.policy.Spec.State = v1alpha1.StateSuspended
	s.networks = []*networkScope{{network: &v1alpha1.AlumniNetwork{}}}
	s.settleSchedule()
	g.Expect(s.policy.Status.LastScheduledAt.Time).To(BeTemporally("==", moment("2026-11-21T03:00:00Z")))
	s.policy.Spec.State = v1alpha1.StateActive
	g.Expect(s.due()).To(BeZero())
}

// erasing makes a policy whose rules cannot be applied, with a run at work over a network.
func erasing(t *testing.T, env *kube.Env, namespace, name string) *v1alpha1.RetentionPolicy {
	g := NewWithT(t)
	p := &v1alpha1.RetentionPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: v1alpha1.RetentionPolicySpec{
		NetworkSelector: metav1.LabelSelector{MatchLabels: map[string]string{"erased-by": name}},
		Schedule:        v1alpha1.RetentionSchedule{Cron: "0 3 30 2 *"},
		Rules:           []v1alpha1.RetentionRule{{Name: "leavers", Category: v1alpha1.CategoryProfile, Trigger: v1alpha1.RetentionTrigger{Since: v1alpha1.SinceDeparted}, After: "P3Y"}},
	}}
	g.Expect(env.Client.Create(t.Context(), p)).To(Succeed())
	pod := corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "worker", Image: "worker"}}}
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name + "-1", Labels: map[string]string{ourlabels.RetentionPolicy: name, ourlabels.Network: "alumni"}},
		Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: pod}},
	}
	g.Expect(controllerutil.SetControllerReference(p, job, env.Client.Scheme())).To(Succeed())
	g.Expect(env.Client.Create(t.Context(), job)).To(Succeed())
	return p
}

func TestARunRestsBeforeAnythingElseIsLookedAt(t *testing.T) {
	env := kube.Start(t)
	namespace := env.NewNamespace(t)
	g := NewWithT(t)
	secrets, err := metadata.NewForConfig(env.Config)
	g.Expect(err).NotTo(HaveOccurred())
	reconciler := &Reconciler{
		Client: env.Client, Live: env.Client, Recorder: events.NewFakeRecorder(100), Clock: clock.RealClock{},
		Secrets: secretwatch.New(secrets, func(context.Context, string) (bool, error) { return true, nil }),
	}
	rests := func(p *v1alpha1.RetentionPolicy) bool {
		_, err := reconciler.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(p)})
		g.Expect(err).NotTo(HaveOccurred())
		job := &batchv1.Job{}
		g.Expect(env.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: p.Name + "-1"}, job)).To(Succeed())
		return ptr.Deref(job.Spec.Suspend, false)
	}
	network := &v1alpha1.AlumniNetwork{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "alumni", Labels: map[string]string{"erased-by": "own"}},
		Spec: v1alpha1.AlumniNetworkSpec{
			DisplayName: "Alumni", DefaultLocale: "ja", TimeZone: "Asia/Tokyo", Portal: v1alpha1.Portal{PublicURL: "https://alumni.hoshino.example"},
			Operator: v1alpha1.Organisation{Name: "Hoshino Foods", Address: "1-2-3 Ginza, Tokyo", Contact: "privacy@hoshino.example"},
		},
	}
	g.Expect(env.Client.Create(t.Context(), network)).To(Succeed())

	p := erasing(t, env, namespace, "own")
	g.Expect(rests(p)).To(BeFalse(), "the network's store is not there yet: nothing is known against the run")
	before := client.MergeFrom(p.DeepCopy())
	p.Spec.State = v1alpha1.StateSuspended
	g.Expect(env.Client.Patch(t.Context(), p, before)).To(Succeed())
	g.Expect(rests(p)).To(BeTrue(), "the policy is suspended")

	g.Expect(rests(erasing(t, env, namespace, "other"))).To(BeTrue(), "the network is not chosen any more")

	network.Labels["erased-by"], network.Spec.State = "all", v1alpha1.StateSuspended
	g.Expect(env.Client.Update(t.Context(), network)).To(Succeed())
	g.Expect(rests(erasing(t, env, namespace, "all"))).To(BeTrue(), "the network is suspended")
}
