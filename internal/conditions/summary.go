// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conditions

import (
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
)

// Summarise sets Ready, Reconciling and Stalled from the components, in their order, and from the errors of
// this loop. The first component that is not settled names Ready's reason. Stalled and Reconciling never
// stand side by side, and stand only while they are true.
func Summarise(obj Object, components []string, errs ...error) {
	generation := obj.GetGeneration()
	observed := observedGeneration(obj)
	obj.SetObservedGeneration(generation)

	worst := worstComponent(obj, components)
	terminal, retried := sort(errs)
	switch {
	case worst == nil && terminal == nil && !retried:
		reason, message := rest(obj, components)
		True(obj, v1alpha1.ReadyCondition, reason, message)
	case worst == nil:
		reason, message := outcome.Describe(errors.Join(errs...), v1alpha1.ReasonFailed)
		False(obj, v1alpha1.ReadyCondition, reason, message)
	default:
		set(obj, v1alpha1.ReadyCondition, worst.Status, worst.Reason, fmt.Sprintf("%s: %s", worst.Type, worst.Message))
	}

	ready := Get(obj, v1alpha1.ReadyCondition)
	switch {
	case terminal != nil:
		True(obj, v1alpha1.StalledCondition, terminal.Reason, terminal.Message)
		Remove(obj, v1alpha1.ReconcilingCondition)
	case ready.Status == metav1.ConditionTrue:
		Remove(obj, v1alpha1.StalledCondition)
		Remove(obj, v1alpha1.ReconcilingCondition)
	default:
		Remove(obj, v1alpha1.StalledCondition)
		True(obj, v1alpha1.ReconcilingCondition, progress(retried), progressMessage(observed, generation, ready))
	}
}

// Begin marks an object as seen, for the first write before slow work: its generation is being worked on and nothing is
// known yet.
func Begin(obj Object, components []string) {
	obj.SetObservedGeneration(obj.GetGeneration())
	for _, kind := range components {
		Unknown(obj, kind, v1alpha1.ReasonNotReachedYet, "not looked at yet")
	}
	Unknown(obj, v1alpha1.ReadyCondition, v1alpha1.ReasonProgressing, "The operator has begun to work on this")
	True(obj, v1alpha1.ReconcilingCondition, v1alpha1.ReasonProgressing, "The operator has begun to work on this")
}

func observedGeneration(obj Object) int64 {
	if c := Get(obj, v1alpha1.ReadyCondition); c != nil {
		return c.ObservedGeneration
	}
	return 0
}

// worstComponent is the first False component, else the first that is Unknown or missing, else nil. A
// component that rests is settled.
func worstComponent(obj Object, components []string) *metav1.Condition {
	var unknown *metav1.Condition
	for _, kind := range components {
		c := meta.FindStatusCondition(obj.GetConditions(), kind)
		switch {
		case c == nil:
			if unknown == nil {
				unknown = &metav1.Condition{Type: kind, Status: metav1.ConditionUnknown,
					Reason: v1alpha1.ReasonNotReachedYet, Message: "not looked at yet"}
			}
		case c.Status == metav1.ConditionTrue, slices.Contains(rests(), c.Reason):
		case c.Status == metav1.ConditionFalse:
			return c
		case unknown == nil:
			unknown = c
		}
	}
	return unknown
}

// rests are the reasons of components that are off because somebody wants it so, or has not said yet that they may be on. The
// operator can do no more, and a pipeline need not wait.
func rests() []string { return []string{v1alpha1.ReasonSuspended, v1alpha1.ReasonAwaitingApproval} }

// rest is the reason and the message of Ready when every component is settled: why one rests, so that nobody takes rest for service.
func rest(obj Object, components []string) (reason, message string) {
	reason, message = v1alpha1.ReasonReady, "Every part is as declared"
	for _, why := range rests() {
		for _, kind := range components {
			if c := Get(obj, kind); c != nil && c.Reason == why && reason == v1alpha1.ReasonReady {
				reason = why
				if why != v1alpha1.ReasonSuspended {
					message = c.Message
				}
			}
		}
	}
	return reason, message
}

// sort finds the first Terminal and says whether any error is worth another try.
func sort(errs []error) (terminal *outcome.Terminal, retried bool) {
	for _, err := range errs {
		var t *outcome.Terminal
		switch {
		case err == nil, outcome.IsWaiting(err):
		case errors.As(err, &t):
			if terminal == nil {
				terminal = t
			}
		default:
			retried = true
		}
	}
	return terminal, retried
}

func progress(retried bool) string {
	if retried {
		return v1alpha1.ReasonProgressingWithRetry
	}
	return v1alpha1.ReasonProgressing
}

func progressMessage(observed, generation int64, ready *metav1.Condition) string {
	if observed < generation {
		return fmt.Sprintf("Working on generation %d", generation)
	}
	return ready.Message
}

// Event is what a transition of Ready or Stalled is worth telling.
type Event struct {
	Type    string // Normal or Warning
	Reason  string
	Message string
}

// Transition compares the conditions before and after a loop and returns the one event of this loop, or nil
// when nothing changed that people need to hear of. Waiting is not told.
func Transition(before []metav1.Condition, obj Object, errs ...error) *Event {
	was, is := meta.FindStatusCondition(before, v1alpha1.ReadyCondition), Get(obj, v1alpha1.ReadyCondition)
	stalled := Get(obj, v1alpha1.StalledCondition)
	wasStalled := meta.FindStatusCondition(before, v1alpha1.StalledCondition)
	switch {
	case stalled != nil && (wasStalled == nil || wasStalled.Reason != stalled.Reason):
		return &Event{Type: corev1.EventTypeWarning, Reason: stalled.Reason, Message: stalled.Message}
	case is == nil || stalled != nil || (was != nil && was.Status == is.Status && was.Reason == is.Reason):
		return nil
	case is.Status == metav1.ConditionTrue:
		return &Event{Type: corev1.EventTypeNormal, Reason: is.Reason, Message: is.Message}
	}
	// Without an error it is a fact that broke Ready, such as a run that failed.
	if _, retried := sort(errs); (retried || len(errs) == 0) && is.Status == metav1.ConditionFalse {
		return &Event{Type: corev1.EventTypeWarning, Reason: is.Reason, Message: is.Message}
	}
	return nil
}
