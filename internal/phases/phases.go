// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phases

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
)

// Phase is one step of a reconcile.
type Phase[S any] struct {
	// Name says what the step does, for logs and errors: "provision the store".
	Name string
	// Condition shows the step's error; empty when another step answers for it.
	Condition string
	// Run does the step. It sets its condition itself when all is well.
	Run func(context.Context, S) error
	// GoOn lets the later steps run although this one failed.
	GoOn bool
}

// Run takes the steps in order and returns their errors. A step that fails stops the list unless it says
// otherwise; the conditions of the steps that were not reached become Unknown, for nobody looked.
func Run[S any](ctx context.Context, obj conditions.Object, scope S, list []Phase[S]) []error {
	var errs []error
	for i, phase := range list {
		err := phase.Run(ctx, scope)
		if err == nil {
			continue
		}
		log.FromContext(ctx).V(1).Info("Phase did not complete", "phase", phase.Name, "error", err.Error())
		errs = append(errs, fmt.Errorf("%s: %w", phase.Name, err))
		if apierrors.IsConflict(err) { // somebody wrote in between: nothing is wrong, the next look decides
			return errs
		}
		if phase.Condition != "" {
			conditions.Fail(obj, phase.Condition, err)
		}
		if !phase.GoOn {
			Skip(obj, cause(phase), list[i+1:])
			return errs
		}
	}
	return errs
}

// Skip marks the conditions of steps that were not looked at as Unknown, and says what they wait for.
func Skip[S any](obj conditions.Object, waitsFor string, rest []Phase[S]) {
	for _, phase := range rest {
		if phase.Condition != "" && phase.Condition != waitsFor {
			conditions.Unknown(obj, phase.Condition, v1alpha1.ReasonNotReachedYet, "waits for "+waitsFor)
		}
	}
}

// cause is what later steps wait for: the condition of the step that stopped, or else its name.
func cause[S any](stopped Phase[S]) string {
	if stopped.Condition != "" {
		return stopped.Condition
	}
	return "the step before it: " + stopped.Name
}

// Retried says whether any of the errors is worth another try, so that callers can log it at the right level.
func Retried(errs []error) bool {
	for _, err := range errs {
		if err != nil && !outcome.IsTerminal(err) && !outcome.IsWaiting(err) {
			return true
		}
	}
	return false
}
