// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/broadcast"
	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/webhook"
	"github.com/alumni-operator/alumni-operator/internal/content"
	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// postConnections is how many more connections to the store a run needs that posts.
const postConnections = 2

// postGaps is the time between two posts to one destination, by channel: the default limits of campaign.md, M10.
var postGaps = map[string]time.Duration{
	broadcast.Slack: time.Second, broadcast.Teams: time.Second / 2, broadcast.Webhook: time.Second / 10,
}

// linkLabels are the words for the link to the portal.
var linkLabels = map[string]string{"ja": "ポータルを開く", "en": "Open the portal"}

// poster posts one run to its destinations, each in a goroutine of its own: none waits for another, or for the mails.
type poster struct {
	ledger *ledger
	log    *slog.Logger
	run    string
	uses   []settings.Channel
	places []broadcast.Destination
	tuning Tuning
	event  broadcast.Event
	send   channel.Send
}

// newPoster makes the text of the posts. There is no poster for a campaign that posts nothing but one that settles what an
// earlier text of it left behind.
func newPoster(job Job, l *ledger) (*poster, error) {
	p := &poster{ledger: l, log: job.Log, run: job.RunName, uses: job.Campaign.Broadcasts(), places: job.Destinations, tuning: job.Tuning}
	if len(p.uses) == 0 {
		return p, nil
	}
	text, err := content.CompileBroadcast(job.Network, job.Campaign)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFinal, err)
	}
	p.send = channel.Send{Network: job.Network.UID, Run: job.RunName, Step: 1}
	p.event = broadcast.Event{
		Post: channel.Post{Title: text.Title, Text: text.Text, Link: job.Network.PublicURL, LinkLabel: linkLabels[text.Locale]},
		Run: webhook.Run{
			Network:  webhook.Network{Namespace: job.Network.Namespace, Name: job.Network.Name},
			Campaign: webhook.Campaign{Name: job.Campaign.Name, Type: job.Campaign.Type},
			Name:     job.RunName, Scheduled: job.ScheduledAt, Locale: text.Locale,
		},
	}
	if job.Network.Trial() {
		return p, nil // everything is skipped
	}
	for _, use := range p.uses {
		if p.place(use) == nil {
			return nil, fmt.Errorf("%w: nothing is known of destination %s of %s", ErrFinal, use.Destination, use.Type)
		}
	}
	return p, nil
}

func (p *poster) place(use settings.Channel) *broadcast.Destination {
	i := slices.IndexFunc(p.places, func(d broadcast.Destination) bool { return d.Channel == use.Type && d.Name == use.Destination })
	if i < 0 {
		return nil
	}
	return &p.places[i]
}

// compile makes sure that every text can be sent, before anything is written: a bad one must not leave a run behind.
func (e *engine) compile() error {
	for _, name := range e.ledger.channels {
		if _, err := newWay(e.job, name, 0); err != nil {
			return err
		}
	}
	var err error
	e.poster, err = newPoster(e.job, e.ledger)
	return err
}

// deliver sends by every channel, and posts, side by side. When the store fails one of them, the others are told to stop too: the worker
// must start again.
func (e *engine) deliver(ctx context.Context) error {
	if err := e.ledger.declare(ctx); err != nil {
		return stopped(ctx, err)
	}
	all, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, len(e.couriers)+1)
	var going sync.WaitGroup
	try := func(n int, work func(context.Context) error) {
		going.Go(func() {
			if errs[n] = work(all); errs[n] != nil {
				stop()
			}
		})
	}
	for n, c := range e.couriers {
		try(n, c.work)
	}
	try(len(e.couriers), e.poster.work)
	going.Wait()
	return errors.Join(errs...)
}

// open is what is left of the whole run, mails and posts.
func (e *engine) open(ctx context.Context) (left, error) {
	o, err := e.ledger.open(ctx)
	if err != nil {
		return left{}, err
	}
	var claimed, waiting bool
	if err := e.ledger.pool.QueryRow(ctx, sqlPostOpen, e.ledger.run.id).Scan(&claimed, &waiting); err != nil {
		return left{}, fmt.Errorf("look for open posts: %w", err)
	}
	o.claimed, o.waiting = o.claimed || claimed, o.waiting || waiting
	return o, nil
}

// work posts until every destination is settled or ctx ends.
func (p *poster) work(ctx context.Context) error {
	if err := p.ledger.settleUndeclared(ctx, p.uses); err != nil {
		return ignoreStop(ctx, err)
	}
	errs := make([]error, len(p.uses))
	var posting sync.WaitGroup
	for i, use := range p.uses {
		place := p.place(use)
		if place == nil {
			continue // of a trial
		}
		posting.Go(func() { errs[i] = ignoreStop(ctx, p.attend(ctx, use, place)) })
	}
	posting.Wait()
	return errors.Join(errs...)
}

// attend takes care of one destination until its post is settled, by this worker or another, or the run rests.
func (p *poster) attend(ctx context.Context, use settings.Channel, place *broadcast.Destination) error {
	store, stop := outlive(ctx)
	defer stop()
	troubles := 0
	for ctx.Err() == nil {
		if err := p.sweep(ctx, use); err != nil {
			return err
		}
		c, claimed, err := p.ledger.claimPost(store, use, p.tuning)
		switch {
		case err != nil:
			return err
		case claimed:
			troubles, err = p.post(ctx, c, place, troubles)
			if err != nil {
				return err
			}
			continue
		}
		open, err := p.ledger.lookAtPost(ctx, use)
		switch {
		case err != nil:
			return err
		case open.over():
			return nil
		}
		sleep(ctx, min(p.tuning.Poll, max(open.due, shortestLook)))
	}
	return nil
}

// shortestLook is the shortest time between two looks at a post that is due and cannot be claimed yet.
const shortestLook = 50 * time.Millisecond

// sweep settles what a dead worker left, and what is too late.
func (p *poster) sweep(ctx context.Context, use settings.Channel) error {
	state, err := p.ledger.sweepPost(ctx, use)
	if err == nil && state != "" {
		p.log.Warn("Settling a post that a worker left, or that is too late", "run", p.run, "channel", use.Type, "destination", use.Destination, "state", state)
	}
	return err
}

// post posts once and writes down what became of it. A request that has begun is let end although ctx does: it takes Tuning.PostTimeout
// at most, and breaking it off would leave it in doubt. It returns how often in a row the destination could not be reached.
func (p *poster) post(ctx context.Context, c postClaim, place *broadcast.Destination, troubles int) (int, error) {
	if ctx.Err() != nil { // nothing has begun yet
		return troubles, p.write(ctx, c, channel.Outcome{}, settlement{state: statePlanned})
	}
	event := p.event
	event.Run.Key = p.send.DestinationKey(c.use.Type + "/" + c.use.Destination)
	wire, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.tuning.PostTimeout)
	defer cancel()
	o := place.Post(wire, event)
	if o.Kind != channel.Trouble {
		troubles = 0
	} else {
		troubles++
	}
	s := p.policy(c.use).settlePost(o, c.attempts, troubles)
	attributes := []any{"run", p.run, "channel", c.use.Type, "destination", c.use.Destination, "state", s.state}
	if err := o.Failure(); err != nil {
		p.log.Warn("Failing to post", append(attributes, "error", err.Error())...)
	} else {
		p.log.Info("Posting", attributes...)
	}
	return troubles, p.write(ctx, c, o, s)
}

// write outlives ctx for as long as the last writes may take, so that nothing is in doubt of which the outcome is known.
func (p *poster) write(ctx context.Context, c postClaim, o channel.Outcome, s settlement) error {
	store, stop := outlive(ctx)
	defer stop()
	return (&flusher{log: p.log}).retry(store, func(ctx context.Context) error { return p.ledger.ackPost(ctx, c, o, s) })
}

func (p *poster) policy(use settings.Channel) policy {
	return policy{base: p.tuning.BackoffBase, onUnknown: onUnknownOf(use), random: rand.Float64,
		left: func() time.Duration { return time.Until(p.ledger.run.deadline) }}
}

// onUnknownOf is Hold unless the campaign says otherwise: none of these channels drops a second post by itself.
func onUnknownOf(use settings.Channel) string {
	if use.OnUnknown == OnUnknownResend {
		return OnUnknownResend
	}
	return OnUnknownHold
}

// settlePost turns what became of a post into what the ledger says; see internal/channel. Troubles counts how often in a row the
// destination could not be reached.
func (p policy) settlePost(o channel.Outcome, attempts, troubles int) settlement {
	s := settlement{code: o.Code, reason: string(o.Reason)}
	switch o.Kind {
	case channel.Accepted:
		s.state, s.attempts = stateSent, 1
		return s
	case channel.Permanent:
		s.state, s.attempts = stateFailed, 1
		return s
	case channel.Trouble:
		s.state, s.delay = statePlanned, min(breakerFirst<<min(troubles-1, 10), breakerLast)
		return p.inTime(s)
	case channel.Unknown:
		if !o.Safe && p.onUnknown != OnUnknownResend {
			s.state, s.attempts = stateUnknown, 1
			return s
		}
		s.resent = 1
	}
	s = p.deferred(s, mail.Outcome{}, attempts)
	s.delay = max(s.delay, o.RetryAfter)
	return p.inTime(s)
}

// inTime gives up what would come after the deadline.
func (p policy) inTime(s settlement) settlement {
	if s.delay > p.left() {
		s.state, s.delay = stateExpired, 0
	}
	return s
}

// outlive is a context that ends finalWrites after ctx.
func outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		last := time.AfterFunc(finalWrites, cancel)
		context.AfterFunc(out, func() { last.Stop() })
	})
	return out, func() { stop(); cancel() }
}

// namesOf are the columns of channels.
func namesOf(uses []settings.Channel) (channels, destinations []string) {
	channels, destinations = []string{}, []string{}
	for _, use := range uses {
		channels, destinations = append(channels, use.Type), append(destinations, use.Destination)
	}
	return channels, destinations
}

// postClaim is a post that this worker has claimed.
type postClaim struct {
	use      settings.Channel
	lease    [16]byte
	attempts int
}
