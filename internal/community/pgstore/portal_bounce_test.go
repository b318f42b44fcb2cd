// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// softly makes a member's mail stand suppressed for a while.
func (w *world) softly(member uuid.UUID) {
	w.Helper()
	w.exec(`INSERT INTO alumni.suppression (member_id, channel, reason, expires_at) VALUES ($1, 'Email', 'SoftBounce', $2)`, member, w.clock.Now().Add(time.Hour))
	w.exec(`INSERT INTO alumni.bounce (recipient_id, run_id, kind, noted_at) VALUES ($1, 1, 'SoftBounce', $2), ($1, 1, 'Complaint', $2)`, member, w.clock.Now())
}

// opened signs a member in by a link that was mailed.
func (w *world) opened(member uuid.UUID) {
	w.Helper()
	_, err := w.portal.SignIn(w.Context(), w.link(member))
	w.Expect(err).NotTo(HaveOccurred())
}

// suppression is what stands of a member's suppression and bounces.
func (w *world) suppression(member uuid.UUID) string {
	w.Helper()
	return w.value(`SELECT coalesce((SELECT reason || CASE WHEN expires_at IS NULL THEN '' ELSE '*' END FROM alumni.suppression WHERE member_id = $1), 'none') || ' ' ||
		(SELECT count(*) FROM alumni.bounce WHERE recipient_id = $1)`, member)
}

func TestASuppressionWithAnEndIsShownUntilThen(t *testing.T) {
	w := newWorld(t)
	member := w.person(community.StateActive, "hanako@mail.example")
	viewer := community.Viewer{Member: member}
	shown := func() string {
		c, err := w.portal.Consents(t.Context(), viewer)
		w.Expect(err).NotTo(HaveOccurred())
		return c.Suppressed
	}
	w.softly(member)
	w.Expect(shown()).To(Equal("SoftBounce"))
	w.clock.Advance(2 * time.Hour)
	w.Expect(shown()).To(BeEmpty(), "it is over")
	w.Expect(w.suppression(member)).To(Equal("SoftBounce* 2"))
	w.Expect(w.portal.Housekeep(t.Context())).To(Succeed())
	w.Expect(w.suppression(member)).To(Equal("none 2"), "and goes")
	w.clock.Advance(91 * 24 * time.Hour)
	w.Expect(w.portal.Housekeep(t.Context())).To(Succeed())
	w.Expect(w.suppression(member)).To(Equal("none 0"))
}

func TestALinkThatIsOpenedForgivesSoftBounces(t *testing.T) {
	w := newWorld(t)
	member := w.person(community.StateActive, "hanako@mail.example")
	w.softly(member)
	w.opened(member)
	w.Expect(w.suppression(member)).To(Equal("none 1"), "the address can be reached; a complaint is something else")

	w.exec(`INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'Email', 'Complaint')`, member)
	w.opened(member)
	w.Expect(w.suppression(member)).To(Equal("Complaint 1"))
}

func TestAWishForNoMailOutlastsASuppressionWithAnEnd(t *testing.T) {
	w := newWorld(t)
	member := w.person(community.StateActive, "hanako@mail.example")
	w.softly(member)
	changed, err := w.portal.Unsubscribe(t.Context(), community.Unsubscription{Member: member, Run: w.run("news-1"), All: true})
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(changed).To(BeTrue())
	w.Expect(w.suppression(member)).To(Equal("Unsubscribed 2"))

	w.Expect(w.portal.ResumeMail(t.Context(), community.Viewer{Member: member})).To(Succeed())
	w.Expect(w.suppression(member)).To(Equal("none 1"), "whoever asks for mail again begins anew")
}
