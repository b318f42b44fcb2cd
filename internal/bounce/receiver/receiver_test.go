// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/alumni-operator/alumni-operator/internal/bounce"
	"github.com/alumni-operator/alumni-operator/internal/bounce/receiver"
	"github.com/alumni-operator/alumni-operator/internal/bounce/register"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

const mailbox = "bounces@hoshino.example"

// noted is what a receiver handed on.
type noted struct {
	claim bounce.Claim
	kind  bounce.Kind
}

// rig is a receiver on loopback.
type rig struct {
	*testing.T
	Gomega
	receiver *receiver.Receiver
	sender   *bounce.Sender
	links    *unsubscribe.Signer
	registry *prometheus.Registry
	protocol string
	address  string
	log      *buffer

	mu    sync.Mutex
	notes []noted
	// fail and hold change what noting does.
	fail error
	hold chan struct{}
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (r *rig) note(_ context.Context, c bounce.Claim, report bounce.Report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hold != nil {
		r.hold <- struct{}{}
		<-r.hold
	}
	if r.fail == nil {
		r.notes = append(r.notes, noted{c, report.Kind})
	}
	return r.fail
}

func (r *rig) all() []noted {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.notes
}

// start runs a receiver. Without a way to note it gathers what it is told.
func start(t *testing.T, protocol string, note func(context.Context, bounce.Claim, bounce.Report) error) *rig {
	t.Helper()
	key := make([]byte, unsubscribe.KeySize)
	_, _ = rand.Read(key)
	r := &rig{T: t, Gomega: NewWithT(t), registry: prometheus.NewRegistry(), protocol: protocol, log: &buffer{}}
	var err error
	r.sender, err = bounce.NewSender(mailbox, key)
	r.Expect(err).NotTo(HaveOccurred())
	r.links, err = unsubscribe.NewSigner(key)
	r.Expect(err).NotTo(HaveOccurred())
	if note == nil {
		note = r.note
	}
	r.receiver, err = receiver.New(receiver.Config{Protocol: protocol, Sender: r.sender, Links: r.links, Note: note,
		Log: slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Registry: r.registry})
	r.Expect(err).NotTo(HaveOccurred())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	r.Expect(err).NotTo(HaveOccurred())
	r.address = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- r.receiver.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		r.receiver.Stop(ctx)
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return r
}

// client is a mail server that delivers here.
func (r *rig) client() *smtp.Client {
	r.Helper()
	conn, err := net.Dial("tcp", r.address)
	r.Expect(err).NotTo(HaveOccurred())
	r.Cleanup(func() { _ = conn.Close() })
	if r.protocol == settings.BounceLMTP {
		return smtp.NewClientLMTP(conn)
	}
	return smtp.NewClient(conn)
}

// deliver hands over one message and returns the code of the last answer.
func (r *rig) deliver(c *smtp.Client, to, message string) int {
	r.Helper()
	r.Expect(c.Mail("", nil)).To(Succeed())
	if err := c.Rcpt(to, nil); err != nil {
		r.Expect(c.Reset()).To(Succeed())
		return code(err)
	}
	w, err := c.Data()
	r.Expect(err).NotTo(HaveOccurred())
	if _, err := io.WriteString(w, message); err != nil {
		return code(err)
	}
	return code(w.Close())
}

func code(err error) int {
	var refusal *smtp.SMTPError
	switch {
	case err == nil:
		return 250
	case errors.As(err, &refusal):
		return refusal.Code
	}
	return 0
}

// count reads one metric.
func (r *rig) count(name, label string) float64 {
	r.Helper()
	families, err := r.registry.Gather()
	r.Expect(err).NotTo(HaveOccurred())
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == label {
				return m.GetCounter().GetValue()
			}
		}
	}
	return -1
}

// gone is a notification that an address does not exist.
func gone(code string) string {
	return "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" +
		"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; canary@secret.example\r\nAction: failed\r\nStatus: " + code + "\r\n\r\n--b--\r\n"
}

// complaint is a report about a mail with a header.
func complaint(header string) string {
	return "To: " + mailbox + "\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n" +
		"Feedback-Type: abuse\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + header + "\r\nSubject: canary\r\n\r\n.hello\r\n--b--\r\n"
}

func TestWhatComesBackIsTakenAndHandedOn(t *testing.T) {
	for _, protocol := range []string{settings.BounceLMTP, settings.BounceSMTP} {
		t.Run(protocol, func(t *testing.T) {
			r := start(t, protocol, nil)
			mail := bounce.Claim{Member: uuid.New(), Run: 7}
			address := r.sender.Address(mail)
			c := r.client()
			for _, x := range []struct {
				to, message string
				want        int
				kind        bounce.Kind
			}{
				{address, gone("5.1.1"), 250, bounce.HardBounce},
				{strings.ToUpper(address), gone("4.2.2"), 250, bounce.SoftBounce},
				{address, "Subject: I am away\r\n\r\nuntil Monday", 250, bounce.Ignored},
				{mailbox, complaint("Return-Path: <" + address + ">"), 250, bounce.Complaint},
				{mailbox, complaint("List-Unsubscribe: <https://x.example/u/u/" + r.links.Token(unsubscribe.Claim{Member: mail.Member, Run: mail.Run}) + ">"), 250, bounce.Complaint},
			} {
				before := len(r.all())
				r.Expect(r.deliver(c, x.to, x.message)).To(Equal(x.want))
				r.Expect(r.all()[before:]).To(Equal([]noted{{mail, x.kind}}))
			}
			r.Expect(r.count("alumni_portal_bounces_total", "Complaint")).To(Equal(2.0))
			r.Expect(r.count("alumni_portal_bounces_total", "HardBounce")).To(Equal(1.0))
		})
	}
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	for _, protocol := range []string{settings.BounceLMTP, settings.BounceSMTP} {
		t.Run(protocol, func(t *testing.T) {
			r := start(t, protocol, nil)
			mail := bounce.Claim{Member: uuid.New(), Run: 7}
			address := r.sender.Address(mail)
			foreign, err := bounce.NewSender(mailbox, make([]byte, 32))
			r.Expect(err).NotTo(HaveOccurred())
			c := r.client()
			for name, x := range map[string]struct {
				to, message string
				want        int
			}{
				"made with another key":          {foreign.Address(mail), gone("5.1.1"), 550},
				"another mailbox":                {"hanako@hoshino.example", gone("5.1.1"), 550},
				"another domain":                 {strings.Replace(address, "hoshino", "other", 1), gone("5.1.1"), 550},
				"a complaint about no mail":      {mailbox, complaint("Return-Path: <hanako@hoshino.example>"), 550},
				"a complaint about a forged one": {mailbox, complaint("Return-Path: <" + foreign.Address(mail) + ">"), 550},
				"a letter to the mailbox":        {mailbox, "Subject: hello\r\n\r\nhello", 550},
				"too large":                      {address, gone("5.1.1") + strings.Repeat(strings.Repeat("x", 998)+"\r\n", 1100), 552},
			} {
				r.Expect(r.deliver(c, x.to, x.message)).To(Equal(x.want), name)
			}
			r.Expect(r.all()).To(BeEmpty())
			r.Expect(r.deliver(c, address, gone("5.1.1"))).To(Equal(250), "the connection is as good as new")
			r.Expect(r.count("alumni_portal_bounce_refusals_total", "Recipient")).To(Equal(3.0))
			r.Expect(r.count("alumni_portal_bounce_refusals_total", "Unknown")).To(Equal(3.0))
			r.Expect(r.count("alumni_portal_bounce_refusals_total", "Size")).To(Equal(1.0))
			r.Expect(r.log.String()).NotTo(Or(ContainSubstring("canary"), ContainSubstring("hoshino.example"), ContainSubstring("127.0.0.1")))
		})
	}
}

func TestAMessageIsKeptByTheMailServerWhileTheStoreIsAway(t *testing.T) {
	for _, protocol := range []string{settings.BounceLMTP, settings.BounceSMTP} {
		t.Run(protocol, func(t *testing.T) {
			g := NewWithT(t)
			closed, err := net.Listen("tcp", "127.0.0.1:0")
			g.Expect(err).NotTo(HaveOccurred())
			host, port, err := net.SplitHostPort(closed.Addr().String())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(closed.Close()).To(Succeed())
			pool, err := pgxpool.New(t.Context(), fmt.Sprintf("host=%s port=%s user=x dbname=x sslmode=disable", host, port))
			g.Expect(err).NotTo(HaveOccurred())
			t.Cleanup(pool.Close)
			r := start(t, protocol, register.New(pool).Note)
			c := r.client()
			r.Expect(r.deliver(c, r.sender.Address(bounce.Claim{Member: uuid.New(), Run: 7}), gone("5.1.1"))).To(Equal(451))
			r.Expect(r.count("alumni_portal_bounces_total", "HardBounce")).To(BeZero())
			r.Expect(r.count("alumni_portal_bounce_refusals_total", "Store")).To(Equal(1.0))
			r.Expect(r.log.String()).To(And(ContainSubstring("note a HardBounce"), Not(ContainSubstring("canary")), Not(ContainSubstring("user=x"))))
		})
	}
}

func TestTheStoreHasWhatWasTaken(t *testing.T) {
	s := store.New(t)
	r := start(t, settings.BounceLMTP, register.New(s.Pool(naming.RolePortal)).Note)
	member := uuid.Must(uuid.NewV7())
	var run int64
	_, err := s.Admin().Exec(t.Context(), "INSERT INTO alumni.member (id, state, family_name, locale) VALUES ($1, 'Active', 'x', 'en')", member)
	r.Expect(err).NotTo(HaveOccurred())
	r.Expect(s.Admin().QueryRow(t.Context(), `INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, generation, state, scheduled_at, deadline)
		VALUES ('r', 'c', 'news', 'Newsletter', 1, 'Finished', now(), now()) RETURNING id`).Scan(&run)).To(Succeed())
	_, err = s.Admin().Exec(t.Context(), "INSERT INTO alumni.delivery (run_id, member_id, channel, state, sent_at) VALUES ($1, $2, 'Email', 'Sent', now())", run, member)
	r.Expect(err).NotTo(HaveOccurred())

	c := r.client()
	for range 2 {
		r.Expect(r.deliver(c, r.sender.Address(bounce.Claim{Member: member, Run: run}), gone("5.1.1"))).To(Equal(250))
	}
	var left string
	r.Expect(s.Admin().QueryRow(t.Context(), `SELECT d.state || ' ' || d.reason || ' ' || x.reason || ' ' || (SELECT count(*) FROM alumni.bounce)
		FROM alumni.delivery d JOIN alumni.suppression x USING (member_id)`).Scan(&left)).To(Succeed())
	r.Expect(left).To(Equal("Failed HardBounce HardBounce 1"))
}

func TestGarbageEndsAConnectionAndNothingElse(t *testing.T) {
	for _, protocol := range []string{settings.BounceLMTP, settings.BounceSMTP} {
		t.Run(protocol, func(t *testing.T) {
			r := start(t, protocol, nil)
			hello, address := map[string]string{settings.BounceLMTP: "LHLO x\r\n", settings.BounceSMTP: "EHLO x\r\n"}[protocol], r.sender.Address(bounce.Claim{Run: 1})
			envelope := hello + "MAIL FROM:<>\r\nRCPT TO:<" + address + ">\r\nDATA\r\n"
			for name, text := range map[string]string{
				"zeros":               strings.Repeat("\x00", 200000),
				"lines of nothing":    strings.Repeat("\r\n", 100),
				"another protocol":    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
				"a line without end":  strings.Repeat("A", 300000),
				"half a message":      envelope + "Subject: x\r\n\r\nhalf",
				"a long line within":  envelope + strings.Repeat("A", 300000) + "\r\n.\r\n",
				"very many addresses": hello + "MAIL FROM:<>\r\n" + strings.Repeat("RCPT TO:<a@b.example>\r\n", 1000),
				"binary in a message": envelope + "\xff\xfe\x00\r\n..\r\n.\r\n",
			} {
				conn, err := net.Dial("tcp", r.address)
				r.Expect(err).NotTo(HaveOccurred(), name)
				go func() {
					_, _ = io.WriteString(conn, text)
					_ = conn.(*net.TCPConn).CloseWrite()
				}()
				r.Expect(conn.SetReadDeadline(time.Now().Add(20 * time.Second))).To(Succeed())
				_, err = io.Copy(io.Discard, conn)
				var slow net.Error
				r.Expect(errors.As(err, &slow) && slow.Timeout()).To(BeFalse(), "%s: the server hangs on", name)
				_ = conn.Close()
			}
			for _, n := range r.all() {
				r.Expect(n).To(Equal(noted{bounce.Claim{Run: 1}, bounce.Ignored}), "no sense was seen in it")
			}
			r.Expect(r.deliver(r.client(), address, gone("5.1.1"))).To(Equal(250))
		})
	}
}

func TestStoppingWaitsForWhatIsBeingNoted(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, leaks) })
	r := start(t, settings.BounceSMTP, nil)
	r.hold = make(chan struct{})
	idle := r.client()
	r.Expect(idle.Noop()).To(Succeed())
	answer := make(chan int, 1)
	c := r.client()
	go func() { answer <- r.deliver(c, r.sender.Address(bounce.Claim{Run: 1}), gone("5.1.1")) }()
	<-r.hold
	stopped := make(chan struct{})
	go func() {
		r.receiver.Stop(context.Background())
		close(stopped)
	}()
	select {
	case <-stopped:
		t.Fatal("it did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	r.hold <- struct{}{}
	<-stopped
	<-answer // 250, or nothing: then it comes again
	r.Expect(r.all()).To(HaveLen(1))
	r.Expect(idle.Noop()).NotTo(Succeed(), "idle connections end")
}
