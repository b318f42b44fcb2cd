// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outcome_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/alumni-operator/alumni-operator/internal/outcome"
)

var errPlain = errors.New("plain")

func TestFoldGivesControllerRuntimeOneAnswer(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "things"}, "a", errPlain)
	cases := map[string]struct {
		errs  []error
		after time.Duration // 0: an error goes back instead
	}{
		"nothing wrong: look again after the resync":  {nil, outcome.Resync},
		"nil errors count as nothing":                 {[]error{nil, nil}, outcome.Resync},
		"terminal: no retry, only the resync":         {[]error{outcome.Stop("R", "m")}, outcome.Resync},
		"waiting: its own pause":                      {[]error{outcome.Wait(7*time.Second, "R", "m")}, 7 * time.Second},
		"a failure with a pause of its own":           {[]error{outcome.Retry(9*time.Second, "R", "m")}, 9 * time.Second},
		"wrapped: the meaning is still found":         {[]error{fmt.Errorf("phase: %w", outcome.Wait(8*time.Second, "R", "m"))}, 8 * time.Second},
		"several: the shortest pause":                 {[]error{outcome.Wait(time.Minute, "R", "m"), outcome.Retry(3*time.Second, "R", "m")}, 3 * time.Second},
		"terminal beside waiting: the wait goes on":   {[]error{outcome.Stop("R", "m"), outcome.Wait(4*time.Second, "R", "m")}, 4 * time.Second},
		"a conflict is no failure: look again soon":   {[]error{conflict}, outcome.Soon},
		"a plain error: growing pauses":               {[]error{errPlain}, 0},
		"a failure without a pause: growing pauses":   {[]error{&outcome.Failure{Reason: "R", Message: "m"}}, 0},
		"a plain error beside a wait: growing pauses": {[]error{outcome.Wait(time.Second, "R", "m"), errPlain}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			result, err := outcome.Fold(c.errs...)
			if c.after == 0 {
				g.Expect(err).To(HaveOccurred())
				g.Expect(result.RequeueAfter).To(BeZero())
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(result.RequeueAfter).To(And(BeNumerically(">=", c.after), BeNumerically("<=", c.after+c.after/5)))
		})
	}
}

func TestDescribeShowsReasonsAndNeverAChangingText(t *testing.T) {
	cases := map[string]struct {
		err             error
		reason, message string
	}{
		"terminal":            {outcome.Stop("Claimed", "taken by %s", "another"), "Claimed", "taken by another"},
		"waiting":             {outcome.Wait(time.Second, "Starting", "soon"), "Starting", "soon"},
		"failure":             {&outcome.Failure{Reason: "Unreachable", Message: "no answer", Err: errors.New("dial 10.0.0.1:40712")}, "Unreachable", "no answer"},
		"an API error":        {apierrors.NewConflict(schema.GroupResource{}, "x", errors.New("version 123 is not 456")), "Failed", "the Kubernetes API answered Conflict; see the operator's log"},
		"an error of no kind": {errors.New("read tcp 10.0.0.1:40712: reset"), "Failed", "an unexpected error; see the operator's log"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			reason, message := outcome.Describe(fmt.Errorf("phase: %w", c.err), "Failed")
			g.Expect(reason).To(Equal(c.reason))
			g.Expect(message).To(Equal(c.message))
		})
	}
}

func TestEarlierNeverLengthensAPause(t *testing.T) {
	g := NewWithT(t)
	result, err := outcome.Fold()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(outcome.Earlier(result, 10*time.Second).RequeueAfter).To(Equal(10 * time.Second))
	g.Expect(outcome.Earlier(result, time.Hour).RequeueAfter).To(Equal(result.RequeueAfter))
	g.Expect(outcome.Earlier(result, -time.Hour).RequeueAfter).To(Equal(time.Second), "a time that has passed is looked at now, not in a hot loop")
}

func TestTheCauseIsKeptForTheLog(t *testing.T) {
	g := NewWithT(t)
	for _, err := range []error{&outcome.Terminal{Message: "m", Err: errPlain}, &outcome.Failure{Message: "m", Err: errPlain}} {
		g.Expect(errors.Is(err, errPlain)).To(BeTrue())
		g.Expect(err.Error()).To(Equal("m: plain"))
	}
}
