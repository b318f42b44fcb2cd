// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/content"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// freezeBlocks notes, with the run, what its blocks are about. No text is copied: what is withdrawn before it is sent is not sent.
func (l *ledger) freezeBlocks(ctx context.Context, tx pgx.Tx, id int64, n settings.Network) error {
	if !n.Serves(settings.ModuleFeed) {
		return nil
	}
	if _, err := tx.Exec(ctx, sqlFreezeNews, id, content.MaxNews); err != nil {
		return fmt.Errorf("choose the news of the run: %w", err)
	}
	return nil
}

// blocks reads what the blocks of the run say now.
func (l *ledger) blocks(ctx context.Context, n settings.Network) (b content.Blocks, err error) {
	if n.Serves(settings.ModuleFeed) {
		if b.News, err = l.news(ctx, n); err != nil {
			return b, fmt.Errorf("read the news of the run: %w", err)
		}
	}
	if n.Serves(settings.ModuleEvents) {
		if b.Events, err = l.events(ctx, n); err != nil {
			return b, fmt.Errorf("read the events to come: %w", err)
		}
	}
	return b, nil
}

func (l *ledger) news(ctx context.Context, n settings.Network) ([]content.News, error) {
	rows, err := l.pool.Query(ctx, sqlNews, l.run.id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (content.News, error) {
		var post uuid.UUID
		var news content.News
		err := row.Scan(&post, &news.FamilyName, &news.GivenName, &news.Text)
		news.URL = n.PublicURL + "/feed/" + post.String()
		return news, err
	})
}

func (l *ledger) events(ctx context.Context, n settings.Network) ([]content.Event, error) {
	zone, err := time.LoadLocation(n.TimeZone)
	if err != nil {
		return nil, err
	}
	rows, err := l.pool.Query(ctx, sqlEvents, content.MaxEvents)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (content.Event, error) {
		var id uuid.UUID
		var event content.Event
		err := row.Scan(&id, &event.Title, &event.Place, &event.StartsAt)
		event.StartsAt, event.URL = event.StartsAt.In(zone), n.PublicURL+"/events/"+id.String()
		return event, err
	})
}
