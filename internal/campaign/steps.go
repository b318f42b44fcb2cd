// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/audience"
)

// firstStep is the number of the first message of a campaign; the steps that are declared follow it (campaign.md S2).
const firstStep = 1

// begins tells that a run writes the first message to its audience, and does not only go on with those who got it.
func (j Job) begins() bool {
	return len(j.Campaign.Steps) == 0 || j.Campaign.FirstAt == nil || j.Campaign.ResendOf != "" || j.Campaign.FirstAt.Equal(j.ScheduledAt)
}

// stepOf is what a statement writes as the step of a delivery: of a message that is sent again its own.
func (l *ledger) stepOf() string {
	if l.resendOf == nil {
		return fmt.Sprint(firstStep)
	}
	return "(SELECT max(d.step) FROM alumni.delivery d JOIN alumni.campaign_run r ON r.id = d.run_id WHERE r.run_name = $13 AND d.member_id = p.id)"
}

// freezeSteps writes to whom the run says what follows, and enrols those who begin.
func (l *ledger) freezeSteps(ctx context.Context, tx pgx.Tx, id int64, job Job) error {
	steps := job.Campaign.Steps
	if job.Campaign.ResendOf != "" {
		return nil
	}
	if _, err := tx.Exec(ctx, sqlStepsOver, job.Campaign.UID, len(steps)+firstStep); err != nil {
		return fmt.Errorf("end what follows nothing any more: %w", err)
	}
	if len(steps) == 0 {
		return nil
	}
	due, err := l.stepsDue(ctx, tx, job)
	if err != nil {
		return err
	}
	for _, step := range due {
		if err := l.freezeStep(ctx, tx, id, job, step); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, sqlEnrol, id, job.Campaign.UID, job.dayAfter(firstStep)); err != nil {
		return fmt.Errorf("enrol members: %w", err)
	}
	return nil
}

// due is a step whose time has come, for members who are before it. From is less where the time of a step before passed without a run.
type dueStep struct{ from, number int }

// stepsDue are the steps of a run. A campaign that began once has one for each run.
func (l *ledger) stepsDue(ctx context.Context, tx pgx.Tx, job Job) ([]dueStep, error) {
	if job.Campaign.FirstAt != nil {
		if n := job.stepOfDay(); n > firstStep {
			return []dueStep{{firstStep + 1, n}}, nil
		}
		return nil, nil
	}
	rows, err := tx.Query(ctx, sqlStepsDue, job.Campaign.UID, asDate(job.day()))
	if err != nil {
		return nil, fmt.Errorf("look which steps are due: %w", err)
	}
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return nil, fmt.Errorf("look which steps are due: %w", err)
	}
	due := make([]dueStep, 0, len(numbers))
	for _, n := range numbers {
		due = append(due, dueStep{n, n})
	}
	return due, nil
}

// stepOfDay is the last step that comes on the day of the run, or before, of a campaign that began once.
func (j Job) stepOfDay() int {
	first := j
	first.ScheduledAt = *j.Campaign.FirstAt
	day, number := first.day(), firstStep
	for _, s := range j.Campaign.Steps {
		if day = day.AddDate(0, 0, s.AfterDays); day.After(j.day()) {
			break
		}
		number++
	}
	return number
}

// dayAfter is when the step after one is due for those who got it today; nil after the last.
func (j Job) dayAfter(step int) *time.Time {
	if step > len(j.Campaign.Steps) {
		return nil
	}
	day := asDate(j.day()).AddDate(0, 0, j.Campaign.Steps[step-firstStep].AfterDays)
	return &day
}

// freezeStep lets those go who leave before a step, writes it to the others, and moves them on.
func (l *ledger) freezeStep(ctx context.Context, tx pgx.Tx, id int64, job Job, step dueStep) error {
	before := []any{job.Campaign.UID, step.from, step.number, asDate(job.day())}
	exit, err := audience.CompileExit(job.Campaign, job.Campaign.Steps[step.number-firstStep-1], job.day(), len(before)+1)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFinal, err)
	}
	if _, err := tx.Exec(ctx, narrowed(sqlExitStep, exit), append(before, exit.Args...)...); err != nil {
		return fmt.Errorf("let members leave before a step: %w", err)
	}
	query := audience.Query{Where: sqlEnrolled, Occasion: "NULL::text", Args: append(before, job.dayAfter(step.number))}
	sql, args := l.plan(sqlFreezeStep, &id, query)
	if _, err := tx.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("freeze a step: %w", err)
	}
	return nil
}

// sqlEnrolled holds of members before a step whose time has come, and who get nothing else of the run: one message at a time; see freeze_step.sql for its parameters.
const sqlEnrolled = `m.id IN (SELECT n.recipient_id FROM alumni.enrolment n WHERE n.campaign_uid = $13 AND n.step BETWEEN $14 AND $15 AND n.due_on <= $16)
  AND NOT EXISTS (SELECT FROM alumni.delivery o WHERE o.run_id = $1 AND o.member_id = m.id)`
