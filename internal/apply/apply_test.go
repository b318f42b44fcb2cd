// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply_test

import (
	"errors"
	"os"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/apply"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }

// world is an owner in a namespace of its own, and an applier that sees everything as it is.
type world struct {
	*kube.Env
	applier *apply.Applier
	owner   *v1alpha1.AlumniNetwork
}

func newWorld(t *testing.T, g Gomega) world {
	env := kube.Start(t)
	owner := &v1alpha1.AlumniNetwork{
		ObjectMeta: metav1.ObjectMeta{Namespace: env.NewNamespace(t), Name: "main"},
		Spec: v1alpha1.AlumniNetworkSpec{
			DisplayName: "x", Operator: v1alpha1.Organisation{Name: "x", Address: "x", Contact: "a@x.example"},
			Portal: v1alpha1.Portal{PublicURL: "https://x.example"},
		},
	}
	g.Expect(env.Client.Create(t.Context(), owner)).To(Succeed())
	return world{Env: env, applier: &apply.Applier{Client: env.Client, Live: env.Client}, owner: owner}
}

func (w world) deployment(change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	selector := map[string]string{"app": "x"}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.owner.Namespace, Name: "child", Labels: labels.For("main", labels.Portal)},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](2),
			Selector: &metav1.LabelSelector{MatchLabels: selector},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: selector},
				Spec: corev1.PodSpec{
					Containers: []corev1.Container{{
						Name: "main", Image: "x:1", Args: []string{"--a", "--b"},
						Env:       []corev1.EnvVar{{Name: "A", Value: "1"}, {Name: "B", Value: "2"}},
						Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{"memory": resource.MustParse("1024Mi")}},
					}},
					Volumes: []corev1.Volume{{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
				},
			},
		},
	}
	for _, c := range change {
		c(d)
	}
	return d
}

func (w world) live(t *testing.T, g Gomega) *appsv1.Deployment {
	d := &appsv1.Deployment{}
	g.Expect(w.Client.Get(t.Context(), client.ObjectKey{Namespace: w.owner.Namespace, Name: "child"}, d)).To(Succeed())
	return d
}

func TestApplyingTheSameTwiceWritesOnce(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, g)
	g.Expect(w.applier.Apply(t.Context(), w.owner, w.deployment())).To(Succeed())
	first := w.live(t, g)
	g.Expect(metav1.IsControlledBy(first, w.owner)).To(BeTrue())

	again := w.deployment()
	g.Expect(w.applier.Apply(t.Context(), w.owner, again)).To(Succeed())

	g.Expect(w.live(t, g).ResourceVersion).To(Equal(first.ResourceVersion))
	g.Expect(again.ResourceVersion).To(Equal(first.ResourceVersion), "what stands is read into the object")
}

func TestAFieldThatIsNoLongerSetGoes(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, g)
	g.Expect(w.applier.Apply(t.Context(), w.owner, w.deployment())).To(Succeed())

	without := w.deployment(func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.Containers[0].Env = d.Spec.Template.Spec.Containers[0].Env[:1]
		d.Spec.Template.Spec.Containers[0].Resources = corev1.ResourceRequirements{}
		d.Spec.Replicas = nil
	})
	g.Expect(w.applier.Apply(t.Context(), w.owner, without)).To(Succeed())

	c := w.live(t, g).Spec.Template.Spec.Containers[0]
	g.Expect(c.Env).To(HaveLen(1))
	g.Expect(c.Resources.Limits).To(BeEmpty())
	g.Expect(*w.live(t, g).Spec.Replicas).To(BeEquivalentTo(1), "the default")
}

func TestDriftIsPutRightAndOthersFieldsAreLeft(t *testing.T) {
	cases := map[string]struct {
		drift func(*appsv1.Deployment)
		kept  func(Gomega, *appsv1.Deployment)
		write bool
	}{
		"an image that was edited": {
			drift: func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "y:1" }, write: true,
		},
		"a label that was taken off": {
			drift: func(d *appsv1.Deployment) { delete(d.Labels, labels.Network) }, write: true,
		},
		"an argument that was added": {
			drift: func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Args = []string{"--a", "--b", "--c"} }, write: true,
		},
		"an annotation of somebody else": {
			drift: func(d *appsv1.Deployment) { d.Annotations["example.com/x"] = "y" },
			kept: func(g Gomega, d *appsv1.Deployment) {
				g.Expect(d.Annotations).To(HaveKeyWithValue("example.com/x", "y"))
			},
		},
		"a container of somebody else": {
			drift: func(d *appsv1.Deployment) {
				c := d.Spec.Template.Spec.Containers
				d.Spec.Template.Spec.Containers = append([]corev1.Container{{Name: "sidecar", Image: "z"}}, c...)
			},
			kept: func(g Gomega, d *appsv1.Deployment) { g.Expect(d.Spec.Template.Spec.Containers).To(HaveLen(2)) },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, g)
			g.Expect(w.applier.Apply(t.Context(), w.owner, w.deployment())).To(Succeed())
			d := w.live(t, g)
			change := client.MergeFrom(d.DeepCopy())
			c.drift(d)
			g.Expect(w.Client.Patch(t.Context(), d, change)).To(Succeed())

			g.Expect(w.applier.Apply(t.Context(), w.owner, w.deployment())).To(Succeed())

			after := w.live(t, g)
			g.Expect(after.ResourceVersion != d.ResourceVersion).To(Equal(c.write))
			g.Expect(after.Labels).To(HaveKeyWithValue(labels.Network, "main"))
			for _, container := range after.Spec.Template.Spec.Containers {
				if container.Name == "main" {
					g.Expect(container.Image).To(Equal("x:1"))
					g.Expect(container.Args).To(Equal([]string{"--a", "--b"}))
				}
			}
			if c.kept != nil {
				c.kept(g, after)
			}
		})
	}
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	cases := map[string]func(t *testing.T, g Gomega, w world, d *appsv1.Deployment){
		"an object without an owner": func(*testing.T, Gomega, world, *appsv1.Deployment) {},
		"an object of another network": func(t *testing.T, g Gomega, w world, d *appsv1.Deployment) {
			other := w.owner.DeepCopy()
			other.Name, other.ResourceVersion, other.UID = "other", "", ""
			g.Expect(w.Client.Create(t.Context(), other)).To(Succeed())
			d.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(other, v1alpha1.GroupVersion.WithKind("AlumniNetwork"))}
		},
		"an object that only carries our label": func(_ *testing.T, _ Gomega, _ world, d *appsv1.Deployment) {
			d.Labels = labels.For("main", labels.Portal)
		},
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, g)
			foreign := w.deployment(func(d *appsv1.Deployment) { d.Labels = nil })
			prepare(t, g, w, foreign)
			g.Expect(w.Client.Create(t.Context(), foreign)).To(Succeed())

			err := w.applier.Apply(t.Context(), w.owner, w.deployment())

			var terminal *outcome.Terminal
			g.Expect(errors.As(err, &terminal)).To(BeTrue())
			g.Expect(terminal.Reason).To(Equal(v1alpha1.ReasonNotOwned))
			g.Expect(w.live(t, g).ResourceVersion).To(Equal(foreign.ResourceVersion))

			_, err = w.applier.Create(t.Context(), w.owner, w.deployment())
			g.Expect(outcome.IsTerminal(err)).To(BeTrue())
		})
	}
}

func TestAChildOfAnEarlierObjectOfTheNameIsWaitedFor(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, g)
	g.Expect(w.applier.Apply(t.Context(), w.owner, w.deployment())).To(Succeed())
	g.Expect(w.Client.Delete(t.Context(), w.owner)).To(Succeed())
	w.owner.ResourceVersion, w.owner.UID = "", ""
	g.Expect(w.Client.Create(t.Context(), w.owner)).To(Succeed())

	err := w.applier.Apply(t.Context(), w.owner, w.deployment())

	g.Expect(outcome.IsWaiting(err)).To(BeTrue(), "%v", err)
}

func TestWhatTheServerRefusesIsToldByField(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, g)
	err := w.applier.Apply(t.Context(), w.owner, w.deployment(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Name = "Not A Name" }))
	var terminal *outcome.Terminal
	g.Expect(errors.As(err, &terminal)).To(BeTrue())
	g.Expect(terminal.Message).To(ContainSubstring("spec.template.spec.containers[0].name"))
}

func TestCreateMakesOnceAndNeverChanges(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, g)
	secret := func(value string) *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.owner.Namespace, Name: "key", Labels: labels.For("main", labels.Settings)},
			Data:       map[string][]byte{"key": []byte(value)},
		}
	}
	made, err := w.applier.Create(t.Context(), nil, secret("one"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(made).To(BeTrue())

	second := secret("two")
	made, err = w.applier.Create(t.Context(), nil, second)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(made).To(BeFalse())
	g.Expect(second.Data["key"]).To(Equal([]byte("one")), "what exists is read")
	g.Expect(second.OwnerReferences).To(BeEmpty())
}

func TestPruneTakesWhatIsOwnedAndNotWantedOnly(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, g)
	child := func(name string) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.owner.Namespace, Name: name, Labels: labels.For("main", labels.Portal)}}
	}
	g.Expect(w.applier.Apply(t.Context(), w.owner, child("wanted"), child("unwanted"))).To(Succeed())
	g.Expect(w.Client.Create(t.Context(), child("of-somebody-else"))).To(Succeed())
	volume := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.owner.Namespace, Name: "volume", Labels: labels.For("main", labels.Portal)},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{"storage": resource.MustParse("1Gi")}},
		},
	}
	login := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.owner.Namespace, Name: "login", Labels: labels.For("main", labels.Portal)}}
	for _, kept := range []client.Object{volume, login} {
		_, err := w.applier.Create(t.Context(), w.owner, kept)
		g.Expect(err).NotTo(HaveOccurred())
	}

	g.Expect(w.applier.Prune(t.Context(), w.owner, labels.Selector("main", labels.Portal), child("wanted"))).To(Succeed())

	list := &corev1.ConfigMapList{}
	g.Expect(w.Client.List(t.Context(), list, client.InNamespace(w.owner.Namespace), client.HasLabels{labels.Network})).To(Succeed())
	var names []string
	for i := range list.Items {
		names = append(names, list.Items[i].Name)
	}
	g.Expect(names).To(ConsistOf("wanted", "of-somebody-else"))
	for _, kept := range []client.Object{volume, login} {
		g.Expect(w.Client.Get(t.Context(), client.ObjectKeyFromObject(kept), kept)).To(Succeed())
		g.Expect(kept.GetDeletionTimestamp()).To(BeNil())
	}
}

func TestDeleteTakesTheVeryObjectThatWasRead(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, g)
	first := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.owner.Namespace, Name: "it"}}
	g.Expect(w.Client.Create(t.Context(), first)).To(Succeed())
	g.Expect(w.Client.Delete(t.Context(), first)).To(Succeed())
	second := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.owner.Namespace, Name: "it"}}
	g.Expect(w.Client.Create(t.Context(), second)).To(Succeed())

	g.Expect(w.applier.Delete(t.Context(), first)).NotTo(Succeed())

	g.Consistently(func() error {
		return w.Client.Get(t.Context(), client.ObjectKeyFromObject(second), second)
	}, 300*time.Millisecond, 50*time.Millisecond).Should(Succeed())
}

func TestAFieldThatIsHandedOverKeepsItsValue(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, g)
	g.Expect(w.applier.Apply(t.Context(), w.owner, w.deployment())).To(Succeed())
	others := func(d *appsv1.Deployment) { d.Spec.Replicas = nil }

	g.Expect(w.applier.HandOver(t.Context(), w.live(t, g), int64(2), "spec", "replicas")).To(Succeed())
	g.Expect(w.applier.Apply(t.Context(), w.owner, w.deployment(others))).To(Succeed())
	g.Expect(*w.live(t, g).Spec.Replicas).To(BeEquivalentTo(2), "and not the default of one")

	d := w.live(t, g)
	d.Spec.Replicas = ptr.To[int32](5)
	g.Expect(w.Client.Update(t.Context(), d, client.FieldOwner("somebody"))).To(Succeed())
	g.Expect(w.applier.HandOver(t.Context(), d, int64(2), "spec", "replicas")).To(Succeed(), "it is somebody's already")
	g.Expect(w.applier.Apply(t.Context(), w.owner, w.deployment(others))).To(Succeed())
	g.Expect(*w.live(t, g).Spec.Replicas).To(BeEquivalentTo(5))

	g.Expect(w.applier.Apply(t.Context(), w.owner, w.deployment())).To(Succeed())
	g.Expect(*w.live(t, g).Spec.Replicas).To(BeEquivalentTo(2), "declared again")
}

func TestAnObjectWithoutAGoTypeIsAppliedOnceAndRemovedByItsOwnerOnly(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, g)
	untyped := func() *unstructured.Unstructured {
		u := &unstructured.Unstructured{Object: map[string]any{"data": map[string]any{"key": "value"}}}
		u.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
		u.SetNamespace(w.owner.Namespace)
		u.SetName("untyped")
		return u
	}
	g.Expect(w.applier.Apply(t.Context(), w.owner, untyped())).To(Succeed())
	first := untyped()
	g.Expect(w.Client.Get(t.Context(), client.ObjectKeyFromObject(first), first)).To(Succeed())
	again := untyped()
	g.Expect(w.applier.Apply(t.Context(), w.owner, again)).To(Succeed())
	g.Expect(again.GetResourceVersion()).To(Equal(first.GetResourceVersion()), "nothing was written, and what stands is read into the object")

	g.Expect(w.applier.Remove(t.Context(), w.owner, untyped())).To(Succeed())
	g.Expect(w.applier.Remove(t.Context(), w.owner, untyped())).To(Succeed(), "it is gone already")
	foreign := untyped()
	g.Expect(w.Client.Create(t.Context(), foreign)).To(Succeed())
	g.Expect(w.applier.Remove(t.Context(), w.owner, untyped())).To(Succeed())
	g.Expect(w.Client.Get(t.Context(), client.ObjectKeyFromObject(foreign), foreign)).To(Succeed())
	g.Expect(outcome.IsTerminal(w.applier.Apply(t.Context(), w.owner, untyped()))).To(BeTrue())
}

func TestARetainedObjectHasNoOwnerAndIsToldByItsLabel(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	w := newWorld(t, g)
	wanted := func(name, network, value string) *corev1.ConfigMap {
		return &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.owner.Namespace, Name: name, Labels: labels.For(network, labels.Store)},
			Data:       map[string]string{"key": value},
		}
	}
	read := func(name string) *corev1.ConfigMap {
		live := &corev1.ConfigMap{}
		g.Expect(w.Client.Get(ctx, client.ObjectKey{Namespace: w.owner.Namespace, Name: name}, live)).To(Succeed())
		return live
	}
	g.Expect(w.applier.ApplyRetained(ctx, wanted("kept", "main", "one"))).To(Succeed())
	g.Expect(read("kept").OwnerReferences).To(BeEmpty())
	version := read("kept").ResourceVersion
	g.Expect(w.applier.ApplyRetained(ctx, wanted("kept", "main", "one"))).To(Succeed())
	g.Expect(read("kept").ResourceVersion).To(Equal(version), "nothing is written twice")
	g.Expect(w.applier.ApplyRetained(ctx, wanted("kept", "main", "two"))).To(Succeed())
	g.Expect(read("kept").Data).To(HaveKeyWithValue("key", "two"))

	err := w.applier.ApplyRetained(ctx, wanted("kept", "other", "three"))
	g.Expect(outcome.IsTerminal(err)).To(BeTrue())
	g.Expect(err).To(MatchError(ContainSubstring("is not of this network")))
	g.Expect(read("kept").Data).To(HaveKeyWithValue("key", "two"), "an object of another network is not touched")
}
