// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/tracking"
)

// countLimit is how long a reader waits for a store that counts: the way of a link is worth more than its count.
const countLimit = 2 * time.Second

// pixel is a transparent GIF of one point.
var pixel = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

// follow leads a reader where a link of a mail leads, and counts it. One that we did not make is a page that does not exist: it leads
// nowhere, whatever it says. Somebody else's reader token takes nothing from the link.
func (s *Server) follow(v *visit) error {
	link, err := s.Tracker.ParseLink(v.token(), v.r.URL.Query().Get(tracking.TargetParameter))
	if err != nil {
		return s.notOurs(community.ReactionClick)
	}
	var member uuid.UUID
	if token := v.r.PathValue("reader"); token != "" {
		reader, err := s.Tracker.ParseReader(token)
		if err != nil || reader.Run != link.Run {
			return s.notOurs(community.ReactionClick)
		}
		member = reader.Member
	}
	s.track(v, community.Reaction{Run: link.Run, Kind: community.ReactionClick, Link: link.Number, Variant: link.Variant, Member: member,
		Machine: tracking.IsMachine(v.r)})
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	return v.redirect(link.Target)
}

// opened answers the image of an opened mail.
func (s *Server) opened(v *visit) error {
	reader, err := s.Tracker.ParseReader(v.token())
	if err != nil {
		return s.notOurs(community.ReactionOpen)
	}
	s.track(v, community.Reaction{Run: reader.Run, Kind: community.ReactionOpen, Member: reader.Member, Machine: tracking.IsMachineImage(v.r)})
	v.w.Header().Set("Content-Type", "image/gif")
	v.w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // it stands in the pages of web mail
	_, _ = v.w.Write(pixel)
	return nil
}

func (s *Server) notOurs(kind community.ReactionKind) error {
	s.counters.reactions.WithLabelValues(string(kind), "Invalid").Inc()
	return &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
}

// track counts. A store that is away loses a count, and stops nobody.
func (s *Server) track(v *visit, r community.Reaction) {
	ctx, cancel := context.WithTimeout(v.r.Context(), countLimit)
	defer cancel()
	outcome := "Counted"
	if err := s.Services.Track(ctx, r); err != nil {
		outcome = "Lost"
		s.Log.WarnContext(ctx, "Failing to count a reaction to a mail", "requestID", reference(v.r), "error", err.Error())
	} else if r.Machine {
		outcome = "Machine"
	}
	s.counters.reactions.WithLabelValues(string(r.Kind), outcome).Inc()
}
