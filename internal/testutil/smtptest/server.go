// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package smtptest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Options say what kind of server it is. The zero value is a server without encryption and authentication.
type Options struct {
	StartTLS bool
	Implicit bool // TLS from the first byte
	Username string
	Password string
	UTF8     bool   // offer SMTPUTF8
	Address  string // to listen on; empty: a free port of 127.0.0.1
}

// Message is one mail as it was taken.
type Message struct {
	From, To string
	Data     []byte
	At       time.Time
}

// Verdict is what the server does with a message after the final dot.
type Verdict struct {
	// Reply refuses with this code and status; 0 accepts.
	Reply  int
	Status [3]int
	// Delay waits before it decides, or until the client or the server has gone.
	Delay time.Duration
	// LoseAnswer takes the message and cuts the connection instead of answering.
	LoseAnswer bool
	// Cut cuts the connection without taking the message.
	Cut bool
}

// Hooks decide about recipients and messages. Attempt counts from 1 for each recipient. Nil hooks accept.
type Hooks struct {
	Rcpt func(to string, attempt int) Verdict
	Data func(to string, attempt int) Verdict
	Mail func() Verdict
}

// Server is a running mail server.
type Server struct {
	Host  string
	Port  int
	Roots *x509.CertPool // trusts the server's certificate
	CAPEM []byte

	options  Options
	server   *smtp.Server
	listener net.Listener
	done     chan struct{}

	mu          sync.Mutex
	hooks       Hooks
	messages    []Message
	counts      map[string]int
	rcpts       map[string]int
	data        map[string]int
	connections int
}

// Start runs a server until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{options: o, done: make(chan struct{}), counts: map[string]int{}, rcpts: map[string]int{}, data: map[string]int{}}
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", o.Address)
	if err != nil {
		t.Fatalf("start a mail server: %v", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok || !address.IP.IsLoopback() {
		t.Fatalf("a test's mail server listens on loopback only, not on %s", listener.Addr())
	}
	s.Host, s.Port = "127.0.0.1", address.Port
	s.server = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.server.Domain = "mail.test.example"
	s.server.EnableSMTPUTF8 = o.UTF8
	s.server.AllowInsecureAuth = false
	s.server.MaxLineLength = 2000
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	if o.StartTLS || o.Implicit {
		config := s.certificate(t)
		s.server.TLSConfig = config
		if o.Implicit {
			listener = tls.NewListener(listener, config)
		}
	}
	s.listener = listener
	go func() { _ = s.server.Serve(listener) }()
	t.Cleanup(s.Stop)
	return s
}

// Address is where the server listens, to start another one in its place.
func (s *Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Stop ends the server and all its connections. It may be called more than once.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
	default:
		close(s.done)
		_ = s.listener.Close()
		_ = s.server.Close()
	}
}

// SetHooks changes how the server behaves from now on.
func (s *Server) SetHooks(h Hooks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = h
}

// Messages are all mails that were taken, in their order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message{}, s.messages...)
}

// Counts are the mails taken for each recipient.
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]int, len(s.counts))
	for k, v := range s.counts {
		out[k] = v
	}
	return out
}

// Taken is the number of mails that were taken.
func (s *Server) Taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.messages)
}

// Connections is the number of connections that were ever made.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

func (s *Server) newSession(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections++
	return &session{server: s, conn: c}, nil
}

// session is one connection's state.
type session struct {
	server *Server
	conn   *smtp.Conn
	from   string
	to     string
	login  bool
}

var _ smtp.AuthSession = (*session)(nil)

func (c *session) AuthMechanisms() []string {
	if c.server.options.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != c.server.options.Username || password != c.server.options.Password {
			return smtp.ErrAuthFailed
		}
		c.login = true
		return nil
	}), nil
}

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if c.server.options.Username != "" && !c.login {
		return smtp.ErrAuthRequired
	}
	c.from = from
	c.server.mu.Lock()
	hook := c.server.hooks.Mail
	c.server.mu.Unlock()
	if hook == nil {
		return nil
	}
	return c.obey(hook())
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.to = to
	s := c.server
	s.mu.Lock()
	s.rcpts[to]++
	attempt, hook := s.rcpts[to], s.hooks.Rcpt
	s.mu.Unlock()
	if hook == nil {
		return nil
	}
	return c.obey(hook(to, attempt))
}

func (c *session) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s := c.server
	s.mu.Lock()
	s.data[c.to]++
	attempt, hook := s.data[c.to], s.hooks.Data
	s.mu.Unlock()
	var v Verdict
	if hook != nil {
		v = hook(c.to, attempt)
	}
	lose := v.LoseAnswer
	v.LoseAnswer = false
	if err := c.obey(v); err != nil {
		return err
	}
	s.mu.Lock()
	s.messages = append(s.messages, Message{From: c.from, To: c.to, Data: body, At: time.Now()})
	s.counts[c.to]++
	s.mu.Unlock()
	if lose {
		return c.cut()
	}
	return nil
}

// obey carries out a verdict.
func (c *session) obey(v Verdict) error {
	if v.Delay > 0 {
		select {
		case <-time.After(v.Delay):
		case <-c.server.done:
		}
	}
	switch {
	case v.Cut, v.LoseAnswer:
		return c.cut()
	case v.Reply != 0:
		return &smtp.SMTPError{Code: v.Reply, EnhancedCode: smtp.EnhancedCode(v.Status), Message: "told so for " + c.to}
	}
	return nil
}

func (c *session) cut() error {
	_ = c.conn.Conn().Close()
	return errors.New("cut")
}

func (c *session) Reset()        {}
func (c *session) Logout() error { return nil }
