// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"testing"
	"time"
)

const (
	startLimit = 10 * time.Second
	startTries = 3 // another process may take the port between our choosing it and the sink's
)

// Server is a running smtp-sink.
type Server struct {
	// SMTP is the address of the mail server, host:port.
	SMTP string
	// URL is where the fakes and the control are: http://host:port.
	URL string

	t testing.TB
}

// Stats is what the sink counted since it started or was reset.
type Stats struct {
	Accepted  int64            `json:"accepted"`
	Bytes     int64            `json:"bytes"`
	Distinct  int64            `json:"distinct"`
	Histogram map[string]int64 `json:"histogram"` // how often it was received -> how many recipients
	First     int64            `json:"first_ms"`
	Seconds   float64          `json:"seconds"`
	PerSecond float64          `json:"per_second"`
	LostAcks  int64            `json:"lost_acks"`
	NoUnsub   int64            `json:"no_list_unsubscribe"`
	HTTP429   int64            `json:"http_429"` // since it started; a reset leaves it
	HTTP409   int64            `json:"http_409"` // likewise
	CPU       float64          `json:"sink_cpu_seconds"`
}

// Start runs a sink on loopback until the test ends, with flags of its own beside the addresses.
func Start(t testing.TB, flags ...string) *Server {
	t.Helper()
	program := Program(t, "smtp-sink")
	var err error
	for range startTries {
		var s *Server
		if s, err = start(t, program, flags); err == nil {
			return s
		}
	}
	t.Fatalf("start the sink: %v", err)
	return nil
}

func start(t testing.TB, program string, flags []string) (*Server, error) {
	t.Helper()
	smtp, control := freeAddress(t), freeAddress(t)
	cmd := exec.Command(program, append([]string{"-smtp", smtp, "-ctl", control}, flags...)...)
	var output bytes.Buffer
	cmd.Stderr = &output
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	limit := time.After(startLimit)
	for {
		if conn, err := net.Dial("tcp", control); err == nil {
			_ = conn.Close()
			return &Server{SMTP: smtp, URL: "http://" + control, t: t}, nil
		}
		select {
		case <-ended:
			return nil, fmt.Errorf("it ended: %s", output.String())
		case <-limit:
			return nil, fmt.Errorf("it does not answer after %s", startLimit)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Stats reads the counters. With expect, "0" in the histogram is how many of so many numbered recipients got nothing.
func (s *Server) Stats(expect int) (stats Stats) {
	s.t.Helper()
	if err := json.Unmarshal(s.get(fmt.Sprintf("/stats?expect=%d", expect)), &stats); err != nil {
		s.t.Fatalf("read the counters of the sink: %v", err)
	}
	return stats
}

// Reset sets the counters to zero.
func (s *Server) Reset() {
	s.t.Helper()
	s.get("/reset")
}

func (s *Server) get(path string) []byte {
	s.t.Helper()
	response, err := http.Get(s.URL + path)
	if err != nil {
		s.t.Fatalf("ask the sink: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatalf("ask the sink: %v", err)
	}
	return body
}
