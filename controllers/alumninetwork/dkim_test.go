// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
)

// TestMailGoesOutWhenItCanBeSigned goes through what can be wrong with the Secret of a DKIM key.
func TestMailGoesOutWhenItCanBeSigned(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main", func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Channels = &v1alpha1.Channels{Email: &v1alpha1.EmailChannel{Host: "smtp.hoshino.example", FromAddress: "alumni@hoshino.example",
			DKIM: &v1alpha1.EmailDKIM{SecretRef: v1alpha1.SecretReference{Name: "alumni-dkim"}, Domain: "hoshino.example", Selector: "alumni"}}}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	says := func(status metav1.ConditionStatus, reason, words string) {
		t.Helper()
		g.Eventually(func(g Gomega) {
			message := s.condition(ctx, g, n, v1alpha1.ChannelsReadyCondition, status, reason)
			g.Expect(message).To(And(ContainSubstring(words), Not(ContainSubstring("canary"))))
		}, settle, beat).Should(Succeed())
	}

	says(metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, `"alumni-dkim" does not exist`)
	g.Expect(n.MailReady()).To(BeFalse(), "nothing goes out unsigned")
	secret := s.secret(ctx, g, namespace, "alumni-dkim", map[string][]byte{"tls.crt": []byte("canary")})
	says(metav1.ConditionFalse, v1alpha1.ReasonSecretInvalid, `key "tls.key" is missing or empty`)
	secret.Data["tls.key"] = []byte("canary")
	g.Expect(s.Client.Update(ctx, secret)).To(Succeed())
	says(metav1.ConditionFalse, v1alpha1.ReasonSecretInvalid, `key "tls.key", which channels.email.dkim signs with: it is not PEM`)
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	g.Expect(err).NotTo(HaveOccurred())
	secret.Data["tls.key"] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	g.Expect(s.Client.Update(ctx, secret)).To(Succeed())
	says(metav1.ConditionTrue, v1alpha1.ReasonConfigured, "Every declared sender")
	g.Expect(n.MailReady()).To(BeTrue())
}
