// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"cmp"
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
	"github.com/alumni-operator/alumni-operator/internal/settings"
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
	sqlRunInsert       = statement("run_insert")
	sqlRunSelect       = statement("run_select")
	sqlPlanningLock    = statement("planning_lock")
	sqlZones           = statement("zones")
	sqlBusy            = statement("busy")
	sqlPlanMembers     = statement("plan_members")
	sqlPlanListed      = statement("plan_listed")
	sqlPlanFirst       = statement("plan_first")
	sqlChunkLock       = statement("chunk_lock")
	sqlPassOn          = statement("pass_on")
	sqlLeaveOut        = statement("leave_out")
	sqlOpenCount       = statement("open_count")
	sqlEnrol           = statement("enrol")
	sqlStepsDue        = statement("steps_due")
	sqlStepsOver       = statement("steps_over")
	sqlExitStep        = statement("exit_step")
	sqlFreezeStep      = statement("freeze_step")
	sqlForgetSteps     = statement("forget_steps")
	sqlUndeclared      = statement("undeclared")
	sqlChunkCover      = statement("chunk_cover")
	sqlNoticeInsert    = statement("notice_insert")
	sqlFreeze          = statement("freeze")
	sqlFreezeNews      = statement("freeze_news")
	sqlNews            = statement("news")
	sqlEvents          = statement("events")
	sqlResent          = statement("resent")
	sqlFreezeOccasions = statement("freeze_occasions")
	sqlFreezeArms      = statement("freeze_arms")
	sqlDecide          = statement("decide")
	sqlWinner          = statement("winner")
	sqlForgetOccasions = statement("forget_occasions")
	sqlFreeOccasions   = statement("free_occasions")
	sqlPlannedCount    = statement("planned_count")
	sqlRunAudience     = statement("run_audience")
	sqlTooMany         = statement("too_many")
	sqlRunFail         = statement("run_fail")
	sqlClaim           = statement("claim")
	sqlStill           = statement("still")
	sqlAck             = statement("ack")
	sqlInvited         = statement("invited")
	sqlRenew           = statement("renew")
	sqlLostLeases      = statement("lost_leases")
	sqlChunkNone       = statement("chunk_none")
	sqlChunkAdopt      = statement("chunk_adopt")
	sqlChunkInsert     = statement("chunk_insert")
	sqlChunkTake       = statement("chunk_take")
	sqlChunkRelease    = statement("chunk_release")
	sqlChunkForget     = statement("chunk_forget")
	sqlExpire          = statement("expire")
	sqlOpenRows        = statement("open_rows")
	sqlRunFinish       = statement("run_finish")
	sqlRunOver         = statement("run_over")
	sqlCounts          = statement("counts")
	sqlAllowanceInsert = statement("allowance_insert")
	sqlAllowanceLock   = statement("allowance_lock")
	sqlAllowanceUpdate = statement("allowance_update")
	sqlPreview         = statement("preview")
	sqlPreviewNote     = statement("preview_note")
	sqlTestSendNote    = statement("test_send_note")
	sqlEcho            = statement("echo")
	sqlSurveyNote      = statement("survey_note")
	sqlRunPause        = statement("run_pause")
	sqlRunResume       = statement("run_resume")
	sqlEndPaused       = statement("end_paused")
)

// The states of a run, and the reason of a run that is too large.
const (
	runSending         = "Sending"
	runFinished        = "Finished"
	runFailed          = "Failed"
	runPaused          = "Paused"
	failureTooMany     = "TooManyRecipients"
	freezeStatementMax = "10min"
)

// ledger is the store as a campaign sees it, on one of its channels or on all of them.
type ledger struct {
	pool     *pgxpool.Pool
	channels []string // of the campaign, in order
	channel  string   // the one; empty for all
	work     bool     // the texts say something of the member's work
	first    bool     // each member is written to by the first channel that reaches them
	leases   *leases
	run      run
	lease    time.Duration
	purpose  *string // nil for an invitation
	tracks   settings.Tracking

	test     *settings.ABTest // nil without one
	variants []string         // of the test
	event    *string          // the occasion that a trigger writes for; nil without one
	resendOf *string          // the run that is sent again; nil for another

	chunk    *chunk // whose deliveries are being handed out; only the goroutine that claims uses it
	promises *promises
	due      time.Time // before it nobody is written to
}

// newLedger is the store as a job sees it, whose promises go by a clock. Its error wraps ErrFinal.
func newLedger(pool *pgxpool.Pool, job Job, now func() time.Time) (*ledger, error) {
	l := &ledger{pool: pool, channels: job.Campaign.MemberChannels(), first: job.Campaign.ChannelMode == settings.FirstReachable,
		leases: newLeases(), lease: job.Tuning.Lease, due: job.ScheduledAt, tracks: job.Campaign.Tracks(),
		test: job.Campaign.ABTest, variants: job.Campaign.Variants()}
	if p, ok := purposes[job.Campaign.Type]; ok {
		l.purpose = &p
	}
	if job.Campaign.ResendOf != "" {
		l.resendOf = &job.Campaign.ResendOf
	}
	if t := job.Campaign.Trigger; t != nil {
		l.event = &t.Event
	}
	var err error
	l.promises, err = newPromises(job.Network, job.Campaign, now)
	return l, err
}

// on is the ledger on one of its channels, with leases and a chunk of its own.
func (l *ledger) on(channel string) *ledger {
	one := *l
	one.channel, one.leases = channel, newLeases()
	return &one
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
	tested      bool      // it began with an A/B test
	winner      string    // of the test; empty until it is decided
}

// join makes the run, with its audience, or finds it made by another start. created says which. Both happen in one
// transaction, so that a run never has half an audience.
func (l *ledger) join(ctx context.Context, job Job, day time.Time) (created bool, err error) {
	query, err := audienceOf(job, day)
	if err != nil {
		return false, err
	}
	err = pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = '"+freezeStatementMax+"'"); err != nil {
			return fmt.Errorf("allow time to freeze the audience: %w", err)
		}
		if _, err := tx.Exec(ctx, sqlEndPaused); err != nil {
			return fmt.Errorf("end runs that rested too long: %w", err)
		}
		if !job.Resume.IsZero() {
			if _, err := tx.Exec(ctx, sqlRunResume, job.RunName, job.Resume); err != nil {
				return fmt.Errorf("let the run go on: %w", err)
			}
		}
		var id int64
		err := tx.QueryRow(ctx, sqlRunInsert, job.RunName, job.Campaign.UID, job.Campaign.Name, job.Campaign.Type, l.purpose,
			job.Campaign.Generation, job.ScheduledAt, float64(job.Campaign.RetryDeadlineSeconds),
			cmp.Or(l.tracks.Clicks, trackNothing), cmp.Or(l.tracks.Opens, trackNothing), l.testSeconds(), l.resendOf).Scan(&id)
		switch {
		case errors.Is(err, pgx.ErrNoRows): // another start made it
		case err != nil:
			return fmt.Errorf("insert the run: %w", err)
		default:
			created = true
			if err := l.freezeRun(ctx, tx, id, job, query); err != nil {
				return err
			}
		}
		if err := l.read(ctx, tx, job); err != nil || created {
			return err
		}
		return l.adopt(ctx, tx, job.Campaign.OnUnknown)
	})
	return created, err
}

// trackNothing is how the store says what a campaign leaves out.
const trackNothing = "Disabled"

// firstOfAudience is the number of the first parameter that belongs to the audience in a plan.
const firstOfAudience = 13

// plan makes a statement of a file that holds a place for the plan, and its arguments. run is nil when there is none yet.
func (l *ledger) plan(statement string, run *int64, query audience.Query) (sql string, args []any) {
	plan := sqlPlanMembers
	if l.purpose == nil {
		plan = sqlPlanListed
	}
	if l.first {
		plan = strings.ReplaceAll(sqlPlanFirst, "/*plan*/", plan)
	}
	sql = strings.NewReplacer("/*busy*/", sqlBusy, "/*plan*/", narrowed(plan, query), "/*step*/", l.stepOf()).Replace(statement)
	sql = strings.ReplaceAll(sql, "/*unreachable*/", "'"+strings.Join(unreachable, "', '")+"'")
	zones, ends := l.promises.quietNow()
	today, week := l.promises.days()
	return sql, append([]any{run, l.purpose, l.channels, l.event, zones, ends, l.promises.skip, today, week,
		l.promises.most.PerDay, l.promises.most.PerSevenDays, l.due}, query.Args...)
}

// narrowed is a statement over those members who are in an audience.
func narrowed(statement string, query audience.Query) string {
	return strings.NewReplacer("/*audience join*/", query.Join, "/*audience where*/", query.Where, "/*occasion*/", query.Occasion).Replace(statement)
}

// freeze writes the audience, and ends a run that is larger than its campaign allows.
func (l *ledger) freeze(ctx context.Context, tx pgx.Tx, id int64, job Job, query audience.Query) error {
	if _, err := tx.Exec(ctx, sqlPlanningLock); err != nil {
		return fmt.Errorf("wait for other runs to be planned: %w", err)
	}
	if err := l.promises.learn(ctx, tx); err != nil {
		return err
	}
	if job.begins() {
		if err := l.freezeFirst(ctx, tx, id, query); err != nil {
			return err
		}
	}
	if err := l.freezeSteps(ctx, tx, id, job); err != nil {
		return err
	}
	if err := noteSurvey(ctx, tx, job); err != nil {
		return err
	}
	var rows, planned int64
	if err := tx.QueryRow(ctx, sqlPlannedCount, id).Scan(&rows, &planned); err != nil {
		return fmt.Errorf("count the audience: %w", err)
	}
	if _, err := tx.Exec(ctx, sqlRunAudience, id, rows); err != nil {
		return fmt.Errorf("note the size of the audience: %w", err)
	}
	if most := job.Campaign.MaxRecipients; most <= 0 || planned <= int64(most) {
		return l.divide(ctx, tx, id)
	}
	for _, end := range []struct {
		sql  string
		args []any
	}{{sqlTooMany, []any{id}}, {sqlForgetOccasions, []any{id}}, {sqlForgetSteps, []any{id, job.day()}}, {sqlRunFail, []any{id, failureTooMany}}} {
		if _, err := tx.Exec(ctx, end.sql, end.args...); err != nil {
			return fmt.Errorf("end a run that is too large: %w", err)
		}
	}
	return nil
}

// freezeFirst writes whom the first message of the campaign goes to.
func (l *ledger) freezeFirst(ctx context.Context, tx pgx.Tx, id int64, query audience.Query) error {
	statement := sqlFreeze
	if l.event != nil && l.resendOf == nil { // the occasion was noted when it was written for first
		statement = sqlFreezeOccasions
	}
	sql, args := l.plan(statement, &id, query)
	if l.test != nil {
		sql, args = l.planArms(id, query)
	}
	if _, err := tx.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("freeze the audience: %w", err)
	}
	return nil
}

// read fills in the run and makes sure that it is this campaign's.
func (l *ledger) read(ctx context.Context, tx pgx.Tx, job Job) error {
	var left float64
	r := &l.run
	if err := tx.QueryRow(ctx, sqlRunSelect, job.RunName).Scan(&r.id, &r.campaignUID, &r.generation, &r.state, &r.failure, &r.audience, &left, &r.tested, &r.winner); err != nil {
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
	step      int    // of the campaign; 1 is its first message
	chunk     *chunk // it was handed out of
	attempts  int
	variant   string // of the A/B test that the member is in; empty for others
	text      string // which variant's words it has; empty for those without a variant
	tracked   bool   // the member consented to what the campaign wants to learn of members
	facts     content.Member
	claimedAt time.Time
	messageID string
	doubt     time.Time     // since when it may have been sent without anybody knowing whether it arrived; zero when it was not
	said      string        // the text of a message by LINE
	notice    *content.Mail // in the portal
	letter    mail.Letter
	address   string
	buffer    *[]byte
}

// still asks again, for one item, what was asked when it was claimed. When the store does not answer, the item may not
// go out.
func (l *ledger) still(ctx context.Context, i *item) bool {
	asked := time.Now()
	quiet, _ := l.promises.quietNow()
	var may bool
	err := l.pool.QueryRow(ctx, sqlStill, l.run.id, l.purpose, l.channel, i.chunk.lease, i.member, i.address, l.event, quiet).Scan(&may)
	if err != nil || !may {
		return false
	}
	i.claimedAt = asked
	return true
}

// yearsBetween counts whole years, and 0 for what is not known or not yet.
func yearsBetween(from *time.Time, to time.Time) int {
	if from == nil || from.After(to) {
		return 0
	}
	if next := to.AddDate(0, 0, 1); from.Month() == time.February && from.Day() == 29 && next.Month() == time.March && next.Day() == 1 {
		return to.Year() - from.Year() // in a year without the 29th of February it is kept on the 28th
	}
	years := to.Year() - from.Year()
	if to.YearDay() < from.YearDay() && (to.Month() < from.Month() || to.Month() == from.Month() && to.Day() < from.Day()) {
		years--
	}
	return max(years, 0)
}

// sweep settles what dead workers left and what is too late. It returns how many rows of dead workers it found.
func (l *ledger) sweep(ctx context.Context, onUnknown string) (lost, expired int64, err error) {
	if err := l.promises.learn(ctx, l.pool); err != nil {
		return 0, 0, err
	}
	from, to := l.leases.bounds()
	if err := l.pool.QueryRow(ctx, sqlLostLeases, l.run.id, l.channel, onUnknown != OnUnknownHold, from, to).Scan(&lost); err != nil {
		return 0, 0, fmt.Errorf("settle lost leases: %w", err)
	}
	if time.Now().Before(l.run.deadline) {
		return lost, 0, nil
	}
	if err := l.pool.QueryRow(ctx, sqlExpire, l.run.id, l.channel).Scan(&expired); err != nil {
		return 0, 0, fmt.Errorf("expire late rows: %w", err)
	}
	return lost, expired, nil
}

// echo is what became known of a run after its mails were taken.
type echo struct{ complaints, bounced, sent int64 }

func (l *ledger) echo(ctx context.Context) (e echo, err error) {
	if err := l.pool.QueryRow(ctx, sqlEcho, l.run.id).Scan(&e.complaints, &e.bounced, &e.sent); err != nil {
		return echo{}, fmt.Errorf("count complaints and late bounces: %w", err)
	}
	return e, nil
}

// pause lets the run rest.
func (l *ledger) pause(ctx context.Context, reason string) error {
	if _, err := l.pool.Exec(ctx, sqlRunPause, l.run.id, reason); err != nil {
		return fmt.Errorf("pause the run: %w", err)
	}
	return nil
}

// left is how much of a run is not done.
type left struct {
	claimed bool          // rows are on their way, here or at another worker
	waiting bool          // rows are to be sent
	due     time.Duration // until the first of those
	paused  bool          // the run rests
	passing bool          // nothing of these, but members whom one channel does not reach and the next can take over
}

// over tells that no worker has anything to do any more.
func (l left) over() bool { return !l.claimed && (!l.waiting && !l.passing || l.paused) }

// open is what is left on the channel and on those from which members may still be passed on to it.
func (l *ledger) open(ctx context.Context) (left, error) {
	channels := l.channels
	if l.channel != "" {
		channels = append(l.before(), l.channel)
	}
	var reasons []string
	if l.first {
		reasons = unreachable
	}
	var o left
	var seconds *float64
	if err := l.pool.QueryRow(ctx, sqlOpenRows, l.run.id, channels, reasons).Scan(&o.claimed, &seconds, &o.paused, &o.passing); err != nil {
		return left{}, fmt.Errorf("look for open rows: %w", err)
	}
	if seconds != nil {
		o.waiting, o.due = true, time.Duration(*seconds*float64(time.Second))
	}
	return o, nil
}

// finish ends the run if every row is settled. Otherwise the error is ErrUnfinished: another start may find the rest.
func (l *ledger) finish(ctx context.Context) error {
	var over bool
	err := pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		for _, end := range []string{sqlRunFinish, sqlChunkForget, sqlFreeOccasions} {
			if _, err := tx.Exec(ctx, end, l.run.id); err != nil {
				return err
			}
		}
		return tx.QueryRow(ctx, sqlRunOver, l.run.id).Scan(&over)
	})
	switch {
	case err != nil:
		return fmt.Errorf("finish the run: %w", err)
	case !over:
		return ErrUnfinished
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
