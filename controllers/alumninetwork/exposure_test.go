// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/resources/portal"
)

// byIngress and byGateway declare an exposure.
func byIngress(n *v1alpha1.AlumniNetwork) {
	n.Spec.Portal.Exposure = &v1alpha1.Exposure{Type: v1alpha1.ExposedByIngress}
	n.Spec.Portal.TLS = &v1alpha1.PortalTLS{IssuerRef: &v1alpha1.IssuerReference{Name: "letsencrypt"}}
}

func byGateway(n *v1alpha1.AlumniNetwork) {
	n.Spec.Portal.TLS = nil
	n.Spec.Portal.Exposure = &v1alpha1.Exposure{Type: v1alpha1.ExposedByGateway, Gateway: &v1alpha1.GatewayExposure{
		ParentRef: v1alpha1.GatewayReference{Name: "public", Namespace: "infra"},
	}}
}

func TestAPortalIsExposedAsDeclaredAndTheFormerWayStaysUntilTheNewOneStands(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main", byIngress)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	key := client.ObjectKey{Namespace: namespace, Name: naming.Portal("main")}
	ingress := &networkingv1.Ingress{}
	route := optional(namespace, portal.HTTPRoute)

	t.Run("an Ingress without a controller is no failure, and is told", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(s.Client.Get(ctx, key, ingress)).To(Succeed())
		g.Expect(ingress.Spec.Rules[0].Host).To(Equal("alumni.hoshino.example"))
		g.Expect(ingress.Annotations).To(HaveKeyWithValue("cert-manager.io/issuer", "letsencrypt"))
		g.Expect(ingress.Spec.TLS[0].SecretName).To(Equal(naming.PortalCertificate("main")))
		s.saysOfPortal(ctx, g, n, ContainSubstring("no controller has given its Ingress an address yet"))

		ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "192.0.2.1"}}
		g.Expect(s.Client.Status().Update(ctx, ingress)).To(Succeed())
		s.saysOfPortal(ctx, g, n, Equal("Every replica of the portal serves"))
	})
	t.Run("a Gateway without the Gateway API is told, and the Ingress goes on serving", func(t *testing.T) {
		g := NewWithT(t)
		s.change(ctx, g, n, byGateway)
		message := s.condition(ctx, g, n, v1alpha1.PortalAvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonGatewayAPIMissing)
		g.Expect(message).To(ContainSubstring("gateway.networking.k8s.io/v1"))
		g.Expect(kstatusOf(g, n)).To(Equal(status.InProgressStatus))
		g.Expect(s.Client.Get(ctx, key, ingress)).To(Succeed())
	})
	whole := t
	t.Run("it heals by itself when the Gateway API is installed", func(t *testing.T) {
		g := NewWithT(t)
		s.install(ctx, whole, g, "httproute.yaml")
		message := s.condition(ctx, g, n, v1alpha1.PortalAvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonRouteNotAccepted)
		g.Expect(message).To(ContainSubstring("Gateway infra/public has not answered"))
		g.Expect(s.Client.Get(ctx, key, route)).To(Succeed())
		g.Expect(metav1.IsControlledBy(route, n)).To(BeTrue())
	})
	t.Run("a refusal is told by its reason", func(t *testing.T) {
		g := NewWithT(t)
		s.answer(ctx, g, route, "False", "NotAllowedByListeners")
		s.poke(ctx, g, n)
		s.saysOfPortal(ctx, g, n, Equal("Gateway infra/public does not take the HTTPRoute: Accepted is False, NotAllowedByListeners"))
		g.Expect(s.Client.Get(ctx, key, ingress)).To(Succeed(), "it leads to the portal still")
	})
	t.Run("an accepted route takes the Ingress's place", func(t *testing.T) {
		g := NewWithT(t)
		s.answer(ctx, g, route, "True", "Accepted")
		s.poke(ctx, g, n)
		s.ready(ctx, g, n)
		s.gone(ctx, g, ingress)
		version := route.GetResourceVersion()
		s.poke(ctx, g, n)
		g.Consistently(func() string {
			g.Expect(s.Client.Get(ctx, key, route)).To(Succeed())
			return route.GetResourceVersion()
		}, "2s", beat).Should(Equal(version), "at rest nothing is written")
	})
	t.Run("an Ingress takes the route's place", func(t *testing.T) {
		g := NewWithT(t)
		s.change(ctx, g, n, byIngress)
		s.gone(ctx, g, route)
		s.ready(ctx, g, n)
		g.Expect(s.Client.Get(ctx, key, ingress)).To(Succeed())
	})
	t.Run("without an exposure nothing leads to the portal", func(t *testing.T) {
		g := NewWithT(t)
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Portal.Exposure, n.Spec.Portal.TLS = nil, nil })
		s.gone(ctx, g, ingress)
		s.ready(ctx, g, n)
	})
	t.Run("a route of somebody else is left alone", func(t *testing.T) {
		g := NewWithT(t)
		foreign := optional(namespace, portal.HTTPRoute)
		foreign.Object["spec"] = map[string]any{"hostnames": []any{"other.example"}}
		g.Expect(s.Client.Create(ctx, foreign)).To(Succeed())
		s.change(ctx, g, n, byGateway)
		message := s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonNotOwned)
		g.Expect(message).To(ContainSubstring("HTTPRoute " + namespace + "/main-portal"))
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Portal.Exposure = nil })
		s.ready(ctx, g, n)
		version := foreign.GetResourceVersion()
		g.Expect(s.Client.Get(ctx, key, foreign)).To(Succeed())
		g.Expect(foreign.GetResourceVersion()).To(Equal(version))
	})
}

func TestAnIngressOfSomebodyElseIsLeftAloneAndThePortalRuns(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	foreign := &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: naming.Portal("main")},
		Spec: networkingv1.IngressSpec{DefaultBackend: &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
			Name: "other", Port: networkingv1.ServiceBackendPort{Number: 80},
		}}},
	}
	g.Expect(s.Client.Create(ctx, foreign)).To(Succeed())
	version := foreign.ResourceVersion
	n := external(namespace, "main", byIngress)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonNotOwned)
	g.Expect(message).To(ContainSubstring("Ingress " + namespace + "/main-portal"))
	s.condition(ctx, g, n, v1alpha1.PortalAvailableCondition, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)
	d := &appsv1.Deployment{}
	g.Eventually(func(g Gomega) {
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(foreign), d)).To(Succeed())
		g.Expect(d.Status.AvailableReplicas).To(BeEquivalentTo(2))
	}, settle, beat).Should(Succeed())

	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Portal.Exposure, n.Spec.Portal.TLS = nil, nil })
	s.ready(ctx, g, n)
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(foreign), foreign)).To(Succeed())
	g.Expect(foreign.ResourceVersion).To(Equal(version))

	g.Expect(s.Client.Delete(ctx, foreign)).To(Succeed())
	s.change(ctx, g, n, byIngress)
	s.ready(ctx, g, n)
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(foreign), foreign)).To(Succeed())
	g.Expect(metav1.IsControlledBy(foreign, n)).To(BeTrue())
}

func TestWhereThereIsAPrometheusOperatorItIsToldOfThePortal(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)

	s.install(ctx, t, g, "servicemonitor.yaml")
	s.install(ctx, t, g, "prometheusrule.yaml")
	monitor, rule := optional(namespace, portal.ServiceMonitor), optional(namespace, portal.PrometheusRule)
	for _, obj := range []*unstructured.Unstructured{monitor, rule} {
		g.Eventually(func() error {
			s.poke(ctx, g, n) // the next look of a network at rest is minutes away
			return s.Client.Get(ctx, client.ObjectKeyFromObject(obj), obj)
		}, settle, time.Second).Should(Succeed())
		g.Expect(metav1.IsControlledBy(obj, n)).To(BeTrue())
	}
	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.State = v1alpha1.StateSuspended })
	s.gone(ctx, g, rule)
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(monitor), monitor)).To(Succeed())

	foreign := optional(namespace, portal.PrometheusRule)
	g.Expect(s.Client.Create(ctx, foreign)).To(Succeed())
	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.State = v1alpha1.StateActive })
	message := s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonNotOwned)
	g.Expect(message).To(ContainSubstring("PrometheusRule " + namespace + "/main-portal"))
	s.condition(ctx, g, n, v1alpha1.PortalAvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
}

// optional is the portal's object of a kind that the cluster may lack.
func optional(namespace string, kind schema.GroupVersionKind) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kind)
	u.SetNamespace(namespace)
	u.SetName(naming.Portal("main"))
	return u
}

// install adds a kind to the cluster and takes it away when the test ends.
func (s suite) install(ctx context.Context, t *testing.T, g Gomega, file string) {
	content, err := os.ReadFile(filepath.Join("testdata", file))
	g.Expect(err).NotTo(HaveOccurred())
	crd := &apiextensionsv1.CustomResourceDefinition{}
	g.Expect(yaml.UnmarshalStrict(content, crd)).To(Succeed())
	g.Expect(s.Client.Create(ctx, crd)).To(Succeed())
	t.Cleanup(func() {
		NewWithT(t).Expect(client.IgnoreNotFound(s.Client.Delete(context.Background(), crd))).To(Succeed())
	})
}

// answer is what a Gateway's controller says of a route.
func (s suite) answer(ctx context.Context, g Gomega, route *unstructured.Unstructured, status, reason string) {
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(route), route)).To(Succeed())
	condition := func(kind, status, reason string) any {
		return map[string]any{
			"type": kind, "status": status, "reason": reason, "message": "canary words of another controller",
			"observedGeneration": route.GetGeneration(), "lastTransitionTime": "2027-04-01T00:00:00Z",
		}
	}
	route.Object["status"] = map[string]any{"parents": []any{map[string]any{
		"parentRef": map[string]any{"name": "public", "namespace": "infra"}, "controllerName": "example.com/gateway",
		"conditions": []any{condition("Accepted", status, reason), condition("ResolvedRefs", "True", "ResolvedRefs")},
	}}}
	g.Expect(s.Client.Status().Update(ctx, route)).To(Succeed())
}

// saysOfPortal waits for the message of PortalAvailable.
func (s suite) saysOfPortal(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork, matcher any) {
	g.Eventually(func(g Gomega) {
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
		g.Expect(n.Status.Conditions).To(ContainElement(And(
			HaveField("Type", v1alpha1.PortalAvailableCondition), HaveField("Message", matcher))))
	}, settle, beat).Should(Succeed())
}
