// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func configOf(s *smtptest.Server, mode string) Config {
	return Config{Host: s.Host, Port: s.Port, TLS: mode, Hello: "hoshino.example", Roots: s.Roots, CommandTimeout: 5 * time.Second, DotTimeout: 5 * time.Second}
}

var single = Message{FromName: "ほしの食品 \"アルムナイ\"", FromAddress: "alumni@hoshino.example", To: "Hanako@mail.example",
	Subject: "サインインのご案内\r\nBcc: evil@x.example", Locale: "ja", Text: "こんにちは\n.\n.hidden\nEnd\n", HTML: "<p>こんにちは</p>\n",
	Headers: [][2]string{{"Auto-Submitted", "auto-generated\r\nX-Evil: 1"}}}

func TestSendDelivers(t *testing.T) {
	for name, c := range map[string]struct {
		options smtptest.Options
		mode    string
	}{
		"in the clear":                {smtptest.Options{}, TLSNone},
		"with STARTTLS":               {smtptest.Options{StartTLS: true}, TLSStart},
		"with TLS from the start":     {smtptest.Options{Implicit: true}, TLSImplicit},
		"with a password over TLS":    {smtptest.Options{StartTLS: true, Username: "u", Password: "secret-canary"}, TLSStart},
		"with a password over SMTPS":  {smtptest.Options{Implicit: true, Username: "u", Password: "secret-canary"}, TLSImplicit},
		"to a server that knows UTF8": {smtptest.Options{UTF8: true}, TLSNone},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			server := smtptest.Start(t, c.options)
			config := configOf(server, c.mode)
			config.Username, config.Password = c.options.Username, c.options.Password
			g.Expect(Send(t.Context(), config, single)).To(Succeed())
			got := server.Messages()
			g.Expect(got).To(HaveLen(1))
			g.Expect(got[0].From).To(Equal("alumni@hoshino.example"))
			g.Expect(got[0].To).To(Equal("Hanako@mail.example"))
			head, _, _ := strings.Cut(string(got[0].Data), "\r\n\r\n")
			g.Expect(head).NotTo(MatchRegexp(`(?mi)^(bcc|x-evil)`), "no value makes a header")
			g.Expect(head).To(MatchRegexp(`(?m)^From: =\?utf-8\?`))
			g.Expect(head).To(ContainSubstring("Message-ID: <"))
		})
	}
}

func TestSendReportsWhy(t *testing.T) {
	g := NewWithT(t)
	server := smtptest.Start(t, smtptest.Options{})
	config := configOf(server, TLSNone)
	refuse := func(code int, status [3]int) func(string, int) smtptest.Verdict {
		return func(string, int) smtptest.Verdict { return smtptest.Verdict{Reply: code, Status: status} }
	}
	for _, c := range []struct {
		hooks smtptest.Hooks
		want  Outcome
	}{
		{smtptest.Hooks{Rcpt: refuse(550, [3]int{5, 1, 1})}, Outcome{Kind: Permanent, Stage: StageRcpt, Code: 550, Status: Status{5, 1, 1}}},
		{smtptest.Hooks{Rcpt: refuse(451, [3]int{4, 7, 1})}, Outcome{Kind: Temporary, Stage: StageRcpt, Code: 451, Status: Status{4, 7, 1}}},
		{smtptest.Hooks{Data: refuse(452, [3]int{4, 3, 1})}, Outcome{Kind: Temporary, Stage: StageDot, Code: 452, Status: Status{4, 3, 1}}},
		{smtptest.Hooks{Data: refuse(554, [3]int{5, 7, 1})}, Outcome{Kind: Permanent, Stage: StageDot, Code: 554, Status: Status{5, 7, 1}}},
	} {
		server.SetHooks(c.hooks)
		err := Send(t.Context(), config, single)
		var failure *Failure
		g.Expect(errors.As(err, &failure)).To(BeTrue())
		g.Expect(failure.Outcome).To(Equal(c.want))
		g.Expect(err.Error()).NotTo(ContainSubstring("@"), "an error holds no address")
		g.Expect(err.Error()).NotTo(ContainSubstring("told so"), "an error holds nothing the server wrote")
	}
	g.Expect(server.Taken()).To(Equal(0))
}

func TestSendKnowsDoubt(t *testing.T) {
	g := NewWithT(t)
	server := smtptest.Start(t, smtptest.Options{})
	server.SetHooks(smtptest.Hooks{Data: func(string, int) smtptest.Verdict { return smtptest.Verdict{LoseAnswer: true} }})
	var failure *Failure
	g.Expect(errors.As(Send(t.Context(), configOf(server, TLSNone), single), &failure)).To(BeTrue())
	g.Expect(failure.Outcome.Kind).To(Equal(Unknown))
	g.Expect(server.Taken()).To(Equal(1), "it was taken after all")
}

func TestPasswordNeedsTLS(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	g.Expect(os.WriteFile(filepath.Join(dir, "username"), []byte("u\n"), 0o600)).To(Succeed())
	g.Expect(os.WriteFile(filepath.Join(dir, "password"), []byte("secret-canary\n"), 0o600)).To(Succeed())
	e := settings.Email{Host: "127.0.0.1", Port: 25, TLS: TLSNone, FromAddress: "a@hoshino.example"}
	_, err := LoadConfig(e, Folders{Login: dir}, nil)
	g.Expect(err).To(MatchError(ErrClearText))
	e.TLS = TLSStart
	c, err := LoadConfig(e, Folders{Login: dir}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.Username).To(Equal("u"))
	g.Expect(c.Password).To(Equal("secret-canary"))
	g.Expect(c.Hello).To(Equal("hoshino.example"))

	server := smtptest.Start(t, smtptest.Options{})
	open := configOf(server, TLSNone)
	open.Username, open.Password = "u", "secret-canary"
	err = Send(t.Context(), open, single)
	g.Expect(err).To(MatchError(ErrClearText))
	g.Expect(err.Error()).NotTo(ContainSubstring("canary"))
	_, err = LoadConfig(settings.Email{FromAddress: "a b@x.example"}, Folders{Login: dir}, nil)
	g.Expect(err).To(MatchError(compose.ErrAddress))
}

func TestConnectingFailsWithItsStage(t *testing.T) {
	plain := smtptest.Start(t, smtptest.Options{})
	secure := smtptest.Start(t, smtptest.Options{StartTLS: true, Username: "u", Password: "p"})
	closed := smtptest.Start(t, smtptest.Options{})
	closed.Stop()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = silent.Close() })
	for name, c := range map[string]struct {
		config Config
		stage  Stage
	}{
		"refused":                  {configOf(closed, TLSNone), StageConnect},
		"silent":                   {Config{Host: "127.0.0.1", Port: portOf(silent), TLS: TLSNone, CommandTimeout: 200 * time.Millisecond}, StageGreeting},
		"without STARTTLS":         {configOf(plain, TLSStart), StageTLS},
		"an unknown certificate":   {Config{Host: secure.Host, Port: secure.Port, TLS: TLSStart}, StageTLS},
		"a wrong password":         {func() Config { c := configOf(secure, TLSStart); c.Username, c.Password = "u", "x"; return c }(), StageAuth},
		"clear where TLS is meant": {configOf(plain, TLSImplicit), StageTLS},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			err := Send(t.Context(), c.config, single)
			var failure *Failure
			g.Expect(errors.As(err, &failure)).To(BeTrue(), "%v", err)
			g.Expect(failure.Outcome.Kind).To(Equal(Trouble))
			g.Expect(failure.Outcome.Stage).To(Equal(c.stage))
		})
	}
}

// portOf is where a listener listens.
func portOf(l net.Listener) int {
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		panic("not a TCP listener")
	}
	return address.Port
}

// list is a Source of fixed letters.
type list struct {
	mu       sync.Mutex
	letters  []*Letter
	outcomes map[string][]Outcome
	stale    func(*Letter) bool
	// retry puts letters with Trouble back, so often.
	retry int
}

func letters(n int) *list {
	l := &list{outcomes: map[string][]Outcome{}}
	for i := range n {
		to := compose.Address{Mailbox: fmt.Sprintf("u%04d@mail.example", i)}
		l.letters = append(l.letters, &Letter{From: compose.Address{Mailbox: "a@hoshino.example"}, To: to,
			Body: []byte("To: " + to.Mailbox + "\r\nSubject: x\r\n\r\nline\r\n.dot\r\n")})
	}
	return l
}

func (l *list) TryNext() *Letter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.letters) == 0 {
		return nil
	}
	letter := l.letters[0]
	l.letters = l.letters[1:]
	return letter
}

func (l *list) Next(context.Context, time.Duration) (*Letter, Supply) {
	if letter := l.TryNext(); letter != nil {
		return letter, Given
	}
	return nil, Ended
}

func (l *list) Fresh(letter *Letter) bool { return l.stale == nil || !l.stale(letter) }

func (l *list) Done(letter *Letter, o Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outcomes[letter.To.Mailbox] = append(l.outcomes[letter.To.Mailbox], o)
	if o.Kind == Trouble && l.retry > 0 {
		l.retry--
		l.letters = append(l.letters, letter)
	}
}

// kinds are the outcomes of a letter as words.
func (l *list) kinds(i int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, o := range l.outcomes[fmt.Sprintf("u%04d@mail.example", i)] {
		out = append(out, o.Kind.String())
	}
	return strings.Join(out, " ")
}

func TestLaneCarriesEveryLetterOnce(t *testing.T) {
	g := NewWithT(t)
	server := smtptest.Start(t, smtptest.Options{})
	server.SetHooks(smtptest.Hooks{
		Rcpt: func(to string, _ int) smtptest.Verdict {
			if strings.HasPrefix(to, "u0003") {
				return smtptest.Verdict{Reply: 550, Status: [3]int{5, 1, 1}}
			}
			return smtptest.Verdict{}
		},
		Data: func(to string, _ int) smtptest.Verdict {
			if strings.HasPrefix(to, "u0007") {
				return smtptest.Verdict{Reply: 451, Status: [3]int{4, 7, 1}}
			}
			return smtptest.Verdict{}
		},
	})
	source := letters(50)
	NewLane(configOf(server, TLSNone), source).Run(t.Context())
	for i := range 50 {
		want := map[int]string{3: "permanent", 7: "temporary"}[i]
		if want == "" {
			want = "accepted"
		}
		g.Expect(source.kinds(i)).To(Equal(want), "letter %d", i)
	}
	g.Expect(server.Taken()).To(Equal(48))
	g.Expect(server.Connections()).To(Equal(1), "a refusal does not cost the connection")
	g.Expect(string(server.Messages()[0].Data)).To(Equal("To: u0000@mail.example\r\nSubject: x\r\n\r\nline\r\n.dot\r\n"))
}

func TestLaneSurvivesCuts(t *testing.T) {
	g := NewWithT(t)
	server := smtptest.Start(t, smtptest.Options{})
	server.SetHooks(smtptest.Hooks{
		Rcpt: func(to string, attempt int) smtptest.Verdict { // the connection dies before the message, once
			return smtptest.Verdict{Cut: strings.HasPrefix(to, "u0002") && attempt == 1}
		},
		Data: func(to string, attempt int) smtptest.Verdict {
			return smtptest.Verdict{LoseAnswer: strings.HasPrefix(to, "u0005") && attempt == 1}
		},
	})
	source := letters(10)
	NewLane(configOf(server, TLSNone), source).Run(t.Context())
	for i := range 10 {
		want := map[int]string{5: "unknown"}[i]
		if want == "" {
			want = "accepted"
		}
		g.Expect(source.kinds(i)).To(Equal(want), "letter %d", i)
	}
	for to, n := range server.Counts() {
		g.Expect(n).To(Equal(1), to)
	}
	g.Expect(server.Taken()).To(Equal(10), "the unknown one was taken")
}

func TestLaneHoldsBackStaleLetters(t *testing.T) {
	g := NewWithT(t)
	server := smtptest.Start(t, smtptest.Options{})
	source := letters(5)
	source.stale = func(l *Letter) bool { return strings.HasPrefix(l.To.Mailbox, "u0001") }
	NewLane(configOf(server, TLSNone), source).Run(t.Context())
	g.Expect(source.kinds(1)).To(Equal("trouble"))
	g.Expect(source.outcomes["u0001@mail.example"][0].Err).To(MatchError(ErrStale))
	g.Expect(server.Taken()).To(Equal(4))
}

func TestLaneKeepsAConnectionThatTookLongToMake(t *testing.T) {
	g := NewWithT(t)
	server := smtptest.Start(t, smtptest.Options{})
	source := letters(5)
	source.stale = func(l *Letter) bool { return strings.HasPrefix(l.To.Mailbox, "u0000") }
	NewLane(configOf(server, TLSNone), source).Run(t.Context())
	g.Expect(source.outcomes["u0000@mail.example"][0].Err).To(MatchError(ErrStale))
	g.Expect(server.Taken()).To(Equal(4))
	g.Expect(server.Connections()).To(Equal(1), "the next letter goes out on it")
}

func TestLaneIsCutAtOnce(t *testing.T) {
	g := NewWithT(t)
	server := smtptest.Start(t, smtptest.Options{})
	server.SetHooks(smtptest.Hooks{Data: func(string, int) smtptest.Verdict { return smtptest.Verdict{Delay: time.Minute} }})
	ctx, cancel := context.WithCancel(t.Context())
	source := letters(1)
	done := make(chan struct{})
	go func() { NewLane(configOf(server, TLSNone), source).Run(ctx); close(done) }()
	g.Eventually(server.Connections).Should(Equal(1))
	time.AfterFunc(100*time.Millisecond, cancel)
	g.Eventually(done, 3*time.Second).Should(BeClosed())
	g.Expect(source.kinds(0)).To(Or(Equal("unknown"), Equal("trouble")))
}

func TestAddressesOfTheWorld(t *testing.T) {
	g := NewWithT(t)
	with, without := smtptest.Start(t, smtptest.Options{UTF8: true}), smtptest.Start(t, smtptest.Options{})
	m := single
	m.To = "花子@例え.example"
	g.Expect(Send(t.Context(), configOf(with, TLSNone), m)).To(Succeed())
	g.Expect(with.Messages()[0].To).To(Equal("花子@xn--r8jz45g.example"))
	var failure *Failure
	g.Expect(errors.As(Send(t.Context(), configOf(without, TLSNone), m), &failure)).To(BeTrue())
	g.Expect(failure.Outcome.Status).To(Equal(unsupportedAddress))
	m.To = "hanako@例え.example"
	g.Expect(Send(t.Context(), configOf(without, TLSNone), m)).To(Succeed(), "a domain alone needs no SMTPUTF8")
}
