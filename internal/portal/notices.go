// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"html/template"
	"math"
	"slices"
	"strconv"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/content"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// noticesListed is how many notices one page of the list has.
const noticesListed = 20

// noticesData is one page of the list.
type noticesData struct {
	Notices []community.Notice
	Older   int64 // the list goes on below this id; 0: it does not
	First   bool  // the newest are among these
}

// noticeData is one notice, with its body fit for a page.
type noticeData struct {
	Notice community.Notice
	Body   template.HTML
	Text   string // of one that tells of an event
	Link   string // to the event
}

// titleNotice says in the visitor's language what happened to an event.
func (s *Server) titleNotice(v *visit, n *community.Notice) {
	if slices.Contains(community.EventNotices(), n.Kind) {
		n.Title, n.Locale = s.text(v.locale, "eventNotice."+string(n.Kind), "title", n.Title), v.locale
	}
}

func (s *Server) notices(v *visit) error {
	before, err := strconv.ParseInt(v.r.URL.Query().Get("before"), 10, 64)
	data := noticesData{First: err != nil || before <= 0}
	if data.First {
		before = math.MaxInt64
	}
	if data.Notices, err = s.Services.Notices(v.r.Context(), v.viewer, before, noticesListed+1); err != nil {
		return err
	}
	for i := range data.Notices {
		s.titleNotice(v, &data.Notices[i])
	}
	if len(data.Notices) > noticesListed {
		data.Notices = data.Notices[:noticesListed]
		data.Older = data.Notices[noticesListed-1].ID
	}
	return s.ok(v, "notices", "notices.title", data)
}

// notice shows one notice under its own title.
func (s *Server) notice(v *visit) error {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil {
		return &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
	}
	n, err := s.Services.OpenNotice(v.r.Context(), v.viewer, id)
	if err != nil {
		return err
	}
	s.titleNotice(v, &n)
	data := noticeData{Notice: n, Body: template.HTML(content.Page(n.Body))} //nolint:gosec // content.Page lets nothing through that acts or loads
	if n.Event != nil && slices.Contains(community.EventNotices(), n.Kind) {
		data.Text = s.text(v.locale, "eventNotice."+string(n.Kind)+".text")
		if s.Network.Serves(settings.ModuleEvents) {
			data.Link = "/events/" + n.Event.String()
		}
	}
	vw := s.frame(v, "notice", "notices.title", data)
	vw.Title = n.Title
	return s.show(v, 200, vw)
}

// unseen is how many notices the viewer has not opened. A number that cannot be read keeps no page from being shown.
func (s *Server) unseen(v *visit) int {
	if (v.viewer == community.Viewer{}) {
		return 0
	}
	n, err := s.Services.UnseenNotices(v.r.Context(), v.viewer)
	if err != nil {
		s.Log.WarnContext(v.r.Context(), "Failing to count notices", "requestID", reference(v.r), "error", err.Error())
	}
	return n
}
