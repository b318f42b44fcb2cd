// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// restingRun is a run of the approver's campaign that rests since a minute.
func restingRun(c *v1alpha1.Campaign, due time.Time) stats.CampaignRun {
	return stats.CampaignRun{RunName: naming.Run(c.Name, due), State: "Paused", Failure: "TooManyBounces", ScheduledAt: due,
		PausedAt: due.Add(time.Minute).Add(123456 * time.Microsecond), Deadline: due.Add(24 * time.Hour)}
}

func TestARunAtRestGoesOnWhenSomebodySaysSoAndOnlyThen(t *testing.T) {
	a := newApprover(t)
	due := time.Now().Truncate(time.Minute)
	c := a.declare(due, v1alpha1.LocalisedContent{Body: "本文"})
	a.approve(c, "1")
	a.look(c, due)
	a.g.Expect(a.jobs()).To(HaveLen(1))
	run := restingRun(c, due)
	look := func(now time.Time) *scope {
		s := a.scope(c, now)
		s.jobs = a.jobs()
		for i := range s.jobs { // the worker has left
			s.jobs[i].Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
		}
		s.runs = []stats.CampaignRun{run}
		a.g.Expect(a.r.checkApproval(t.Context(), s)).To(Succeed())
		showLastRun(c, s.runs, now)
		a.g.Expect(a.r.keepSchedule(t.Context(), s)).To(Succeed())
		return s
	}

	s := look(due.Add(2 * time.Minute))
	said := conditions.Get(c, v1alpha1.LastRunSucceededCondition)
	a.g.Expect(said.Reason).To(Equal(v1alpha1.ReasonRunPaused))
	a.g.Expect(said.Message).To(And(ContainSubstring("addresses do not exist"), ContainSubstring(resumption(run))))
	a.g.Expect(conditions.Get(c, v1alpha1.ScheduledCondition).Message).To(ContainSubstring("rests and waits for somebody"))
	a.g.Expect(s.wake).To(BeNumerically("~", 24*time.Hour, 3*time.Minute))

	a.annotate(c, resumeAnnotation, naming.Run(c.Name, due)+"@2026-01-01T00:00:00Z")
	look(due.Add(3 * time.Minute))
	a.g.Expect(a.jobs()).To(HaveLen(1), "that was another pause")

	a.annotate(c, resumeAnnotation, resumption(run))
	look(due.Add(4 * time.Minute))
	a.g.Eventually(a.jobs).WithTimeout(10*time.Second).Should(BeEmpty(), "the Job that let it rest has its name")
	look(due.Add(5 * time.Minute))
	a.g.Expect(a.jobs()).To(HaveLen(1))
	a.g.Expect(a.jobs()[0].Spec.Template.Spec.Containers[0].Env).To(ContainElement(corev1.EnvVar{
		Name: settings.EnvResume, Value: run.PausedAt.UTC().Format(time.RFC3339Nano)}))

	resumed := a.jobs()[0].UID
	look(due.Add(6 * time.Minute)) // it has ended, and the run still rests
	a.g.Expect(a.jobs()).To(ConsistOf(HaveField("ObjectMeta.UID", resumed)), "it is not tried for ever")
	a.g.Expect(conditions.Get(c, v1alpha1.LastRunSucceededCondition).Message).To(ContainSubstring("delete the Job to try again"))
}

func TestARunAtRestWaitsForTheApprovalOfWhatIsDeclaredNow(t *testing.T) {
	a := newApprover(t)
	due := time.Now().Truncate(time.Minute)
	c := a.declare(due, v1alpha1.LocalisedContent{Body: "本文"})
	s := a.scope(c, due.Add(2*time.Minute))
	s.runs = []stats.CampaignRun{restingRun(c, due)}
	a.annotate(c, resumeAnnotation, resumption(s.runs[0]))
	a.g.Expect(a.r.checkApproval(t.Context(), s)).To(Succeed())
	a.g.Expect(a.r.keepSchedule(t.Context(), s)).To(Succeed())
	a.g.Expect(a.jobs()).To(BeEmpty())
	a.g.Expect(conditions.Get(c, v1alpha1.ScheduledCondition).Message).To(ContainSubstring("waits for its approval"))
}

func TestARunThatRestedBeyondItsDeadlineHasFailedAndHoldsNobodyUp(t *testing.T) {
	a := newApprover(t)
	due := time.Now().Truncate(time.Minute)
	c := a.declare(due, v1alpha1.LocalisedContent{Body: "本文"})
	s := a.scope(c, due.Add(25*time.Hour))
	s.runs = []stats.CampaignRun{restingRun(c, due)}
	showLastRun(c, s.runs, s.now)
	a.g.Expect(conditions.Get(c, v1alpha1.LastRunSucceededCondition).Reason).To(Equal(v1alpha1.ReasonRunFailed))
	_, found := atRest(s)
	a.g.Expect(found).To(BeFalse())
}
