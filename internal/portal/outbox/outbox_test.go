// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
	"github.com/alumni-operator/alumni-operator/internal/portal/outbox"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) { os.Exit(portaltest.Run(m)) }

func composer(t *testing.T, w *portaltest.World) *outbox.Composer {
	t.Helper()
	catalogue, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	c, err := outbox.NewComposer(w.Network, catalogue)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMailsReadWell(t *testing.T) {
	w := portaltest.New(t)
	request := uuid.MustParse("01890000-0000-7000-8000-000000000001")
	received := time.Date(2026, 11, 21, 3, 4, 5, 0, time.UTC)
	event := community.MailEvent{ID: uuid.MustParse("01890000-0000-4000-8000-000000000002"), Title: "鍋を囲む会 <秋>", Place: "京都 星野亭", TimeZone: "Asia/Tokyo",
		StartsAt: time.Date(2026, 12, 5, 10, 0, 0, 0, time.UTC), EndsAt: time.Date(2026, 12, 5, 12, 0, 0, 0, time.UTC)}
	for _, locale := range community.Locales() {
		for _, kind := range []community.MailKind{community.MailSignInLink, community.MailWithdrawalReceipt, community.MailEventSeat, community.MailEventCancelled} {
			t.Run(string(kind)+" "+string(locale), func(t *testing.T) {
				g := NewWithT(t)
				m, err := composer(t, w).Compose(community.Mail{Kind: kind, Locale: locale, Address: "hana@mail.example", Request: &request, Received: &received, Event: &event}, "TOKEN")
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(m.To).To(Equal("hana@mail.example"))
				g.Expect(m.Headers).To(ContainElement([2]string{"Auto-Submitted", "auto-generated"}))
				name := filepath.Join("testdata", string(kind)+"."+string(locale))
				golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
				golden(t, name+".html", m.HTML)
			})
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	NewWithT(t).Expect(got).To(Equal(string(want)), "%s: if the change is meant, run with -update and read the file", path)
}

// running is a worker at work.
type running struct {
	store    *pgstore.Portal
	worker   *outbox.Worker
	registry *prometheus.Registry
	stop     func()
}

func start(t *testing.T, w *portaltest.World) *running {
	t.Helper()
	r := &running{store: pgstore.NewPortal(w.Store.Pool(naming.RolePortal), w.Key, w.Clock.Now), registry: prometheus.NewRegistry()}
	r.worker = outbox.NewWorker(outbox.Worker{Queue: r.store, Composer: composer(t, w), Email: *w.Network.Email, EmailDir: t.TempDir(),
		Now: w.Clock.Now, Log: slog.New(slog.NewJSONHandler(w.Log, nil))}, r.registry)
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { r.worker.Run(ctx) })
	r.stop = func() { cancel(); done.Wait() }
	t.Cleanup(r.stop)
	return r
}

func (r *running) ask(t *testing.T, p portaltest.Person) {
	t.Helper()
	if err := r.store.QueueLink(t.Context(), p.Address, community.English, netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	r.worker.Wake()
}

const state = `SELECT string_agg(state || attempts, ' ' ORDER BY id) FROM alumni.portal_mail WHERE member_id = $1`

func TestWhatTheMailServerSaysDecides(t *testing.T) {
	never := func(reply int, status [3]int) smtptest.Hooks {
		return smtptest.Hooks{Rcpt: func(string, int) smtptest.Verdict { return smtptest.Verdict{Reply: reply, Status: status} }}
	}
	cases := map[string]struct {
		hooks smtptest.Hooks
		want  string // state and attempts at last
		mails int
		links string // live links at last
	}{
		"it takes the mail":                  {smtptest.Hooks{}, "Sent1", 1, "1"},
		"it knows nobody of that name":       {never(550, [3]int{5, 1, 1}), "Failed1", 0, "0"},
		"it is busy once":                    {smtptest.Hooks{Rcpt: func(_ string, n int) smtptest.Verdict { return onceRefused(n, 451) }}, "Sent2", 1, "1"},
		"it refuses the message once":        {smtptest.Hooks{Data: func(_ string, n int) smtptest.Verdict { return onceRefused(n, 554) }}, "Sent2", 1, "1"},
		"it breaks off once":                 {smtptest.Hooks{Rcpt: func(_ string, n int) smtptest.Verdict { return smtptest.Verdict{Cut: n == 1} }}, "Sent2", 1, "1"},
		"it takes the mail and says nothing": {smtptest.Hooks{Data: func(_ string, n int) smtptest.Verdict { return smtptest.Verdict{LoseAnswer: n == 1} }}, "Sent2", 2, "2"},
	}
	w := portaltest.New(t)
	r := start(t, w)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w.SMTP.SetHooks(c.hooks)
			p := w.Person(community.StateActive)
			r.ask(t, p)
			w.Eventually("the mail is settled", func() bool { return w.Value(state, p.ID) == c.want })
			g.Expect(w.Mails(p.Address)).To(HaveLen(c.mails))
			g.Expect(w.Value(`SELECT count(*) FROM alumni.sign_in_link WHERE member_id = $1`, p.ID)).To(Equal(c.links))
			for _, m := range w.Mails(p.Address) { // every link that may have arrived works
				g.Expect(r.store.LinkState(t.Context(), m.Token())).To(Equal(community.StateActive))
			}
		})
	}
	canary.Scan(t, "the log", w.Log.String())
	NewWithT(t).Expect(w.Log.String()).NotTo(ContainSubstring("@"), "the server's replies quote addresses; the log must not")
}

func onceRefused(n, reply int) smtptest.Verdict {
	if n > 1 {
		return smtptest.Verdict{}
	}
	return smtptest.Verdict{Reply: reply}
}

func TestALinkThatComesTooLateIsNotSent(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	w.SMTP.SetHooks(smtptest.Hooks{Rcpt: func(string, int) smtptest.Verdict { return smtptest.Verdict{Reply: 451} }})
	r := start(t, w)
	p := w.Person(community.StateActive)
	r.ask(t, p)
	w.Eventually("the first try fails", func() bool {
		return w.Value(state, p.ID) == "Waiting1" && w.Value(`SELECT lease_until FROM alumni.portal_mail`) == ""
	})
	w.Clock.Advance(16 * time.Minute)
	w.SMTP.SetHooks(smtptest.Hooks{})
	r.worker.Wake()
	w.Eventually("it is given up", func() bool { return w.Value(state, p.ID) == "Failed2" })
	g.Expect(w.SMTP.Taken()).To(BeZero())
}

func TestSomebodyWhoLeftMeanwhileGetsNoLinkButTheReceipt(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	p := w.Person(community.StateActive)
	w.Exec(`UPDATE alumni.member SET state = 'Withdrawn' WHERE id = $1`, p.ID)
	w.Exec(`INSERT INTO alumni.erasure_request (id, member_id, source) VALUES ('01890000-0000-7000-8000-000000000001', $1, 'Withdrawal')`, p.ID)
	const event = "01890000-0000-7000-8000-000000000002"
	w.Exec(`INSERT INTO alumni.event (id, kind, organiser, locale, title, form, starts_at, ends_at, time_zone, state, created_at, updated_at)
		VALUES ($1, 'Reunion', 'Office', 'ja', '集い', 'OnSite', now() + interval '1 day', now() + interval '2 days', 'Asia/Tokyo', 'Published', now(), now())`, event)
	w.Exec(`INSERT INTO alumni.event_registration (event_id, recipient_id, state, turn, listed, created_at, changed_at) VALUES ($1, $2, 'Registered', 1, true, now(), now())`, event, p.ID)
	w.Exec(`INSERT INTO alumni.portal_mail (member_id, kind, locale) VALUES ($1, 'SignInLink', 'ja'), ($1, 'WithdrawalReceipt', 'ja')`, p.ID)
	w.Exec(`INSERT INTO alumni.portal_mail (member_id, kind, locale, event_id) VALUES ($1, 'EventSeat', 'ja', $2), ($1, 'EventCancelled', 'ja', $2)`, p.ID, event)
	start(t, w)
	w.Eventually("all are settled", func() bool { return w.Value(state, p.ID) == "Failed1 Sent1 Failed1 Failed1" })
	g.Expect(w.Mails(p.Address)).To(HaveLen(1))
	g.Expect(w.Mails(p.Address)[0].Text).To(ContainSubstring("01890000-0000-7000-8000-000000000001"))
}

func TestManyReplicasSendEachMailOnce(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	var people []portaltest.Person
	for range 60 {
		p := w.Person(community.StateActive)
		people = append(people, p)
		w.Exec(`INSERT INTO alumni.portal_mail (member_id, kind, locale) VALUES ($1, 'SignInLink', 'ja')`, p.ID)
	}
	for range 3 {
		start(t, w)
	}
	w.Eventually("all are sent", func() bool { return w.Value(`SELECT count(*) FROM alumni.portal_mail WHERE state = 'Sent'`) == "60" })
	for _, p := range people {
		g.Expect(w.SMTP.Counts()[p.Address]).To(Equal(1))
	}
}

func TestStoppingFinishesWhatIsOnTheWire(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	begun := make(chan struct{})
	w.SMTP.SetHooks(smtptest.Hooks{Data: func(string, int) smtptest.Verdict {
		close(begun)
		return smtptest.Verdict{Delay: 300 * time.Millisecond}
	}})
	r := start(t, w)
	p := w.Person(community.StateActive)
	r.ask(t, p)
	<-begun
	r.stop()
	g.Expect(w.Value(state, p.ID)).To(Equal("Sent1"))
}

func TestStoppingBeginsNothingNew(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	w.Network.Email.MaxConnections = 1
	begun := make(chan struct{}, 10)
	w.SMTP.SetHooks(smtptest.Hooks{Data: func(string, int) smtptest.Verdict {
		begun <- struct{}{}
		return smtptest.Verdict{Delay: 300 * time.Millisecond}
	}})
	for range 3 {
		w.Exec(`INSERT INTO alumni.portal_mail (member_id, kind, locale) VALUES ($1, 'SignInLink', 'ja')`, w.Person(community.StateActive).ID)
	}
	r := start(t, w)
	<-begun
	r.stop()
	g.Expect(w.Value(`SELECT string_agg(state, ' ' ORDER BY id) FROM alumni.portal_mail`)).To(Equal("Sent Waiting Waiting"))
	g.Expect(w.Value(`SELECT count(*) FROM alumni.portal_mail WHERE lease_until IS NOT NULL`)).To(Equal("0"), "another replica may send them at once")
	g.Expect(w.SMTP.Taken()).To(Equal(1))
}

// slowStore fails for a while, as a store that restarts does.
type slowStore struct {
	mu    sync.Mutex
	fails int
	got   []string
}

func (s *slowStore) QueueLink(_ context.Context, address string, _ community.Locale, _ netip.Addr) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails > 0 {
		s.fails--
		return errors.New("down")
	}
	s.got = append(s.got, address)
	return nil
}

func TestRequestsOutliveAShortOutageAndTheEnd(t *testing.T) {
	g := NewWithT(t)
	store := &slowStore{fails: 1}
	woken := make(chan struct{}, 10)
	requests := outbox.NewRequests(store, func() { woken <- struct{}{} }, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	g.Expect(requests.Offer("a@mail.example", "ja", netip.Addr{})).To(BeTrue())
	var done sync.WaitGroup
	done.Go(func() { requests.Run(ctx, 10*time.Second) })
	<-woken
	cancel()
	done.Wait()
	g.Expect(store.got).To(Equal([]string{"a@mail.example"}))

	for range 5 {
		g.Expect(requests.Offer("late@mail.example", "ja", netip.Addr{})).To(BeTrue())
	}
	requests.Run(ctx, 10*time.Second) // ended already: it looks up what is held and returns
	g.Expect(store.got).To(HaveLen(6))
}

func TestTooManyRequestsAreRefused(t *testing.T) {
	g := NewWithT(t)
	requests := outbox.NewRequests(&slowStore{}, func() {}, slog.New(slog.DiscardHandler))
	taken := 0
	for range 2000 {
		if requests.Offer("a@mail.example", "ja", netip.Addr{}) {
			taken++
		}
	}
	g.Expect(taken).To(Equal(1000))
}
