// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/netutil"

	"github.com/alumni-operator/alumni-operator/internal/bounce"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

// Bounds of what clients may do.
const (
	// maxConnections are served at once; others wait. Each may hold one message in memory.
	maxConnections = 8
	maxLine        = 64 << 10
	maxRecipients  = 1  // a report has one; whoever has more tries again with the next
	maxRefusals    = 20 // of recipients on one connection
	// patience bounds a command, and a whole message.
	patience = time.Minute
	// noteLimit bounds the writing of one report.
	noteLimit = 30 * time.Second
)

// Config is what a receiver needs.
type Config struct {
	Protocol string // settings.BounceLMTP or settings.BounceSMTP
	Sender   *bounce.Sender
	Links    *unsubscribe.Signer
	// Note writes a report down; an error means that it is to be sent again.
	Note     func(context.Context, bounce.Claim, bounce.Report) error
	Log      *slog.Logger
	Registry prometheus.Registerer
}

// Receiver is a server of one network.
type Receiver struct {
	Config
	server   *smtp.Server
	reports  *prometheus.CounterVec
	refusals *prometheus.CounterVec

	mu       sync.Mutex
	stopping bool
	listener net.Listener
	active   sync.WaitGroup // messages being read and noted
}

// The reasons of alumni_portal_bounce_refusals_total.
const (
	refusedRecipient = "Recipient" // no address of this network
	refusedUnknown   = "Unknown"   // a message to the mailbox that quotes no mail of ours
	refusedSize      = "Size"
	refusedStore     = "Store" // for now: the store is away
)

// New makes a receiver and registers what it counts.
func New(c Config) (*Receiver, error) {
	if c.Protocol != settings.BounceLMTP && c.Protocol != settings.BounceSMTP {
		return nil, fmt.Errorf("there is no protocol %q to take bounces by", c.Protocol)
	}
	r := &Receiver{
		Config: c,
		reports: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alumni_portal_bounces_total", Help: "Messages that came back to campaign mails, by what they say.",
		}, []string{"kind"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alumni_portal_bounce_refusals_total", Help: "Messages that the receiver of bounces did not take: Recipient, Unknown, Size or Store.",
		}, []string{"reason"}),
	}
	for _, kind := range bounce.Kinds() {
		r.reports.WithLabelValues(kind.String())
	}
	for _, reason := range []string{refusedRecipient, refusedUnknown, refusedSize, refusedStore} {
		r.refusals.WithLabelValues(reason)
	}
	c.Registry.MustRegister(r.reports, r.refusals)
	s := smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) { return &session{receiver: r, conn: conn}, nil }))
	s.LMTP = c.Protocol == settings.BounceLMTP
	s.Domain = "bounces"
	s.MaxRecipients, s.MaxMessageBytes, s.MaxLineLength = maxRecipients, bounce.MaxMessage, maxLine
	s.ReadTimeout, s.WriteTimeout = patience, patience
	s.EnableSMTPUTF8 = true
	s.ErrorLog = quiet{c.Log}
	r.server = s
	return r, nil
}

// Serve takes messages until Stop, after which it returns nil.
func (r *Receiver) Serve(l net.Listener) error {
	l = netutil.LimitListener(l, maxConnections)
	r.mu.Lock()
	r.listener = l
	stopping := r.stopping
	r.mu.Unlock()
	if stopping {
		return l.Close()
	}
	err := r.server.Serve(l)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopping {
		return nil
	}
	return fmt.Errorf("take bounces: %w", err)
}

// Stop takes no new message, waits for those that are being noted, as long as ctx lasts, and ends every connection. A
// message whose answer is lost comes again and changes nothing.
func (r *Receiver) Stop(ctx context.Context) {
	r.mu.Lock()
	r.stopping = true
	if r.listener != nil {
		_ = r.listener.Close()
	}
	r.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		r.active.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	_ = r.server.Close()
}

// begin counts a message in, unless the receiver stops.
func (r *Receiver) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopping {
		r.active.Add(1)
	}
	return !r.stopping
}

func (r *Receiver) refuse(reason string, code int, status smtp.EnhancedCode, text string) error {
	r.refusals.WithLabelValues(reason).Inc()
	return &smtp.SMTPError{Code: code, EnhancedCode: status, Message: text}
}

// session is one connection.
type session struct {
	receiver *Receiver
	conn     *smtp.Conn
	claim    bounce.Claim
	named    bool // the recipient named the mail
	refused  int
}

var _ smtp.Session = (*session)(nil)

// Mail takes every sender: reports come from nobody and from everybody.
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt takes an address of a mail of this network, and the mailbox of complaints.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	claim, err := s.receiver.Sender.Parse(to)
	switch {
	case err == nil:
		s.claim, s.named = claim, true
	case s.receiver.Sender.IsMailbox(to):
		s.claim, s.named = bounce.Claim{}, false
	default:
		if s.refused++; s.refused > maxRefusals {
			_ = s.conn.Close()
		}
		return s.receiver.refuse(refusedRecipient, 550, smtp.EnhancedCode{5, 1, 1}, "No such mailbox here")
	}
	return nil
}

// Data reads a message and has it noted.
func (s *session) Data(from io.Reader) error {
	r := s.receiver
	if !r.begin() {
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "Closing down, try again"}
	}
	defer r.active.Done()
	message, err := io.ReadAll(io.LimitReader(from, bounce.MaxMessage+1))
	switch {
	case errors.Is(err, smtp.ErrDataTooLarge), errors.Is(err, smtp.ErrTooLongLine), len(message) > bounce.MaxMessage:
		return r.refuse(refusedSize, 552, smtp.EnhancedCode{5, 3, 4}, "Too large")
	case err != nil:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 4, 2}, Message: "The message did not arrive"}
	}
	return r.take(s, message)
}

// take reads what a message says and notes it.
func (r *Receiver) take(s *session, message []byte) error {
	report := bounce.Parse(message)
	claim, known := s.claim, s.named
	if !known {
		claim, known = r.attribute(report)
	}
	if !known {
		return r.refuse(refusedUnknown, 550, smtp.EnhancedCode{5, 7, 1}, "This is about no mail from here")
	}
	ctx, cancel := context.WithTimeout(context.Background(), noteLimit)
	defer cancel()
	if err := r.Note(ctx, claim, report); err != nil {
		r.Log.Warn("Failing to note what came back to a mail", "kind", report.Kind.String(), "error", err.Error())
		return r.refuse(refusedStore, 451, smtp.EnhancedCode{4, 3, 0}, "Try again later")
	}
	r.reports.WithLabelValues(report.Kind.String()).Inc()
	return nil
}

// Reset forgets the message under way.
func (s *session) Reset() { s.claim, s.named = bounce.Claim{}, false }

// Logout ends a connection.
func (s *session) Logout() error { return nil }

// quiet lets nothing through of what the library says of clients: it holds their addresses.
type quiet struct{ log *slog.Logger }

func (q quiet) Printf(string, ...any) {
	q.log.Debug("Closing a connection of the receiver of bounces after an error")
}
func (q quiet) Println(...any) { q.Printf("") }
