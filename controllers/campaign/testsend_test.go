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
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

func TestATestSendIsSentOnceForEachWish(t *testing.T) {
	a := newApprover(t)
	book := &ledger{}
	a.r.Ledger = book
	c := a.declare(time.Now().Add(48*time.Hour), v1alpha1.LocalisedContent{Body: "本文"})
	var reviewers *v1alpha1.TestRecipients
	look := func(change func(*scope)) *scope {
		c.Spec.TestRecipients = reviewers
		s := a.scope(c, time.Now())
		s.network.Status.Store = &v1alpha1.StoreStatus{SchemaVersion: stats.TestSendSchemaVersion}
		if change != nil {
			change(s)
		}
		a.g.Expect(a.r.testSend(t.Context(), s)).To(Succeed())
		return s
	}
	look(nil)
	a.g.Expect(c.Status.TestSend).To(BeNil(), "nobody asked")

	a.annotate(c, testSendAnnotation, "2027-04-01T09:00:00Z")
	look(nil)
	a.g.Expect(*c.Status.TestSend).To(And(HaveField("State", v1alpha1.TestSendFailed), HaveField("Reason", "NoTestRecipients")))
	a.g.Expect(a.jobs()).To(BeEmpty())

	reviewers = &v1alpha1.TestRecipients{SecretRef: v1alpha1.SecretReference{Name: "reviewers"}}
	a.annotate(c, testSendAnnotation, "2027-04-01T09:01:00Z")
	look(func(s *scope) { s.network.Status.Store.SchemaVersion-- })
	a.g.Expect(c.Status.TestSend).To(BeNil(), "the store of the version before cannot")
	s := look(nil)
	a.g.Expect(c.Status.TestSend.State).To(Equal(v1alpha1.TestSendSending))
	a.g.Expect(s.wake).To(Equal(poll))
	a.g.Expect(a.jobs()).To(HaveLen(1))
	made := a.jobs()[0]
	a.g.Expect(made.Name).To(MatchRegexp("^letter-test-[0-9a-f]{8}$"))
	a.g.Expect(made.Labels).To(And(HaveKeyWithValue(labels.CampaignTestSend, "letter"), Not(HaveKey(labels.Campaign))), "it is no run")
	a.g.Expect(made.Spec.BackoffLimit).To(HaveValue(BeEquivalentTo(0)))
	a.g.Expect(made.Spec.Template.Spec.Containers[0].Command).To(Equal([]string{"/worker", "campaign", "--test-send"}))
	a.g.Expect(made.Spec.Template.Spec.Volumes).To(ContainElement(And(HaveField("Name", "test-recipients"),
		HaveField("Secret.SecretName", "reviewers"), HaveField("Secret.Optional", HaveValue(BeTrue())))))

	book.test = &stats.TestSend{Name: made.Name, Sent: 2, Failed: 1, SentAt: now}
	look(nil)
	a.g.Expect(*c.Status.TestSend).To(Equal(v1alpha1.CampaignTestSend{Name: made.Name, State: v1alpha1.TestSendSent, Sent: 2, Failed: 1, SentAt: metaTime(now)}))
	look(func(s *scope) { s.settings.Locales[0].Body = "another text" })
	a.g.Expect(a.jobs()).To(HaveLen(1), "a change of the text sends nothing by itself")

	a.annotate(c, testSendAnnotation, "again")
	look(nil)
	a.g.Expect(c.Status.TestSend.State).To(Equal(v1alpha1.TestSendSending))
	a.g.Expect(a.jobs()).To(HaveLen(2))
}

func TestATestSendWhoseWorkerFailsIsNotTriedAgain(t *testing.T) {
	a := newApprover(t)
	a.r.Ledger = &ledger{}
	c := a.declare(time.Now().Add(48*time.Hour), v1alpha1.LocalisedContent{Body: "本文"})
	a.annotate(c, testSendAnnotation, "please")
	c.Spec.TestRecipients = &v1alpha1.TestRecipients{SecretRef: v1alpha1.SecretReference{Name: "reviewers"}}
	look := func() *scope {
		s := a.scope(c, time.Now())
		s.network.Status.Store = &v1alpha1.StoreStatus{SchemaVersion: stats.TestSendSchemaVersion}
		a.g.Expect(a.r.testSend(t.Context(), s)).To(Succeed())
		return s
	}
	look()
	made := a.jobs()[0]
	began := metaTime(time.Now())
	made.Status = batchv1.JobStatus{StartTime: began, Failed: 1, Conditions: []batchv1.JobCondition{
		{Type: batchv1.JobFailureTarget, Status: corev1.ConditionTrue, LastTransitionTime: *began},
		{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, LastTransitionTime: *began}}}
	a.g.Expect(a.env.Client.Status().Update(t.Context(), &made)).To(Succeed())
	for range 2 {
		s := look()
		a.g.Expect(*c.Status.TestSend).To(And(HaveField("State", v1alpha1.TestSendFailed), HaveField("Reason", "WorkerFailed")))
		a.g.Expect(s.wake).To(BeZero())
		a.g.Expect(a.jobs()).To(HaveLen(1))
	}
}
