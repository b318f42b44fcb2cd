// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds_test

import (
	"os"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	testclock "k8s.io/utils/clock/testing"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/kinds"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }

var star = schema.GroupVersionKind{Group: "sky.example.com", Version: "v1", Kind: "Star"}

func TestAKindIsNoticedWhenItComesAndWhenItGoes(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	env := kube.Start(t)
	api, err := discovery.NewDiscoveryClientForConfig(env.Config)
	g.Expect(err).NotTo(HaveOccurred())
	clock := testclock.NewFakeClock(time.Now())
	served := kinds.New(api, clock)
	has := func(kind schema.GroupVersionKind) bool {
		found, err := served.Has(kind)
		g.Expect(err).NotTo(HaveOccurred())
		return found
	}
	later := func() bool { clock.Step(kinds.Fresh); return has(star) }

	g.Expect(has(v1alpha1.GroupVersion.WithKind("Campaign"))).To(BeTrue())
	g.Expect(has(v1alpha1.GroupVersion.WithKind("Star"))).To(BeFalse(), "the group is served, the kind is not")
	g.Expect(has(star)).To(BeFalse())

	crd := starKind()
	g.Expect(env.Client.Create(ctx, crd)).To(Succeed())
	g.Consistently(func() bool { return has(star) }, "1s").Should(BeFalse(), "an answer holds for a while")
	g.Eventually(later, "30s").Should(BeTrue())
	g.Expect(has(schema.GroupVersionKind{Group: star.Group, Version: "v2", Kind: star.Kind})).To(BeFalse(), "another version")

	g.Expect(env.Client.Delete(ctx, crd)).To(Succeed())
	g.Eventually(func() bool { served.Forget(star); return has(star) }, "30s").Should(BeFalse())
}

func TestAnAPIServerThatDoesNotAnswerIsNotTakenForALack(t *testing.T) {
	g := NewWithT(t)
	config := *kube.Start(t).Config
	config.Host = "https://127.0.0.1:1"
	api, err := discovery.NewDiscoveryClientForConfig(&config)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = kinds.New(api, testclock.NewFakeClock(time.Now())).Has(star)
	g.Expect(err).To(MatchError(ContainSubstring("sky.example.com/v1")))
}

func starKind() *apiextensionsv1.CustomResourceDefinition {
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "stars." + star.Group},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: star.Group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Kind: star.Kind, ListKind: "StarList", Plural: "stars", Singular: "star"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: star.Version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object"}},
			}},
		},
	}
}
