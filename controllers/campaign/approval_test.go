// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

// approver looks at one campaign whose texts and network are in order, at times that a test names.
type approver struct {
	t         *testing.T
	g         Gomega
	env       *kube.Env
	namespace string
	r         *Reconciler
	text      string
}

func newApprover(t *testing.T) *approver {
	env := kube.Start(t)
	return &approver{t: t, g: NewWithT(t), env: env, namespace: env.NewNamespace(t), text: "本文",
		r: &Reconciler{Client: env.Client, Live: env.Client, Pace: runs.NewPace(), WorkloadImage: "alumni-operator:test"}}
}

func (a *approver) declare(at time.Time, texts v1alpha1.LocalisedContent) *v1alpha1.Campaign {
	moment := metav1.NewTime(at)
	texts.Locale, texts.Subject = "ja", "たより"
	c := &v1alpha1.Campaign{ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, Name: "letter"}, Spec: v1alpha1.CampaignSpec{
		NetworkRef: v1alpha1.NetworkReference{Name: "alumni"}, Type: v1alpha1.CampaignNewsletter, Approval: v1alpha1.ApprovalRequired,
		Schedule: v1alpha1.CampaignSchedule{At: &moment}, Content: v1alpha1.Content{Locales: []v1alpha1.LocalisedContent{texts}},
	}}
	a.g.Expect(a.env.Client.Create(a.t.Context(), c)).To(Succeed())
	return c
}

// look takes the steps that an approval decides about.
func (a *approver) look(c *v1alpha1.Campaign, now time.Time) *scope {
	a.t.Helper()
	s := a.scope(c, now)
	a.g.Expect(a.r.checkApproval(a.t.Context(), s)).To(Succeed())
	a.g.Expect(a.r.keepSchedule(a.t.Context(), s)).To(Succeed())
	return s
}

// scope is what the steps before have found.
func (a *approver) scope(c *v1alpha1.Campaign, now time.Time) *scope {
	a.t.Helper()
	return &scope{campaign: c, now: now, jobs: a.jobs(), settings: settings.Campaign{Locales: []settings.LocalisedContent{{Locale: "ja", Body: a.text}}},
		network: &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Name: "alumni"},
			Spec: v1alpha1.AlumniNetworkSpec{Channels: &v1alpha1.Channels{Email: &v1alpha1.EmailChannel{}}}}}
}

func (a *approver) jobs() []batchv1.Job {
	a.t.Helper()
	list := &batchv1.JobList{}
	a.g.Expect(a.env.Client.List(a.t.Context(), list, client.InNamespace(a.namespace))).To(Succeed())
	return list.Items
}

func (a *approver) approve(c *v1alpha1.Campaign, value string) {
	a.annotate(c, approvalAnnotation, value)
}

func (a *approver) annotate(c *v1alpha1.Campaign, key, value string) {
	before, status := client.MergeFrom(c.DeepCopy()), c.Status
	metav1.SetMetaDataAnnotation(&c.ObjectMeta, key, value)
	a.g.Expect(a.env.Client.Patch(a.t.Context(), c, before)).To(Succeed())
	c.Status = status
}

// said is the reason of the condition Approved.
func said(c *v1alpha1.Campaign) string {
	return conditions.Get(c, v1alpha1.ApprovedCondition).Reason
}

func TestARunThatIsDueWaitsForItsApproval(t *testing.T) {
	a := newApprover(t)
	due := time.Now().Truncate(time.Minute).Add(-time.Minute)
	c := a.declare(due, v1alpha1.LocalisedContent{Body: "本文"})
	status := &c.Status

	s := a.look(c, due.Add(time.Minute))
	a.g.Expect(said(c)).To(Equal(v1alpha1.ReasonAwaitingApproval))
	a.g.Expect(conditions.Get(c, v1alpha1.ApprovedCondition).Message).To(ContainSubstring(`alumni-operator.io/approved-generation to "1"`))
	a.g.Expect(conditions.Get(c, v1alpha1.ScheduledCondition).Message).To(ContainSubstring("waits for its approval"))
	a.g.Expect(a.jobs()).To(BeEmpty())
	a.g.Expect(status.NextRunAt.Time).To(BeTemporally("==", due))
	a.g.Expect(status.MissedRuns).To(BeZero())
	a.g.Expect(status.LastScheduledAt).To(BeNil(), "it can still be started")
	a.g.Expect(s.wake).To(Equal(59*time.Minute+time.Second), "until it is missed")

	a.approve(c, "2")
	a.look(c, due.Add(2*time.Minute))
	a.g.Expect(conditions.Get(c, v1alpha1.ApprovedCondition).Message).To(ContainSubstring(`"2" was for what was declared before`))
	a.g.Expect(a.jobs()).To(BeEmpty())

	a.approve(c, "1")
	a.look(c, due.Add(3*time.Minute))
	a.g.Expect(said(c)).To(Equal(v1alpha1.ReasonApproved))
	a.g.Expect(a.jobs()).To(HaveLen(1))

	before := client.MergeFrom(c.DeepCopy())
	c.Spec.Content.Locales[0].Subject = "ほかのたより"
	a.g.Expect(a.env.Client.Patch(t.Context(), c, before)).To(Succeed())
	a.look(c, due.Add(4*time.Minute))
	a.g.Expect(said(c)).To(Equal(v1alpha1.ReasonAwaitingApproval))
	a.g.Expect(conditions.Get(c, v1alpha1.ScheduledCondition).Reason).To(Equal(v1alpha1.ReasonRunning), "what was approved goes on")
	a.g.Expect(a.jobs()[0].Spec.Suspend).To(HaveValue(BeFalse()))

	a.g.Expect(a.env.Client.DeleteAllOf(t.Context(), &batchv1.Job{}, client.InNamespace(a.namespace), client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
	a.look(c, due.Add(5*time.Minute))
	a.g.Expect(a.jobs()).To(BeEmpty(), "what nobody has approved does not take its place")
}

func TestARunTakesNoSettingsButThoseThatItWasStartedWith(t *testing.T) {
	a := newApprover(t)
	due := time.Now().Truncate(time.Minute)
	c := a.declare(due, v1alpha1.LocalisedContent{Body: "本文"})
	planted := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, Name: naming.Run(c.Name, due)}, Data: map[string]string{settings.CampaignFile: "{}"}}
	a.g.Expect(controllerutil.SetControllerReference(c, planted, a.env.Client.Scheme())).To(Succeed())
	a.g.Expect(a.env.Client.Create(t.Context(), planted)).To(Succeed())

	a.approve(c, "1")
	a.look(c, due.Add(time.Second))
	frozen := &corev1.ConfigMap{}
	a.g.Expect(a.env.Client.Get(t.Context(), client.ObjectKeyFromObject(planted), frozen)).To(Succeed())
	a.g.Expect(frozen.UID).NotTo(Equal(planted.UID), "what somebody had put there gives way")
	a.g.Expect(frozen.Data[settings.CampaignFile]).To(ContainSubstring("本文"))
	a.g.Expect(frozen.Immutable).To(HaveValue(BeTrue()))
	a.g.Expect(a.jobs()).To(HaveLen(1))
	a.g.Expect(a.jobs()[0].Spec.Template.Spec.Containers[0].Env).To(ContainElement(corev1.EnvVar{
		Name: settings.EnvSettingsDigest, Value: settings.Digest([]byte(frozen.Data[settings.CampaignFile]))}))
}

func TestARunThatNobodyApprovesInTimeIsMissed(t *testing.T) {
	a := newApprover(t)
	due := time.Now().Truncate(time.Minute)
	c := a.declare(due, v1alpha1.LocalisedContent{Body: "本文"})
	a.look(c, due.Add(time.Hour+time.Second))
	a.g.Expect(c.Status.MissedRuns).To(BeEquivalentTo(1))
	a.approve(c, "1")
	a.look(c, due.Add(time.Hour+time.Minute))
	a.g.Expect(a.jobs()).To(BeEmpty())
	a.g.Expect(c.Status.MissedRuns).To(BeEquivalentTo(1))
}

func TestAnApprovalIsOfTheTextsOfAConfigMapToo(t *testing.T) {
	a := newApprover(t)
	c := a.declare(time.Now().Add(time.Hour), v1alpha1.LocalisedContent{BodyFrom: &v1alpha1.ConfigMapKeyReference{Name: "texts", Key: "ja"}})
	first, err := approvalOf(a.look(c, time.Now()))
	a.g.Expect(err).NotTo(HaveOccurred())
	a.g.Expect(first).To(MatchRegexp(`^1-[0-9a-f]{64}$`))
	a.approve(c, "1")
	a.look(c, time.Now())
	a.g.Expect(said(c)).To(Equal(v1alpha1.ReasonAwaitingApproval), "the generation says nothing of these texts")
	a.approve(c, first)
	a.look(c, time.Now())
	a.g.Expect(said(c)).To(Equal(v1alpha1.ReasonApproved))
	a.text = "ほかの本文"
	a.look(c, time.Now())
	a.g.Expect(said(c)).To(Equal(v1alpha1.ReasonAwaitingApproval))
}

func TestWithoutAWishForItNothingNeedsAnApproval(t *testing.T) {
	g := NewWithT(t)
	s := &scope{campaign: &v1alpha1.Campaign{}}
	g.Expect((&Reconciler{}).checkApproval(t.Context(), s)).To(Succeed())
	g.Expect(said(s.campaign)).To(Equal(v1alpha1.ReasonApprovalNotRequired))
	g.Expect(s.awaits).To(BeEmpty())
}
