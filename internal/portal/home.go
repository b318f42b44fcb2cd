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
