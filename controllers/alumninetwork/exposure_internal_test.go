// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
)

// object and list write YAML values in short.
type (
	object = map[string]any
	list   = []any
)

func TestARouteIsAcceptedWhenItsGatewaySaysSoOfItsPresentForm(t *testing.T) {
	condition := func(kind, status, reason string, generation int64) any {
		return object{"type": kind, "status": status, "reason": reason, "observedGeneration": generation, "lastTransitionTime": "2027-04-01T00:00:00Z"}
	}
	good := list{condition("Accepted", "True", "Accepted", 3), condition("ResolvedRefs", "True", "ResolvedRefs", 3)}
	parent := func(ref object, conditions list) any {
		return object{"parentRef": ref, "controllerName": "example.com/x", "conditions": conditions}
	}
	public := object{"name": "public", "namespace": "hoshino"}
	const waits, refused = "has not answered", "does not take the HTTPRoute: "
	cases := map[string]struct {
		parents list
		section string
		want    string // part of the message; empty: accepted
	}{
		"nobody has answered":               {nil, "", waits},
		"accepted":                          {list{parent(public, good)}, "", ""},
		"a namespace that goes without say": {list{parent(object{"name": "public"}, good)}, "", ""},
		"another Gateway's answer":          {list{parent(object{"name": "other"}, good)}, "", waits},
		"another namespace's answer":        {list{parent(object{"name": "public", "namespace": "infra"}, good)}, "", waits},
		"another listener's answer":         {list{parent(public, good)}, "https", waits},
		"the listener's answer":             {list{parent(object{"name": "public", "sectionName": "https"}, good)}, "https", ""},
		"an answer to an older form":        {list{parent(public, list{condition("Accepted", "True", "Accepted", 2), good[1]})}, "", waits},
		"a refusal of an older form":        {list{parent(public, list{condition("Accepted", "False", "NoMatchingParent", 2)})}, "", waits},
		"half an answer":                    {list{parent(public, good[:1])}, "", waits},
		"refused":                           {list{parent(public, list{condition("Accepted", "False", "NotAllowedByListeners", 3)})}, "", refused + "Accepted is False, NotAllowedByListeners"},
		"a Service that is not found":       {list{parent(public, list{good[0], condition("ResolvedRefs", "False", "BackendNotFound", 3)})}, "", refused + "ResolvedRefs is False, BackendNotFound"},
		"one of two controllers takes it":   {list{parent(public, list{condition("Accepted", "False", "NoMatchingParent", 3)}), parent(public, good)}, "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			route := &unstructured.Unstructured{Object: object{
				"metadata": object{"namespace": "hoshino", "name": "main-portal", "generation": int64(3)},
				"status":   object{"parents": c.parents},
			}}
			err := accepted(route, v1alpha1.GatewayReference{Name: "public", SectionName: c.section})
			if c.want == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			reason, message := outcome.Describe(err, v1alpha1.ReasonFailed)
			g.Expect(reason).To(Equal(v1alpha1.ReasonRouteNotAccepted))
			g.Expect(message).To(ContainSubstring(c.want))
		})
	}
}
