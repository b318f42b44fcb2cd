// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

func TestWithoutTheTenantBindingTheConditionSaysHowToGetItAndHeals(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.NewNamespace(t)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretsForbidden)
	g.Expect(message).To(ContainSubstring("kubectl apply -n " + namespace + " -k config/tenant"))

	s.bindSecrets(ctx, g, namespace)
	bound := time.Now()
	g.Eventually(func(g Gomega) {
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
		g.Expect(n.Status.Conditions).To(ContainElement(And(HaveField("Type", "Ready"), HaveField("Status", metav1.ConditionTrue))))
	}, settle, beat).Should(Succeed())
	t.Logf("ready %s after the binding", time.Since(bound).Round(beat))

	// The watch of Secrets has healed too: a change is seen at once.
	token := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: naming.DatabaseSecret("main", naming.RoleRoster)}}
	g.Expect(s.Client.Delete(ctx, token)).To(Succeed())
	g.Eventually(func() error { return s.login(ctx, g, n, naming.RoleRoster) }, settle, beat).Should(Succeed())
}

func TestADeletedNetworkKeepsItsStoreAndTakesItBack(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	database := n.Status.Store.Database
	kept := map[string]*corev1.Secret{}
	for _, name := range []string{naming.TokenKeySecret("main"), naming.PepperSecret("main")} {
		kept[name] = &corev1.Secret{}
		g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, kept[name])).To(Succeed())
	}

	began := time.Now()
	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	s.gone(ctx, g, n)
	s.gone(ctx, g, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: naming.Portal("main")}})
	t.Logf("deleted in %s", time.Since(began).Round(beat))
	g.Expect(roleState(ctx, t, g, database)).To(HaveLen(len(naming.Roles())))

	again := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, again)).To(Succeed())
	s.ready(ctx, g, again)

	g.Expect(again.Status.Store.Database).To(Equal(database))
	for name, before := range kept {
		after := &corev1.Secret{}
		g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, after)).To(Succeed())
		g.Expect(after.UID).To(Equal(before.UID))
		g.Expect(after.Data).To(Equal(before.Data))
	}
}

func TestANetworkThatIsDeletedAndMadeAtOnceConverges(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)

	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	again := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, again)).To(Succeed())

	s.ready(ctx, g, again)
	g.Expect(again.UID).NotTo(Equal(n.UID))
	d := &appsv1.Deployment{}
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.Portal("main")}, d)).To(Succeed())
	g.Expect(metav1.IsControlledBy(d, again)).To(BeTrue())
}

func TestAtRestNothingIsWritten(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	var before map[string]string
	g.Eventually(func() bool { // until the last event and ReplicaSet status are written
		earlier := before
		before = s.versions(ctx, g, namespace)
		return fmt.Sprint(earlier) == fmt.Sprint(before)
	}, settle, 2*time.Second).Should(BeTrue())

	for range 5 {
		s.poke(ctx, g, n)
	}

	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
	before["AlumniNetwork/main"] = n.ResourceVersion // its annotation was changed by this test
	g.Consistently(func() map[string]string { return s.versions(ctx, g, namespace) }, 3*time.Second, beat).Should(Equal(before))
}

func TestDriftOfChildrenIsPutRight(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	key := client.ObjectKey{Namespace: namespace, Name: naming.Portal("main")}

	t.Run("an edited field is set back and a field of somebody else is left", func(t *testing.T) {
		g := NewWithT(t)
		d := &appsv1.Deployment{}
		g.Expect(s.Client.Get(ctx, key, d)).To(Succeed())
		change := client.MergeFrom(d.DeepCopy())
		d.Spec.Template.Spec.Containers[0].Image = "somebody/elses:image"
		d.Annotations["example.com/note"] = "kept"
		g.Expect(s.Client.Patch(ctx, d, change)).To(Succeed())
		g.Eventually(func(g Gomega) {
			g.Expect(s.Client.Get(ctx, key, d)).To(Succeed())
			g.Expect(d.Spec.Template.Spec.Containers[0].Image).To(Equal("alumni-operator:test"))
			g.Expect(d.Annotations).To(HaveKeyWithValue("example.com/note", "kept"))
		}, settle, beat).Should(Succeed())
	})
	t.Run("a deleted child is made again", func(t *testing.T) {
		g := NewWithT(t)
		for _, child := range []client.Object{&appsv1.Deployment{}, &corev1.Service{}, &policyv1.PodDisruptionBudget{}} {
			g.Expect(s.Client.Get(ctx, key, child)).To(Succeed())
			uid := child.GetUID()
			g.Expect(s.Client.Delete(ctx, child)).To(Succeed())
			g.Eventually(func(g Gomega) {
				g.Expect(s.Client.Get(ctx, key, child)).To(Succeed())
				g.Expect(child.GetUID()).NotTo(Equal(uid))
			}, settle, beat).Should(Succeed())
		}
	})
	t.Run("a child that is no longer wanted goes", func(t *testing.T) {
		g := NewWithT(t)
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { one := int32(1); n.Spec.Portal.Replicas = &one })
		s.gone(ctx, g, &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}})
		s.ready(ctx, g, n)
	})
}

func TestAnObjectOfSomebodyElseIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	foreign := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: naming.Portal("main")},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 8443}}},
	}
	g.Expect(s.Client.Create(ctx, foreign)).To(Succeed())
	version := foreign.ResourceVersion
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonNotOwned)
	g.Expect(message).To(ContainSubstring("Service " + namespace + "/main-portal"))
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(foreign), foreign)).To(Succeed())
	g.Expect(foreign.ResourceVersion).To(Equal(version))

	g.Expect(s.Client.Delete(ctx, foreign)).To(Succeed())
	s.poke(ctx, g, n)
	s.ready(ctx, g, n)
}

func TestASuspendedNetworkRunsNothingAndKeepsItsData(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)

	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.State = v1alpha1.StateSuspended })
	s.condition(ctx, g, n, v1alpha1.PortalAvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonSuspended)
	s.condition(ctx, g, n, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	pods := &corev1.PodList{}
	g.Eventually(func(g Gomega) {
		g.Expect(s.Client.List(ctx, pods, client.InNamespace(namespace))).To(Succeed())
		g.Expect(pods.Items).To(BeEmpty())
	}, settle, beat).Should(Succeed())

	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.State = v1alpha1.StateActive })
	s.ready(ctx, g, n)
}

// poke changes an annotation, so that the operator looks at the network now.
func (s suite) poke(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork) {
	patch := fmt.Sprintf(`{"metadata":{"annotations":{"test/poke":"%d"}}}`, time.Now().UnixNano())
	g.Expect(s.Client.Patch(ctx, n, client.RawPatch("application/merge-patch+json", []byte(patch)))).To(Succeed())
}

// change edits the spec of a network.
func (s suite) change(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork, edit func(*v1alpha1.AlumniNetwork)) {
	g.Eventually(func() error {
		if err := s.Client.Get(ctx, client.ObjectKeyFromObject(n), n); err != nil {
			return err
		}
		edit(n)
		return s.Client.Update(ctx, n)
	}, settle, beat).Should(Succeed())
}

// versions are the resource versions of everything in a namespace.
func (s suite) versions(ctx context.Context, g Gomega, namespace string) map[string]string {
	all := map[string]string{}
	for _, list := range everything() {
		g.Expect(s.Client.List(ctx, list, client.InNamespace(namespace))).To(Succeed())
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(list)
		g.Expect(err).NotTo(HaveOccurred())
		items, _ := content["items"].([]any)
		kind := strings.TrimSuffix(fmt.Sprintf("%T", list)[strings.LastIndex(fmt.Sprintf("%T", list), ".")+1:], "List")
		for _, item := range items {
			fields, _ := item.(map[string]any)
			u := unstructured.Unstructured{Object: fields}
			all[kind+"/"+u.GetName()] = u.GetResourceVersion()
		}
	}
	return all
}

func everything() []client.ObjectList {
	return []client.ObjectList{
		&v1alpha1.AlumniNetworkList{}, &appsv1.DeploymentList{}, &appsv1.StatefulSetList{}, &batchv1.JobList{}, &corev1.ConfigMapList{},
		&corev1.SecretList{}, &corev1.ServiceList{}, &corev1.PersistentVolumeClaimList{}, &policyv1.PodDisruptionBudgetList{},
		&autoscalingv2.HorizontalPodAutoscalerList{}, &networkingv1.IngressList{}, &networkingv1.NetworkPolicyList{}, &eventsv1.EventList{},
	}
}

// holdsNoSecret searches everything that people can read of a namespace, and the operator's log, for a secret.
func (s suite) holdsNoSecret(ctx context.Context, g Gomega, namespace, secret string) {
	for _, list := range everything() {
		if _, isSecret := list.(*corev1.SecretList); isSecret {
			continue
		}
		g.Expect(s.Client.List(ctx, list, client.InNamespace(namespace))).To(Succeed())
		content, err := yaml.Marshal(list)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(content)).NotTo(ContainSubstring(secret), "%T", list)
	}
	g.Expect(s.log.String()).NotTo(ContainSubstring(secret), "the operator's log")
}

// kstatusOf is what GitOps tools make of a network.
func kstatusOf(g Gomega, n *v1alpha1.AlumniNetwork) status.Status {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(n)
	g.Expect(err).NotTo(HaveOccurred())
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AlumniNetwork"))
	result, err := status.Compute(u)
	g.Expect(err).NotTo(HaveOccurred())
	return result.Status
}
