// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

const (
	// poll finds the mails that other replicas queued, and those to be tried again.
	poll = 2 * time.Second
	// senders is how many mails are on the wire at once; rounds is how many are claimed for each of them.
	senders, rounds = 4, 2
	// sendLimit bounds one mail, and settleLimit the note of what became of it. The lease outlives a whole batch, so
	// that no mail is sent by two replicas that are both well, and is short beside the ten minutes for which an
	// erasure waits for its receipt.
	sendLimit, settleLimit = 60 * time.Second, 20 * time.Second
	lease                  = rounds*(sendLimit+settleLimit) + 20*time.Second
	// linkPatience and receiptPatience are how long a mail is worth trying.
	linkPatience    = 15 * time.Minute
	receiptPatience = 24 * time.Hour
)

// pauses are the waits between tries; the last repeats.
var pauses = []time.Duration{2 * time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute}

// Worker sends the queued mails of one network.
type Worker struct {
	Queue    community.MailQueue
	Composer *Composer
	Email    settings.Email
	// EmailDir holds the mail server's credentials, read again for every batch so that a rotated password works.
	EmailDir string
	// DKIMDir holds the key that signs mails, read again like EmailDir.
	DKIMDir string
	// Recorder takes the mails of a trial in the place of a mail server.
	Recorder mail.Recorder
	Now      func() time.Time
	Log      *slog.Logger

	wake    chan struct{}
	limiter *rate.Limiter
	mails   *prometheus.CounterVec
	seconds prometheus.Histogram
}

// NewWorker finishes a Worker and registers what it counts.
func NewWorker(w Worker, registry prometheus.Registerer) *Worker {
	w.wake = make(chan struct{}, 1)
	w.limiter = rate.NewLimiter(rate.Limit(max(w.Email.MaxPerSecond, 1)), max(w.Email.MaxPerSecond, 1))
	w.mails = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "alumni_portal_mails_total", Help: "Mails of the portal by kind and outcome: Sent, Retried or Failed.",
	}, []string{"kind", "outcome"})
	w.seconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "alumni_portal_mail_seconds", Help: "Time from queueing a mail of the portal to the mail server taking it.",
		Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900},
	})
	registry.MustRegister(w.mails, w.seconds)
	return &w
}

// Wake says that there may be something to send.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run sends mails until the context ends; what is on the wire then is finished.
func (w *Worker) Run(ctx context.Context) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		n, err := w.round(ctx)
		if err != nil && ctx.Err() == nil {
			w.Log.ErrorContext(ctx, "Failing to claim mails", "error", err.Error())
		}
		if n == w.lanes()*rounds && ctx.Err() == nil {
			continue
		}
		select {
		case <-w.wake:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// lanes is how many mails may be on the wire at once.
func (w *Worker) lanes() int { return max(1, min(senders, w.Email.MaxConnections)) }

// round sends one batch and tells how many mails it had. Once ctx ends no mail is begun, and those that were are
// finished.
func (w *Worker) round(ctx context.Context) (int, error) {
	mails, err := w.Queue.ClaimMails(ctx, w.lanes()*rounds, lease)
	if err != nil || len(mails) == 0 {
		return 0, err
	}
	config, configErr := mail.LoadConfig(w.Email, mail.Folders{Login: w.EmailDir, DKIM: w.DKIMDir}, w.Recorder)
	config.CommandTimeout, config.DotTimeout = 10*time.Second, 40*time.Second
	lanes := make(chan struct{}, w.lanes())
	var all sync.WaitGroup
	for _, m := range mails {
		lanes <- struct{}{}
		all.Go(func() {
			defer func() { <-lanes }()
			err := configErr
			switch {
			case ctx.Err() != nil:
				err = errStopping
			case err == nil:
				err = w.begin(ctx, config, m)
			}
			w.settle(ctx, m, err)
		})
	}
	all.Wait()
	return len(mails), nil
}

// begin sends one mail to its end, also when the process is about to end.
func (w *Worker) begin(ctx context.Context, config mail.Config, m community.Mail) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendLimit)
	defer cancel()
	return w.send(ctx, config, m)
}

// errStopping leaves a mail to another replica.
var errStopping = errors.New("the portal is stopping")

// errPointless marks a mail that nobody needs any more.
var errPointless = errors.New("the mail has no recipient any more")

// send makes and delivers one mail. A link lives only if its mail may have been taken.
func (w *Worker) send(ctx context.Context, config mail.Config, m community.Mail) error {
	if m.Address == "" || w.Now().Sub(m.CreatedAt) > patience(m.Kind) || lacks(m) {
		return errPointless
	}
	if err := w.limiter.Wait(ctx); err != nil {
		return err
	}
	token, err := w.token(ctx, m)
	if err != nil {
		return err
	}
	message, err := w.Composer.Compose(m, token)
	if err == nil {
		message.FromName, message.FromAddress, message.Member = w.Email.FromName, w.Email.FromAddress, m.Member
		err = mail.Send(ctx, config, message)
	}
	if failure := (*mail.Failure)(nil); err == nil || !m.Kind.SignsIn() || (errors.As(err, &failure) && failure.Outcome.Kind == mail.Unknown) {
		return err
	}
	return errors.Join(err, w.Queue.DropLink(ctx, token))
}

// lacks tells whether what a mail speaks of is there no more.
func lacks(m community.Mail) bool {
	switch m.Kind {
	case community.MailWithdrawalReceipt:
		return m.Request == nil
	case community.MailEventSeat, community.MailEventCancelled:
		return m.Event == nil
	default:
		return false
	}
}

// token is the secret of the link in a mail; empty for a mail without one.
func (w *Worker) token(ctx context.Context, m community.Mail) (token string, err error) {
	switch m.Kind {
	case community.MailSignInLink:
		token, err = w.Queue.NewLink(ctx, m.Member, m.Address)
	case community.MailStaffSignInLink:
		token, err = w.Queue.NewStaffLink(ctx, m.Member)
	case community.MailAddressConfirmation:
		token, err = w.Queue.AddressToken(ctx, m.Member, m.Address)
	default:
		return "", nil
	}
	if err == nil && token == "" {
		err = errPointless
	}
	return token, err
}

// settle records what became of a mail.
func (w *Worker) settle(ctx context.Context, m community.Mail, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer cancel()
	outcome := "Retried"
	var recorded error
	failure := (*mail.Failure)(nil)
	switch {
	case err == nil:
		outcome = "Sent"
		w.seconds.Observe(w.Now().Sub(m.CreatedAt).Seconds())
		recorded = w.Queue.MailSent(ctx, m.ID)
	case errors.Is(err, errPointless), errors.Is(err, compose.ErrAddress), errors.As(err, &failure) && failure.Outcome.Kind == mail.Permanent && failure.Outcome.Stage == mail.StageRcpt:
		outcome = "Failed"
		recorded = w.Queue.MailFailed(ctx, m.ID)
	case errors.Is(err, errStopping):
		recorded = w.Queue.RetryMail(ctx, m.ID, 0)
	default:
		recorded = w.Queue.RetryMail(ctx, m.ID, pauses[min(m.Attempts, len(pauses))-1])
	}
	w.mails.WithLabelValues(string(m.Kind), outcome).Inc()
	if err != nil {
		w.Log.WarnContext(ctx, "Failing to send a mail", "mail", m.ID, "kind", m.Kind, "attempt", m.Attempts, "outcome", outcome, "error", err.Error())
	}
	if recorded != nil {
		w.Log.ErrorContext(ctx, "Failing to record a mail", "mail", m.ID, "kind", m.Kind, "outcome", outcome, "error", recorded.Error())
	}
}

func patience(kind community.MailKind) time.Duration {
	if kind.SignsIn() || kind == community.MailAddressConfirmation {
		return linkPatience
	}
	return receiptPatience
}
