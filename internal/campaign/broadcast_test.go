// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/broadcast"
	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/webhook"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/channeltest"
)

const signingKey = "canary-signing-key-0123456789"

// posts makes the rig's campaign post to a provider, beside its mails, and gives it a text that may be posted.
func (r *rig) posts(channelType, name, url string, more ...settings.Channel) {
	r.Helper()
	d, err := broadcast.Open(broadcast.Options{Client: channeltest.Client(), TeamsHosts: []string{strings.TrimPrefix(url, "http://")}}, channelType, name,
		map[string][]byte{"url": []byte(url), "signingKey": []byte(signingKey)})
	if err != nil {
		r.Fatal(err)
	}
	c := &r.job.Campaign
	if len(c.Channels) == 0 {
		c.Channels = []settings.Channel{{Type: settings.ChannelEmail}}
		c.Locales = []settings.LocalisedContent{{Locale: "en", Subject: "Hello {{ .Member.GivenName }}", Body: "Dear {{ .Member.DisplayName }}",
			Broadcast: &settings.Broadcast{Subject: "Autumn news", Body: "The **new hall** is open."}}}
	}
	use := settings.Channel{Type: channelType, Destination: name}
	for _, m := range more {
		use.OnUnknown = m.OnUnknown
	}
	c.Channels = append(c.Channels, use)
	r.job.Destinations = append(r.job.Destinations, d)
}

// postsAlone leaves the mails out.
func (r *rig) postsAlone() {
	r.job.Campaign.Channels = r.job.Campaign.Broadcasts()
	r.job.Network.Email = nil
}

var resend = settings.Channel{OnUnknown: OnUnknownResend}

// settled is what the ledger says of the post to a destination: state, reason, tries and repetitions.
func (r *rig) settled(name string) string {
	r.Helper()
	return scalar[string](r, "SELECT coalesce(min(concat_ws(' ', state, nullif(reason, ''), attempts, resent)), '') FROM alumni.broadcast WHERE destination = $1", name)
}

func TestARunPostsOnceToEachDestinationBesideItsMails(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 20)
	slack := channeltest.New(t, channeltest.Answer{Status: 200, Body: "ok", Header: map[string]string{"X-Slack-Unique-Id": "a-1"}})
	teams, hook := channeltest.New(t, channeltest.Answer{Status: 202}), channeltest.New(t, channeltest.Answer{Status: 204})
	r.posts(broadcast.Slack, "news", slack.URL)
	r.posts(broadcast.Teams, "team", teams.URL)
	r.posts(broadcast.Webhook, "intranet", hook.URL+"/in")
	r.mustRun()
	r.mustRun() // a second start joins the run that is done
	r.expectEach(20, 1)
	for name, p := range map[string]*channeltest.Provider{"news": slack, "team": teams, "intranet": hook} {
		g.Expect(p.Requests()).To(HaveLen(1), name)
		g.Expect(r.settled(name)).To(Equal("Sent 1 0"))
		body := string(p.Requests()[0].Body)
		g.Expect(body).To(And(ContainSubstring("Autumn news"), ContainSubstring("The new hall is open."), ContainSubstring("https://alumni.hoshino.example")))
		g.Expect(body).NotTo(ContainSubstring("Given"))
	}
	g.Expect(scalar[string](r, "SELECT provider_id FROM alumni.broadcast WHERE channel = 'Slack'")).To(Equal("a-1"))
	g.Expect(scalar[string](r, "SELECT state FROM alumni.campaign_run")).To(Equal("Finished"))
	request := hook.Requests()[0]
	g.Expect(webhook.Verify(request.Header, request.Body, []channel.Secret{channel.NewSecret(signingKey)}, time.Now())).To(Succeed())
	var event webhook.Event
	g.Expect(json.Unmarshal(request.Body, &event)).To(Succeed())
	g.Expect(event.ID.String()).To(Equal(request.Header.Get("Idempotency-Key")))
	g.Expect([]string{event.Run, event.Campaign.Name, event.Network.Namespace, event.Locale}).To(Equal([]string{r.job.RunName, "news", "hoshino", "en"}))
	g.Expect(event.Time).To(BeTemporally("==", due))
	g.Expect(r.log.String()).NotTo(ContainSubstring("127.0.0.1"), "a URL is a secret")
}

func TestARunWithoutMailFreezesNoAudience(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 3)
	slack := channeltest.New(t, channeltest.Answer{Status: 200, Body: "ok"})
	r.posts(broadcast.Slack, "news", slack.URL)
	r.postsAlone()
	r.mustRun()
	g.Expect(slack.Requests()).To(HaveLen(1))
	g.Expect(r.counts()).To(BeEmpty())
	g.Expect(r.smtp.Taken()).To(BeZero())
	g.Expect(scalar[string](r, "SELECT state || ' ' || audience FROM alumni.campaign_run")).To(Equal("Finished 0"))
}

func TestNothingIsPostedBeforeTheRunIsDue(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	p := channeltest.New(t, channeltest.Answer{Status: 200, Body: "ok"})
	r.posts(broadcast.Slack, "news", p.URL)
	r.postsAlone()
	r.job.ScheduledAt = time.Now().Add(1500 * time.Millisecond)
	r.mustRun()
	g.Expect(p.Requests()).To(HaveLen(1))
	g.Expect(scalar[bool](r, "SELECT tried_at >= $1 FROM alumni.broadcast", r.job.ScheduledAt)).To(BeTrue())
}

func TestWhatBecomesOfAPostIsInTheLedger(t *testing.T) {
	later := channeltest.Answer{Status: 429, Header: map[string]string{"Retry-After": "1"}}
	ok := channeltest.Answer{Status: 200, Body: "ok"}
	for name, c := range map[string]struct {
		answers []channeltest.Answer
		rule    []settings.Channel
		want    string
		posts   int
	}{
		"told to come later":                {[]channeltest.Answer{later, ok}, nil, "Sent 2 0", 2},
		"gone":                              {[]channeltest.Answer{{Status: 404, Body: "no_service"}}, nil, "Failed DestinationGone 1 0", 1},
		"no answer, to be held":             {[]channeltest.Answer{{Cut: true}, ok}, nil, "Unknown NoAnswer 1 0", 1},
		"no answer, to be posted again":     {[]channeltest.Answer{{Cut: true}, ok}, []settings.Channel{resend}, "Sent 2 1", 2},
		"an error of theirs, to be held":    {[]channeltest.Answer{{Status: 500}, ok}, nil, "Unknown ServerError 1 0", 1},
		"an error of theirs, posted again":  {[]channeltest.Answer{{Status: 502}, ok}, []settings.Channel{resend}, "Sent 2 1", 2},
		"sent elsewhere":                    {[]channeltest.Answer{{Status: 302, Header: map[string]string{"Location": "http://127.0.0.1:1/"}}}, nil, "Failed Redirected 1 0", 1},
		"a token that is not accepted":      {[]channeltest.Answer{{Status: 403}}, nil, "Failed Credentials 1 0", 1},
		"busy for as long as the run lasts": {[]channeltest.Answer{{Status: 429, Header: map[string]string{"Retry-After": "7200"}}}, nil, "Expired RateLimited 1 0", 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := newRig(t, 0)
			p := channeltest.New(t, c.answers...)
			r.posts(broadcast.Slack, "news", p.URL, c.rule...)
			r.postsAlone()
			started := time.Now()
			r.mustRun()
			g.Expect(r.settled("news")).To(Equal(c.want))
			g.Expect(p.Requests()).To(HaveLen(c.posts))
			if c.posts > 1 {
				g.Expect(time.Since(started)).To(BeNumerically(">=", time.Second), "Slack takes one post in a second")
			}
			g.Expect(scalar[string](r, "SELECT state FROM alumni.campaign_run")).To(Equal("Finished"))
		})
	}
}

func TestAWebhookKnowsASecondTryByItsKey(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	p := channeltest.New(t, channeltest.Answer{Cut: true}, channeltest.Answer{Status: 503}, channeltest.Answer{Status: 200})
	r.posts(broadcast.Webhook, "intranet", p.URL, resend)
	r.postsAlone()
	r.mustRun()
	g.Expect(r.settled("intranet")).To(Equal("Sent 3 1"))
	keys := map[string]bool{}
	for _, request := range p.Requests() {
		keys[request.Header.Get("Idempotency-Key")] = true
	}
	g.Expect(p.Requests()).To(HaveLen(3))
	g.Expect(keys).To(HaveLen(1))
}

func TestADestinationThatCannotBeReachedIsTriedAgainWithoutCountingIt(t *testing.T) {
	g := NewWithT(t)
	listener := httptest.NewServer(http.NotFoundHandler())
	listener.Close() // nobody listens there now
	r := newRig(t, 0)
	r.posts(broadcast.Slack, "news", listener.URL)
	r.postsAlone()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, r.pool(), r.job) }()
	g.Eventually(r.log.String, "10s", "20ms").Should(ContainSubstring("cannot be reached"))
	stop()
	g.Expect(<-done).To(MatchError(ErrUnfinished))
	g.Expect(r.settled("news")).To(Equal("Planned Unreachable 0 0"))
}

func TestASlowWebhookHoldsUpNeitherMailsNorOtherPosts(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 200)
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(slow.Close)
	quick := channeltest.New(t, channeltest.Answer{Status: 200, Body: "ok"})
	r.job.Tuning.PostTimeout = time.Minute
	r.posts(broadcast.Webhook, "slow", slow.URL)
	r.posts(broadcast.Slack, "news", quick.URL)
	done := make(chan error, 1)
	go func() { done <- r.run() }()
	g.Eventually(func() int { return r.counts()["Sent"] }, "20s", "20ms").Should(Equal(200))
	g.Eventually(func() string { return r.settled("news") }, "10s", "20ms").Should(Equal("Sent 1 0"))
	g.Eventually(func() string { return r.settled("slow") }, "10s", "20ms").Should(Equal("Claimed 0 0"))
	g.Expect(scalar[string](r, "SELECT state FROM alumni.campaign_run")).To(Equal("Sending"))
	close(release)
	g.Expect(<-done).To(Succeed())
	g.Expect(r.settled("slow")).To(Equal("Sent 1 0"))
	g.Expect(scalar[string](r, "SELECT state FROM alumni.campaign_run")).To(Equal("Finished"))
}

func TestSlowMailsDoNotHoldUpPosts(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 100)
	r.job.Network.Email.MaxPerSecond = 1
	p := channeltest.New(t, channeltest.Answer{Status: 200, Body: "ok"})
	r.posts(broadcast.Slack, "news", p.URL)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, r.pool(), r.job) }()
	g.Eventually(func() int { return len(p.Requests()) }, "10s", "10ms").Should(Equal(1))
	stop()
	g.Expect(<-done).To(MatchError(ErrUnfinished))
	g.Expect(r.counts()["Planned"]).To(BeNumerically(">", 80))
}

func TestManyWorkersAtOneRunPostOnce(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	p := channeltest.New(t, channeltest.Answer{Status: 200, Body: "ok"})
	for _, name := range []string{"a", "b", "c", "d"} {
		r.posts(broadcast.Slack, name, p.URL)
	}
	r.postsAlone()
	pool := r.pool()
	var workers sync.WaitGroup
	for range 6 {
		workers.Go(func() {
			if err := Run(t.Context(), pool, r.job); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	g.Expect(p.Requests()).To(HaveLen(4))
}

func TestRunsAtTheSameTimeKeepTheLimitOfADestinationTogether(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	p := channeltest.New(t, channeltest.Answer{Status: 202})
	r.posts(broadcast.Teams, "team", p.URL)
	r.postsAlone()
	pool := r.pool()
	var workers sync.WaitGroup
	for _, name := range []string{"news-1", "news-2", "news-3", "news-4"} {
		job := r.job
		job.RunName = name
		workers.Go(func() {
			if err := Run(t.Context(), pool, job); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	g.Expect(p.Requests()).To(HaveLen(4))
	g.Expect(scalar[float64](r, `SELECT min(gap)::float8 FROM
		(SELECT extract(epoch FROM tried_at - lag(tried_at) OVER (ORDER BY tried_at)) AS gap FROM alumni.broadcast) g`)).
		To(BeNumerically(">=", postGaps[broadcast.Teams].Seconds()), "two posts in a second")
}

func TestATrialPostsNothing(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	p := channeltest.New(t, channeltest.Answer{Status: 200, Body: "ok"})
	r.posts(broadcast.Slack, "news", p.URL)
	r.job.Campaign.Channels = r.job.Campaign.Broadcasts()
	r.job.Network.Email.Transport, r.job.Destinations = settings.TransportCapture, nil
	r.mustRun()
	g.Expect(p.Requests()).To(BeEmpty())
	g.Expect(r.settled("news")).To(Equal("Skipped Trial 0 0"))
}

func TestARunThatIsTooLargePostsNothing(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 3)
	p := channeltest.New(t, channeltest.Answer{Status: 200, Body: "ok"})
	r.posts(broadcast.Slack, "news", p.URL)
	r.job.Campaign.MaxRecipients = 1
	g.Expect(r.run()).To(MatchError(ErrFinal))
	g.Expect(p.Requests()).To(BeEmpty())
	g.Expect(r.settled("news")).To(Equal("Skipped TooManyRecipients 0 0"))
}

func TestATextThatOnlyAMailCanSayLeavesNoRunBehind(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 1)
	r.posts(broadcast.Slack, "news", "https://hooks.example/x")
	r.job.Campaign.Locales[0].Broadcast = nil
	err := r.run()
	g.Expect(err).To(MatchError(ErrFinal))
	g.Expect(err).To(MatchError(ContainSubstring("field .Member.GivenName is of one member")))
	r.job.Campaign.Locales[0] = settings.LocalisedContent{Locale: "en", Subject: "a", Body: "b"}
	r.job.Destinations = nil
	g.Expect(r.run()).To(MatchError(ContainSubstring("nothing is known of destination news of Slack")))
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.campaign_run")).To(BeZero())
}

func TestAPostToADestinationThatIsNotNamedAnyMoreIsSkipped(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	p := channeltest.New(t, channeltest.Answer{Status: 503})
	r.posts(broadcast.Slack, "news", p.URL)
	r.postsAlone()
	r.job.Tuning.BackoffBase = time.Minute
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, r.pool(), r.job) }()
	g.Eventually(func() string { return r.settled("news") }, "10s", "10ms").Should(Equal("Deferred Overloaded 1 0"))
	stop()
	g.Expect(<-done).To(MatchError(ErrUnfinished))
	other := channeltest.New(t, channeltest.Answer{Status: 200, Body: "ok"})
	r.job.Campaign.Channels, r.job.Destinations = nil, nil
	r.posts(broadcast.Slack, "other", other.URL)
	r.job.Campaign.Channels = r.job.Campaign.Broadcasts()
	r.mustRun()
	g.Expect(r.settled("news")).To(Equal("Skipped NotDeclared 1 0"))
	g.Expect(other.Requests()).To(BeEmpty(), "what a run posts is decided when it begins")
}

func TestAPostWhoseDeadlineHasPassedIsGivenUp(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	p := channeltest.New(t, channeltest.Answer{Status: 429, Header: map[string]string{"Retry-After": "2"}})
	r.posts(broadcast.Slack, "news", p.URL)
	r.postsAlone()
	done := make(chan error, 1)
	go func() { done <- r.run() }()
	g.Eventually(func() string { return r.settled("news") }, "10s", "10ms").Should(Equal("Deferred RateLimited 1 0"))
	r.exec("UPDATE alumni.campaign_run SET deadline = now()")
	g.Eventually(done, "10s").Should(Receive(BeNil()))
	g.Expect(r.settled("news")).To(Equal("Expired RateLimited 1 0"))
	g.Expect(p.Requests()).To(HaveLen(1))
}

func TestAPostWaitsWhileItsRunRestsAndIsGivenUpWithIt(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	p := channeltest.New(t, channeltest.Answer{Status: 503})
	r.posts(broadcast.Slack, "news", p.URL)
	r.postsAlone()
	r.job.Tuning.BackoffBase = time.Minute
	done := make(chan error, 1)
	go func() { done <- r.run() }()
	g.Eventually(func() string { return r.settled("news") }, "10s", "10ms").Should(Equal("Deferred Overloaded 1 0"))
	r.exec("UPDATE alumni.campaign_run SET state = 'Paused', paused_at = now()")
	g.Eventually(done, "10s").Should(Receive(BeNil()), "a run at rest keeps no worker")
	r.mustRun()
	g.Expect(r.settled("news")).To(Equal("Deferred Overloaded 1 0"))

	r.exec("UPDATE alumni.campaign_run SET deadline = now()")
	first := r.job.RunName
	r.job.RunName, r.job.Campaign.Channels, r.job.Destinations = "next", nil, nil
	ok := channeltest.New(t, channeltest.Answer{Status: 200, Body: "ok"})
	r.posts(broadcast.Slack, "other", ok.URL)
	r.job.Campaign.Channels = r.job.Campaign.Broadcasts()
	r.mustRun()
	g.Expect(r.settled("news")).To(Equal("Expired Overloaded 1 0"), first)
}

// receiver is a real HTTPS server on loopback for the real worker: it keeps the key of each request, and may keep a request waiting.
type receiver struct {
	mu   sync.Mutex
	keys []string
	hold atomic.Bool
	seen chan struct{}
	free chan struct{}
}

func (v *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	v.keys = append(v.keys, r.Header.Get("Idempotency-Key"))
	v.mu.Unlock()
	if v.hold.Load() {
		v.seen <- struct{}{}
		<-v.free
	}
	w.WriteHeader(http.StatusNoContent)
}

func (v *receiver) got() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string(nil), v.keys...)
}

// receive lets the rig's own worker post to a real server.
func (r *rig) receive(rule ...settings.Channel) *receiver {
	r.Helper()
	v := &receiver{seen: make(chan struct{}, 1), free: make(chan struct{})}
	server := httptest.NewTLSServer(v)
	r.Cleanup(server.Close)
	r.posts(broadcast.Webhook, "intranet", "http://127.0.0.1:1", rule...)
	r.destinations = r.TempDir()
	dir := settings.DestinationDir(r.destinations, broadcast.Webhook, "intranet")
	roots := filepath.Join(r.destinations, "roots.pem")
	write := func(path, content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			r.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		r.Fatal(err)
	}
	write(filepath.Join(dir, "url"), server.URL+"/in\n")
	write(filepath.Join(dir, "signingKey"), signingKey+"\n")
	write(roots, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	r.env = []string{"SSL_CERT_FILE=" + roots, settings.EnvEgressAllow + "=127.0.0.0/8"}
	return v
}

// stopInPost sends a signal to the worker while its post is on the wire.
func (r *rig) stopInPost(v *receiver, signal syscall.Signal) *process {
	r.Helper()
	v.hold.Store(true)
	p := r.worker()
	select {
	case <-v.seen:
	case <-p.ended:
		r.Fatalf("the worker ended before it posted:\n%s", r.log)
	case <-time.After(30 * time.Second):
		r.Fatalf("the worker posts nothing:\n%s", r.log)
	}
	if err := p.Process.Signal(signal); err != nil {
		r.Fatal(err)
	}
	return p
}

func TestAKilledWorkersPostWaitsForAPersonOrIsPostedAgainWithTheSameKey(t *testing.T) {
	for name, c := range map[string]struct {
		rule  []settings.Channel
		want  string
		posts int
	}{
		"hold":   {nil, "Unknown WorkerLost 0 0", 1},
		"resend": {[]settings.Channel{resend}, "Sent 1 1", 2},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			const n = 200
			r := newRig(t, n)
			v := r.receive(c.rule...)
			g.Expect(exitCode(r, r.stopInPost(v, syscall.SIGKILL))).To(Equal(-1))
			g.Expect(r.settled("intranet")).To(Equal("Claimed 0 0"))
			v.hold.Store(false)
			close(v.free)
			g.Expect(exitCode(r, r.worker())).To(Equal(0), r.log.String())
			g.Expect(r.settled("intranet")).To(Equal(c.want))
			g.Expect(v.got()).To(HaveLen(c.posts))
			g.Expect(v.got()[0]).To(Equal(v.got()[c.posts-1]))
			lost, _ := r.tally(n)
			g.Expect(lost).To(BeZero())
			g.Expect(scalar[string](r, "SELECT state FROM alumni.campaign_run")).To(Equal("Finished"))
			g.Expect(r.log.String()).NotTo(Or(ContainSubstring("canary"), ContainSubstring("/in")))
		})
	}
}

func TestATerminatedWorkerLetsItsPostEnd(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	v := r.receive()
	p := r.stopInPost(v, syscall.SIGTERM)
	v.hold.Store(false)
	close(v.free)
	g.Expect(exitCode(r, p)).To(Equal(0), "nothing was left to do")
	g.Expect(r.settled("intranet")).To(Equal("Sent 1 0"))
	g.Expect(exitCode(r, r.worker())).To(Equal(0))
	g.Expect(v.got()).To(HaveLen(1))
}

func TestATerminatedWorkerDoesNotWaitForASilentReceiver(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	v := r.receive()
	started := time.Now()
	p := r.stopInPost(v, syscall.SIGTERM)
	exitCode(r, p)
	g.Expect(time.Since(started)).To(BeNumerically("<", 10*time.Second), "the request has its own limit")
	g.Expect(r.settled("intranet")).To(Equal("Unknown NoAnswer 1 0"))
	close(v.free)
}

func TestAWorkerPostsNowhereThatItIsNotAllowedTo(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 0)
	v := r.receive()
	r.env = nil
	g.Expect(exitCode(r, r.worker())).To(Equal(0), r.log.String())
	g.Expect(r.settled("intranet")).To(Equal("Failed AddressRefused 1 0"))
	g.Expect(v.got()).To(BeEmpty())
}
