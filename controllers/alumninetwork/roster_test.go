// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// withRoster declares a roster on a volume.
func withRoster(n *v1alpha1.AlumniNetwork) {
	n.Spec.Roster = &v1alpha1.Roster{Source: v1alpha1.RosterSource{
		Type: v1alpha1.RosterFromVolume, Volume: &v1alpha1.RosterVolume{ClaimName: "hr-export", Path: "leavers.csv"},
	}}
}

func TestARosterIsReadOncePerSectionAndItsOutcomeShown(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main", withRoster)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.RosterSyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonClaimNotFound)
	g.Expect(message).To(ContainSubstring("hr-export"))
	s.claim(ctx, g, namespace, "hr-export")
	s.poke(ctx, g, n)
	s.condition(ctx, g, n, v1alpha1.RosterSyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonImporting)

	first := s.oneImport(ctx, g, namespace)
	s.pretendImport(ctx, t, g, n, first.Name, "'Succeeded', '', '', 10, 9, 0, 0, 1, 0")
	s.endPod(ctx, g, namespace, first.Name, 0)
	s.ready(ctx, g, n)
	g.Expect(n.Status.Roster.Rows).To(BeEquivalentTo(10))
	g.Expect(n.Status.Roster.Quarantined).To(BeEquivalentTo(1))
	g.Expect(n.Status.Roster.LastImportAt).NotTo(BeNil())

	t.Run("another change of the network reads nothing again", func(t *testing.T) {
		g := NewWithT(t)
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Description = "For everybody who left." })
		s.ready(ctx, g, n)
		g.Expect(s.imports(ctx, g, namespace)).To(HaveLen(1))
	})
	t.Run("a change of the section reads again, and a failure is told with its code", func(t *testing.T) {
		g := NewWithT(t)
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Roster.Encoding = "Shift_JIS" })
		var second batchv1.Job
		g.Eventually(func(g Gomega) {
			all := s.imports(ctx, g, namespace)
			g.Expect(all).To(HaveLen(2))
			for _, j := range all {
				if j.Name != first.Name {
					second = j
				}
			}
		}, settle, beat).Should(Succeed())
		s.pretendImport(ctx, t, g, n, second.Name, "'Failed', 'WrongEncoding', '', 0, 0, 0, 0, 0, 0")
		s.endPod(ctx, g, namespace, second.Name, 2)
		message := s.condition(ctx, g, n, v1alpha1.RosterSyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonImportFailed)
		g.Expect(message).To(ContainSubstring("WrongEncoding"))
	})
	t.Run("the annotation asks for one more import", func(t *testing.T) {
		g := NewWithT(t)
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) {
			n.Annotations = map[string]string{"alumni-operator.io/import-roster": "corrected"}
		})
		g.Eventually(func() []batchv1.Job { return s.imports(ctx, g, namespace) }, settle, beat).Should(HaveLen(3))
	})
}

func TestAScheduledRosterWaitsForItsTime(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	s.claim(ctx, g, namespace, "hr-export")
	zone := v1alpha1.TimeZone("Asia/Tokyo")
	n := external(namespace, "main", withRoster, func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Roster.Schedule = &v1alpha1.CronSchedule{Cron: "0 3 1 1 *", TimeZone: &zone}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	s.ready(ctx, g, n)

	s.condition(ctx, g, n, v1alpha1.RosterSyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonImportPending)
	g.Expect(n.Status.Roster.NextImportAt.UTC().Format("01-02 15:04")).To(Equal("12-31 18:00"))
	g.Expect(s.imports(ctx, g, namespace)).To(BeEmpty())
}

func TestAnImportThatNeverReachedTheStoreIsTold(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	s.claim(ctx, g, namespace, "hr-export")
	n := external(namespace, "main", withRoster)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	run := s.oneImport(ctx, g, namespace)
	s.endPod(ctx, g, namespace, run.Name, 2)

	message := s.condition(ctx, g, n, v1alpha1.RosterSyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonImportFailed)
	g.Expect(message).To(And(ContainSubstring("before it reached the store"), ContainSubstring(run.Name)))

	// A schedule that is declared now has its first time in a year: until then the failed import is the newest word.
	zone := v1alpha1.TimeZone("Asia/Tokyo")
	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Roster.Schedule = &v1alpha1.CronSchedule{Cron: "0 3 1 1 *", TimeZone: &zone}
	})
	s.condition(ctx, g, n, v1alpha1.RosterSyncedCondition, metav1.ConditionFalse, v1alpha1.ReasonImportFailed)
}

func TestAZoneThatDoesNotExistStalls(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	s.claim(ctx, g, namespace, "hr-export")
	zone := v1alpha1.TimeZone("Asia/Atlantis")
	n := external(namespace, "main", withRoster, func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Roster.Schedule = &v1alpha1.CronSchedule{Cron: "0 3 1 1 *", TimeZone: &zone}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec)
	g.Expect(message).To(And(ContainSubstring("spec.roster.schedule"), ContainSubstring("Asia/Atlantis")))
}

func (s suite) claim(ctx context.Context, g Gomega, namespace, name string) {
	g.Expect(s.Client.Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadOnlyMany},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{"storage": resource.MustParse("1Gi")}},
		},
	})).To(Succeed())
}

func (s suite) imports(ctx context.Context, g Gomega, namespace string) []batchv1.Job {
	list := &batchv1.JobList{}
	g.Expect(s.Client.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels(labels.Selector("main", labels.Roster)))).To(Succeed())
	return list.Items
}

func (s suite) oneImport(ctx context.Context, g Gomega, namespace string) batchv1.Job {
	var all []batchv1.Job
	g.Eventually(func() []batchv1.Job { all = s.imports(ctx, g, namespace); return all }, settle, beat).Should(HaveLen(1))
	return all[0]
}

// pretendImport leaves in the store what a worker would.
func (s suite) pretendImport(ctx context.Context, t *testing.T, g Gomega, n *v1alpha1.AlumniNetwork, run, outcome string) {
	conn := inside(ctx, t, g, naming.Database(n.Namespace, n.Name))
	defer func() { _ = conn.Close(ctx) }()
	_, err := conn.Exec(ctx, "INSERT INTO alumni.roster_import (run_name, state, failure, failure_field, rows, inserted, updated, unchanged, quarantined, tombstoned, finished_at) VALUES ($1, "+outcome+", now())", run)
	g.Expect(err).NotTo(HaveOccurred())
}

// endPod ends the pod of a job as its node would.
func (s suite) endPod(ctx context.Context, g Gomega, namespace, job string, code int32) {
	g.Eventually(func(g Gomega) {
		pods := &corev1.PodList{}
		g.Expect(s.Client.List(ctx, pods, client.InNamespace(namespace), client.MatchingLabels{labels.Run: job})).To(Succeed())
		g.Expect(pods.Items).NotTo(BeEmpty())
		p := &pods.Items[0]
		p.Status.Phase = corev1.PodSucceeded
		if code != 0 {
			p.Status.Phase = corev1.PodFailed
		}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: "worker", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}},
		}}
		g.Expect(s.Client.Status().Update(ctx, p)).To(Succeed())
	}, settle, beat).Should(Succeed())
}
