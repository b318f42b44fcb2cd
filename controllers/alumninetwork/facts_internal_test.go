// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// listing builds a client that lists our kinds; nothing else of it is used.
func listing(g Gomega) *fake.ClientBuilder {
	scheme := runtime.NewScheme()
	g.Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	return fake.NewClientBuilder().WithScheme(scheme)
}

func TestStatusShowsWhatTheStoreCounts(t *testing.T) {
	g := NewWithT(t)
	received := time.Date(2027, 4, 1, 9, 0, 0, 999, time.FixedZone("JST", 9*3600))
	finished := received.Add(time.Minute)
	facts := stats.Network{
		Store:   stats.Store{ServerVersion: "17.7", SchemaVersion: 3, SizeBytes: 9*mebibyte + 1},
		Members: stats.Members{Listed: 1, Invited: 2, Active: 3, Paused: 4, Withdrawn: 5, Reachable: 6, Erased: 7},
		Erasure: stats.Erasure{Open: 2, OldestReceivedAt: &received},
		Roster: &stats.RosterImport{RunName: "r", State: "Succeeded", Rows: 10, Inserted: 6, Updated: 3, Quarantined: 1, FinishedAt: &finished,
			Quarantine: []stats.QuarantinedRow{{Line: 4, Field: "LeftOn", Reason: "InvalidDate"}}},
	}
	next := metav1.NewTime(received.Add(time.Hour))
	status := &v1alpha1.AlumniNetworkStatus{Roster: &v1alpha1.RosterStatus{NextImportAt: &next, Rows: 999}}

	setFacts(status, facts, "hoshino_main", 48*time.Hour)

	g.Expect(*status.Store).To(Equal(v1alpha1.StoreStatus{Database: "hoshino_main", ServerVersion: "17.7", SchemaVersion: 3, SizeMebibytes: 10}))
	g.Expect(*status.Members).To(Equal(v1alpha1.MembersStatus{Listed: 1, Invited: 2, Active: 3, Paused: 4, Withdrawn: 5, Reachable: 6, Erased: 7}))
	g.Expect(status.Privacy.OpenErasures).To(BeEquivalentTo(2))
	g.Expect(status.Privacy.OldestErasureDeadline.UTC()).To(Equal(time.Date(2027, 4, 3, 0, 0, 0, 0, time.UTC)))
	g.Expect(status.Roster.Rows).To(BeEquivalentTo(10))
	g.Expect(status.Roster.NextImportAt).To(Equal(&next), "what another step noted stays")
	g.Expect(status.Roster.Quarantine).To(Equal([]v1alpha1.QuarantinedRow{{Line: 4, Field: "LeftOn", Reason: "InvalidDate"}}))
}

func TestWithoutOpenRequestsThereIsNoDeadline(t *testing.T) {
	g := NewWithT(t)
	status := &v1alpha1.AlumniNetworkStatus{}
	setFacts(status, stats.Network{}, "d", time.Hour)
	g.Expect(status.Privacy.OldestErasureDeadline).To(BeNil())
	g.Expect(status.Roster).To(BeNil())
}

func TestThePromiseIsTheShortestOfThePoliciesThatSelectTheNetwork(t *testing.T) {
	policy := func(name string, hours int32, labels map[string]string) *v1alpha1.RetentionPolicy {
		return &v1alpha1.RetentionPolicy{
			ObjectMeta: metav1.ObjectMeta{Namespace: "hoshino", Name: name},
			Spec: v1alpha1.RetentionPolicySpec{
				NetworkSelector: metav1.LabelSelector{MatchLabels: labels},
				ErasureRequests: &v1alpha1.ErasureRequests{PrimaryWithinHours: hours},
			},
		}
	}
	everywhere := policy("all", 72, nil)
	japan := policy("japan", 48, map[string]string{"region": "jp"})
	germany := policy("germany", 2, map[string]string{"region": "de"})
	elsewhere := policy("other", 1, nil)
	elsewhere.Namespace = "two"
	resting := policy("resting", 1, nil)
	resting.Spec.State = v1alpha1.StateSuspended
	cases := map[string]struct {
		policies []*v1alpha1.RetentionPolicy
		want     time.Duration
		reason   string
	}{
		"no policy: the default":                  {nil, 24 * time.Hour, "NoRetentionPolicy"},
		"one that selects all":                    {[]*v1alpha1.RetentionPolicy{everywhere}, 72 * time.Hour, "PolicyActive"},
		"the shorter of two":                      {[]*v1alpha1.RetentionPolicy{everywhere, japan}, 48 * time.Hour, "PolicyActive"},
		"one for other networks does not count":   {[]*v1alpha1.RetentionPolicy{everywhere, germany}, 72 * time.Hour, "PolicyActive"},
		"one that is suspended does not count":    {[]*v1alpha1.RetentionPolicy{resting}, 24 * time.Hour, "NoRetentionPolicy"},
		"one of another namespace does not count": {[]*v1alpha1.RetentionPolicy{elsewhere}, 24 * time.Hour, "NoRetentionPolicy"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			builder := listing(g)
			for _, p := range c.policies {
				builder = builder.WithObjects(p.DeepCopy())
			}
			r := &Reconciler{Client: builder.Build()}
			n := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Namespace: "hoshino", Name: "main", Labels: map[string]string{"region": "jp"}}}
			s := &scope{network: n}
			g.Expect(r.findErasers(t.Context(), s)).To(Succeed())
			g.Expect(s.promise).To(Equal(c.want))
			g.Expect(conditions.Get(n, v1alpha1.ErasureCoveredCondition).Reason).To(Equal(c.reason))
		})
	}
}
