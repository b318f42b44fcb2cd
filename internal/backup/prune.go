// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"errors"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
)

// unfinishedFor is how long an object without its other half is taken for one that is still being written.
const unfinishedFor = 24 * time.Hour

// Keep bounds the backups that stay.
type Keep struct {
	Count int
	Age   *calendar.Period // nil: for ever
	Zone  *time.Location   // in which the days of Age are counted
}

// excess lists the backups that go: those beyond the count, and those whose period has passed. The newest always stays,
// however old it is.
func (k Keep) excess(backups []found, now time.Time) []found {
	var gone []found
	for i, b := range backups {
		if i == 0 {
			continue
		}
		if i >= k.Count || k.expired(b.taken, now) {
			gone = append(gone, b)
		}
	}
	return gone
}

func (k Keep) expired(taken, now time.Time) bool {
	if k.Age == nil {
		return false
	}
	return calendar.DeletableFrom(calendar.DateOf(taken, k.Zone), *k.Age) <= calendar.DateOf(now, k.Zone)
}

// prune removes what is no longer kept, and what unfinished runs have left. It is called after a success alone. The
// manifest goes first: what is half removed is no backup.
func prune(ctx context.Context, d Destination, k Keep, now time.Time) (int, error) {
	entries, err := d.List(ctx)
	if err != nil {
		return 0, err
	}
	all, removed := survey(entries), 0
	for _, b := range k.excess(all.backups, now) {
		if err := errors.Join(d.Remove(ctx, b.name+manifestSuffix), d.Remove(ctx, b.name+dumpSuffix)); err != nil {
			return removed, err
		}
		removed++
	}
	for _, e := range all.stray {
		if now.Sub(e.Modified) < unfinishedFor {
			continue
		}
		if err := d.Remove(ctx, e.Name); err != nil {
			return removed, err
		}
	}
	return removed, d.Sweep(ctx, now.Add(-unfinishedFor))
}
