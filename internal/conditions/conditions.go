// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conditions

import (
	"slices"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
)

// Object is a kind of ours as the helpers of status see it.
type Object interface {
	client.Object
	GetConditions() []metav1.Condition
	SetConditions([]metav1.Condition)
	SetObservedGeneration(int64)
}

// maxMessage bounds a condition's message well below the API's own limit.
const maxMessage = 2000

// True marks a condition as met.
func True(obj Object, kind, reason, message string) {
	set(obj, kind, metav1.ConditionTrue, reason, message)
}

// False marks a condition as not met.
func False(obj Object, kind, reason, message string) {
	set(obj, kind, metav1.ConditionFalse, reason, message)
}

// Unknown marks a condition as not known yet.
func Unknown(obj Object, kind, reason, message string) {
	set(obj, kind, metav1.ConditionUnknown, reason, message)
}

// Fail shows the error of a step in its condition, with the error's own reason and message where it has them.
func Fail(obj Object, kind string, err error) {
	reason, message := outcome.Describe(err, v1alpha1.ReasonFailed)
	set(obj, kind, metav1.ConditionFalse, reason, message)
}

// Get returns a condition, or nil.
func Get(obj Object, kind string) *metav1.Condition {
	return meta.FindStatusCondition(obj.GetConditions(), kind)
}

// IsTrue says whether a condition is there and True.
func IsTrue(obj Object, kind string) bool {
	return meta.IsStatusConditionTrue(obj.GetConditions(), kind)
}

// IsCurrent says whether a condition is True for the generation at hand, not for an older one.
func IsCurrent(obj Object, kind string) bool {
	c := Get(obj, kind)
	return c != nil && c.Status == metav1.ConditionTrue && c.ObservedGeneration == obj.GetGeneration()
}

// Remove takes a condition away.
func Remove(obj Object, kind string) {
	list := slices.Clone(obj.GetConditions())
	meta.RemoveStatusCondition(&list, kind)
	obj.SetConditions(list)
}

func set(obj Object, kind string, status metav1.ConditionStatus, reason, message string) {
	list := slices.Clone(obj.GetConditions())
	meta.SetStatusCondition(&list, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: shorten(message), ObservedGeneration: obj.GetGeneration(),
	})
	obj.SetConditions(list)
}

// shorten cuts a message at a rune boundary.
func shorten(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	cut := message[:maxMessage]
	for !utf8.ValidString(cut) {
		cut = cut[:len(cut)-1]
	}
	return cut + "…"
}
