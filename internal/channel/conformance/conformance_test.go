// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/line"
	"github.com/alumni-operator/alumni-operator/internal/testutil/sink"
)

var post = channel.Post{Title: "秋のお知らせ", Text: "新しいホールが開きました。\nhttps://example.com/hall", Link: "https://alumni.example/news", LinkLabel: "ポータルで読む"}

// each runs a test for every channel.
func each(t *testing.T, test func(t *testing.T, a adapter)) {
	t.Helper()
	for name, a := range adapters {
		t.Run(name, func(t *testing.T) { test(t, a) })
	}
}

func TestAMessageThatIsAcceptedArrivesOnce(t *testing.T) {
	each(t, func(t *testing.T, a adapter) {
		g := NewWithT(t)
		s := sink.Start(t)

		o := a.open(t, s.URL)(t.Context(), 1, post)

		g.Expect(o.Kind).To(Equal(channel.Accepted), "%+v", o)
		g.Expect(s.Stats(0).Accepted).To(Equal(a.people))
		g.Expect(s.Stats(0).Histogram).To(Equal(map[string]int64{"1": a.people}))
	})
}

func TestAChannelThatIsLimitedIsTriedAgainWhenItSays(t *testing.T) {
	each(t, func(t *testing.T, a adapter) {
		if !a.limits {
			return // the fake takes everything; webhook_test.go has 429 and Retry-After
		}
		g := NewWithT(t)
		s := sink.Start(t, "-line-rps", "1", "-slack-rps", "1", "-teams-rps", "1")
		send := a.open(t, s.URL)
		g.Expect(send(t.Context(), 1, post).Kind).To(Equal(channel.Accepted))

		o := send(t.Context(), 2, post)
		g.Expect(o.Kind).To(Equal(channel.Temporary))
		g.Expect(o.Reason).To(Equal(channel.RateLimited))
		g.Expect(o.RetryAfter > 0).To(Equal(a.waits), "whether the provider says how long")
		g.Expect(s.Stats(0).Accepted).To(Equal(a.people), "it was not taken")

		<-time.After(max(o.RetryAfter, time.Second)) // what an engine waits at least
		g.Expect(send(t.Context(), 2, post).Kind).To(Equal(channel.Accepted))
		g.Expect(s.Stats(0).Accepted).To(Equal(2 * a.people))
		g.Expect(s.Stats(0).HTTP429).To(BeEquivalentTo(1))
	})
}

// loser stands in front of the sink, and cuts connections instead of passing answers on for as long as it is told to.
type loser struct {
	URL  string
	lose atomic.Bool
}

func newLoser(t *testing.T, s *sink.Server) *loser {
	t.Helper()
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	l := &loser{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, ErrorLog: log.New(io.Discard, "", 0),
		ModifyResponse: func(*http.Response) error {
			if l.lose.Load() {
				panic(http.ErrAbortHandler)
			}
			return nil
		},
	}
	server := httptest.NewUnstartedServer(proxy)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	l.URL = server.URL
	return l
}

func TestALostAnswerIsReportedAndAskedForAgainOnlyIfThatIsSafe(t *testing.T) {
	each(t, func(t *testing.T, a adapter) {
		g := NewWithT(t)
		s := sink.Start(t, "-slack-rps", "100", "-teams-rps", "100")
		between := newLoser(t, s)
		send := a.open(t, between.URL)
		between.lose.Store(true)

		o := send(t.Context(), 1, post)

		g.Expect(o.Kind).To(Equal(channel.Unknown))
		g.Expect(o.Reason).To(Equal(channel.NoAnswer))
		g.Expect(o.Safe).To(Equal(a.safe))
		g.Expect(s.Stats(0).Accepted).To(Equal(a.people), "it arrived all the same, and once")

		between.lose.Store(false)
		if a.idempotent { // for LINE always; for a webhook when the campaign says Resend
			g.Expect(send(t.Context(), 1, post).Kind).To(Equal(channel.Accepted))
			g.Expect(s.Stats(0).Accepted).To(Equal(a.people), "nobody got it twice")
			g.Expect(s.Stats(0).HTTP409).To(BeEquivalentTo(1))
		}
	})
}

func TestALongTextIsCutToWhatTheChannelTakes(t *testing.T) {
	each(t, func(t *testing.T, a adapter) {
		g := NewWithT(t)
		s := sink.Start(t)
		long := post
		long.Text = strings.Repeat("とても長い文章です。", 40_000) // 1.2 MB

		o := a.open(t, s.URL)(t.Context(), 1, long)

		g.Expect(o.Kind).To(Equal(channel.Accepted), "%+v", o)
		g.Expect(s.Stats(0).Bytes).To(And(BeNumerically(">", 4000), BeNumerically("<=", a.most)))
	})
}

func TestADestinationThatIsGoneIsNotTriedForEver(t *testing.T) {
	each(t, func(t *testing.T, a adapter) {
		g := NewWithT(t)
		s := sink.Start(t)
		o := a.open(t, s.URL+"/nowhere")(t.Context(), 1, post)
		g.Expect(o.Kind).To(Equal(channel.Permanent))
		g.Expect(o.Reason).To(Equal(a.gone))
		g.Expect(s.Stats(0).Accepted).To(BeZero())
	})
}

func TestAProviderThatIsDownHasTakenNothing(t *testing.T) {
	each(t, func(t *testing.T, a adapter) {
		g := NewWithT(t)
		closed := httptest.NewServer(http.NotFoundHandler())
		closed.Close()
		o := a.open(t, closed.URL)(t.Context(), 1, post)
		g.Expect(o.Kind).To(Equal(channel.Trouble))
		g.Expect(o.Reason).To(Equal(channel.Unreachable))
	})
}

// The numbers of the test of losses.
const (
	pushes     = 6000
	chunks     = 400 // so many that some answers are lost
	workers    = 16
	mostTries  = 12
	lostOfHost = "0.05"
)

// deliver does what an engine does with LINE's outcomes: what is in doubt and safe goes out again with the same key.
func deliver(ctx context.Context, send func(context.Context, line.Try) channel.Outcome, key uuid.UUID) error {
	try := line.Try{Key: key}
	for range mostTries {
		began := time.Now()
		o := send(ctx, try)
		switch {
		case o.Kind == channel.Accepted:
			return nil
		case o.Kind != channel.Unknown || !o.Safe:
			return fmt.Errorf("it ended as %w", o.Failure())
		}
		if try.DoubtSince.IsZero() {
			try.DoubtSince = began
		}
	}
	return fmt.Errorf("no answer in %d tries", mostTries)
}

// inParallel calls work for 0 to n-1 and fails the test with the first error.
func inParallel(t *testing.T, n int, work func(i int) error) {
	t.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if err := work(int(i)); err != nil {
					t.Errorf("message %d: %v", i, err)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestLINELosesAndDoublesNobodyWhenAnswersAreLost(t *testing.T) {
	for name, c := range map[string]struct {
		messages, people int
		send             func(c *line.Client, i int) func(context.Context, line.Try) channel.Outcome
		key              func(i int) uuid.UUID
	}{
		"pushes": {pushes, pushes, func(c *line.Client, i int) func(context.Context, line.Try) channel.Outcome {
			return func(ctx context.Context, try line.Try) channel.Outcome { return c.Push(ctx, userID(i), "hello", try) }
		}, func(i int) uuid.UUID { return step(0).MemberKey(uuid.NewSHA1(uuid.Nil, []byte(userID(i)))) }},
		"multicasts": {chunks, chunks * line.MaxRecipients, func(c *line.Client, i int) func(context.Context, line.Try) channel.Outcome {
			return func(ctx context.Context, try line.Try) channel.Outcome {
				return c.Multicast(ctx, chunk(i), "hello", try)
			}
		}, step(0).ChunkKey},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			// -temp: taken, and then answered 500.
			s := sink.Start(t, "-lost", lostOfHost, "-temp", lostOfHost, "-line-rps", "1000000")
			client := newLINE(t, s.URL)

			inParallel(t, c.messages, func(i int) error { return deliver(t.Context(), c.send(client, i), c.key(i)) })

			stats := s.Stats(c.people)
			g.Expect(stats.Histogram).To(Equal(map[string]int64{"0": 0, "1": int64(c.people)}), "everybody once")
			g.Expect(stats.LostAcks).To(BeNumerically(">", 0))
			g.Expect(stats.HTTP409).To(BeNumerically(">=", stats.LostAcks), "every loss was asked for again")
			t.Logf("%d messages to %d people: %d answers lost, %d repetitions answered 409", c.messages, c.people, stats.LostAcks, stats.HTTP409)
		})
	}
}
