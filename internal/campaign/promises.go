// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/quiet"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// promises are what a network promises its members of every campaign: quiet hours, and how often they are written to. They are safe for
// concurrent use.
type promises struct {
	hours quiet.Hours
	zone  *time.Location // the network's, for members who keep none of their own
	most  settings.FrequencyCap
	skip  bool // whoever would be woken is left out
	now   func() time.Time

	mu    sync.Mutex
	zones map[string]*time.Location
}

// newPromises reads what the network declares. Its error wraps ErrFinal.
func newPromises(n settings.Network, c settings.Campaign, now func() time.Time) (*promises, error) {
	zone, err := time.LoadLocation(n.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("%w: read the network's time zone: %w", ErrFinal, err)
	}
	rest := n.Rest()
	hours, err := quiet.Parse(rest.From, rest.Until, rest.Days)
	if err == nil {
		hours, err = hours.With(rest.Holidays)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: quietHours.%w", ErrFinal, err)
	}
	p := &promises{hours: hours, zone: zone, most: n.Cap(), skip: c.QuietHours == settings.QuietSkip, now: now}
	p.zones = map[string]*time.Location{"": zone}
	return p, nil
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// learn reads the zones that members keep. One that this program does not know is taken for the network's.
func (p *promises) learn(ctx context.Context, store querier) error {
	rows, err := store.Query(ctx, sqlZones)
	if err != nil {
		return fmt.Errorf("read the zones of members: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("read the zones of members: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		if p.zones[name] != nil {
			continue
		}
		p.zones[name] = p.zone
		if zone, err := time.LoadLocation(name); err == nil {
			p.zones[name] = zone
		}
	}
	return nil
}

// quietNow lists the zones of members where it is quiet, or will be before a message goes out that is claimed now, and when that ends
// in each.
func (p *promises) quietNow() (zones []string, ends []time.Time) {
	now := p.now()
	zones, ends = []string{}, []time.Time{}
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, zone := range p.zones {
		for _, at := range []time.Time{now, now.Add(maxClaimAge)} {
			if end := p.hours.Ends(at, zone); end.After(at) {
				zones, ends = append(zones, name), append(ends, end)
				break
			}
		}
	}
	return zones, ends
}

// days are when today and the seven days began over which messages are counted.
func (p *promises) days() (today, week time.Time) {
	year, month, day := p.now().In(p.zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, p.zone), time.Date(year, month, day-6, 0, 0, 0, 0, p.zone)
}
