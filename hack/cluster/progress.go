// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Progress tells a person what a long command is doing. It writes whole lines
// only, so that it reads the same on a terminal and in a log.
type Progress struct {
	Out   io.Writer
	Every time.Duration // how often a running step says that it still runs

	mu    sync.Mutex
	begun time.Time
}

func newProgress(out io.Writer) *Progress {
	return &Progress{Out: out, Every: 15 * time.Second, begun: time.Now()}
}

// say writes one line, with the seconds since the command began.
func (p *Progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintf(p.Out, "[%4ds] %s\n", int(time.Since(p.begun).Seconds()), fmt.Sprintf(format, args...))
}

// start announces a step, and again while it lasts; done tells its end.
func (p *Progress) start(label string) (done func(error)) {
	begun, ended := time.Now(), make(chan struct{})
	p.say("%s: building", label)
	go func() {
		ticker := time.NewTicker(p.Every)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ticker.C:
				p.say("%s: still building after %d s", label, int(time.Since(begun).Seconds()))
			}
		}
	}()
	return func(err error) {
		close(ended)
		if err != nil {
			p.say("%s: %v after %d s", label, err, int(time.Since(begun).Seconds()))
			return
		}
		p.say("%s: built in %d s", label, int(time.Since(begun).Seconds()))
	}
}
