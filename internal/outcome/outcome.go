// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outcome

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
)

// Intervals at which an object is looked at again without a change of its own.
const (
	// Resync is the pause after which a settled or stalled object is compared with the world again.
	Resync = 5 * time.Minute
	// Poll is the pause while something outside the cluster is not there yet.
	Poll = 15 * time.Second
	// Soon is the pause when another write of ours or of Kubernetes is expected within moments.
	Soon = 2 * time.Second

	// jitter spreads objects that were created together: each pause is up to a fifth longer.
	jitter = 5
)

// Terminal is a state that another try cannot heal: somebody must change the spec or the world. The object
// becomes Stalled.
type Terminal struct {
	Reason  string // CamelCase, the condition's reason
	Message string // a sentence for people
	Err     error  // the cause for the log; may be nil
}

// Waiting is not a failure: something is under way or not there yet. No event is sent.
type Waiting struct {
	Reason  string
	Message string
	After   time.Duration // pause until the next look; a watch may come first
}

// Failure is an error with a reason of its own that is worth another try.
type Failure struct {
	Reason  string
	Message string
	Err     error
	After   time.Duration // fixed pause until the next try; zero means growing pauses
}

// Error reads like any Go error: the message, then the cause.
func (t *Terminal) Error() string { return text(t.Message, t.Err) }

// Unwrap gives the cause.
func (t *Terminal) Unwrap() error { return t.Err }

// Error reads like any Go error.
func (w *Waiting) Error() string { return w.Message }

// Error reads like any Go error: the message, then the cause.
func (f *Failure) Error() string { return text(f.Message, f.Err) }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

func text(message string, err error) string {
	if err == nil {
		return message
	}
	return fmt.Sprintf("%s: %v", message, err)
}

// Stop makes a Terminal without a cause.
func Stop(reason, format string, args ...any) error {
	return &Terminal{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Wait makes a Waiting.
func Wait(after time.Duration, reason, format string, args ...any) error {
	return &Waiting{Reason: reason, Message: fmt.Sprintf(format, args...), After: after}
}

// Retry makes a Failure that is tried again after a fixed pause: for states outside the cluster that no watch
// reports.
func Retry(after time.Duration, reason, format string, args ...any) error {
	return &Failure{Reason: reason, Message: fmt.Sprintf(format, args...), After: after}
}

// IsTerminal says whether the error, or one it wraps, is Terminal.
func IsTerminal(err error) bool {
	var t *Terminal
	return errors.As(err, &t)
}

// IsWaiting says whether the error, or one it wraps, is Waiting.
func IsWaiting(err error) bool {
	var w *Waiting
	return errors.As(err, &w)
}

// Describe gives the reason and message with which a condition shows the error. Errors without a meaning of
// their own get the fallback reason and a text that does not change from try to try.
func Describe(err error, fallback string) (reason, message string) {
	var t *Terminal
	var w *Waiting
	var f *Failure
	var api apierrors.APIStatus
	switch {
	case errors.As(err, &t):
		return t.Reason, t.Message
	case errors.As(err, &w):
		return w.Reason, w.Message
	case errors.As(err, &f):
		return f.Reason, f.Message
	case errors.As(err, &api):
		// The server's own text carries resource versions and times: only its reason is stable.
		return fallback, fmt.Sprintf("the Kubernetes API answered %s; see the operator's log", orUnknown(string(api.Status().Reason)))
	default:
		return fallback, "an unexpected error; see the operator's log"
	}
}

func orUnknown(reason string) string {
	if reason == "" {
		return "an error"
	}
	return reason
}

// Fold turns the errors of a loop into the one answer that controller-runtime wants. Any error without a pause
// of its own goes back as an error, so that the queue's growing pauses apply; otherwise the shortest pause
// wins. Without errors, and for stalled objects, the object is looked at again after Resync.
func Fold(errs ...error) (ctrl.Result, error) {
	after := Resync
	var plain []error
	for _, err := range errs {
		var w *Waiting
		var f *Failure
		switch {
		case err == nil, IsTerminal(err):
		case errors.As(err, &w):
			after = min(after, w.After)
		case errors.As(err, &f) && f.After > 0:
			after = min(after, f.After)
		case apierrors.IsConflict(err):
			after = min(after, Soon)
		default:
			plain = append(plain, err)
		}
	}
	if len(plain) > 0 {
		return ctrl.Result{}, errors.Join(plain...)
	}
	return ctrl.Result{RequeueAfter: Jitter(after)}, nil
}

// Earlier shortens the pause of a result to d, for an object that knows when its next work is due.
func Earlier(result ctrl.Result, d time.Duration) ctrl.Result {
	d = max(d, time.Second)
	if result.RequeueAfter == 0 || d < result.RequeueAfter {
		result.RequeueAfter = d
	}
	return result
}

// Jitter lengthens a pause by a random part of up to a fifth, so that objects made together part ways.
func Jitter(d time.Duration) time.Duration {
	if d < jitter {
		return d
	}
	return d + rand.N(d/jitter) //nolint:gosec // spreading load needs no secrecy
}
