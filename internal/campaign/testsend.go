// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/time/rate"

	"github.com/alumni-operator/alumni-operator/internal/content"
	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// maxTestRecipients is how many addresses a test send goes to at most: it is for those who look a campaign over, and no list.
const maxTestRecipients = 10

// testSendLimit bounds a test send in all.
const testSendLimit = 10 * time.Minute

// Why nothing of a test send went out; see alumni.campaign_test_send.failure.
const (
	failureNoRecipients     = "NoRecipients"
	failureTooManyAddresses = "TooManyRecipients"
	failureAddress          = "InvalidAddress"
	failureNotTaken         = "NotTaken"   // by the mail server, or not in time
	failureHourUsedUp       = "HourUsedUp" // the sender's limit; what is counted went out
	failureTrial            = "Trial"      // the mailbox of a trial is for its people
)

// errRecipients is a list of test recipients that cannot be used. Its text is a reason code, and never an address.
type errRecipients string

// Error is the reason code.
func (e errRecipients) Error() string { return string(e) }

// ParseTestRecipients reads addresses, one for each line.
func ParseTestRecipients(list string) ([]string, error) {
	var addresses []string
	seen := map[string]bool{}
	for line := range strings.Lines(list) {
		address := strings.TrimSpace(line)
		if address == "" || seen[strings.ToLower(address)] {
			continue
		}
		if _, err := compose.ParseAddress(address); err != nil {
			return nil, errRecipients(failureAddress)
		}
		seen[strings.ToLower(address)] = true
		addresses = append(addresses, address)
	}
	switch {
	case len(addresses) == 0:
		return nil, errRecipients(failureNoRecipients)
	case len(addresses) > maxTestRecipients:
		return nil, errRecipients(failureTooManyAddresses)
	}
	return addresses, nil
}

// TestSend sends every text of a campaign, as an invented member would get it, to those who look it over, and notes under job.RunName
// how many were taken. It plans nothing, reads nobody, and counts nothing that is done with its mails. An error that wraps ErrFinal
// cannot be healed by another try.
func TestSend(ctx context.Context, pool *pgxpool.Pool, job Job, list string) error {
	if err := job.check(); err != nil {
		return err
	}
	note := func(sent, failed int, failure string) error {
		if _, err := pool.Exec(ctx, sqlTestSendNote, job.Campaign.UID, job.RunName, sent, failed, failure); err != nil {
			return fmt.Errorf("note the test send: %w", err)
		}
		job.Log.Info("Finishing a test send", "testSend", job.RunName, "sent", sent, "failed", failed, "failure", failure)
		return nil
	}
	if job.Network.Trial() {
		return note(0, 0, failureTrial)
	}
	recipients, err := ParseTestRecipients(list)
	if reason := errRecipients(""); errors.As(err, &reason) {
		return note(0, 0, string(reason))
	}
	t, err := newTester(pool, job)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, testSendLimit)
	defer cancel()
	sent, failed, err := t.send(limited, recipients)
	switch {
	case errors.Is(err, errHourUsedUp):
		return note(sent, failed, failureHourUsedUp)
	case err != nil && limited.Err() == nil || ctx.Err() != nil:
		return stopped(ctx, err)
	case err != nil || sent == 0:
		return note(sent, failed, failureNotTaken)
	}
	return note(sent, failed, "")
}

// tester sends the texts of a campaign to people who are no members.
type tester struct {
	job    Job
	writer *writer
	pace   *pacer
	links  content.Links
}

func newTester(pool *pgxpool.Pool, job Job) (*tester, error) {
	job.blocks = content.SampleBlocks(job.Network, job.Network.DefaultLocale)
	t := &tester{job: job}
	var err error
	if t.writer, err = newWriter(job, 0, time.Now); err != nil { // there is no run 0: whatever its links tell is told of nothing
		return nil, err
	}
	l, err := newLedger(pool, job, time.Now)
	if err != nil {
		return nil, err
	}
	t.pace = newPacer(l, channelEmail, mailLimits(job.Network), rate.NewLimiter(rate.Inf, 0))
	t.links.Unsubscribe, t.links.Survey = t.writer.unsubscribe(uuid.Nil), t.writer.question(uuid.Nil)
	return t, nil
}

// send makes every mail and sends it to everybody. What a mail server refuses is counted; the error is the store's, or of a text.
func (t *tester) send(ctx context.Context, recipients []string) (sent, failed int, err error) {
	for _, e := range editions(t.job.Campaign) {
		for _, locale := range t.job.Campaign.Step(e.step).Locales {
			m, err := t.message(locale.Locale, e)
			if err != nil {
				return sent, failed, fmt.Errorf("%w: %w", ErrFinal, err)
			}
			for _, to := range recipients {
				if err := t.pace.next(ctx); err != nil {
					return sent, failed, err
				}
				m.To = to
				if err := mail.Send(ctx, t.job.Mail, m); err != nil {
					failed++
					t.job.Log.Warn("Failing to send a test mail", "error", err.Error())
					continue
				}
				sent++
			}
		}
	}
	return sent, failed, nil
}

// editions are the texts of a campaign, in order: each variant of the first message, or it alone, and each step.
func editions(c settings.Campaign) []edition {
	var all []edition
	for _, name := range c.Variants() {
		all = append(all, edition{firstStep, name, name})
	}
	if len(all) == 0 {
		all = []edition{{step: firstStep}}
	}
	for i := range c.Steps {
		all = append(all, edition{step: firstStep + 1 + i})
	}
	return all
}

// testMarks begin the subject of a test mail.
var testMarks = map[string]string{"ja": "[テスト] ", "en": "[TEST] "}

// message is one text as an invented member gets it.
func (t *tester) message(locale string, e edition) (mail.Message, error) {
	m, err := t.writer.texts[e].Render(&content.Samples(locale)[0], t.links)
	if err != nil {
		return mail.Message{}, err
	}
	subject := testMarks[locale]
	switch {
	case e.step > firstStep:
		subject += "[" + t.job.Campaign.Steps[e.step-firstStep-1].Name + "] "
	case e.words != "":
		subject += "[" + e.words + "] "
	}
	return mail.Message{FromName: t.job.Network.Email.FromName, FromAddress: t.job.Network.Email.FromAddress, Subject: subject + m.Subject,
		Locale: m.Locale, Text: string(m.Text), HTML: string(m.HTML), Calendar: m.Calendar}, nil
}
