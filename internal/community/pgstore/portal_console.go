// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// Overview implements community.ConsoleService.
func (p *Portal) Overview(ctx context.Context, viewer community.StaffViewer) (community.Overview, error) {
	var o community.Overview
	if err := p.note(ctx, viewer, actLookedAtOverview, ""); err != nil {
		return o, err
	}
	m := &o.Members
	if err := p.pool.QueryRow(ctx, sqlConsoleMembers).Scan(&m.Listed, &m.Invited, &m.Active, &m.Paused, &m.Withdrawn); err != nil {
		return o, fault("count members", err)
	}
	if !viewer.SeesErasures() {
		return o, nil
	}
	o.Erasures = &community.OpenErasures{}
	if err := p.pool.QueryRow(ctx, sqlConsoleErasures).Scan(&o.Erasures.Open, &o.Erasures.Oldest); err != nil {
		return o, fault("count requests for erasure", err)
	}
	return o, nil
}

// foundCampaign is a campaign with what only the store knows it by.
type foundCampaign struct {
	community.CampaignSummary
	uid string
	run *int64 // the last one
}

// campaigns reads those of a name, or all; the error is CodeForbidden for those who may not see any.
func (p *Portal) campaigns(ctx context.Context, viewer community.StaffViewer, name string) ([]foundCampaign, error) {
	if !viewer.SeesCampaigns() {
		return nil, &community.Error{Code: community.CodeForbidden, Message: "error.forbidden"}
	}
	rows, err := p.pool.Query(ctx, sqlConsoleCampaigns, name)
	if err != nil {
		return nil, fault("list campaigns", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (foundCampaign, error) {
		var (
			c                          foundCampaign
			asOf, countedAt, scheduled *time.Time
			counts                     map[string]int64
			run                        community.CampaignRun
		)
		err := row.Scan(&c.Name, &c.Type, &c.uid, &asOf, &countedAt, &counts, &c.run, &run.State, &run.Audience, &scheduled, &run.FinishedAt)
		if err == nil && asOf != nil {
			c.Preview = &community.CampaignPreview{AsOf: *asOf, CountedAt: *countedAt, Counts: byReason(counts)}
		}
		if err == nil && scheduled != nil {
			run.ScheduledAt = *scheduled
			c.Last = &run
		}
		return c, err
	})
	if err != nil {
		return nil, fault("list campaigns", err)
	}
	return found, nil
}

// byReason puts the counts of a preview in order: those to be written to first, and then most first.
func byReason(counts map[string]int64) []community.Count {
	all := []community.Count{{Count: counts[""]}}
	for reason, n := range counts {
		if reason != "" {
			all = append(all, community.Count{Reason: reason, Count: n})
		}
	}
	slices.SortFunc(all[1:], func(a, b community.Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}

// Campaigns implements community.ConsoleService.
func (p *Portal) Campaigns(ctx context.Context, viewer community.StaffViewer) ([]community.CampaignSummary, error) {
	found, err := p.campaigns(ctx, viewer, "")
	if err != nil {
		return nil, err
	}
	all := make([]community.CampaignSummary, 0, len(found))
	for _, c := range found {
		all = append(all, c.CampaignSummary)
	}
	return all, p.note(ctx, viewer, actListedCampaigns, "")
}

func notFound() error {
	return &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
}

// Campaign implements community.ConsoleService.
func (p *Portal) Campaign(ctx context.Context, viewer community.StaffViewer, name string) (community.CampaignDetail, error) {
	var d community.CampaignDetail
	found, err := p.campaigns(ctx, viewer, name)
	if err != nil {
		return d, err
	}
	if name == "" || len(found) == 0 {
		return d, notFound()
	}
	d.CampaignSummary = found[0].CampaignSummary
	if run := found[0].run; run != nil {
		rows, err := p.pool.Query(ctx, sqlConsoleRunCounts, *run)
		if err != nil {
			return d, fault("count a run", err)
		}
		if d.LastCounts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[community.Count]); err != nil {
			return d, fault("count a run", err)
		}
	}
	if err := p.pool.QueryRow(ctx, sqlConsoleSamples, name).Scan(&d.Samples); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return d, fault("read samples", err)
	}
	return d, p.note(ctx, viewer, actLookedAtCampaign, found[0].uid)
}

// Sample implements community.ConsoleService.
func (p *Portal) Sample(ctx context.Context, viewer community.StaffViewer, name string, number int) (community.Sample, error) {
	var s *community.Sample
	if !viewer.SeesCampaigns() {
		return community.Sample{}, &community.Error{Code: community.CodeForbidden, Message: "error.forbidden"}
	}
	if number < 0 {
		return community.Sample{}, notFound() // the store would count from the end
	}
	var uid string
	err := p.pool.QueryRow(ctx, sqlConsoleSample, name, number).Scan(&uid, &s)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (s == nil || s.Failed) {
		return community.Sample{}, notFound()
	}
	if err != nil {
		return community.Sample{}, fault("read a sample", err)
	}
	return *s, p.note(ctx, viewer, actLookedAtSample, uid)
}
