// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

func TestAnAutoscalerOwnsTheNumberOfReplicas(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	three := int32(3)
	n := external(namespace, "main", func(n *v1alpha1.AlumniNetwork) { n.Spec.Portal.Replicas = &three })
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	key := client.ObjectKey{Namespace: namespace, Name: naming.Portal("main")}
	scaler := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}

	t.Run("the hand-over drops no replica", func(t *testing.T) {
		g := NewWithT(t)
		lowest := s.lowestReplicas(ctx, t, g, namespace)
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) {
			n.Spec.Portal.Autoscaling = &v1alpha1.PortalAutoscaling{MinReplicas: 2, MaxReplicas: 6}
		})
		g.Eventually(func() error { return s.Client.Get(ctx, key, scaler) }, settle, beat).Should(Succeed())
		g.Eventually(func() bool { return s.declaresReplicas(ctx, g, key) }, settle, beat).Should(BeFalse())
		s.ready(ctx, g, n)
		g.Expect(lowest()).To(BeEquivalentTo(3))
	})
	t.Run("what the autoscaler chose stays, and the network stays ready", func(t *testing.T) {
		g := NewWithT(t)
		d := &appsv1.Deployment{}
		g.Expect(s.Client.Get(ctx, key, d)).To(Succeed())
		s.scale(ctx, g, d, 5)
		for range 3 {
			s.poke(ctx, g, n)
		}
		g.Consistently(func() int32 {
			g.Expect(s.Client.Get(ctx, key, d)).To(Succeed())
			return *d.Spec.Replicas
		}, "3s", beat).Should(BeEquivalentTo(5))
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.DisplayName = "Hoshino Family" }) // a new pod template
		s.ready(ctx, g, n)
		g.Expect(s.Client.Get(ctx, key, d)).To(Succeed())
		g.Expect(*d.Spec.Replicas).To(BeEquivalentTo(5))
	})
	t.Run("a suspended network has neither pods nor an autoscaler, and wakes", func(t *testing.T) {
		g := NewWithT(t)
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.State = v1alpha1.StateSuspended })
		s.gone(ctx, g, scaler)
		s.condition(ctx, g, n, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonSuspended)
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.State = v1alpha1.StateActive })
		d := &appsv1.Deployment{}
		g.Eventually(func(g Gomega) {
			g.Expect(s.Client.Get(ctx, key, scaler)).To(Succeed())
			g.Expect(s.Client.Get(ctx, key, d)).To(Succeed())
			g.Expect(*d.Spec.Replicas).To(BeEquivalentTo(1), "at none, an autoscaler would rest")
		}, settle, beat).Should(Succeed())
		s.condition(ctx, g, n, v1alpha1.PortalAvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRollingOut)
		s.scale(ctx, g, d, 2)
		s.ready(ctx, g, n)
	})
	t.Run("without autoscaling the declared number holds again", func(t *testing.T) {
		g := NewWithT(t)
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Portal.Autoscaling = nil })
		s.gone(ctx, g, scaler)
		s.ready(ctx, g, n)
		d := &appsv1.Deployment{}
		g.Expect(s.Client.Get(ctx, key, d)).To(Succeed())
		g.Expect(*d.Spec.Replicas).To(Equal(three))
	})
}

func TestWhatIsDeclaredOfThePodsReachesThem(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main", func(n *v1alpha1.AlumniNetwork) {
		p := &n.Spec.Portal
		p.TrustedProxies = []v1alpha1.CIDR{"10.244.0.0/16", "2001:db8::/32"}
		p.ImagePullSecrets = []v1alpha1.SecretReference{{Name: "registry"}}
		p.PodLabels = map[string]v1alpha1.LabelValue{"mesh.example/inject": "true"}
		p.PodAnnotations = map[string]v1alpha1.AnnotationValue{"mesh.example/config": `{"a": 1}`}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)

	pods := s.portalPods(ctx, g, namespace)
	g.Expect(pods).NotTo(BeEmpty())
	for _, p := range pods {
		g.Expect(p.Labels).To(HaveKeyWithValue("mesh.example/inject", "true"))
		g.Expect(p.Annotations).To(HaveKeyWithValue("mesh.example/config", `{"a": 1}`))
		g.Expect(p.Spec.ImagePullSecrets).To(ConsistOf(HaveField("Name", "registry")))
		g.Expect(p.Spec.Containers[0].Env).To(ContainElement(And(
			HaveField("Name", "ALUMNI_PORTAL_TRUSTED_PROXIES"), HaveField("Value", "10.244.0.0/16,2001:db8::/32"))))
	}
}

func TestOnlyTheNetworkAndTheOperatorReachAStandaloneStore(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	n := external(namespace, "main", standalone)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonServerNotReady)

	key := client.ObjectKey{Namespace: namespace, Name: naming.StoreServer("main")}
	policy := &networkingv1.NetworkPolicy{}
	g.Expect(s.Client.Get(ctx, key, policy)).To(Succeed())
	g.Expect(policy.Spec.Ingress).To(HaveLen(1))
	from := policy.Spec.Ingress[0].From
	g.Expect(from).To(HaveLen(2))
	g.Expect(from[0].PodSelector.MatchLabels).To(HaveKeyWithValue("alumni-operator.io/network", "main"))
	g.Expect(from[1].NamespaceSelector.MatchLabels).To(HaveKeyWithValue("kubernetes.io/metadata.name", operatorNamespace))
	uid := policy.UID

	g.Expect(s.Client.Delete(ctx, policy)).To(Succeed())
	g.Eventually(func(g Gomega) {
		g.Expect(s.Client.Get(ctx, key, policy)).To(Succeed())
		g.Expect(policy.UID).NotTo(Equal(uid))
	}, settle, beat).Should(Succeed())
}

// scale is what an autoscaler does; the one of the cluster rests in these tests, for there are no metrics.
func (s suite) scale(ctx context.Context, g Gomega, d *appsv1.Deployment, replicas int32) {
	body := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}
	g.Expect(s.Client.SubResource("scale").Update(ctx, d, client.WithSubResourceBody(body))).To(Succeed())
}

// declaresReplicas says whether the operator claims the number of replicas of a Deployment.
func (s suite) declaresReplicas(ctx context.Context, g Gomega, key client.ObjectKey) bool {
	d := &appsv1.Deployment{}
	g.Expect(s.Client.Get(ctx, key, d)).To(Succeed())
	for _, m := range d.ManagedFields {
		if m.Manager == "alumni-operator" && m.Operation == metav1.ManagedFieldsOperationApply {
			return strings.Contains(m.FieldsV1.GetRawString(), `"f:replicas"`)
		}
	}
	return false
}

// lowestReplicas follows the Deployments of a namespace and tells the lowest number that one ever declared.
func (s suite) lowestReplicas(ctx context.Context, t *testing.T, g Gomega, namespace string) func() int32 {
	seen, err := s.Client.Watch(ctx, &appsv1.DeploymentList{}, client.InNamespace(namespace))
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(seen.Stop)
	return func() int32 {
		lowest := int32(1000)
		for {
			select {
			case e := <-seen.ResultChan():
				if d, ok := e.Object.(*appsv1.Deployment); ok && d.Spec.Replicas != nil {
					lowest = min(lowest, *d.Spec.Replicas)
				}
			default:
				return lowest
			}
		}
	}
}
