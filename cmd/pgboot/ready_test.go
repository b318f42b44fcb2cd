// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// answer is a server that reads one message and says one thing.
func answer(t *testing.T, text string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if _, err := conn.Read(make([]byte, 1024)); err == nil {
				_, _ = conn.Write([]byte(text))
			}
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

func refusal(state string) string {
	body := "SFATAL\x00C" + state + "\x00Mno\x00\x00"
	return "E\x00\x00\x00" + string(rune(len(body)+4)) + body
}

func TestReadyReadsTheAnswer(t *testing.T) {
	for name, c := range map[string]struct{ answer, problem string }{
		"a question for a password":    {"R\x00\x00\x00\x08\x00\x00\x00\x05", ""},
		"too many sessions: it works":  {refusal("53300"), ""},
		"starting up or shutting down": {refusal("57P03"), "SQLSTATE 57P03"},
		"another protocol":             {"HTTP/1.1 400 Bad Request\r\n", "not PostgreSQL's"},
		"an endless error":             {"E\xff\xff\xff\xff", "not PostgreSQL's"},
		"a short error":                {"E\x00\x00\x00\x01", "not PostgreSQL's"},
		"silence":                      {"", "read the answer"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			err := ready(answer(t, c.answer), time.Second)
			if c.problem == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			g.Expect(err).To(MatchError(ContainSubstring(c.problem)))
		})
	}
}

func TestReadyLeavesNoTraceInTheLog(t *testing.T) {
	g := NewWithT(t)
	v := newVolume(t)
	p := v.start()
	v.waitReady(g, p)
	before := p.log()

	for range 20 {
		g.Expect(ready(v.address(), time.Second)).To(Succeed())
	}

	_, err := v.session(g).Exec(t.Context(), `DO $$ BEGIN RAISE LOG 'the end of the test'; END $$`)
	g.Expect(err).NotTo(HaveOccurred())
	g.Eventually(p.log, patience).Should(ContainSubstring("the end of the test"))
	g.Expect(strings.Count(p.log()[len(before):], "\n")).To(BeNumerically("<=", 1), p.log)
}

func TestReadyGivesUpInTime(t *testing.T) {
	g := NewWithT(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = listener.Close() })

	start := time.Now()
	g.Expect(ready(listener.Addr().String(), 200*time.Millisecond)).NotTo(Succeed())
	g.Expect(time.Since(start)).To(BeNumerically("<", 5*time.Second))
}
