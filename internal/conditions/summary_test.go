// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conditions_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
)

var errPlain = errors.New("plain")

var components = []string{"First", "Second"}

// object is a network of generation 3 with components as given: "+" True, "-" False, "?" Unknown, "s" suspended, "a" awaiting approval, "" none.
func object(first, second string) *v1alpha1.AlumniNetwork {
	n := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Name: "main", Generation: 3}}
	for kind, state := range map[string]string{"First": first, "Second": second} {
		switch state {
		case "+":
			conditions.True(n, kind, "Fine", "all well")
		case "-":
			conditions.False(n, kind, kind+"Broken", "it broke")
		case "?":
			conditions.Unknown(n, kind, "NotReachedYet", "not yet")
		case "s":
			conditions.False(n, kind, v1alpha1.ReasonSuspended, "at rest")
		case "a":
			conditions.False(n, kind, v1alpha1.ReasonAwaitingApproval, "somebody must agree")
		}
	}
	return n
}

func TestReadySumsUpTheComponents(t *testing.T) {
	stop, wait := outcome.Stop("Claimed", "taken"), outcome.Wait(time.Second, "Starting", "soon")
	cases := map[string]struct {
		obj   *v1alpha1.AlumniNetwork
		errs  []error
		ready string // status and reason
		extra string // the abnormal-true condition and its reason
		kind  status.Status
	}{
		"all True":                        {object("+", "+"), nil, "True Ready", "", status.CurrentStatus},
		"one False":                       {object("+", "-"), []error{errPlain}, "False SecondBroken", "Reconciling ProgressingWithRetry", status.InProgressStatus},
		"two False: the first one":        {object("-", "-"), []error{errPlain}, "False FirstBroken", "Reconciling ProgressingWithRetry", status.InProgressStatus},
		"False beats Unknown":             {object("?", "-"), []error{errPlain}, "False SecondBroken", "Reconciling ProgressingWithRetry", status.InProgressStatus},
		"only Unknown":                    {object("+", "?"), nil, "Unknown NotReachedYet", "Reconciling Progressing", status.InProgressStatus},
		"missing":                         {object("+", ""), nil, "Unknown NotReachedYet", "Reconciling Progressing", status.InProgressStatus},
		"only waiting":                    {object("+", "-"), []error{wait}, "False SecondBroken", "Reconciling Progressing", status.InProgressStatus},
		"terminal":                        {object("-", "?"), []error{stop}, "False FirstBroken", "Stalled Claimed", status.FailedStatus},
		"terminal beside retries":         {object("-", "-"), []error{errPlain, stop}, "False FirstBroken", "Stalled Claimed", status.FailedStatus},
		"suspended":                       {object("+", "s"), nil, "True Suspended", "", status.CurrentStatus},
		"awaiting approval":               {object("+", "a"), nil, "True AwaitingApproval", "", status.CurrentStatus},
		"awaiting approval beside broken": {object("a", "-"), []error{errPlain}, "False SecondBroken", "Reconciling ProgressingWithRetry", status.InProgressStatus},
		"suspended and awaiting approval": {object("a", "s"), nil, "True Suspended", "", status.CurrentStatus},
		"suspended beside broken":         {object("-", "s"), []error{errPlain}, "False FirstBroken", "Reconciling ProgressingWithRetry", status.InProgressStatus},
		"an error that no condition has":  {object("+", "+"), []error{errPlain}, "False Failed", "Reconciling ProgressingWithRetry", status.InProgressStatus},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			conditions.Summarise(c.obj, components, c.errs...)

			ready := conditions.Get(c.obj, "Ready")
			g.Expect(string(ready.Status) + " " + ready.Reason).To(Equal(c.ready))
			g.Expect(abnormal(c.obj)).To(Equal(c.extra))
			g.Expect(c.obj.Status.ObservedGeneration).To(Equal(int64(3)))
			g.Expect(kstatus(g, c.obj)).To(Equal(c.kind))
		})
	}
}

func TestAbnormalConditionsGoWhenTheirTimeIsOver(t *testing.T) {
	g := NewWithT(t)
	n := object("-", "+")
	conditions.Summarise(n, components, outcome.Stop("Claimed", "taken"))
	g.Expect(abnormal(n)).To(Equal("Stalled Claimed"))
	conditions.Summarise(n, components, errPlain)
	g.Expect(abnormal(n)).To(Equal("Reconciling ProgressingWithRetry"))
	conditions.True(n, "First", "Fine", "all well")
	conditions.Summarise(n, components)
	g.Expect(abnormal(n)).To(BeEmpty())
}

func TestAnObjectThatWasJustSeenIsInProgress(t *testing.T) {
	g := NewWithT(t)
	n := object("", "")
	conditions.Begin(n, components)
	g.Expect(n.Status.ObservedGeneration).To(Equal(int64(3)))
	g.Expect(conditions.Get(n, "Second").Status).To(Equal(metav1.ConditionUnknown))
	g.Expect(kstatus(g, n)).To(Equal(status.InProgressStatus))
}

func TestTheSameSummaryTwiceChangesNothing(t *testing.T) {
	g := NewWithT(t)
	n := object("-", "?")
	conditions.Summarise(n, components, errPlain)
	before := n.DeepCopy()
	conditions.False(n, "First", "FirstBroken", "it broke")
	conditions.Summarise(n, components, errPlain)
	conditions.Summarise(n, components, errPlain)
	g.Expect(n.Status.Conditions[0].LastTransitionTime).To(Equal(before.Status.Conditions[0].LastTransitionTime))
}

func TestAnEventIsSentForATransitionAndForNothingElse(t *testing.T) {
	summarised := func(first string, errs ...error) *v1alpha1.AlumniNetwork {
		n := object(first, "+")
		conditions.Summarise(n, components, errs...)
		return n
	}
	stop, wait := outcome.Stop("Claimed", "taken"), outcome.Wait(time.Second, "Starting", "soon")
	cases := map[string]struct {
		before, after *v1alpha1.AlumniNetwork
		errs          []error
		want          string
	}{
		"became ready":          {summarised("-", errPlain), summarised("+"), nil, "Normal Ready"},
		"ready from the start":  {object("", ""), summarised("+"), nil, "Normal Ready"},
		"still ready":           {summarised("+"), summarised("+"), nil, ""},
		"broke":                 {summarised("+"), summarised("-", errPlain), []error{errPlain}, "Warning FirstBroken"},
		"still broken":          {summarised("-", errPlain), summarised("-", errPlain), []error{errPlain}, ""},
		"broke by a fact":       {summarised("+"), summarised("-"), nil, "Warning FirstBroken"},
		"only waits":            {summarised("+"), summarised("-", wait), []error{wait}, ""},
		"stalled":               {summarised("-", errPlain), summarised("-", stop), []error{stop}, "Warning Claimed"},
		"still stalled":         {summarised("-", stop), summarised("-", stop), []error{stop}, ""},
		"from stalled to ready": {summarised("-", stop), summarised("+"), nil, "Normal Ready"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := ""
			if event := conditions.Transition(c.before.Status.Conditions, c.after, c.errs...); event != nil {
				got = event.Type + " " + event.Reason
			}
			NewWithT(t).Expect(got).To(Equal(c.want))
		})
	}
}

func TestALongMessageIsCutBetweenCharacters(t *testing.T) {
	g := NewWithT(t)
	n := object("", "")
	conditions.True(n, "First", "Fine", strings.Repeat("卒", 5000))
	message := conditions.Get(n, "First").Message
	g.Expect(len(message)).To(BeNumerically("<", 2100))
	g.Expect(strings.ToValidUTF8(message, "!")).To(Equal(message))
}

func abnormal(n *v1alpha1.AlumniNetwork) string {
	var all []string
	for _, kind := range []string{"Reconciling", "Stalled"} {
		if c := conditions.Get(n, kind); c != nil {
			all = append(all, kind+" "+c.Reason)
		}
	}
	return strings.Join(all, ", ")
}

func kstatus(g Gomega, n *v1alpha1.AlumniNetwork) status.Status {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(n)
	g.Expect(err).NotTo(HaveOccurred())
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AlumniNetwork"))
	result, err := status.Compute(u)
	g.Expect(err).NotTo(HaveOccurred())
	return result.Status
}
