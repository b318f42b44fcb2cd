// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/test/journey"
	"github.com/alumni-operator/alumni-operator/test/rig"
)

const (
	gatehouse = "hoshino-gatehouse" // the namespace of an exposed network
	gate      = "alumni"
	gateHost  = "alumni.hoshino-gatehouse.example"
)

// portalIsReachedThroughTraefik exposes a network by an Ingress with a certificate of its own, moves it to a Gateway while
// people visit it, and back.
func portalIsReachedThroughTraefik(t *testing.T) {
	g := NewWithT(t)
	g.Expect(world.cluster.InstallTraefik(t.Context())).To(Succeed())
	applyText(t, `
apiVersion: v1
kind: Namespace
metadata: {name: `+gatehouse+`, labels: {pod-security.kubernetes.io/enforce: restricted}}
`)
	t.Cleanup(func() { // the next stories want the node's memory
		for _, namespace := range []string{gatehouse, rig.TraefikNamespace} {
			_, _ = world.cluster.Kubectl(context.Background(), "delete", "namespace", namespace, "--wait=false")
		}
	})
	kubectl(t, "apply", "-n", gatehouse, "-k", "config/tenant")
	way := journey.Visitor{Portal: address(t, rig.TraefikNamespace, rig.TraefikService), Host: gateHost, Roots: certificateFor(t, gateHost)}

	t.Run("by an Ingress, over TLS with the declared certificate", func(t *testing.T) { exposedByIngress(t, way) })
	t.Run("a Gateway that is not there is told", gatewayIsMissed)
	t.Run("it moves to the Gateway, and no visitor notices", func(t *testing.T) { movesToGateway(t, way) })
	t.Run("it moves back to an Ingress", func(t *testing.T) { movesToIngress(t, way) })
}

// gateManifest declares a trial, so that people can be signed in without a mail server.
func gateManifest(exposure string) string {
	return fmt.Sprintf(`
apiVersion: alumni-operator.io/v1alpha1
kind: AlumniNetwork
metadata: {name: %s, namespace: %s}
spec:
  trial: Enabled
  trialMembers: 20
  displayName: Gatehouse
  operator: {name: Hoshino Foods K.K., address: "1-2-3 Mihon-cho, Tokyo", contact: desk@hoshino-foods.example}
  store: {type: Standalone}
  portal:
    publicURL: https://%s
    replicas: 2
    trustedProxies: [10.0.0.0/8]
%s
`, gate, gatehouse, gateHost, exposure)
}

const (
	byIngress = `
    exposure: {type: Ingress, ingress: {className: traefik}}
    tls: {secretName: certificate}`
	byGateway = `
    exposure: {type: Gateway, gateway: {parentRef: {name: public, sectionName: https}}}`
)

func exposedByIngress(t *testing.T, way journey.Visitor) {
	g, ctx := NewWithT(t), t.Context()
	applyText(t, gateManifest(byIngress))
	gateIs(t, metav1.ConditionTrue, "")
	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, 30*time.Second, n, gatehouse, gate, func() error {
		c := meta.FindStatusCondition(n.Status.Conditions, v1alpha1.PortalAvailableCondition)
		if c == nil || strings.Contains(c.Message, "no controller") {
			return fmt.Errorf("Traefik's word is not in the condition: %+v", c)
		}
		return nil
	})
	answers(t, way)
	visitor := way
	box := journey.Captured{Portal: portal(t, gatehouse, gate).Portal}
	people, err := box.People(ctx)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(visitor.SignIn(ctx, box, people[0])).To(Succeed(), "cookies that are sent over TLS only arrive")
}

// gateIs waits until the network says so of its portal.
func gateIs(t *testing.T, status metav1.ConditionStatus, reason string) {
	t.Helper()
	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, 4*time.Minute, n, gatehouse, gate, func() error {
		c := meta.FindStatusCondition(n.Status.Conditions, v1alpha1.PortalAvailableCondition)
		if c != nil && c.ObservedGeneration != n.Generation {
			return fmt.Errorf("generation %d was not looked at", n.Generation)
		}
		return condition(n.Status.Conditions, v1alpha1.PortalAvailableCondition, status, reason)
	})
}

// answers waits until Traefik serves the portal with a certificate that the visitor trusts.
func answers(t *testing.T, way journey.Visitor) {
	t.Helper()
	eventually(t, 30*time.Second, func(ctx context.Context) error {
		visitor := way
		page, err := visitor.Get(ctx, "/")
		if err == nil && page.Status != http.StatusOK {
			err = fmt.Errorf("status %d", page.Status)
		}
		return err
	})
}

func gatewayIsMissed(t *testing.T) {
	applyText(t, gateManifest(byGateway))
	gateIs(t, metav1.ConditionFalse, v1alpha1.ReasonRouteNotAccepted)
	g := NewWithT(t)
	g.Expect(ingress(t)).To(Succeed(), "the Ingress stays until the Gateway has taken the route")
}

func movesToGateway(t *testing.T, way journey.Visitor) {
	underLoad(t, way, func() {
		applyText(t, `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: `+gatehouse+`}
spec:
  gatewayClassName: traefik
  listeners:
    - {name: https, protocol: HTTPS, port: 8443, tls: {certificateRefs: [{name: certificate}]}}
`)
		begun := time.Now()
		gateIs(t, metav1.ConditionTrue, "")
		t.Logf("the route was taken after %.1f s", time.Since(begun).Seconds())
		eventually(t, 30*time.Second, func(context.Context) error {
			if err := ingress(t); !apierrors.IsNotFound(err) {
				return fmt.Errorf("the Ingress is still there: %w", err)
			}
			return nil
		})
		time.Sleep(5 * time.Second) // visitors go on, for Traefik takes changes together every two seconds
	})
	visitor := way
	page, err := visitor.Get(t.Context(), "/")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(page.Status).To(Equal(http.StatusOK))
}

func movesToIngress(t *testing.T, way journey.Visitor) {
	applyText(t, gateManifest(byIngress))
	gateIs(t, metav1.ConditionTrue, "")
	NewWithT(t).Expect(ingress(t)).To(Succeed())
	answers(t, way)
}

// ingress says whether the portal's Ingress is there.
func ingress(t *testing.T) error {
	return world.client.Get(t.Context(), client.ObjectKey{Namespace: gatehouse, Name: gate + "-portal"}, &networkingv1.Ingress{})
}

// certificateFor makes a certificate in the Secret that the story's manifests name, and gives the only root that vouches for it.
func certificateFor(t *testing.T, host string) *x509.CertPool {
	t.Helper()
	g := NewWithT(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	g.Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	g.Expect(err).NotTo(HaveOccurred())
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	g.Expect(err).NotTo(HaveOccurred())
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	g.Expect(world.client.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: gatehouse, Name: "certificate"}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{
			corev1.TLSCertKey:       certificate,
			corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
		},
	})).To(Succeed())
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return roots
}
