// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/channel/webhook"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
)

// TestADestinationIsReadyWhenItsSecretIs goes through what can be wrong with the Secret of a destination.
func TestADestinationIsReadyWhenItsSecretIs(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main", func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Channels = &v1alpha1.Channels{
			Email:   &v1alpha1.EmailChannel{Host: "smtp.hoshino.example", FromAddress: "alumni@hoshino.example"},
			Slack:   []v1alpha1.Destination{{Name: "news", SecretRef: v1alpha1.SecretReference{Name: "alumni-slack"}}},
			Webhook: []v1alpha1.Destination{{Name: "intranet", SecretRef: v1alpha1.SecretReference{Name: "alumni-hook"}}},
		}
	})
	hook := s.secret(ctx, g, namespace, "alumni-hook", map[string][]byte{"url": []byte("https://canary.hoshino.example/in"), "signingKey": []byte("canary-key-0123456789-0123456789")})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	says := func(status metav1.ConditionStatus, reason string, words ...string) {
		t.Helper()
		g.Eventually(func(g Gomega) {
			message := s.condition(ctx, g, n, v1alpha1.ChannelsReadyCondition, status, reason)
			for _, w := range words {
				g.Expect(message).To(ContainSubstring(w))
			}
			g.Expect(message).NotTo(ContainSubstring("canary"))
		}, settle, beat).Should(Succeed())
	}

	says(metav1.ConditionFalse, v1alpha1.ReasonDestinationSecretNotFound, "spec.channels.slack[news].secretRef", `"alumni-slack" does not exist`)
	g.Expect(n.MailReady()).To(BeTrue(), "mail goes out all the same")
	s.condition(ctx, g, n, v1alpha1.PortalAvailableCondition, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
	hash := s.configHash(ctx, g, namespace)

	slack := s.secret(ctx, g, namespace, "alumni-slack", map[string][]byte{"URL": []byte("https://hooks.slack.com/services/canary")})
	says(metav1.ConditionFalse, v1alpha1.ReasonDestinationSecretInvalid, "spec.channels.slack[news].secretRef", `key "url" is missing or empty`)
	slack.Data["url"] = []byte("http://hooks.slack.com/services/canary")
	g.Expect(s.Client.Update(ctx, slack)).To(Succeed())
	says(metav1.ConditionFalse, v1alpha1.ReasonDestinationRefused, "must start with https://")
	slack.Data["url"] = []byte("https://10.0.0.1/canary")
	g.Expect(s.Client.Update(ctx, slack)).To(Succeed())
	says(metav1.ConditionFalse, v1alpha1.ReasonDestinationRefused, "private and is not allowed")
	slack.Data["url"] = []byte("https://hooks.slack.com/services/canary")
	g.Expect(s.Client.Update(ctx, slack)).To(Succeed())
	says(metav1.ConditionTrue, v1alpha1.ReasonConfigured)
	s.ready(ctx, g, n)

	hook.Data["signingKey"] = []byte("canary")
	g.Expect(s.Client.Update(ctx, hook)).To(Succeed())
	says(metav1.ConditionFalse, v1alpha1.ReasonDestinationSecretInvalid, "spec.channels.webhook[intranet]", "fewer than 24 characters")
	hook.Data["signingKey"] = []byte("canary-key-0123456789-0123456789")
	g.Expect(s.Client.Update(ctx, hook)).To(Succeed())
	s.ready(ctx, g, n)

	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Channels.Slack[0].SecretRef.Name = "alumni-hook" })
	s.ready(ctx, g, n)
	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Channels.Email = nil })
	says(metav1.ConditionTrue, v1alpha1.ReasonNoSender)
	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Channels = &v1alpha1.Channels{Email: &v1alpha1.EmailChannel{Host: "smtp.hoshino.example", FromAddress: "alumni@hoshino.example"}}
	})
	s.ready(ctx, g, n)
	g.Expect(s.configHash(ctx, g, namespace)).To(Equal(hash), "the portal has no part in it")
	s.holdsNoSecret(ctx, g, namespace, "canary")
	g.Expect(s.log.String()).NotTo(ContainSubstring("canary.hoshino.example"))
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
	g.Expect(conditions.IsTrue(n, v1alpha1.ReadyCondition)).To(BeTrue())
}

// TestARunIsPostedToWhatItsNetworkDeclares runs the real worker with what the operator mounts, and a real server on loopback.
func TestARunIsPostedToWhatItsNetworkDeclares(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	posts := make(chan webhook.Event, 10)
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e webhook.Event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		posts <- e
	}))
	t.Cleanup(receiver.Close)
	roots := filepath.Join(t.TempDir(), "roots.pem")
	g.Expect(os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: receiver.Certificate().Raw}), 0o600)).To(Succeed())
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	s.secret(ctx, g, namespace, "alumni-hook", map[string][]byte{"url": []byte(receiver.URL + "/canary-path"), "signingKey": []byte("canary-key-0123456789-0123456789")})
	n := external(namespace, "main", func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Channels = &v1alpha1.Channels{Webhook: []v1alpha1.Destination{{Name: "intranet", SecretRef: v1alpha1.SecretReference{Name: "alumni-hook"}}}}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)

	c := newsletter(namespace)
	c.Spec.Channels = []v1alpha1.CampaignChannel{{Type: v1alpha1.ChannelWebhook, Destination: "nowhere"}}
	for i := range c.Spec.Content.Locales {
		c.Spec.Content.Locales[i].Broadcast = &v1alpha1.BroadcastText{Body: "The new hall is open."}
	}
	g.Expect(s.Client.Create(ctx, c)).To(Succeed())
	reason := func() string { return conditionReason(ctx, g, s, c, v1alpha1.AudienceResolvedCondition) }
	g.Eventually(reason, settle, beat).Should(Equal(v1alpha1.ReasonDestinationNotFound))
	before := client.MergeFrom(c.DeepCopy())
	c.Spec.Channels[0].Destination = "intranet"
	g.Expect(s.Client.Patch(ctx, c, before)).To(Succeed())

	d := node{suite: s, t: t, namespace: namespace, env: []string{"SSL_CERT_FILE=" + roots}}
	code, said := d.runs(ctx, g, d.campaignJob(ctx, g))
	g.Expect(code).To(BeZero(), said)
	var post webhook.Event
	g.Expect(posts).To(Receive(&post))
	g.Expect(posts).To(BeEmpty(), "one post for the run")
	g.Expect([]string{post.Network.Name, post.Campaign.Name, post.Title, post.Text}).To(Equal([]string{"main", "news", "News of the rehearsal", "The new hall is open."}))
	g.Eventually(func(g Gomega) {
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(c), c)).To(Succeed())
		g.Expect(c.Status.Runs).To(HaveLen(1))
		g.Expect(c.Status.Runs[0].State).To(Equal(v1alpha1.RunFinished))
		g.Expect(c.Status.Runs[0].Posts).To(Equal([]v1alpha1.PostStatus{{Channel: v1alpha1.ChannelWebhook, Destination: "intranet", State: v1alpha1.PostSent}}))
	}, settle, beat).Should(Succeed())
	g.Expect(said).NotTo(ContainSubstring("canary"))
	s.holdsNoSecret(ctx, g, namespace, "canary-path")
}

// conditionReason is the reason of a campaign's condition; empty when it has none.
func conditionReason(ctx context.Context, g Gomega, s suite, c *v1alpha1.Campaign, kind string) string {
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(c), c)).To(Succeed())
	if found := conditions.Get(c, kind); found != nil {
		return found.Reason
	}
	return ""
}
