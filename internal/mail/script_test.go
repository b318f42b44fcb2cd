// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"bufio"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// script answers each line it reads with what answer returns; "" says nothing, "CLOSE" hangs up. Lines of a message
// are not shown to answer, but its final dot is.
type script struct {
	mu    sync.Mutex
	lines []string
}

func serve(t *testing.T, greeting string, answer func(line string, message int) string) (Config, *script) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	s := &script{}
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Go(func() { s.talk(conn, greeting, answer) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); connections.Wait() })
	return Config{Host: "127.0.0.1", Port: portOf(listener), TLS: TLSNone, Hello: "x.example",
		CommandTimeout: 300 * time.Millisecond, DotTimeout: 300 * time.Millisecond}, s
}

func (s *script) talk(conn net.Conn, greeting string, answer func(string, int) string) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	_, _ = conn.Write([]byte(greeting))
	inMessage, message := false, 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		if inMessage && line != "." {
			continue
		}
		inMessage = false
		s.mu.Lock()
		s.lines = append(s.lines, line)
		s.mu.Unlock()
		reply := answer(line, message)
		if line == "." {
			message++
		}
		if strings.HasPrefix(reply, "354") {
			inMessage = true
		}
		if reply == "CLOSE" {
			return
		}
		if _, err := conn.Write([]byte(reply)); err != nil {
			return
		}
	}
}

func (s *script) verbs() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, l := range s.lines {
		verb, _, _ := strings.Cut(l, " ")
		out = append(out, verb)
	}
	return strings.Join(out, " ")
}

// ordinary answers like a server that takes everything.
func ordinary(line string, _ int) string {
	switch {
	case strings.HasPrefix(line, "EHLO"):
		return "250-x\r\n250 PIPELINING\r\n"
	case line == "DATA":
		return "354 go\r\n"
	}
	return "250 2.0.0 ok\r\n"
}

func TestDialogue(t *testing.T) {
	for name, c := range map[string]struct {
		greeting string
		answer   func(line string, message int) string
		letters  int
		want     []string // outcome of each letter
		verbs    string
	}{
		"pipelined, without RSET": {"220 hi\r\n", ordinary, 2, []string{"accepted", "accepted"},
			"EHLO MAIL RCPT DATA . MAIL RCPT DATA . QUIT"},
		"a server without extensions": {"220-hello\r\n220 hi\r\n", func(l string, n int) string {
			if strings.HasPrefix(l, "EHLO") {
				return "502 what\r\n"
			}
			return ordinary(l, n)
		}, 2, []string{"accepted", "accepted"}, "EHLO HELO MAIL RCPT DATA . MAIL RCPT DATA . QUIT"},
		"RSET after a refusal": {"220 hi\r\n", func(l string, n int) string {
			if strings.HasPrefix(l, "RCPT TO:<u0000") {
				return "450 4.2.0 later\r\n"
			}
			if l == "DATA" && n == 0 {
				return "354 go\r\n"
			}
			return ordinary(l, n)
		}, 2, []string{"temporary", "accepted"}, "EHLO MAIL RCPT DATA . MAIL RCPT DATA . QUIT"},
		"a refusal that ends the group": {"220 hi\r\n", func() func(string, int) string {
			refused := false
			return func(l string, n int) string {
				switch {
				case strings.HasPrefix(l, "RCPT TO:<u0000"):
					refused = true
					return "550 no\r\n"
				case l == "DATA" && refused:
					refused = false
					return "503 5.5.1 no recipient\r\n"
				}
				return ordinary(l, n)
			}
		}(), 2, []string{"permanent", "accepted"}, "EHLO MAIL RCPT DATA RSET MAIL RCPT DATA . QUIT"},
		"421 instead of a greeting":   {"421 busy\r\n", ordinary, 1, []string{"trouble"}, ""},
		"a greeting that is not SMTP": {"SSH-2.0-x\r\n", ordinary, 1, []string{"trouble"}, ""},
		"a greeting without an end":   {"220-" + strings.Repeat("x", 5000), ordinary, 1, []string{"trouble"}, ""},
		"silence after the final dot": {"220 hi\r\n", func(l string, n int) string { return map[bool]string{true: "", false: ordinary(l, n)}[l == "."] }, 1, []string{"unknown"}, "EHLO MAIL RCPT DATA ."},
		"hanging up at the final dot": {"220 hi\r\n", func(l string, n int) string { return map[bool]string{true: "CLOSE", false: ordinary(l, n)}[l == "."] }, 1, []string{"unknown"}, "EHLO MAIL RCPT DATA ."},
		"nonsense after the final dot": {"220 hi\r\n", func(l string, n int) string {
			return map[bool]string{true: "what?\r\n", false: ordinary(l, n)}[l == "."]
		}, 1, []string{"unknown"}, "EHLO MAIL RCPT DATA ."},
		"hanging up at RCPT": {"220 hi\r\n", func(l string, n int) string {
			return map[bool]string{true: "CLOSE", false: ordinary(l, n)}[strings.HasPrefix(l, "RCPT")]
		}, 1, []string{"trouble"}, "EHLO MAIL RCPT"},
		"silence at RCPT": {"220 hi\r\n", func(l string, n int) string {
			return map[bool]string{true: "", false: ordinary(l, n)}[strings.HasPrefix(l, "RCPT") || l == "DATA"]
		}, 1, []string{"trouble"}, "EHLO MAIL RCPT DATA"},
		"421 between two messages": {"220 hi\r\n", func(l string, n int) string {
			if strings.HasPrefix(l, "MAIL") && n == 1 {
				return "421 4.7.0 enough\r\n"
			}
			return ordinary(l, n)
		}, 2, []string{"accepted", "accepted"}, "EHLO MAIL RCPT DATA . MAIL"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			config, s := serve(t, c.greeting, c.answer)
			source := letters(c.letters)
			NewLane(config, source).Run(t.Context())
			for i, want := range c.want {
				g.Expect(source.kinds(i)).To(Equal(want), "letter %d", i)
			}
			g.Expect(s.verbs()).To(HavePrefix(c.verbs))
		})
	}
}

func TestEarlyTextBeforeTLSIsRefused(t *testing.T) {
	g := NewWithT(t)
	config, _ := serve(t, "220 hi\r\n", func(l string, n int) string {
		switch {
		case strings.HasPrefix(l, "EHLO"):
			return "250-x\r\n250 STARTTLS\r\n"
		case l == "STARTTLS":
			return "220 go\r\n250 injected\r\n"
		}
		return ordinary(l, n)
	})
	config.TLS = TLSStart
	g.Expect(Send(t.Context(), config, single)).To(MatchError(errEarlyAnswer))
}

func TestRepliesAreReadStrictly(t *testing.T) {
	for line, want := range map[string]reply{
		"250 2.1.5 ok\r\n":      {250, Status{2, 1, 5}},
		"550 5.1.1\r\n":         {550, Status{5, 1, 1}},
		"550 5.7.509 dmarc\r\n": {550, Status{5, 7, 509}},
		"550 4.1.1 odd\r\n":     {550, Status{}},
		"550 5.1 odd\r\n":       {550, Status{}},
		"550 5..1 odd\r\n":      {550, Status{}},
		"250\r\n":               {250, Status{}},
		"250 \n":                {250, Status{}},
	} {
		r, more, _, ok := parseReply([]byte(line))
		g := NewWithT(t)
		g.Expect(ok).To(BeTrue(), line)
		g.Expect(more).To(BeFalse(), line)
		g.Expect(r).To(Equal(want), line)
	}
	for _, line := range []string{"", "\r\n", "25\r\n", "abc def\r\n", "199 x\r\n", "600 x\r\n", "250x\r\n"} {
		_, _, _, ok := parseReply([]byte(line))
		NewWithT(t).Expect(ok).To(BeFalse(), "%q", line)
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte("250-2.0.0 x\r\n"))
	f.Add([]byte("550 5.1.1"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if r, _, _, ok := parseReply(line); ok && (r.code < 200 || r.code > 599) {
			t.Fatalf("code %d", r.code)
		}
	})
}
