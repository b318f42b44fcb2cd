// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/line"
	"github.com/alumni-operator/alumni-operator/internal/content"
	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// lineLanes is how many requests wait for LINE's answer at once.
const lineLanes = 16

// The reasons for which a message is not sent by LINE at all.
const (
	reasonQuota = string(channel.MonthlyQuota)
	reasonTrial = "Trial" // LINE knows no invented people
)

// lineSender pushes the messages of a run. Each has a key by which LINE knows it again for a day (campaign.md M4), so that one whose
// outcome is not known is sent again and arrives once.
type lineSender struct {
	*words
	open  func() (*line.Client, error)
	send  channel.Send
	log   *slog.Logger
	rule  line.QuotaRule
	trial bool
	used  atomic.Bool // LINE says that the month's messages are used up

	mu     sync.Mutex
	client *line.Client // opened when it is needed, and again when its token was not accepted
}

func lineWay(job Job, run int64) (way, error) {
	words, err := newWords(job, run, content.CompileBare)
	if err != nil {
		return way{}, err
	}
	s := &lineSender{words: words, open: job.LINE, log: job.Log, trial: job.Network.Trial(),
		send: channel.Send{Network: job.Network.UID, Run: job.RunName}}
	shared := limits{perSecond: settings.DefaultLINEPerSecond, perHour: unlimited}
	if l := job.Network.LINE; l != nil {
		if l.MaxPerSecond > 0 {
			shared.perSecond = l.MaxPerSecond
		}
		if l.OnQuota == settings.QuotaTrim {
			s.rule = line.Trim
		}
	}
	return way{channel: channelLINE, maker: s, words: words, shared: &shared, onUnknown: OnUnknownResend, lanes: lineLanes, lane: s.lane, begin: s.begin}, nil
}

// stopLabels stand before the link that stops what a message is one of.
var stopLabels = map[string]string{"ja": "配信の停止はこちら", "en": "Stop these messages"}

func (s *lineSender) make(i *item, _ func() *[]byte) (reason string, err error) {
	link := s.unsubscribe(i.member)
	m, err := s.render(i, link)
	if err != nil {
		return reasonRender, err
	}
	i.said, err = line.Text(channel.Post{Title: m.Subject, Text: string(m.Text), Link: link, LinkLabel: stopLabels[m.Locale]})
	if err != nil {
		return reasonRender, err
	}
	return "", nil
}

func (s *lineSender) lane(ctx context.Context, q *queue) {
	each(ctx, q, func(i *item) { s.push(ctx, q, i) })
}

// push sends one message.
func (s *lineSender) push(ctx context.Context, q *queue, i *item) {
	switch {
	case s.trial:
		q.settle(i, settlement{state: stateSkipped, reason: reasonTrial})
		return
	case s.used.Load() && i.doubt.IsZero(): // LINE need not be asked about each of them
		q.settle(i, settlement{state: stateSkipped, reason: reasonQuota})
		return
	}
	began := time.Now()
	o := s.try(ctx, i)
	i.messageID = o.ProviderID
	q.learn(heardOf(o), o.Failure())
	switch o.Kind {
	case channel.Unknown:
		i.doubt = earliest(i.doubt, began)
	case channel.OverQuota:
		if s.used.CompareAndSwap(false, true) {
			s.log.Warn("Sending no more by LINE because the month's messages are used up")
		}
	default:
	}
	q.settle(i, q.policy.settleLINE(o, i.attempts, i.doubt))
}

// heardOf is what an outcome says of the provider.
func heardOf(o channel.Outcome) answer {
	switch {
	case o.Kind == channel.Trouble, o.Kind == channel.Temporary, o.Reason == channel.ServerError:
		return saidNo
	case o.Reason == channel.KeyExpired:
		return saidNothing
	case o.Kind == channel.Unknown:
		return brokeOff
	}
	return saidSomething
}

// settleLINE turns what became of a push into what the ledger says. Doubt is since when the message may have been taken without anybody
// knowing.
func (p policy) settleLINE(o channel.Outcome, attempts int, doubt time.Time) settlement {
	s := settlement{code: o.Code, reason: string(o.Reason), doubt: doubt}
	switch o.Kind {
	case channel.Accepted:
		s.state, s.attempts, s.doubt = stateSent, 1, time.Time{}
		return s
	case channel.Permanent:
		s.state, s.attempts = stateFailed, 1
	case channel.OverQuota:
		s.state = stateSkipped
	case channel.Trouble, channel.Temporary:
		s.state, s.delay, s.reason = statePlanned, o.RetryAfter, ""
		s = p.inTime(s)
	case channel.Unknown:
		s.state = stateExpired // without a key that proves anything
		if o.Safe {
			s = p.deferred(s, mail.Outcome{}, attempts)
			s.reason = ""
		}
	}
	if !s.doubt.IsZero() && s.state != statePlanned && s.state != stateDeferred { // it may have arrived, whatever is known of this try
		s.state, s.attempts, s.doubt = stateUnknown, 1, time.Time{}
		if o.Reason != channel.KeyExpired {
			s.reason = reasonNoAnswer
		}
	}
	return s
}

func (s *lineSender) try(ctx context.Context, i *item) channel.Outcome {
	client, err := s.account()
	if err != nil {
		return channel.Outcome{Kind: channel.Trouble, Reason: channel.Credentials, Err: err}
	}
	send := s.send
	send.Step = i.step
	o := client.Push(ctx, i.address, i.said, line.Try{Key: send.MemberKey(i.member), DoubtSince: i.doubt})
	if o.Reason == channel.Credentials {
		s.forget(client)
	}
	return o
}

// account is the network's LINE account. A token that is missing or was refused may have come or been replaced by the next try.
func (s *lineSender) account() (*line.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.client == nil {
		s.client, err = s.open()
	}
	return s.client, err
}

func (s *lineSender) forget(client *line.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == client {
		s.client = nil
	}
}

// begin looks whether the month's messages of the account will do (campaign.md S8). Once anything was sent that is not looked at again: what
// LINE has left is less by then, and so is what is needed.
func (s *lineSender) begin(ctx context.Context, l *ledger) error {
	if s.trial {
		return nil
	}
	quota, err := s.quota(ctx)
	if err != nil { // then every message learns it for itself
		s.log.Warn("Failing to read how many messages of LINE are left", "error", err.Error())
		return nil
	}
	return l.leaveOut(ctx, reasonQuota, func(needed int64) (most int64) {
		plan := line.PlanQuota(quota, needed, 0, s.rule)
		if plan.Short > 0 {
			s.log.Warn("Sending less by LINE because the month's messages are used up", "needed", needed, "left", quota.Remaining(), "sending", plan.Send)
		}
		return plan.Send
	})
}

func (s *lineSender) quota(ctx context.Context) (line.Quota, error) {
	client, err := s.account()
	if err != nil {
		return line.Quota{}, err
	}
	return client.ReadQuota(ctx)
}

// leaveOut skips whoever comes after the first most members, before anything of the channel was handed out: what is on its way must not be
// passed on to another.
func (l *ledger) leaveOut(ctx context.Context, reason string, most func(needed int64) int64) error {
	err := pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlChunkLock, l.run.id, l.channel, nil); err != nil {
			return err
		}
		var needed int64
		var begun bool
		if err := tx.QueryRow(ctx, sqlOpenCount, l.run.id, l.channel).Scan(&needed, &begun); err != nil || begun || needed == 0 {
			return err
		}
		if n := most(needed); n < needed {
			_, err := tx.Exec(ctx, sqlLeaveOut, l.run.id, l.channel, n, reason)
			return err
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("leave members out: %w", err)
	}
	return nil
}
