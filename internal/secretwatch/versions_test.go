// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package secretwatch

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestAListAfterABreakTellsWhatChangedMeanwhileAndNothingElse(t *testing.T) {
	g := NewWithT(t)
	secret := func(name, version string) any {
		return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name, ResourceVersion: version}}
	}
	var told []string
	v := &versions{tell: func(name string, first bool) {
		if first {
			name += " at first"
		}
		told = append(told, name)
	}}
	take := func() []string { list := told; told = nil; return list }

	g.Expect(v.Replace([]any{secret("a", "1"), secret("b", "2"), secret("c", "3")}, "3")).To(Succeed())
	g.Expect(take()).To(ConsistOf("a at first", "b at first", "c at first"))
	g.Expect(v.Update(secret("a", "4"))).To(Succeed())
	g.Expect(v.Delete(secret("b", "5"))).To(Succeed())
	g.Expect(v.Add(secret("d", "6"))).To(Succeed())
	g.Expect(take()).To(Equal([]string{"a", "b", "d"}))

	g.Expect(v.Replace([]any{secret("a", "4"), secret("d", "7"), secret("e", "8")}, "8")).To(Succeed())
	g.Expect(take()).To(ConsistOf("d", "e", "c"), "changed, new, and gone")
	g.Expect(v.of).To(Equal(map[string]string{"a": "4", "d": "7", "e": "8"}))
	g.Expect(v.Add("a string")).NotTo(Succeed())
}
