// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

const (
	// figuresHold is how long a network's figures are good enough while a run of it is being sent or has just ended, and restHold while
	// all is at rest: however many campaigns there are, their network is counted once in a resync.
	figuresHold = outcome.Poll
	restHold    = outcome.Resync - figuresHold
	// figuresEnd is when they say nothing any more: the network is gone, or has no campaign, or its store cannot be read.
	figuresEnd = 3 * outcome.Resync
)

// Figures shows Prometheus what the campaigns of all networks did, as their stores said it when a campaign was last looked at. It is safe for
// concurrent use, and nil shows nothing.
type Figures struct {
	clock clock.PassiveClock

	mu sync.Mutex
	of map[types.NamespacedName]*figures
}

// figures are those of one network.
type figures struct {
	uid     types.UID
	asked   time.Time
	late    bool // something has happened since
	settled stats.Settled
	readAt  time.Time // of those below; zero while there are none
	shown   stats.Figures
	windows []window
}

// window is a limit of a sender or of a domain, and what is left of it.
type window struct {
	sender, domain, span string
	limit, left          int
}

// NewFigures tells the age of figures by a clock.
func NewFigures(clock clock.PassiveClock) *Figures {
	return &Figures{clock: clock, of: map[types.NamespacedName]*figures{}}
}

var (
	networkLabels = []string{"namespace", "network"}

	messagesMetric = figuresDesc("messages", "Messages of campaigns to members, by what became of them.", "type", "channel", "state", "reason")
	postsMetric    = figuresDesc("posts", "Posts of campaigns to Slack, Teams and webhooks, by what became of them.", "type", "channel", "state", "reason")
	lagMetric      = figuresDesc("lag_seconds", "For how long the oldest message has been due of those that are being sent.", "type")
	leftMetric     = figuresDesc("window_left", "Messages that a sender, or a domain with limits of its own, has left now.", "sender", "domain", "window")
	limitMetric    = figuresDesc("window_limit", "Messages that a sender, or a domain with limits of its own, may send in a window.", "sender", "domain", "window")
)

func figuresDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("alumni_campaign_"+name, help, append(networkLabels[:2:2], labels...), nil)
}

// Describe tells Prometheus what there is.
func (f *Figures) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{messagesMetric, postsMetric, lagMetric, leftMetric, limitMetric} {
		to <- d
	}
}

// Collect gives the figures of every network that are not too old.
func (f *Figures) Collect(to chan<- prometheus.Metric) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, of := range f.of {
		if f.clock.Since(of.asked) > figuresEnd {
			delete(f.of, name)
			continue
		}
		if of.readAt.IsZero() || f.clock.Since(of.readAt) > figuresEnd {
			continue
		}
		gauge := func(d *prometheus.Desc, value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, append([]string{name.Namespace, name.Name}, labels...)...)
		}
		for key, n := range codes(of.shown.Messages) {
			gauge(messagesMetric, float64(n), key.Type, key.Channel, key.State, key.Reason)
		}
		for key, n := range codes(of.shown.Posts) {
			gauge(postsMetric, float64(n), key.Type, key.Channel, key.State, key.Reason)
		}
		for kind, lag := range of.shown.Lag {
			gauge(lagMetric, lag.Seconds(), kind)
		}
		for _, w := range of.windows {
			gauge(leftMetric, float64(w.left), w.sender, w.domain, w.span)
			gauge(limitMetric, float64(w.limit), w.sender, w.domain, w.span)
		}
	}
}

// refresh reads a network's figures anew when they are too old for one that is busy or at rest; otherwise it says when they will be.
// Nothing that a campaign does depends on them, so an error is only told.
func (f *Figures) refresh(ctx context.Context, n *v1alpha1.AlumniNetwork, ledger Ledger, busy bool) (again time.Duration) {
	if f == nil {
		return 0
	}
	name := client.ObjectKeyFromObject(n)
	f.mu.Lock()
	of := f.of[name]
	if of == nil || of.uid != n.UID {
		of = &figures{uid: n.UID}
		f.of[name] = of
	}
	now, hold := f.clock.Now(), restHold
	if busy || of.late {
		hold = figuresHold
	}
	if left := of.asked.Add(hold).Sub(now); left > 0 {
		of.late = of.late || busy
		f.mu.Unlock()
		return left
	}
	of.asked, of.late = now, false
	known := of.settled
	f.mu.Unlock()

	shown, settled, err := ledger.Figures(ctx, n, known)
	f.mu.Lock()
	defer f.mu.Unlock()
	of.settled = settled
	if err != nil {
		ctrl.LoggerFrom(ctx).Info("Counting campaigns for metrics later", "AlumniNetwork", n.Name, "error", err.Error())
		return 0
	}
	of.readAt, of.shown, of.windows = now, shown, windows(network.BuildSettings(n), shown.Senders, now)
	return 0
}

// The spans of windows.
const (
	spanHour = "Hour"
	spanDay  = "Day"
)

// windows are those that a network declares, and what is left of each. Senders that it does not declare any more are not among them.
func windows(n settings.Network, used map[string]stats.SenderUse, now time.Time) []window {
	if n.Email == nil || used == nil || n.Email.Transport == settings.TransportCapture {
		return nil
	}
	sender := settings.ChannelEmail
	all := []window{windowOf(sender, spanHour, n.Email.HourlyLimit(), used[sender].Hour)}
	if today := n.DayOf(now); today != nil {
		day := used[sender].Day
		if int(day.Day.Unix()/(24*60*60)) != today.Number {
			day.Used = 0
		}
		all = append(all, windowOf(sender, spanDay, today.Messages, day.Used))
	}
	for _, d := range n.Email.PerDomain {
		if d.MaxPerHour > 0 {
			key := sender + "/" + d.Domain
			all = append(all, windowOf(key, spanHour, d.MaxPerHour, used[key].Hour))
		}
	}
	return all
}

func windowOf(key, span string, limit, used int) window {
	sender, domain, _ := strings.Cut(key, "/")
	return window{sender: sender, domain: domain, span: span, limit: limit, left: max(0, limit-used)}
}

// code is what the ledger's words look like.
var code = regexp.MustCompile(`^[A-Za-z]{0,40}$`)

// codes keeps the labels few and free of what somebody else wrote: a reason that is no code counts as Other.
func codes(counts map[stats.Figure]int64) map[stats.Figure]int64 {
	out := make(map[stats.Figure]int64, len(counts))
	for key, n := range counts {
		if !code.MatchString(key.Reason) {
			key.Reason = "Other"
		}
		out[key] += n
	}
	return out
}
