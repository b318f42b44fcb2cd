// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/audience"
	"github.com/alumni-operator/alumni-operator/internal/content"
	"github.com/alumni-operator/alumni-operator/internal/mail"
)

//go:embed sql/*.sql
var files embed.FS

// statement reads one embedded statement.
func statement(name string) string {
	b, err := files.ReadFile("sql/" + name + ".sql")
	if err != nil {
		panic(err) // the file is part of the program
	}
	return string(b)
}

var (
	sqlRunInsert     = statement("run_insert")
	sqlRunSelect     = statement("run_select")
	sqlFreezeMembers = statement("freeze_members")
	sqlFreezeListed  = statement("freeze_listed")
	sqlPlannedCount  = statement("planned_count")
	sqlRunAudience   = statement("run_audience")
	sqlTooMany       = statement("too_many")
	sqlRunFail       = statement("run_fail")
	sqlClaim         = statement("claim")
	sqlStill         = statement("still")
	sqlAck           = statement("ack")
	sqlInvited       = statement("invited")
	sqlRenew         = statement("renew")
	sqlLostLeases    = statement("lost_leases")
	sqlExpire        = statement("expire")
	sqlOpenRows      = statement("open_rows")
	sqlRunFinish     = statement("run_finish")
	sqlCounts        = statement("counts")
)

// The states of a run, and the reason of a run that is too large.
const (
	runSending         = "Sending"
	runFinished        = "Finished"
	runFailed          = "Failed"
	failureTooMany     = "TooManyRecipients"
	freezeStatementMax = "10min"
)

// ledger is the store as a campaign sees it.
type ledger struct {
	pool    *pgxpool.Pool
	leases  *leases
	run     run
	lease   time.Duration
	purpose *string
}

// run is a row of alumni.campaign_run.
type run struct {
	id          int64
	campaignUID string
	generation  int64
	state       string
	failure     string
	audience    int64
	deadline    time.Time // by this machine's clock
}

// join makes the run and freezes its audience, or joins the run that is there, in one transaction: either the run
// and all its rows exist, or none.
func (l *ledger) join(ctx context.Context, job Job, day time.Time) (created bool, err error) {
	query, err := audience.Compile(job.Campaign.MatchExpressions, job.Campaign.Exclude, day, 4)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrFinal, err)
	}
	err = pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = '"+freezeStatementMax+"'"); err != nil {
			return fmt.Errorf("allow time to freeze the audience: %w", err)
		}
		var id int64
		err := tx.QueryRow(ctx, sqlRunInsert, job.RunName, job.Campaign.UID, job.Campaign.Name, job.Campaign.Type, l.purpose,
			job.Campaign.Generation, job.ScheduledAt, float64(job.Campaign.RetryDeadlineSeconds)).Scan(&id)
		switch {
		case errors.Is(err, pgx.ErrNoRows): // another start made it
		case err != nil:
			return fmt.Errorf("insert the run: %w", err)
		default:
			created = true
			if err := l.freeze(ctx, tx, id, job.Campaign.MaxRecipients, query); err != nil {
				return err
			}
		}
		return l.read(ctx, tx, job)
	})
	return created, err
}

// freeze writes one row for every member of the audience.
func (l *ledger) freeze(ctx context.Context, tx pgx.Tx, id int64, most int, query audience.Query) error {
	sql := sqlFreezeMembers
	if l.purpose == nil {
		sql = sqlFreezeListed
	}
	sql = strings.NewReplacer("/*audience join*/", query.Join, "/*audience where*/", query.Where).Replace(sql)
	if _, err := tx.Exec(ctx, sql, append([]any{id, l.purpose, channelEmail}, query.Args...)...); err != nil {
		return fmt.Errorf("freeze the audience: %w", err)
	}
	var rows, planned int64
	if err := tx.QueryRow(ctx, sqlPlannedCount, id).Scan(&rows, &planned); err != nil {
		return fmt.Errorf("count the audience: %w", err)
	}
	if _, err := tx.Exec(ctx, sqlRunAudience, id, rows); err != nil {
		return fmt.Errorf("note the size of the audience: %w", err)
	}
	if most <= 0 || planned <= int64(most) {
		return nil
	}
	if _, err := tx.Exec(ctx, sqlTooMany, id); err != nil {
		return fmt.Errorf("take back a run that is too large: %w", err)
	}
	if _, err := tx.Exec(ctx, sqlRunFail, id, failureTooMany); err != nil {
		return fmt.Errorf("end a run that is too large: %w", err)
	}
	return nil
}

// read fills in the run and makes sure that it is this campaign's.
func (l *ledger) read(ctx context.Context, tx pgx.Tx, job Job) error {
	var left float64
	r := &l.run
	if err := tx.QueryRow(ctx, sqlRunSelect, job.RunName).Scan(&r.id, &r.campaignUID, &r.generation, &r.state, &r.failure, &r.audience, &left); err != nil {
		return fmt.Errorf("read the run: %w", err)
	}
	r.deadline = time.Now().Add(time.Duration(left * float64(time.Second)))
	if r.campaignUID != job.Campaign.UID {
		return fmt.Errorf("%w: a run of this name belongs to another campaign", ErrFinal)
	}
	return nil
}

// item is a claimed row on its way.
type item struct {
	member    uuid.UUID
	lease     uuid.UUID // of its claim
	attempts  int
	facts     content.Member
	claimedAt time.Time
	messageID string
	letter    mail.Letter
	address   string
	buffer    *[]byte
}

// still asks again, for one item, what was asked when it was claimed. When the store does not answer, the item may not
// go out.
func (l *ledger) still(ctx context.Context, i *item) bool {
	asked := time.Now()
	var may bool
	err := l.pool.QueryRow(ctx, sqlStill, l.run.id, l.purpose, channelEmail, i.lease, i.member, i.address).Scan(&may)
	if err != nil || !may {
		return false
	}
	i.claimedAt = asked
	return true
}

// claim takes up to n rows that are due. Refused is the number of rows that were settled instead, because their
// members must not be written to any more.
func (l *ledger) claim(ctx context.Context, n int, day time.Time) (items []*item, refused int, err error) {
	claimedAt := time.Now() // before the database looks: a row is never older than it seems
	lease := l.leases.next()
	rows, err := l.pool.Query(ctx, sqlClaim, l.run.id, l.purpose, channelEmail, n, lease, l.lease.Seconds())
	if err != nil {
		return nil, 0, fmt.Errorf("claim rows: %w", err)
	}
	defer rows.Close()
	items = make([]*item, 0, n)
	for rows.Next() {
		i := &item{lease: lease, claimedAt: claimedAt}
		var isRefused bool
		var leftOn *time.Time
		f := &i.facts
		if err := rows.Scan(&i.member, &i.attempts, &isRefused, &i.address, &f.FamilyName, &f.GivenName, &f.Locale, &f.Region,
			&f.Department, &f.Post, &leftOn); err != nil {
			return nil, 0, fmt.Errorf("read claimed rows: %w", err)
		}
		if isRefused {
			refused++
			continue
		}
		f.YearsSinceDeparture = yearsBetween(leftOn, day)
		items = append(items, i)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("claim rows: %w", err)
	}
	return items, refused, nil
}

// yearsBetween counts whole years, and 0 for what is not known or not yet.
func yearsBetween(from *time.Time, to time.Time) int {
	if from == nil || from.After(to) {
		return 0
	}
	years := to.Year() - from.Year()
	if to.YearDay() < from.YearDay() && (to.Month() < from.Month() || to.Month() == from.Month() && to.Day() < from.Day()) {
		years--
	}
	return max(years, 0)
}

// sweep settles what dead workers left and what is too late. It returns how many rows of dead workers it found.
func (l *ledger) sweep(ctx context.Context, onUnknown string) (lost, expired int64, err error) {
	from, to := l.leases.bounds()
	tag, err := l.pool.Exec(ctx, sqlLostLeases, l.run.id, onUnknown != OnUnknownHold, from, to)
	if err != nil {
		return 0, 0, fmt.Errorf("settle lost leases: %w", err)
	}
	if time.Now().Before(l.run.deadline) {
		return tag.RowsAffected(), 0, nil
	}
	late, err := l.pool.Exec(ctx, sqlExpire, l.run.id)
	if err != nil {
		return 0, 0, fmt.Errorf("expire late rows: %w", err)
	}
	return tag.RowsAffected(), late.RowsAffected(), nil
}

// open tells whether rows are claimed, and how long until the next one is due.
func (l *ledger) open(ctx context.Context) (claimed, waiting bool, due time.Duration, err error) {
	var seconds *float64
	if err := l.pool.QueryRow(ctx, sqlOpenRows, l.run.id).Scan(&claimed, &seconds); err != nil {
		return false, false, 0, fmt.Errorf("look for open rows: %w", err)
	}
	if seconds == nil {
		return claimed, false, 0, nil
	}
	return claimed, true, time.Duration(*seconds * float64(time.Second)), nil
}

// finish ends the run if every row is settled.
func (l *ledger) finish(ctx context.Context) error {
	if _, err := l.pool.Exec(ctx, sqlRunFinish, l.run.id); err != nil {
		return fmt.Errorf("finish the run: %w", err)
	}
	return nil
}

// counts are the rows of the run by state and reason.
func (l *ledger) counts(ctx context.Context) (map[string]int64, error) {
	rows, err := l.pool.Query(ctx, sqlCounts, l.run.id)
	if err != nil {
		return nil, fmt.Errorf("count the run: %w", err)
	}
	out := map[string]int64{}
	var state, reason string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&state, &reason, &n}, func() error {
		key := state
		if reason != "" {
			key += "/" + reason
		}
		out[key] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count the run: %w", err)
	}
	return out, nil
}

// transient tells database errors that another try can heal.
func transient(err error) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return true // the connection
	}
	switch pgErr.Code[:2] {
	case "40", "53", "55", "57", "08":
		return true
	}
	return false
}
