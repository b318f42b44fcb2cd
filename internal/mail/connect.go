// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// session is one open connection to a mail server.
type session struct {
	config Config
	conn   net.Conn
	in     *bufio.Reader
	out    []byte

	pipelining, utf8, startTLS, encrypted bool
	auth                                  []string // mechanisms on offer

	open   bool // a transaction was begun and not ended: RSET before the next
	closed bool // the connection is gone
}

// maxReplyLine and maxReplyLines bound what a server can make this side keep.
const (
	maxReplyLine  = 4096
	maxReplyLines = 128
)

var (
	errReply       = errors.New("the server's answer is not SMTP")
	errNoStartTLS  = errors.New("the server does not offer STARTTLS")
	errNoAuth      = errors.New("the server offers neither AUTH PLAIN nor AUTH LOGIN")
	errNotBegun    = errors.New("the connection ended before this message was begun")
	errEarlyAnswer = errors.New("the server spoke before TLS began")
)

// connect opens a session that is ready for mail. Its error is a *Failure of kind Trouble.
func connect(ctx context.Context, c Config) (*session, error) {
	if c.Captures() {
		return nil, trouble(StageConnect, errCaptured)
	}
	ctx, cancel := context.WithTimeout(ctx, c.commandTimeout())
	defer cancel()
	dial := c.Dial
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	conn, err := dial(ctx, "tcp", net.JoinHostPort(c.Host, strconv.Itoa(c.Port)))
	if err != nil {
		return nil, trouble(StageConnect, err)
	}
	s := &session{config: c, conn: conn}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := s.start(ctx); err != nil {
		_ = s.conn.Close()
		return nil, err
	}
	return s, nil
}

func trouble(stage Stage, err error) *Failure {
	return &Failure{Outcome{Kind: Trouble, Stage: stage, Err: withoutAddresses(err)}}
}

func troubleReply(stage Stage, r reply) *Failure {
	return &Failure{Outcome{Kind: Trouble, Stage: stage, Code: r.code, Status: r.status}}
}

// withoutAddresses keeps the cause of a network error and drops the addresses of its sockets.
func withoutAddresses(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("%s: %w", op.Op, op.Err)
	}
	return err
}

// start goes through greeting, EHLO, TLS and AUTH.
func (s *session) start(ctx context.Context) error {
	if s.config.TLS == TLSImplicit {
		if err := s.encrypt(ctx); err != nil {
			return err
		}
	} else {
		s.in = bufio.NewReaderSize(s.conn, maxReplyLine)
	}
	s.deadline(s.config.commandTimeout())
	r, err := s.read(nil)
	if err != nil {
		return trouble(StageGreeting, err)
	}
	if r.code != 220 {
		return troubleReply(StageGreeting, r)
	}
	if err := s.hello(); err != nil {
		return err
	}
	if s.config.TLS == TLSStart {
		if err := s.upgrade(ctx); err != nil {
			return err
		}
	}
	if s.config.Username != "" {
		return s.authenticate()
	}
	return nil
}

// hello sends EHLO and reads what the server offers; HELO when it knows no EHLO.
func (s *session) hello() error {
	s.pipelining, s.utf8, s.startTLS, s.auth = false, false, false, nil
	r, err := s.command("EHLO "+s.config.hello(), func(line string) {
		keyword, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(keyword) {
		case "PIPELINING":
			s.pipelining = true
		case "SMTPUTF8":
			s.utf8 = true
		case "STARTTLS":
			s.startTLS = true
		case "AUTH":
			s.auth = strings.Fields(strings.ToUpper(rest))
		}
	})
	if err != nil {
		return trouble(StageHello, err)
	}
	if r.code >= 500 {
		if r, err = s.command("HELO "+s.config.hello(), nil); err != nil {
			return trouble(StageHello, err)
		}
	}
	if !r.ok() {
		return troubleReply(StageHello, r)
	}
	return nil
}

// upgrade starts TLS on a clear connection. Without an offer of STARTTLS it stops: a man in the middle can take
// the offer away.
func (s *session) upgrade(ctx context.Context) error {
	if !s.startTLS {
		return trouble(StageTLS, errNoStartTLS)
	}
	r, err := s.command("STARTTLS", nil)
	if err != nil {
		return trouble(StageTLS, err)
	}
	if r.code != 220 {
		return troubleReply(StageTLS, r)
	}
	if s.in.Buffered() > 0 {
		return trouble(StageTLS, errEarlyAnswer)
	}
	if err := s.encrypt(ctx); err != nil {
		return err
	}
	return s.hello()
}

func (s *session) encrypt(ctx context.Context) error {
	encrypted := tls.Client(s.conn, s.config.tlsConfig())
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return trouble(StageTLS, err)
	}
	s.conn, s.encrypted = encrypted, true
	s.in = bufio.NewReaderSize(encrypted, maxReplyLine)
	return nil
}

// authenticate uses AUTH PLAIN, or LOGIN where there is no PLAIN.
func (s *session) authenticate() error {
	if !s.encrypted {
		return trouble(StageAuth, ErrClearText)
	}
	encode := func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) }
	var steps []string
	switch {
	case contains(s.auth, "PLAIN"):
		steps = []string{"AUTH PLAIN " + encode("\x00"+s.config.Username+"\x00"+s.config.Password)}
	case contains(s.auth, "LOGIN"):
		steps = []string{"AUTH LOGIN", encode(s.config.Username), encode(s.config.Password)}
	default:
		return trouble(StageAuth, errNoAuth)
	}
	for i, step := range steps {
		r, err := s.command(step, nil)
		if err != nil {
			return trouble(StageAuth, err)
		}
		if last := i == len(steps)-1; last && r.code != 235 || !last && r.code != 334 {
			return troubleReply(StageAuth, r)
		}
	}
	return nil
}

func contains(list []string, want string) bool {
	for _, v := range list {
		if v == want {
			return true
		}
	}
	return false
}

func (s *session) deadline(d time.Duration) { _ = s.conn.SetDeadline(time.Now().Add(d)) }

// command sends one line and reads its answer; each gets the lines of the answer behind the first.
func (s *session) command(line string, each func(string)) (reply, error) {
	s.deadline(s.config.commandTimeout())
	if _, err := s.conn.Write([]byte(line + "\r\n")); err != nil {
		return reply{}, err
	}
	return s.read(each)
}

// read reads one answer of one or more lines.
func (s *session) read(each func(string)) (reply, error) {
	for n := range maxReplyLines {
		line, err := s.in.ReadSlice('\n')
		if err != nil {
			return reply{}, err
		}
		r, more, text, ok := parseReply(line)
		if !ok {
			return reply{}, errReply
		}
		if each != nil && n > 0 {
			each(string(text))
		}
		if !more {
			return r, nil
		}
	}
	return reply{}, errReply
}

// parseReply reads "250-TEXT", "250 2.1.0 TEXT" and "250".
func parseReply(line []byte) (r reply, more bool, text []byte, ok bool) {
	n := len(line)
	for n > 0 && (line[n-1] == '\n' || line[n-1] == '\r') {
		n--
	}
	line = line[:n]
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '9' || line[2] < '0' || line[2] > '9' {
		return reply{}, false, nil, false
	}
	r.code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return r, false, nil, true
	}
	if line[3] != ' ' && line[3] != '-' {
		return reply{}, false, nil, false
	}
	text = line[4:]
	r.status = parseStatus(text, line[0])
	return r, line[3] == '-', text, true
}

// parseStatus reads "5.1.1 …" whose class agrees with the code.
func parseStatus(text []byte, class byte) Status {
	if len(text) < 5 || text[0] != class || text[1] != '.' {
		return Status{}
	}
	var numbers [2]uint16
	part, digits := 0, 0
	for _, c := range text[2:] {
		switch {
		case c >= '0' && c <= '9' && digits < 3:
			numbers[part] = numbers[part]*10 + uint16(c-'0')
			digits++
		case c == '.' && part == 0 && digits > 0:
			part, digits = 1, 0
		case c == ' ' && part == 1 && digits > 0:
			return Status{Class: uint16(class - '0'), Subject: numbers[0], Detail: numbers[1]}
		default:
			return Status{}
		}
	}
	if part == 1 && digits > 0 {
		return Status{Class: uint16(class - '0'), Subject: numbers[0], Detail: numbers[1]}
	}
	return Status{}
}

// quit ends the session politely, without waiting for long.
func (s *session) quit() {
	s.deadline(time.Second)
	if _, err := s.conn.Write([]byte("QUIT\r\n")); err == nil {
		_, _ = s.read(nil)
	}
	_ = s.conn.Close()
}
