// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build install

package install_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/content"
	texts "github.com/alumni-operator/alumni-operator/internal/resources/campaign"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/staff"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

const account = "system:serviceaccount:alumni-operator-system:alumni-operator-manager"

func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }

// kubectl runs kubectl as administrator at the root of the repository.
func kubectl(ctx context.Context, g Gomega, env *kube.Env, args ...string) []byte {
	cmd := exec.CommandContext(ctx, env.Kubectl(), args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "KUBECONFIG="+env.KubeconfigFile)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	g.Expect(err).NotTo(HaveOccurred(), "kubectl %s: %s", strings.Join(args, " "), &errs)
	return out
}

func TestTheDefaultInstallationIsTakenByTheAPIServer(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	env := kube.Start(t)

	kubectl(ctx, g, env, "apply", "--server-side", "--force-conflicts", "-k", "config/default")
	kubectl(ctx, g, env, "kustomize", "config/network-policy")

	manager := &appsv1.Deployment{}
	key := client.ObjectKey{Namespace: "alumni-operator-system", Name: "alumni-operator-manager"}
	g.Expect(env.Client.Get(ctx, key, manager)).To(Succeed())
	namespace := &corev1.Namespace{}
	g.Expect(env.Client.Get(ctx, client.ObjectKey{Name: key.Namespace}, namespace)).To(Succeed())
	g.Expect(namespace.Labels).To(HaveKeyWithValue("pod-security.kubernetes.io/enforce", "restricted"))
	g.Expect(env.Client.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: "default"}})).To(
		Or(Succeed(), MatchError(ContainSubstring("already exists"))))
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: "manager", Labels: manager.Spec.Template.Labels},
		Spec:       manager.Spec.Template.Spec,
	}
	g.Expect(env.Client.Create(ctx, pod)).To(Succeed(), "the restricted level admits the manager's own pod")
	g.Expect(manager.Spec.Template.Spec.Containers[0].Args).To(ContainElement("--leader-elect"))

	binding := &admissionv1.ValidatingAdmissionPolicyBinding{}
	g.Expect(env.Client.Get(ctx, client.ObjectKey{Name: "alumni-operator-campaign-approval"}, binding)).To(Succeed())
	g.Expect(env.Client.Get(ctx, client.ObjectKey{Name: binding.Spec.PolicyName}, &admissionv1.ValidatingAdmissionPolicy{})).To(Succeed())
	g.Expect(env.Client.Get(ctx, client.ObjectKey{Name: "alumni-operator-approver"}, &rbacv1.ClusterRole{})).To(Succeed(), "whom the policy's message names")
}

func TestTheManagerUsesSecretsOnlyWhereATenantBindsIt(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	env := kube.Start(t)
	kubectl(ctx, g, env, "apply", "--server-side", "--force-conflicts", "-k", "config/default")
	tenant, other := env.NewNamespace(t), env.NewNamespace(t)
	kubectl(ctx, g, env, "apply", "-n", tenant, "-k", "config/tenant")

	cases := map[string]struct {
		namespace, group, resource, verb string
		allowed                          bool
	}{
		"reads Secrets of a tenant":            {tenant, "", "secrets", "get", true},
		"watches Secrets of a tenant":          {tenant, "", "secrets", "watch", true},
		"makes Secrets of a tenant":            {tenant, "", "secrets", "create", true},
		"never replaces a Secret":              {tenant, "", "secrets", "update", false},
		"renews logins in a tenant's Secrets":  {tenant, "", "secrets", "patch", true},
		"patches no Secret elsewhere":          {other, "", "secrets", "patch", false},
		"patches no Secret of its own":         {"alumni-operator-system", "", "secrets", "patch", false},
		"deletes a tenant's Secrets":           {tenant, "", "secrets", "delete", true},
		"deletes no Secret elsewhere":          {other, "", "secrets", "delete", false},
		"reads no Secret elsewhere":            {other, "", "secrets", "get", false},
		"lists no Secret elsewhere":            {other, "", "secrets", "list", false},
		"lists no Secret of the cluster":       {"", "", "secrets", "list", false},
		"reads no Secret of its own":           {"alumni-operator-system", "", "secrets", "get", false},
		"makes Deployments":                    {tenant, "apps", "deployments", "create", true},
		"makes Ingresses":                      {tenant, "networking.k8s.io", "ingresses", "create", true},
		"makes HTTPRoutes":                     {tenant, "gateway.networking.k8s.io", "httproutes", "create", true},
		"lists no HTTPRoutes":                  {tenant, "gateway.networking.k8s.io", "httproutes", "list", false},
		"reads no Gateway":                     {tenant, "gateway.networking.k8s.io", "gateways", "get", false},
		"reads no issuer":                      {tenant, "cert-manager.io", "issuers", "get", false},
		"deletes a tenant's volume claims":     {tenant, "", "persistentvolumeclaims", "delete", true},
		"deletes no volume claim elsewhere":    {other, "", "persistentvolumeclaims", "delete", false},
		"deletes a tenant's servers":           {tenant, "apps", "statefulsets", "delete", true},
		"deletes no server elsewhere":          {other, "apps", "statefulsets", "delete", false},
		"deletes a tenant's Clusters":          {tenant, "postgresql.cnpg.io", "clusters", "delete", true},
		"deletes no Cluster elsewhere":         {other, "postgresql.cnpg.io", "clusters", "delete", false},
		"reads namespaces":                     {other, "", "namespaces", "get", true},
		"lists no namespaces":                  {"", "", "namespaces", "list", false},
		"never writes a spec of ours":          {tenant, "alumni-operator.io", "alumninetworks", "update", false},
		"puts a finalizer on networks":         {tenant, "alumni-operator.io", "alumninetworks", "patch", true},
		"never patches a spec of campaigns":    {tenant, "alumni-operator.io", "campaigns", "patch", false},
		"never patches a spec of policies":     {tenant, "alumni-operator.io", "retentionpolicies", "patch", false},
		"never deletes a network":              {tenant, "alumni-operator.io", "alumninetworks", "delete", false},
		"runs nothing inside pods":             {tenant, "", "pods/exec", "create", false},
		"makes no pods itself":                 {tenant, "", "pods", "create", false},
		"gives nobody rights":                  {tenant, "rbac.authorization.k8s.io", "rolebindings", "create", false},
		"takes the lease in its own namespace": {"alumni-operator-system", "coordination.k8s.io", "leases", "update", true},
		"takes no lease elsewhere":             {tenant, "coordination.k8s.io", "leases", "update", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			resource, sub, _ := strings.Cut(c.resource, "/")
			review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User: account, Groups: []string{"system:serviceaccounts", "system:authenticated"},
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: c.namespace, Group: c.group, Resource: resource, Subresource: sub, Verb: c.verb,
				},
			}}
			g.Expect(env.Client.Create(ctx, review)).To(Succeed())
			g.Expect(review.Status.Allowed).To(Equal(c.allowed))
		})
	}
}

// secretVerbs are all that any role of ours may do with Secrets, and only the role that tenants bind.
var secretVerbs = []string{"create", "delete", "get", "list", "patch", "watch"}

func TestNoShippedRoleHasAWildcardOrAnUnlistedVerbOnSecrets(t *testing.T) {
	g := NewWithT(t)
	seen := 0
	g.Expect(filepath.WalkDir(filepath.Join(root, "config"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, document := range strings.Split(string(content), "\n---\n") {
			role := &rbacv1.ClusterRole{}
			if yaml.Unmarshal([]byte(document), role) != nil || (role.Kind != "ClusterRole" && role.Kind != "Role") {
				continue
			}
			seen++
			for _, rule := range role.Rules {
				checkRule(g, path, role, rule)
			}
		}
		return nil
	})).To(Succeed())
	g.Expect(seen).To(BeNumerically(">=", 5))
}

func checkRule(g Gomega, path string, role *rbacv1.ClusterRole, rule rbacv1.PolicyRule) {
	where := path + ": " + role.Name
	for _, list := range [][]string{rule.APIGroups, rule.Resources, rule.Verbs, rule.NonResourceURLs} {
		g.Expect(list).NotTo(ContainElement(ContainSubstring("*")), where)
	}
	g.Expect(rule.Verbs).NotTo(ContainElement(BeElementOf("escalate", "bind", "impersonate")), where)
	for _, resource := range rule.Resources {
		switch {
		case resource == "secrets":
			g.Expect(role.Name).To(Equal("secrets"), where)
			for _, verb := range rule.Verbs {
				g.Expect(slices.Contains(secretVerbs, verb)).To(BeTrue(), "%s: %s secrets", where, verb)
			}
		case strings.HasSuffix(resource, "webhookconfigurations"), resource == "nodes", resource == "pods/exec":
			g.Expect(resource).To(BeEmpty(), where)
		}
	}
}

func TestEverySampleIsTaken(t *testing.T) {
	env := kube.Start(t)
	samples, err := filepath.Glob(filepath.Join(root, "config", "samples", "*.yaml"))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(len(samples)).To(BeNumerically(">=", 4))
	for _, sample := range samples {
		if filepath.Base(sample) == "kustomization.yaml" {
			continue
		}
		t.Run(filepath.Base(sample), func(t *testing.T) {
			g := NewWithT(t)
			kubectl(t.Context(), g, env, "apply", "--server-side", "--validate=strict", "-n", env.NewNamespace(t),
				"-f", filepath.Join("config", "samples", filepath.Base(sample)))
		})
	}
}

// TestTheListsOfStaffThatWeShowLetPeopleIn reads the Secret of the demo and the one that docs/console.md shows.
func TestTheListsOfStaffThatWeShowLetPeopleIn(t *testing.T) {
	g := NewWithT(t)
	demo, err := os.ReadFile(filepath.Join(root, "config", "samples", "demo", "hoshino-foods", "staff.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	page, err := os.ReadFile(filepath.Join(root, "docs", "console.md"))
	g.Expect(err).NotTo(HaveOccurred())
	_, shown, _ := strings.Cut(string(page), "```yaml\n")
	shown, _, _ = strings.Cut(shown, "```")
	for _, manifest := range []string{string(demo), shown} {
		secret := &corev1.Secret{}
		g.Expect(yaml.UnmarshalStrict([]byte(manifest), secret)).To(Succeed())
		people, faults := staff.Parse(secret.StringData["staff"])
		g.Expect(faults).To(BeEmpty())
		g.Expect(people).To(ContainElement(HaveField("Roles", ContainElement(community.RolePrivacyOfficer))))
	}
	data, err := os.ReadFile(filepath.Join(root, "config", "samples", "demo", "hoshino-foods", "network.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	n := &v1alpha1.AlumniNetwork{}
	g.Expect(yaml.UnmarshalStrict(data, n)).To(Succeed())
	g.Expect(*n.StaffFrom()).To(Equal(v1alpha1.StaffSecretReference{Name: "staff", Key: "staff"}))
}

func TestTheTextsOfTheSamplesCompile(t *testing.T) {
	samples, err := filepath.Glob(filepath.Join(root, "config", "samples", "campaign-*.yaml"))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	for _, sample := range samples {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			g := NewWithT(t)
			data, err := os.ReadFile(sample)
			g.Expect(err).NotTo(HaveOccurred())
			c := &v1alpha1.Campaign{}
			g.Expect(yaml.UnmarshalStrict(data, c)).To(Succeed())
			declared := settings.Campaign{Name: c.Name, Type: string(c.Spec.Type), Survey: texts.BuildSurvey(c)}
			declared.Locales, declared.Steps, err = texts.BuildTexts(c, nil)
			g.Expect(err).NotTo(HaveOccurred())
			network := settings.Network{
				DisplayName: "Hoshino Alumni", DefaultLocale: "ja", TimeZone: "Asia/Tokyo", PublicURL: "https://alumni.hoshino.example",
				Operator: settings.Operator{Name: "Hoshino", Address: "Tokyo", Contact: "desk@hoshino.example"},
			}
			for step := range len(declared.Steps) + 1 {
				_, err = content.Compile(network, declared.Step(step+1))
				g.Expect(err).NotTo(HaveOccurred())
			}
		})
	}
}
