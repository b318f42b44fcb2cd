// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"

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
func (l *ledger) blocks(ctx context.Context, n settings.Network) (content.Blocks, error) {
	var b content.Blocks
	if !n.Serves(settings.ModuleFeed) {
		return b, nil
	}
	rows, err := l.pool.Query(ctx, sqlNews, l.run.id)
	if err != nil {
		return b, fmt.Errorf("read the news of the run: %w", err)
	}
	b.News, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (content.News, error) {
		var post uuid.UUID
		var news content.News
		err := row.Scan(&post, &news.FamilyName, &news.GivenName, &news.Text)
		news.URL = n.PublicURL + "/feed/" + post.String()
		return news, err
	})
	if err != nil {
		return b, fmt.Errorf("read the news of the run: %w", err)
	}
	return b, nil
}
