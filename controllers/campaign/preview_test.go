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
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

func TestWhoeverApprovesIsToldHowManyAreWrittenTo(t *testing.T) {
	a := newApprover(t)
	book := &ledger{}
	a.r.Ledger = book
	due := time.Now().Add(48 * time.Hour).Truncate(time.Minute)
	c := a.declare(due, v1alpha1.LocalisedContent{Body: "本文"})
	look := func(change func(*scope)) *scope {
		s := a.scope(c, time.Now())
		s.network.Status.Store = &v1alpha1.StoreStatus{SchemaVersion: stats.PreviewSchemaVersion}
		if change != nil {
			change(s)
		}
		a.g.Expect(a.r.checkApproval(t.Context(), s)).To(Succeed())
		a.g.Expect(a.r.showPreview(t.Context(), s)).To(Succeed())
		return s
	}

	look(func(s *scope) { s.network.Status.Store.SchemaVersion-- })
	a.g.Expect(c.Status.Preview).To(BeNil(), "the store of the version before cannot")
	a.g.Expect(a.jobs()).To(BeEmpty())

	s := look(nil)
	a.g.Expect(c.Status.Preview.State).To(Equal(v1alpha1.PreviewCounting))
	a.g.Expect(s.wake).To(Equal(poll))
	a.g.Expect(a.jobs()).To(HaveLen(1))
	made := a.jobs()[0]
	a.g.Expect(made.Name).To(MatchRegexp("^letter-preview-[0-9a-f]{8}$"))
	a.g.Expect(made.Labels).To(And(HaveKeyWithValue(labels.CampaignPreview, "letter"), Not(HaveKey(labels.Campaign))), "it is no run")
	a.g.Expect(made.Annotations[labels.ScheduledAt]).To(Equal(due.UTC().Format(time.RFC3339)))
	a.g.Expect(made.Spec.Template.Spec.Containers[0].Command).To(Equal([]string{"/worker", "campaign", "--preview"}))
	look(nil)
	a.g.Expect(a.jobs()).To(HaveLen(1))

	book.preview = &stats.CampaignPreview{Name: "letter-preview-00000000", Counts: map[string]int64{"": 7}}
	look(nil)
	a.g.Expect(c.Status.Preview.State).To(Equal(v1alpha1.PreviewCounting), "that was of another declaration")
	book.preview = &stats.CampaignPreview{Name: made.Name, AsOf: due, CountedAt: due.Add(-time.Hour), Counts: map[string]int64{"": 90, "NoConsent": 4, "Capped": 6}}
	look(nil)
	look(nil)
	a.g.Expect(*c.Status.Preview).To(And(HaveField("State", v1alpha1.PreviewCounted), HaveField("Audience", int64(100)), HaveField("Recipients", int64(90)),
		HaveField("Refused", []v1alpha1.RefusedCount{{Reason: "Capped", Count: 6}, {Reason: "NoConsent", Count: 4}})))
	a.g.Expect(conditions.Get(c, v1alpha1.ApprovedCondition).Message).To(ContainSubstring("it would go to 90 of 100 people"))

	a.approve(c, "1")
	look(nil)
	a.g.Expect(c.Status.Preview).To(BeNil())
	a.annotate(c, previewAnnotation, "please")
	look(nil)
	a.g.Expect(c.Status.Preview.State).To(Equal(v1alpha1.PreviewCounting), "anybody may ask")
	a.g.Expect(c.Status.Preview.Name).NotTo(Equal(made.Name))
}

func TestAPreviewThatCannotBeCountedSaysSo(t *testing.T) {
	a := newApprover(t)
	a.r.Ledger = &ledger{}
	c := a.declare(time.Now().Add(time.Hour), v1alpha1.LocalisedContent{Body: "本文"})
	look := func() *scope {
		s := a.scope(c, time.Now())
		s.network.Status.Store = &v1alpha1.StoreStatus{SchemaVersion: stats.PreviewSchemaVersion}
		s.awaits = "its approval"
		a.g.Expect(a.r.showPreview(t.Context(), s)).To(Succeed())
		return s
	}
	look()
	made := a.jobs()[0]
	began := metaTime(time.Now())
	made.Status = batchv1.JobStatus{StartTime: began, Failed: 1, Conditions: []batchv1.JobCondition{
		{Type: batchv1.JobFailureTarget, Status: corev1.ConditionTrue, LastTransitionTime: *began},
		{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, LastTransitionTime: *began}}}
	a.g.Expect(a.env.Client.Status().Update(t.Context(), &made)).To(Succeed())
	s := look()
	a.g.Expect(c.Status.Preview.State).To(Equal(v1alpha1.PreviewFailed))
	a.g.Expect(s.wake).To(BeZero(), "it is not tried for ever")
	a.g.Expect(a.jobs()).To(HaveLen(1))
}
