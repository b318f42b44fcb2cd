// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
)

func TestAClusterServesWhileItsPrimaryStaysOne(t *testing.T) {
	healthy := clusterStatus{Instances: 3, ReadyInstances: 3, CurrentPrimary: "a-1", TargetPrimary: "a-1"}
	cases := map[string]struct {
		change func(*clusterStatus)
		serves bool
		note   string
	}{
		"healthy":                      {func(*clusterStatus) {}, true, ""},
		"with an instance away":        {func(s *clusterStatus) { s.ReadyInstances = 2 }, true, `; Cluster "a" has 2 of 3 instances ready`},
		"with no instance":             {func(s *clusterStatus) { s.ReadyInstances = 0 }, false, ""},
		"before its first primary":     {func(s *clusterStatus) { s.CurrentPrimary, s.TargetPrimary = "", "" }, false, ""},
		"on its way to another":        {func(s *clusterStatus) { s.TargetPrimary = "a-2" }, false, ""},
		"that nobody has answered for": {func(s *clusterStatus) { *s = clusterStatus{} }, false, ""},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			c := &cluster{name: "a", clusterStatus: healthy}
			tt.change(&c.clusterStatus)
			err := c.serves()
			if !tt.serves {
				g.Expect(outcome.IsWaiting(err)).To(BeTrue())
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(c.note()).To(Equal(tt.note))
		})
	}
}

func TestABackupTakesTheProgramsOfTheServersVersion(t *testing.T) {
	r := &Reconciler{PostgresImage: "postgres:17.7"}
	of := func(live, declared string) string {
		n := &v1alpha1.AlumniNetwork{}
		n.Spec.Store = v1alpha1.Store{Type: v1alpha1.StoreCloudNativePG, CloudNativePG: &v1alpha1.CloudNativePGStore{Image: declared}}
		return r.dumpImage(&scope{network: n, serverImage: live})
	}
	g := NewWithT(t)
	g.Expect(of("postgresql:18.1", "postgresql:18.2")).To(Equal("postgresql:18.1"), "as the Cluster runs it now")
	g.Expect(of("", "postgresql:18.2")).To(Equal("postgresql:18.2"))
	g.Expect(of("", "")).To(Equal("postgres:17.7"))
}
