// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"context"
	"errors"
	"time"
)

// Recorder keeps letters in the place of a mail server. One that is kept counts as accepted.
type Recorder interface {
	// Record keeps a letter and answers as a mail server would. Its outcome holds no data of the letter.
	Record(ctx context.Context, l *Letter) Outcome
}

// recordLimit bounds the keeping of one letter, as a mail server's answer is bounded.
const recordLimit = 30 * time.Second

var (
	errNoRecorder = errors.New("mails are to be captured, and nothing is there to keep them")
	errCaptured   = errors.New("mails are captured: no mail server is to be reached")
)

// captureWith is a Config that leads to no mail server.
func captureWith(r Recorder) (Config, error) {
	if r == nil {
		return Config{}, errNoRecorder
	}
	return Config{capture: r}, nil
}

// Captures tells that letters are kept and that no connection to a mail server will ever be opened.
func (c Config) Captures() bool { return c.capture != nil }

// record keeps one letter.
func (c Config) record(ctx context.Context, l *Letter) Outcome {
	ctx, cancel := context.WithTimeout(ctx, recordLimit)
	defer cancel()
	return c.capture.Record(ctx, l)
}

// keep takes one letter of a lane to the recorder, unless it waited too long.
func (l *Lane) keep(ctx context.Context, letter *Letter) {
	if !l.source.Fresh(letter) {
		l.source.Done(letter, Outcome{Kind: Trouble, Stage: StageData, Err: ErrStale})
		return
	}
	l.source.Done(letter, l.config.record(ctx, letter))
}
