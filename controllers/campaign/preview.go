// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/apply"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/runs"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// previewAnnotation asks for a preview by any new value.
const previewAnnotation = "alumni-operator.io/preview"

// showPreview has the next run counted while the campaign waits for an approval, or when somebody asks: whoever approves should
// know how many are written to.
func (r *Reconciler) showPreview(ctx context.Context, s *scope) error {
	status := &s.campaign.Status
	asked := s.campaign.Annotations[previewAnnotation]
	store := s.network.Status.Store
	if s.suspended() || len(s.campaign.MemberChannels()) == 0 || asked == "" && s.awaits == "" || store == nil || store.SchemaVersion < stats.PreviewSchemaVersion {
		status.Preview = nil
		return nil
	}
	encoded, err := json.Marshal(s.settings)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	name := naming.CampaignPreview(s.campaign.Name, settings.Digest(append(encoded, asked...)))
	if p := status.Preview; p != nil && p.Name == name && p.State != v1alpha1.PreviewCounting {
		return nil
	}
	found, err := r.Ledger.CampaignPreview(ctx, s.network, string(s.campaign.UID))
	if err != nil {
		return err
	}
	if found != nil && found.Name == name {
		status.Preview = previewStatus(*found)
		return nil
	}
	return r.count(ctx, s, name)
}

// count makes the Job that counts, or sees how it is doing.
func (r *Reconciler) count(ctx context.Context, s *scope, name string) error {
	runner := runs.Runner{Client: r.Client, Live: r.Live}
	jobs, err := runner.Jobs(ctx, s.campaign, labels.CampaignPreview)
	if err != nil {
		return err
	}
	if err := runner.Sweep(ctx, s.campaign, labels.CampaignPreview, jobs); err != nil {
		return err
	}
	s.campaign.Status.Preview = &v1alpha1.CampaignPreview{Name: name, State: v1alpha1.PreviewCounting}
	for i := range jobs {
		switch {
		case jobs[i].Name != name:
		case runs.Failed(&jobs[i]):
			s.campaign.Status.Preview.State = v1alpha1.PreviewFailed
			return nil
		case runs.Ended(&jobs[i]): // another preview took the place of what it counted
			s.wakeWithin(poll)
			return (&apply.Applier{Client: r.Client, Live: r.Live}).Delete(ctx, &jobs[i])
		}
	}
	s.wakeWithin(poll)
	due := s.now.Truncate(time.Second)
	if plan, err := planAgenda(s.campaign, pastOf(s, s.jobs), s.now); err == nil {
		for _, at := range []time.Time{plan.start, plan.next} {
			if at.After(due) {
				due = at
				break
			}
		}
	}
	return runner.Start(ctx, s.campaign, job.BuildPreviewJob(r.jobInput(s, name, due)), settings.CampaignFile, s.settings)
}

func previewStatus(p stats.CampaignPreview) *v1alpha1.CampaignPreview {
	out := &v1alpha1.CampaignPreview{Name: p.Name, State: v1alpha1.PreviewCounted, AsOf: metaTime(p.AsOf), CountedAt: metaTime(p.CountedAt)}
	for reason, count := range p.Counts {
		out.Audience += count
		if reason == "" {
			out.Recipients = count
			continue
		}
		out.Refused = append(out.Refused, v1alpha1.RefusedCount{Reason: reason, Count: count})
	}
	slices.SortFunc(out.Refused, func(a, b v1alpha1.RefusedCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}
