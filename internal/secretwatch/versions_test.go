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

func TestAVersionIsKnownAsLongAsTheWatchStands(t *testing.T) {
	g := NewWithT(t)
	secret := func(name, version string) any {
		return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name, ResourceVersion: version}}
	}
	v := &versions{}
	var seen string
	v.tell = func(name string, _ bool) { seen, _ = v.version(name) }
	known := func(name string) string {
		version, known := v.version(name)
		g.Expect(known).To(Equal(version != "" && v.current))
		if !known {
			return ""
		}
		return version
	}

	v.stand(true)
	g.Expect(known("a")).To(BeEmpty(), "there was no list yet")
	g.Expect(v.Replace([]any{secret("a", "1")}, "1")).To(Succeed())
	g.Expect(known("a")).To(Equal("1"))
	g.Expect(known("b")).To(BeEmpty())
	g.Expect(seen).To(Equal("1"), "whoever is told of a version can ask for it")
	g.Expect(v.Update(secret("a", "2"))).To(Succeed())
	g.Expect(known("a")).To(Equal("2"))
	g.Expect(seen).To(Equal("2"))

	v.stand(false)
	g.Expect(known("a")).To(BeEmpty(), "a change would not be told")
	v.stand(true)
	g.Expect(known("a")).To(Equal("2"), "what was missed comes after the watch was taken up again")
	v.stand(false)
	g.Expect(v.Replace([]any{secret("a", "3")}, "3")).To(Succeed())
	g.Expect(known("a")).To(Equal("3"))
	g.Expect(v.Delete(secret("a", "4"))).To(Succeed())
	g.Expect(known("a")).To(BeEmpty())
}
