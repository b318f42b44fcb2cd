// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// way is what differs from channel to channel.
type way struct {
	channel   string
	maker     maker
	words     *words
	shared    *limits // of the sender, which every run of the network keeps together; nil: there are none
	domains   []settings.DomainLimit
	onUnknown string
	lanes     int // messages on their way at once
	// lane sends what the queue gives until that ends.
	lane func(ctx context.Context, q *queue)
	// begin is done before the first message is claimed; nil: nothing.
	begin func(ctx context.Context, l *ledger) error
}

// newWay makes ready what a run needs on a channel. Its error wraps ErrFinal when the texts cannot be sent there.
func newWay(job Job, channel string, run int64) (way, error) {
	switch channel {
	case channelEmail:
		return mailWay(job, run)
	case channelLINE:
		return lineWay(job, run)
	case channelPortal:
		return portalWay(job, run)
	}
	return way{}, fmt.Errorf("%w: unknown channel %q", ErrFinal, channel)
}

func mailWay(job Job, run int64) (way, error) {
	writer, err := newWriter(job, run, time.Now)
	if err != nil {
		return way{}, err
	}
	shared := mailLimits(job.Network)
	return way{
		channel: channelEmail, maker: writer, words: writer.words, shared: &shared, domains: job.Network.Email.PerDomain, onUnknown: job.Campaign.OnUnknown,
		lanes: max(job.Network.Email.MaxConnections/job.workers(), 1),
		lane:  func(ctx context.Context, q *queue) { mail.NewLane(job.Mail, q).Run(ctx) },
	}, nil
}

// defaultPerSecond is the limit of a mail server that names none.
const defaultPerSecond = 50

func mailLimits(n settings.Network) limits {
	l := limits{perSecond: n.Email.MaxPerSecond, perHour: n.Email.HourlyLimit(), day: n.DayOf}
	if l.perSecond <= 0 {
		l.perSecond = defaultPerSecond
	}
	return l
}

// unlimited is what a sender has whose hours are not counted.
const unlimited = math.MaxInt32

// each hands an item to send, until the queue ends.
func each(ctx context.Context, q *queue, send func(i *item)) {
	for {
		letter, supply := q.Next(ctx, 0)
		switch supply {
		case mail.Given:
			send(itemOf(letter))
		case mail.Ended:
			return
		case mail.Idle:
		}
	}
}
