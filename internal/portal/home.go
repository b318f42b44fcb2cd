// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"math"
	"strconv"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// homeListed is how many entries each part of the home page has.
const homeListed = 5

// homePart is what one part of the portal has to say on the home page.
type homePart struct {
	Title, None, More string // keys of texts: its heading, what stands there when there is nothing, and where the rest is
	URL               string // of the rest
	Items             []homeItem
}

// homeItem is one entry, with words of people.
type homeItem struct {
	Text, Hint string
	URL        string
	Locale     community.Locale
}

// homeParts are the parts of the home page in their order. Each module adds its own.
func (s *Server) homeParts() []func(*visit) (homePart, error) {
	parts := []func(*visit) (homePart, error){s.homeNotices}
	if s.Network.Serves(settings.ModuleFeed) {
		parts = append(parts, s.homeFeed)
	}
	if s.Network.Serves(settings.ModuleEvents) {
		parts = append(parts, s.homeEvents)
	}
	return parts
}

// home is what is new for a member.
func (s *Server) home(v *visit) error {
	var parts []homePart
	for _, read := range s.homeParts() {
		part, err := read(v)
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	return s.ok(v, "home", "home.title", parts)
}

// homeNotices are the notices that the member has not opened.
func (s *Server) homeNotices(v *visit) (homePart, error) {
	part := homePart{Title: "home.notices", None: "home.notices.none", More: "notices.all", URL: "/notices"}
	notices, err := s.Services.Notices(v.r.Context(), v.viewer, math.MaxInt64, noticesListed)
	if err != nil {
		return part, err
	}
	for _, n := range notices {
		if !n.Seen && len(part.Items) < homeListed {
			part.Items = append(part.Items, homeItem{Text: n.Title, Hint: s.moment(v, n.CreatedAt), URL: "/notices/" + strconv.FormatInt(n.ID, 10), Locale: n.Locale})
		}
	}
	return part, nil
}

// homeEvents are the events that come next.
func (s *Server) homeEvents(v *visit) (homePart, error) {
	part := homePart{Title: "home.events", None: "events.none.coming", More: "events.all", URL: "/events"}
	events, err := s.Services.Events(v.r.Context(), v.viewer, community.EventsComing, community.EventCursor{}, homeListed)
	for _, e := range events {
		if e.State != community.EventCancelled {
			part.Items = append(part.Items, homeItem{Text: e.Title, Hint: s.moment(v, e.StartsAt), URL: "/events/" + e.ID.String(), Locale: e.Locale})
		}
	}
	return part, err
}
