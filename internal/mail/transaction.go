// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"bytes"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
)

// Letter is one message for one recipient, ready to go out.
type Letter struct {
	From compose.Address
	To   compose.Address
	Body []byte // headers and body with CRLF line ends; dots need not be doubled
	Tag  any    // the sender's own; untouched

	Member [16]byte // whom it is for; only a Recorder asks
}

// codeClosing is the answer of a server that is about to hang up.
const codeClosing = 421

// unsupportedAddress is RFC 6531's status for an address that needs SMTPUTF8 where there is none.
var unsupportedAddress = Status{5, 6, 7}

// appendEnvelope writes the commands that come before a message. A transaction that failed half way is ended first.
func (s *session) appendEnvelope(dst []byte, l *Letter) []byte {
	if s.open {
		dst = append(dst, "RSET\r\n"...)
	}
	dst = append(append(append(dst, "MAIL FROM:<"...), l.From.Mailbox...), '>')
	if l.From.UTF8 || l.To.UTF8 {
		dst = append(dst, " SMTPUTF8"...)
	}
	dst = append(append(append(dst, "\r\nRCPT TO:<"...), l.To.Mailbox...), ">\r\nDATA\r\n"...)
	return dst
}

// begin sends the envelope of a letter. Ready means that the server waits for the message.
func (s *session) begin(l *Letter) (o Outcome, ready bool) {
	if (l.From.UTF8 || l.To.UTF8) && !s.utf8 {
		return Outcome{Kind: Permanent, Stage: StageMail, Status: unsupportedAddress}, false
	}
	s.out = s.appendEnvelope(s.out[:0], l)
	s.deadline(s.config.commandTimeout())
	if s.pipelining {
		if _, err := s.conn.Write(s.out); err != nil {
			return s.broken(StageMail, err), false
		}
		return s.readEnvelope(nil)
	}
	rest := s.out
	return s.readEnvelope(func() error {
		end := bytes.IndexByte(rest, '\n') + 1
		line := rest[:end]
		rest = rest[end:]
		s.deadline(s.config.commandTimeout())
		_, err := s.conn.Write(line)
		return err
	})
}

// readEnvelope reads the answers to an envelope. With send it sends the next command before each answer and stops
// at the first refusal; without, all commands are on their way already and every answer is read.
func (s *session) readEnvelope(send func() error) (o Outcome, ready bool) {
	stages := []Stage{StageMail, StageRcpt, StageData}
	if s.open {
		if _, failed := s.step(StageMail, send); failed != nil {
			return *failed, false
		}
		s.open = false
	}
	var refused *Outcome
	for _, stage := range stages {
		r, failed := s.step(stage, send)
		switch {
		case failed != nil:
			return *failed, false
		case stage == StageData && r.code == 354:
			ready = true
		case stage != StageData && r.ok():
			s.open = true
		case refused == nil:
			refusal := r.outcome(stage)
			if r.ok() || r.code == 354 { // an answer that makes no sense here
				return s.broken(stage, errReply), false
			}
			refused = &refusal
		}
		if refused != nil && (send != nil || refused.Code == codeClosing) {
			return *refused, false
		}
	}
	if refused == nil {
		return Outcome{}, true
	}
	if ready {
		return s.endEmpty(*refused), false
	}
	return *refused, false
}

// step reads one answer, after sending the next command where commands are not pipelined.
func (s *session) step(stage Stage, send func() error) (reply, *Outcome) {
	if send != nil {
		if err := send(); err != nil {
			o := s.broken(stage, err)
			return reply{}, &o
		}
	}
	r, err := s.read(nil)
	if err != nil {
		o := s.broken(stage, err)
		return reply{}, &o
	}
	if r.code == codeClosing {
		s.hangUp()
	}
	return r, nil
}

// endEmpty ends a message that the server waits for although it refused the recipient.
func (s *session) endEmpty(refused Outcome) Outcome {
	if _, err := s.command(".", nil); err != nil {
		s.hangUp()
	}
	s.open = false
	return refused
}

// finish sends the message of a letter whose envelope was taken, and in the same write the envelope of the next.
func (s *session) finish(l, next *Letter) (o, nextOutcome Outcome, nextReady bool) {
	s.open = false // the final dot ends the transaction, whatever its answer
	s.out = appendStuffed(s.out[:0], l.Body)
	body := len(s.out)
	if next != nil {
		s.out = s.appendEnvelope(s.out, next)
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.config.commandTimeout()))
	_ = s.conn.SetReadDeadline(time.Now().Add(s.config.dotTimeout()))
	notBegun := Outcome{Kind: Trouble, Stage: StageMail, Err: errNotBegun}
	if n, err := s.conn.Write(s.out); err != nil {
		o = s.broken(StageDot, err)
		if n >= body {
			o.Kind = Unknown
		}
		return o, notBegun, false
	}
	r, err := s.read(nil)
	if err != nil {
		o = s.broken(StageDot, err)
		o.Kind = Unknown
		return o, notBegun, false
	}
	o = Outcome{Kind: Accepted, Stage: StageDot, Code: r.code, Status: r.status}
	if !r.ok() {
		o = r.outcome(StageDot)
	}
	if r.code == codeClosing {
		s.hangUp()
		return o, notBegun, false
	}
	if next != nil {
		_ = s.conn.SetReadDeadline(time.Now().Add(s.config.commandTimeout()))
		nextOutcome, nextReady = s.readEnvelope(nil)
	}
	return o, nextOutcome, nextReady
}

// broken closes the connection and reports why.
func (s *session) broken(stage Stage, err error) Outcome {
	s.hangUp()
	return Outcome{Kind: Trouble, Stage: stage, Err: withoutAddresses(err)}
}

func (s *session) hangUp() {
	if s.conn != nil {
		_ = s.conn.Close()
	}
	s.closed = true
}

// appendStuffed writes a message with doubled dots and the final dot behind it.
func appendStuffed(dst, body []byte) []byte {
	if len(body) > 0 && body[0] == '.' {
		dst = append(dst, '.')
	}
	for {
		i := bytes.Index(body, []byte("\n."))
		if i < 0 {
			break
		}
		dst = append(append(dst, body[:i+2]...), '.')
		body = body[i+2:]
	}
	dst = append(dst, body...)
	if len(dst) < 2 || dst[len(dst)-1] != '\n' || dst[len(dst)-2] != '\r' {
		dst = append(dst, '\r', '\n')
	}
	return append(dst, '.', '\r', '\n')
}
