// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crdvalidation

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

const approved = "alumni-operator.io/approved-generation"

// applyShipped creates every object of a file under config/, and takes them away when the test ends.
func applyShipped(t *testing.T, g Gomega, c client.Client, path ...string) {
	content, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "config"}, path...)...))
	g.Expect(err).NotTo(HaveOccurred())
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := documents.Decode(object)
		if errors.Is(err, io.EOF) {
			return
		}
		g.Expect(err).NotTo(HaveOccurred())
		if object.Object == nil {
			continue
		}
		g.Expect(c.Create(t.Context(), object)).To(Succeed())
		t.Cleanup(func() { _ = c.Delete(t.Context(), object) })
	}
}

// user is a client of somebody who has some of the shipped roles in a namespace.
func user(t *testing.T, g Gomega, env *kube.Env, namespace, name string, roles ...string) client.Client {
	for _, role := range roles {
		g.Expect(env.Client.Create(t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name + "-" + role},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: name}},
		})).To(Succeed())
	}
	c, err := client.New(env.ConfigFor(t, name), client.Options{Scheme: env.Client.Scheme()})
	g.Expect(err).NotTo(HaveOccurred())
	return c
}

// TestACampaignIsApprovedByWhoeverMayAndByNobodyElse tries the shipped policy under the shipped roles.
func TestACampaignIsApprovedByWhoeverMayAndByNobodyElse(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	env := kube.Start(t)
	namespace := env.NewNamespace(t)
	applyShipped(t, g, env.Client, "rbac", "user_roles.yaml")
	applyShipped(t, g, env.Client, "admission", "campaign_approval.yaml")
	writer, hr := user(t, g, env, namespace, "writer", "editor"), user(t, g, env, namespace, "hr", "approver")

	at := metav1.NewTime(time.Now().Add(time.Hour))
	c := &v1alpha1.Campaign{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "letter"}, Spec: v1alpha1.CampaignSpec{
		NetworkRef: v1alpha1.NetworkReference{Name: "alumni"}, Type: v1alpha1.CampaignNewsletter, Approval: v1alpha1.ApprovalRequired,
		Schedule: v1alpha1.CampaignSchedule{At: &at},
		Content:  v1alpha1.Content{Locales: []v1alpha1.LocalisedContent{{Locale: "ja", Subject: "たより", Body: "本文"}}},
	}}
	g.Expect(writer.Create(ctx, c)).To(Succeed(), "who writes needs no approval for that")
	change := func(by client.Client, do func(*v1alpha1.Campaign)) error {
		fresh := &v1alpha1.Campaign{}
		g.Expect(env.Client.Get(ctx, client.ObjectKeyFromObject(c), fresh)).To(Succeed())
		before := client.MergeFrom(fresh.DeepCopy())
		do(fresh)
		return by.Patch(ctx, fresh, before)
	}
	approve := func(value string) func(*v1alpha1.Campaign) {
		return func(c *v1alpha1.Campaign) { c.Annotations = map[string]string{approved: value} }
	}
	denied := func(err error, words string) {
		t.Helper()
		g.Expect(err).To(HaveOccurred())
		g.Expect(apierrors.IsForbidden(err) || apierrors.IsInvalid(err)).To(BeTrue(), "%v", err)
		g.Expect(err.Error()).To(ContainSubstring(words))
	}

	// A policy is in force a moment after it was made; a wish that is only tried changes nothing.
	g.Eventually(func() error {
		return client.NewDryRunClient(writer).Patch(ctx, c.DeepCopy(), client.RawPatch("application/merge-patch+json",
			[]byte(`{"metadata":{"annotations":{"`+approved+`":"1"}}}`)))
	}, 30*time.Second, 100*time.Millisecond).Should(HaveOccurred())
	denied(change(writer, approve("1")), "needs the verb approve")
	denied(change(writer, func(c *v1alpha1.Campaign) { c.Spec.Approval = v1alpha1.ApprovalNotRequired }), "spec.approval: to do without")
	denied(change(hr, func(c *v1alpha1.Campaign) { approve("2")(c); c.Spec.Type = v1alpha1.CampaignSurvey }), "approve what stands")
	g.Expect(change(hr, approve("1"))).To(Succeed())
	g.Expect(change(writer, func(c *v1alpha1.Campaign) { c.Spec.Type = v1alpha1.CampaignSurvey })).To(Succeed(), "an approval that was given stays on the object")
	g.Expect(change(writer, func(c *v1alpha1.Campaign) { c.Annotations = nil })).To(Succeed(), "anybody may take it back")
	resume := func(c *v1alpha1.Campaign) {
		c.Annotations = map[string]string{"alumni-operator.io/resume-run": "letter-1@2027-04-01T00:00:00Z"}
	}
	denied(change(writer, resume), "to let a run go on")
	g.Expect(change(hr, resume)).To(Succeed())
	g.Expect(change(writer, func(c *v1alpha1.Campaign) { c.Annotations = nil })).To(Succeed())
	g.Expect(change(hr, func(c *v1alpha1.Campaign) { c.Spec.Approval = v1alpha1.ApprovalNotRequired })).To(Succeed())
	g.Expect(change(writer, resume)).To(Succeed(), "who needs no approval needs none to go on")

	other := c.DeepCopy()
	other.ObjectMeta = metav1.ObjectMeta{Namespace: namespace, Name: "other", Annotations: map[string]string{approved: "1"}}
	denied(writer.Create(ctx, other), "needs the verb approve")
	other.Annotations = nil
	g.Expect(writer.Create(ctx, other)).To(Succeed())
}
