// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package upgrade

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

const (
	v1, v2, v3 = "alumni-operator:1", "alumni-operator:2", "alumni-operator:3"
	stages     = "1,40%" // of five: one, two, all
	canary     = "alumni-operator.io/rollout"
)

// TestAnUpgradeReachesTheNetworksInStages replaces the operator twice: by one whose portal does not start in the first
// network at once, and by one whose migration fails there.
func TestAnUpgradeReachesTheNetworksInStages(t *testing.T) {
	g, w := NewWithT(t), newWorld(t)
	all := []string{"a", "b", "c", "d", "e"}
	w.install(v1, stages)
	for _, name := range all {
		w.declare(name)
	}
	w.becomes(v1alpha1.ReasonUpToDate, v1, all...)
	w.ready(all...)

	w.change("c", func(n *v1alpha1.AlumniNetwork) { n.Annotations = map[string]string{canary: "First"} })
	w.kubelet.withhold("c", v2)
	seen := w.watch(v2)
	w.install(v2, stages)
	w.becomes(v1alpha1.ReasonUpgrading, v2, "c")
	w.becomes(v1alpha1.ReasonAwaitingRollout, v1, "a", "b", "d", "e")
	w.ready("a", "b", "d", "e")

	w.change("b", func(n *v1alpha1.AlumniNetwork) { n.Spec.Portal.Replicas = new(int32(3)) })
	g.Eventually(func(g Gomega) {
		d := &appsv1.Deployment{}
		g.Expect(w.env.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: naming.Portal("b")}, d)).To(Succeed())
		g.Expect(*d.Spec.Replicas).To(Equal(int32(3)))
		g.Expect(d.Spec.Template.Spec.Containers[0].Image).To(Equal(v1), "what is declared is followed with the version before")
	}, settle, beat).Should(Succeed())

	w.kubelet.withhold("", "")
	w.becomes(v1alpha1.ReasonUpToDate, v2, all...)
	began, arrived := seen()
	order := sortedBy(began)
	g.Expect(order[0]).To(Equal("c"))
	g.Expect(began[order[1]]).To(BeNumerically(">", arrived[order[0]]), "the second begins when the first has arrived: %v", order)
	g.Expect(began[order[2]]).To(BeNumerically(">", arrived[order[1]]), "the third when the second has")

	t.Run("and goes no further than a migration that fails", func(t *testing.T) {
		g := NewWithT(t)
		database := naming.Database(w.namespace, "c")
		// The fifth migration makes a function, and cannot make it twice.
		w.exec(database, "DELETE FROM "+pgstore.VersionTable+" WHERE version_id >= 5")
		w.ready(all...)
		w.install(v3, stages)
		w.becomes(v1alpha1.ReasonUpgradeFailed, v2, "c")
		w.becomes(v1alpha1.ReasonRolloutStopped, v2, "a", "b", "d", "e")
		g.Expect(conditions.Get(w.network("c"), v1alpha1.SchemaReadyCondition).Reason).To(Equal(v1alpha1.ReasonMigrationFailed))
		g.Expect(conditions.IsTrue(w.network("c"), v1alpha1.PortalAvailableCondition)).To(BeTrue(), "the version before serves")
		w.ready("a", "b", "d", "e")
		g.Expect(counted(g)).To(Equal(map[string]float64{"Ailing": 0, "Waiting": 4, "Moving": 0, "Failed": 1, "Moved": 0}))

		w.exec(database, "DROP FUNCTION alumni.contact_forget_links() CASCADE") // so that it can be made again
		w.becomes(v1alpha1.ReasonUpToDate, v3, all...)
		w.ready(all...)
	})
}

func (w *world) ready(names ...string) {
	w.Helper()
	NewWithT(w).Eventually(func(g Gomega) {
		for _, name := range names {
			n := w.network(name)
			g.Expect(conditions.IsTrue(n, v1alpha1.ReadyCondition)).To(BeTrue(), "%s: %v", name, n.Status.Conditions)
		}
	}, settle, beat).Should(Succeed())
}

// watch notes the moments, as versions of the cluster's state, at which portals are told to run an image and at which their
// networks say that they do.
func (w *world) watch(image string) func() (began, arrived map[string]uint64) {
	g := NewWithT(w)
	c, err := client.NewWithWatch(w.env.Config, client.Options{Scheme: w.env.Client.Scheme()})
	g.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(w.Context())
	began, arrived := map[string]uint64{}, map[string]uint64{}
	var running sync.WaitGroup
	follow := func(list client.ObjectList, to map[string]uint64, note func(client.Object) (name string, now bool)) {
		events, err := c.Watch(ctx, list, client.InNamespace(w.namespace))
		g.Expect(err).NotTo(HaveOccurred())
		running.Go(func() {
			for e := range events.ResultChan() {
				obj, ok := e.Object.(client.Object)
				if !ok {
					continue
				}
				name, now := note(obj)
				version, err := strconv.ParseUint(obj.GetResourceVersion(), 10, 64)
				if _, known := to[name]; now && !known && err == nil {
					to[name] = version
				}
			}
		})
	}
	follow(&appsv1.DeploymentList{}, began, func(obj client.Object) (string, bool) {
		d, ok := obj.(*appsv1.Deployment)
		return obj.GetLabels()[labels.Network], ok && d.Spec.Template.Spec.Containers[0].Image == image
	})
	follow(&v1alpha1.AlumniNetworkList{}, arrived, func(obj client.Object) (string, bool) {
		n, ok := obj.(*v1alpha1.AlumniNetwork)
		return obj.GetName(), ok && n.Status.Image == image
	})
	return func() (map[string]uint64, map[string]uint64) {
		cancel()
		running.Wait()
		return began, arrived
	}
}

// sortedBy lists names by the moment at which something happened to them.
func sortedBy(moments map[string]uint64) []string {
	return slices.SortedFunc(maps.Keys(moments), func(a, b string) int { return cmp.Compare(moments[a], moments[b]) })
}

// counted reads the metric of the rollout.
func counted(g Gomega) map[string]float64 {
	families, err := metrics.Registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	count := map[string]float64{}
	for _, f := range families {
		if f.GetName() == "alumni_operator_rollout_networks" {
			for _, m := range f.GetMetric() {
				count[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
			}
		}
	}
	return count
}
