// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
)

// box keeps letters in memory, or answers as it is told.
type box struct {
	mu     sync.Mutex
	kept   []Letter
	answer Outcome
}

func (b *box) Record(_ context.Context, l *Letter) Outcome {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, *l)
	return b.answer
}

// oneLetter is a Source with a single letter.
type oneLetter struct {
	letter  *Letter
	stale   bool
	outcome Outcome
}

func (s *oneLetter) Next(context.Context, time.Duration) (*Letter, Supply) {
	if l := s.TryNext(); l != nil {
		return l, Given
	}
	return nil, Ended
}

func (s *oneLetter) TryNext() *Letter {
	l := s.letter
	s.letter = nil
	return l
}

func (s *oneLetter) Fresh(*Letter) bool              { return !s.stale }
func (s *oneLetter) Done(_ *Letter, outcome Outcome) { s.outcome = outcome }

// TestACaptureOpensNoConnection names a server that listens, and its password, and looks whether anybody calls.
func TestACaptureOpensNoConnection(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	server := smtptest.Start(t, smtptest.Options{})
	dir := t.TempDir()
	for name, content := range map[string]string{usernameFile: "user", passwordFile: "secret"} {
		g.Expect(os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600)).To(Succeed())
	}
	kept := &box{}
	e := settings.Email{Transport: settings.TransportCapture, Host: server.Host, Port: server.Port, TLS: TLSNone, FromAddress: "a@b.example"}
	c, err := LoadConfig(e, Folders{Login: dir}, kept)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.Captures()).To(BeTrue())
	g.Expect(c.Username + c.Password + c.Host).To(BeEmpty())
	c.Host, c.Port, c.TLS = server.Host, server.Port, TLSNone // even if somebody filled it in
	c.Dial = func(context.Context, string, string) (net.Conn, error) {
		t.Error("a connection was opened")
		return nil, errors.New("none")
	}

	member := [16]byte{1, 2, 3}
	g.Expect(Send(ctx, c, Message{FromAddress: "a@b.example", To: "hana@mail.example", Subject: "One", Text: "x", Member: member})).To(Succeed())
	to, err := compose.ParseAddress("taro@mail.example")
	g.Expect(err).NotTo(HaveOccurred())
	source := &oneLetter{letter: &Letter{To: to, Body: []byte("Subject: Two\r\n\r\nx\r\n"), Member: member}}
	NewLane(c, source).Run(ctx)
	_, err = connect(ctx, c)

	g.Expect(err).To(MatchError(errCaptured))
	g.Expect(source.outcome.Kind).To(Equal(Accepted))
	g.Expect(kept.kept).To(HaveLen(2))
	for _, l := range kept.kept {
		g.Expect(l.Member).To(Equal(member))
	}
	g.Expect(server.Connections()).To(BeZero())
}

func TestACaptureAnswersAsAServerDoes(t *testing.T) {
	g := NewWithT(t)
	kept := &box{answer: Outcome{Kind: Unknown, Stage: StageDot, Err: errors.New("lost")}}
	c, err := LoadConfig(settings.Email{Transport: settings.TransportCapture}, Folders{}, kept)
	g.Expect(err).NotTo(HaveOccurred())

	failure := (*Failure)(nil)
	err = Send(t.Context(), c, Message{FromAddress: "a@b.example", To: "hana@mail.example", Text: "x"})
	g.Expect(errors.As(err, &failure)).To(BeTrue())
	g.Expect(failure.Outcome.Kind).To(Equal(Unknown))

	stale := &oneLetter{letter: &Letter{}, stale: true}
	NewLane(c, stale).Run(t.Context())
	g.Expect(stale.outcome.Err).To(MatchError(ErrStale))
	g.Expect(kept.kept).To(HaveLen(1), "what waited too long is checked again first")
}

func TestTheTransportMustBeOneOfTwo(t *testing.T) {
	g := NewWithT(t)
	_, err := LoadConfig(settings.Email{Transport: settings.TransportCapture}, Folders{}, nil)
	g.Expect(err).To(MatchError(errNoRecorder))
	_, err = LoadConfig(settings.Email{Transport: "Pigeon", FromAddress: "a@b.example"}, Folders{}, &box{})
	g.Expect(err).To(MatchError(ContainSubstring("Pigeon")))
	c, err := LoadConfig(settings.Email{FromAddress: "a@b.example"}, Folders{Login: t.TempDir()}, &box{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.Captures()).To(BeFalse(), "a network for real people sends, whatever recorder is there")
}
