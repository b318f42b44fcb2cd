// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// testSendAnnotation asks for a test send by any new value.
const testSendAnnotation = "alumni-operator.io/test-send"

// testSend has the texts sent to those who look the campaign over, once for each value of the annotation. It waits for no approval, for
// it serves to give one; and a change of the campaign alone sends nothing.
func (r *Reconciler) testSend(ctx context.Context, s *scope) error {
	status := &s.campaign.Status
	asked, store := s.campaign.Annotations[testSendAnnotation], s.network.Status.Store
	if asked == "" || s.suspended() || !s.campaign.Uses(v1alpha1.ChannelEmail) || store == nil || store.SchemaVersion < stats.TestSendSchemaVersion {
		status.TestSend = nil
		return nil
	}
	name := naming.CampaignTestSend(s.campaign.Name, settings.Digest([]byte(asked)))
	if t := status.TestSend; t != nil && t.Name == name && t.State != v1alpha1.TestSendSending {
		return nil
	}
	if s.campaign.Spec.TestRecipients == nil {
		status.TestSend = &v1alpha1.CampaignTestSend{Name: name, State: v1alpha1.TestSendFailed, Reason: v1alpha1.TestSendUndeclared}
		return nil
	}
	found, err := r.Ledger.TestSend(ctx, s.network, string(s.campaign.UID))
	if err != nil {
		return err
	}
	if found != nil && found.Name == name {
		status.TestSend = testSendStatus(*found)
		return nil
	}
	return r.startTestSend(ctx, s, name)
}

// startTestSend makes the Job that sends, or sees how it is doing.
func (r *Reconciler) startTestSend(ctx context.Context, s *scope, name string) error {
	runner := runs.Runner{Client: r.Client, Live: r.Live}
	jobs, err := runner.Jobs(ctx, s.campaign, labels.CampaignTestSend)
	if err != nil {
		return err
	}
	if err := runner.Sweep(ctx, s.campaign, labels.CampaignTestSend, jobs); err != nil {
		return err
	}
	s.campaign.Status.TestSend = &v1alpha1.CampaignTestSend{Name: name, State: v1alpha1.TestSendSending}
	for i := range jobs {
		if jobs[i].Name == name && runs.Failed(&jobs[i]) {
			s.campaign.Status.TestSend.State, s.campaign.Status.TestSend.Reason = v1alpha1.TestSendFailed, v1alpha1.TestSendWorkerFailed
			return nil
		}
	}
	s.wakeWithin(poll)
	made := job.BuildTestSendJob(r.jobInput(s, name, s.now), s.campaign.Spec.TestRecipients.SecretRef.Name)
	return runner.Start(ctx, s.campaign, made, settings.CampaignFile, s.settings)
}

func testSendStatus(t stats.TestSend) *v1alpha1.CampaignTestSend {
	out := &v1alpha1.CampaignTestSend{Name: t.Name, State: v1alpha1.TestSendSent, SentAt: metaTime(t.SentAt), Sent: t.Sent, Failed: t.Failed, Reason: t.Failure}
	if t.Failure != "" {
		out.State = v1alpha1.TestSendFailed
	}
	return out
}
