// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"os"
	"testing"

	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }

// sending makes a campaign whose text is missing, with a run at work.
func sending(t *testing.T, env *kube.Env, namespace, name string) *v1alpha1.Campaign {
	g := NewWithT(t)
	c := &v1alpha1.Campaign{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: v1alpha1.CampaignSpec{
		NetworkRef: v1alpha1.NetworkReference{Name: "alumni"}, Type: v1alpha1.CampaignNewsletter,
		Schedule: v1alpha1.CampaignSchedule{Cron: "0 9 1 * *", TimeZone: ptr.To(v1alpha1.TimeZone("Asia/Tokyo"))},
		Content: v1alpha1.Content{Locales: []v1alpha1.LocalisedContent{{
			Locale: "ja", Subject: "たより", BodyFrom: &v1alpha1.ConfigMapKeyReference{Name: "gone", Key: "body"},
		}}},
	}}
	g.Expect(env.Client.Create(t.Context(), c)).To(Succeed())
	pod := corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "worker", Image: "worker"}}}
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name + "-1", Labels: map[string]string{labels.Campaign: name}},
		Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: pod}},
	}
	g.Expect(controllerutil.SetControllerReference(c, job, env.Client.Scheme())).To(Succeed())
	g.Expect(env.Client.Create(t.Context(), job)).To(Succeed())
	return c
}

func TestARunRestsBeforeAnythingElseIsLookedAt(t *testing.T) {
	env := kube.Start(t)
	namespace := env.NewNamespace(t)
	g := NewWithT(t)
	reconciler := &Reconciler{Client: env.Client, Live: env.Client, Recorder: events.NewFakeRecorder(100), Clock: clock.RealClock{}}
	rests := func(c *v1alpha1.Campaign) bool {
		key := client.ObjectKeyFromObject(c)
		_, err := reconciler.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
		g.Expect(err).NotTo(HaveOccurred())
		job := &batchv1.Job{}
		g.Expect(env.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: c.Name + "-1"}, job)).To(Succeed())
		return ptr.Deref(job.Spec.Suspend, false)
	}
	network := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "alumni"}, Spec: v1alpha1.AlumniNetworkSpec{
		DisplayName: "Alumni", DefaultLocale: "ja", TimeZone: "Asia/Tokyo", Portal: v1alpha1.Portal{PublicURL: "https://alumni.hoshino.example"},
		Operator: v1alpha1.Organisation{Name: "Hoshino Foods", Address: "1-2-3 Ginza, Tokyo", Contact: "privacy@hoshino.example"},
	}}
	g.Expect(env.Client.Create(t.Context(), network)).To(Succeed())

	c := sending(t, env, namespace, "own")
	g.Expect(rests(c)).To(BeFalse(), "a mistake in the next run's text does not stop the one that is being sent")
	before := client.MergeFrom(c.DeepCopy())
	c.Spec.State = v1alpha1.StateSuspended
	g.Expect(env.Client.Patch(t.Context(), c, before)).To(Succeed())
	g.Expect(rests(c)).To(BeTrue(), "the campaign is suspended, although its text is missing")

	c = sending(t, env, namespace, "all")
	network.Spec.State = v1alpha1.StateSuspended
	g.Expect(env.Client.Update(t.Context(), network)).To(Succeed())
	g.Expect(rests(c)).To(BeTrue(), "its network is suspended")

	c = sending(t, env, namespace, "gone")
	g.Expect(env.Client.Delete(t.Context(), network)).To(Succeed())
	g.Expect(rests(c)).To(BeTrue(), "its network is gone")
}
