// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"log"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	maxMessageBytes = 10 << 20
	maxRecipients   = 100
)

// newSMTPServer takes mail from everybody for everybody.
func newSMTPServer(b *box, f *faults) *smtp.Server {
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{box: b, faults: f, conn: c}, nil }))
	s.Domain = "mailbox.example"
	s.MaxMessageBytes, s.MaxRecipients = maxMessageBytes, maxRecipients
	s.ReadTimeout, s.WriteTimeout = 5*time.Minute, time.Minute
	s.EnableSMTPUTF8 = true
	s.ErrorLog = log.New(io.Discard, "", 0) // a broken connection is the client's affair
	return s
}

// session is one connection.
type session struct {
	box    *box
	faults *faults
	conn   *smtp.Conn
	from   string
	to     []string
}

// Reset forgets the message that was begun.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout has nothing to free.
func (s *session) Logout() error { return nil }

// Mail takes any sender.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt takes any recipient, unless a fault says otherwise.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if one, met := s.faults.meet(atRecipient, []string{to}); met {
		s.faults.wait(one)
		if one.Drop != "" {
			return s.drop()
		}
		if err := one.answer(); err != nil {
			return err
		}
	}
	s.to = append(s.to, to)
	return nil
}

// Data keeps the message, unless a fault says otherwise.
func (s *session) Data(r io.Reader) error {
	source, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	one, met := s.faults.meet(atData, s.to)
	if met {
		s.faults.wait(one)
		if one.Drop == dropBefore {
			return s.drop()
		}
		if err := one.answer(); err != nil && one.Drop == "" {
			return err
		}
	}
	s.box.put(s.from, s.to, source)
	if met && one.Drop == dropAfter {
		return s.drop()
	}
	return nil
}

// drop closes the connection under the client. The answer that follows goes nowhere.
func (s *session) drop() error {
	return errors.Join(errors.New("connection dropped on purpose"), s.conn.Conn().Close())
}
