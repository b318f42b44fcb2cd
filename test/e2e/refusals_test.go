// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
)

const (
	guests          = "hoshino-guests"
	guestsNamespace = `
apiVersion: v1
kind: Namespace
metadata: {name: ` + guests + `, labels: {pod-security.kubernetes.io/enforce: restricted}}
`
)

// networkOnSomebodyElsesServer declares External networks on a server that exists, with everything that can
// be wrong about it first.
func networkOnSomebodyElsesServer(t *testing.T) {
	g := NewWithT(t)
	applyText(t, guestsNamespace)
	t.Cleanup(func() {
		_, err := world.cluster.Kubectl(t.Context(), "delete", "namespace", guests, "--wait=false")
		_ = err // the cluster goes too
	})
	applyText(t, externalNetwork("guests", "guests_db"))
	n := &v1alpha1.AlumniNetwork{}

	waitFor(t, 2*time.Minute, n, guests, "guests", func() error {
		return condition(n.Status.Conditions, "StoreReady", metav1.ConditionFalse, "SecretsForbidden")
	})
	kubectl(t, "apply", "-n", guests, "-k", "config/tenant")
	waitFor(t, 90*time.Second, n, guests, "guests", func() error {
		return condition(n.Status.Conditions, "StoreReady", metav1.ConditionFalse, "SecretNotFound")
	})

	admin := &corev1.Secret{}
	g.Expect(world.client.Get(t.Context(), client.ObjectKey{Namespace: foods, Name: network + "-db-admin"}, admin)).To(Succeed())
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: guests, Name: "server"},
		StringData: map[string]string{
			"host": network + "-db." + foods + ".svc", "username": "postgres", "password": "not the password", "sslmode": "disable",
		},
	}
	g.Expect(world.client.Create(t.Context(), secret)).To(Succeed())
	waitFor(t, time.Minute, n, guests, "guests", func() error {
		return condition(n.Status.Conditions, "StoreReady", metav1.ConditionFalse, "AuthenticationFailed")
	})
	secret.StringData = map[string]string{"password": string(admin.Data["password"])}
	g.Expect(world.client.Update(t.Context(), secret)).To(Succeed())
	changed := time.Now()
	waitFor(t, 2*time.Minute, n, guests, "guests", func() error {
		return condition(n.Status.Conditions, "SchemaReady", metav1.ConditionTrue, "")
	})
	t.Logf("the store was ready %.1f s after the password was put right", time.Since(changed).Seconds())
	g.Expect(n.Status.Store.Database).To(Equal("guests_db"))

	applyText(t, externalNetwork("robbers", "guests_db"))
	waitFor(t, 2*time.Minute, n, guests, "robbers", func() error {
		return condition(n.Status.Conditions, "Stalled", metav1.ConditionTrue, "StoreClaimed")
	})
	waitFor(t, time.Minute, n, guests, "guests", func() error {
		return condition(n.Status.Conditions, "SchemaReady", metav1.ConditionTrue, "")
	})
	for _, text := range []string{
		kubectl(t, "-n", guests, "get", "alumni,events", "-o", "yaml"),
		kubectl(t, "-n", "alumni-operator-system", "logs", "deployment/alumni-operator-manager", "--tail=-1"),
	} {
		g.Expect(strings.Contains(text, string(admin.Data["password"]))).To(BeFalse(), "the password is shown")
		g.Expect(strings.Contains(text, "not the password")).To(BeFalse(), "the wrong password is shown")
	}
	kubectl(t, "-n", guests, "delete", "alumninetwork", "robbers")
	t.Run("its namespace is deleted, and declared again with its keys it has its people", guestsOutliveTheirNamespace)
}

// guestsOutliveTheirNamespace takes away all that the cluster has of the network, but a copy of the Secrets that nobody can make
// anew.
func guestsOutliveTheirNamespace(t *testing.T) {
	g := NewWithT(t)
	people := func() v1alpha1.MembersStatus {
		n := &v1alpha1.AlumniNetwork{}
		waitFor(t, 3*time.Minute, n, guests, "guests", func() error {
			if m := n.Status.Members; m == nil || m.Active+m.Listed == 0 {
				return errors.New("nobody is there")
			}
			return condition(n.Status.Conditions, "Ready", metav1.ConditionTrue, "")
		})
		return *n.Status.Members
	}
	before := people()
	var kept []*corev1.Secret
	for _, name := range []string{"server", "guests-pepper", "guests-token-key"} {
		secret := &corev1.Secret{}
		g.Expect(world.client.Get(t.Context(), client.ObjectKey{Namespace: guests, Name: name}, secret)).To(Succeed())
		kept = append(kept, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: guests, Name: name}, Data: secret.Data})
	}
	begun := time.Now()
	kubectl(t, "delete", "namespace", guests, "--timeout=60s")
	t.Logf("the namespace was gone after %.1f s", time.Since(begun).Seconds())

	applyText(t, guestsNamespace)
	kubectl(t, "apply", "-n", guests, "-k", "config/tenant")
	for _, secret := range kept {
		g.Expect(world.client.Create(t.Context(), secret)).To(Succeed())
	}
	begun = time.Now()
	applyText(t, externalNetwork("guests", "guests_db"))
	g.Expect(people()).To(Equal(before), "no row is lost, and nobody is invented anew")
	t.Logf("Ready again after %.1f s", time.Since(begun).Seconds())
}

func externalNetwork(name, database string) string {
	return `
apiVersion: alumni-operator.io/v1alpha1
kind: AlumniNetwork
metadata: {name: ` + name + `, namespace: ` + guests + `}
spec:
  trial: Enabled
  trialMembers: 20
  displayName: Guests
  operator: {name: Guests K.K., address: "1-2-3 Mihon-cho, Tokyo", contact: desk@guests.example}
  store:
    type: External
    external: {adminSecretRef: {name: server}, database: ` + database + `}
  portal: {publicURL: "https://guests.example", replicas: 1}
`
}

// badCampaignsAreRefused applies texts that the API server cannot judge.
func badCampaignsAreRefused(t *testing.T) {
	g := NewWithT(t)
	applyText(t, `
apiVersion: alumni-operator.io/v1alpha1
kind: Campaign
metadata: {name: bad-text, namespace: hoshino-foods}
spec:
  networkRef: {name: alumni}
  type: Newsletter
  schedule: {cron: "* * * * *", timeZone: Asia/Tokyo}
  content:
    locales:
    - {locale: ja, subject: お知らせ, body: "こんにちは、{{ .Member.Salary }}さん"}
`)
	c := &v1alpha1.Campaign{}
	waitFor(t, time.Minute, c, foods, "bad-text", func() error {
		return condition(c.Status.Conditions, "Stalled", metav1.ConditionTrue, "TemplateInvalid")
	})
	g.Expect(c.Status.Conditions).To(ContainElement(HaveField("Message", ContainSubstring("Salary"))))

	applyText(t, `
apiVersion: alumni-operator.io/v1alpha1
kind: Campaign
metadata: {name: text-elsewhere, namespace: hoshino-foods}
spec:
  networkRef: {name: alumni}
  type: Newsletter
  schedule: {cron: "0 9 1 1 *", timeZone: Asia/Tokyo}
  content:
    locales:
    - {locale: ja, subject: お知らせ, bodyFrom: {name: texts, key: ja.md}}
`)
	waitFor(t, time.Minute, c, foods, "text-elsewhere", func() error {
		return condition(c.Status.Conditions, "ContentValid", metav1.ConditionFalse, "ConfigMapNotFound")
	})
	g.Expect(world.client.Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: foods, Name: "texts"}, Data: map[string]string{"ja.md": "こんにちは"},
	})).To(Succeed())
	created := time.Now()
	waitFor(t, time.Minute, c, foods, "text-elsewhere", func() error {
		if c.Status.NextRunAt == nil {
			return errors.New("no next run")
		}
		return condition(c.Status.Conditions, "Ready", metav1.ConditionTrue, "")
	})
	t.Logf("Ready %.1f s after the ConfigMap was made", time.Since(created).Seconds())
	approveByHand(t)
	kubectl(t, "-n", foods, "delete", "campaign", "bad-text", "text-elsewhere", "approved-first")
}

// approveByHand declares a campaign that is due at once and waits for somebody.
func approveByHand(t *testing.T) {
	g := NewWithT(t)
	applyText(t, `
apiVersion: alumni-operator.io/v1alpha1
kind: Campaign
metadata: {name: approved-first, namespace: hoshino-foods}
spec:
  networkRef: {name: alumni}
  type: Newsletter
  approval: Required
  schedule: {at: "`+time.Now().UTC().Format(time.RFC3339)+`"}
  audience: {exclude: [{campaignRef: {name: approved-first}}]}
  content:
    locales:
    - {locale: ja, subject: お知らせ, body: こんにちは}
`)
	c := &v1alpha1.Campaign{}
	waitFor(t, time.Minute, c, foods, "approved-first", func() error {
		return condition(c.Status.Conditions, "Ready", metav1.ConditionTrue, "AwaitingApproval")
	})
	g.Expect(c.Status.LastRun).To(BeNil())
	kubectl(t, "-n", foods, "annotate", "campaign", "approved-first", "alumni-operator.io/approved-generation=1")
	waitFor(t, 2*time.Minute, c, foods, "approved-first", func() error {
		if run := c.Status.LastRun; run == nil || run.State != v1alpha1.RunFinished {
			return errors.New("the run has not ended")
		}
		return condition(c.Status.Conditions, "Ready", metav1.ConditionTrue, "Ready")
	})
	g.Expect(c.Status.LastRun.Sent).To(BeNumerically(">", 0))
}
