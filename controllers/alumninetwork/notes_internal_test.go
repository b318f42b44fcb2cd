// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// told are the versions that a watch has told of, by name.
type told map[string]string

func (t told) Version(secret types.NamespacedName) (string, bool) {
	version, known := t[secret.Name]
	return version, known && secret.Namespace == "ns"
}

func TestASecretIsKnownInTheVersionInWhichItWasReadAndInNoOther(t *testing.T) {
	cases := map[string]struct {
		change func(*scope, told)
		want   bool
	}{
		"nothing has changed":                         {want: true},
		"it has changed":                              {change: func(_ *scope, v told) { v["smtp"] = "8" }},
		"the watch is behind what was read":           {change: func(_ *scope, v told) { v["smtp"] = "6" }},
		"it is gone, or the watch is":                 {change: func(_ *scope, v told) { delete(v, "smtp") }},
		"it is of another namespace":                  {change: func(s *scope, _ told) { s.network.Namespace = "other" }},
		"the network was declared anew":               {change: func(s *scope, _ told) { s.network.UID = "another" }},
		"another network uses it":                     {change: func(s *scope, _ told) { s.network.Name = "another" }},
		"another use has found it in the new version": {change: func(s *scope, v told) { v["smtp"] = "8"; s.found(useRoster, secretOf("smtp", "8")) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g, s, versions := NewWithT(t), lookedAt(), told{"smtp": "7"}
			r := &Reconciler{Notes: NewNotes(versions)}
			s.note = r.Notes.about(s.network)
			g.Expect(r.unchanged(s, useEmail, "smtp")).To(BeFalse(), "it was never read")
			s.found(useEmail, secretOf("smtp", "7"))
			if c.change != nil {
				c.change(s, versions)
			}
			s.note = r.Notes.about(s.network)
			g.Expect(r.unchanged(s, useEmail, "smtp")).To(Equal(c.want))
			g.Expect(r.unchanged(s, useEmail, "other")).To(BeFalse())
			g.Expect(r.unchanged(s, useBucket, "smtp")).To(BeFalse())
			r.Notes.forget(nameOf(s.network))
			s.note = r.Notes.about(s.network)
			g.Expect(r.unchanged(s, useEmail, "smtp")).To(BeFalse())
		})
	}
}

func secretOf(name, version string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, ResourceVersion: version}}
}

func TestALoginIsRecalledWithAllButItsPassword(t *testing.T) {
	g, s := NewWithT(t), lookedAt()
	name := naming.DatabaseSecret(s.network.Name, naming.RoleBackup)
	r := &Reconciler{Notes: NewNotes(told{name: "7"})}
	s.note = r.Notes.about(s.network)
	read := credential{
		found: markOf(name, "7"), secret: secretOf(name, "7"), generation: naming.GenerationB, password: "canary-password-of-backup",
		madeAt: time.Unix(1_700_000_000, 0), rotatedAt: time.Unix(1_800_000_000, 0).UTC(), rotatedFor: "abcd",
	}
	s.note.keep(naming.RoleBackup, read)

	recalled, known := r.recallLogin(s, naming.RoleBackup)

	g.Expect(known).To(BeTrue())
	g.Expect(recalled.stamp()).To(Equal(read.stamp()))
	read.secret, read.password = nil, ""
	g.Expect(recalled).To(Equal(read))
	g.Expect(fmt.Sprintf("%+v", *s.note)).NotTo(ContainSubstring("canary"))
	_, known = r.recallLogin(s, naming.RolePortal)
	g.Expect(known).To(BeFalse(), "another role")
	g.Expect(naming.Roles()).To(HaveLen(loginsNoted))
}

func TestWithoutNotesEverySecretIsRead(t *testing.T) {
	g, s, r := NewWithT(t), lookedAt(), &Reconciler{}
	s.note = r.Notes.about(s.network)
	s.found(useEmail, secretOf("smtp", "7"))
	g.Expect(r.unchanged(s, useEmail, "smtp")).To(BeFalse())
	r.Notes.forget(nameOf(s.network))
}
