// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package echo_test

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/alumni-operator/alumni-operator/internal/echo"
)

func object(uid, version string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid), ResourceVersion: version}}
}

func TestOnlyTheEventOfAnOwnWriteIsDroppedAndOnlyOnce(t *testing.T) {
	g := NewWithT(t)
	own := echo.New()
	p := own.Predicate()
	updated := func(uid, version string) bool {
		return p.Update(event.UpdateEvent{ObjectOld: object(uid, "1"), ObjectNew: object(uid, version)})
	}

	g.Expect(updated("a", "2")).To(BeTrue(), "nothing was written")
	own.Wrote(object("a", "3"))
	g.Expect(updated("b", "3")).To(BeTrue(), "another object")
	g.Expect(updated("a", "2")).To(BeTrue(), "somebody else, before")
	g.Expect(updated("a", "4")).To(BeTrue(), "somebody else, after")
	g.Expect(updated("a", "3")).To(BeFalse())
	g.Expect(updated("a", "3")).To(BeTrue(), "a repetition, which asks for a look at everything")

	own.Wrote(object("c", "5"))
	g.Expect(p.Create(event.CreateEvent{Object: object("c", "5")})).To(BeFalse())
	own.Wrote(object("c", "6"))
	own.Wrote(object("c", "7"))
	g.Expect(updated("c", "6")).To(BeTrue(), "only the newest version is remembered")
	g.Expect(updated("c", "7")).To(BeFalse())

	own.Wrote(object("d", "8"))
	g.Expect(p.Delete(event.DeleteEvent{Object: object("d", "8")})).To(BeTrue())
	g.Expect(updated("d", "8")).To(BeTrue(), "what is gone is forgotten")
}

func TestWhoIsBehindTheLastWriteIsToldOfIt(t *testing.T) {
	g := NewWithT(t)
	own := echo.New()
	p := own.Predicate()
	updated := func(version string) bool {
		return p.Update(event.UpdateEvent{ObjectOld: object("a", "1"), ObjectNew: object("a", version)})
	}

	g.Expect(own.Behind(object("a", "9"))).To(BeFalse(), "nothing was written")
	own.Wrote(object("a", "10"))
	g.Expect(own.Behind(object("a", "9"))).To(BeTrue())
	g.Expect(own.Behind(object("b", "9"))).To(BeFalse(), "another object")
	g.Expect(updated("10")).To(BeTrue(), "the look that was put off")
	g.Expect(own.Behind(object("a", "10"))).To(BeFalse())

	own.Wrote(object("a", "11"))
	g.Expect(own.Behind(object("a", "11"))).To(BeFalse(), "the event came before the answer")
	g.Expect(own.Behind(object("a", "9"))).To(BeFalse(), "and nothing is waited for any more")
	own.Wrote(object("a", "12"))
	g.Expect(own.Behind(object("a", "13"))).To(BeFalse(), "somebody else has written since")
	own.Wrote(object("a", "not a number"))
	g.Expect(own.Behind(object("a", "13"))).To(BeFalse(), "versions without an order")
	own.Wrote(object("a", "14"))
	g.Expect(own.Behind(object("a", "13"))).To(BeTrue())
	own.Wrote(object("a", "15"))
	g.Expect(updated("15")).To(BeFalse(), "whoever wrote that knew the one before")
	g.Expect((*echo.Own)(nil).Behind(object("a", "1"))).To(BeFalse())
}

func TestAnObjectWithoutIdentityIsNotRemembered(t *testing.T) {
	g := NewWithT(t)
	own := echo.New()
	own.Wrote(object("", "1"))
	own.Wrote(object("a", ""))
	p := own.Predicate()
	g.Expect(p.Update(event.UpdateEvent{ObjectNew: object("", "1")})).To(BeTrue())
	g.Expect(p.Update(event.UpdateEvent{ObjectNew: object("a", "")})).To(BeTrue())

	var none *echo.Own
	none.Wrote(object("a", "1"))
	g.Expect(none.Predicate().Update(event.UpdateEvent{ObjectNew: object("a", "1")})).To(BeTrue())
	g.Expect(none.Predicate().Delete(event.DeleteEvent{Object: object("a", "1")})).To(BeTrue())
}
