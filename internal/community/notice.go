// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// NoticeKind says what a notice tells of.
type NoticeKind string

// The kinds of notices.
const (
	// NoticeCampaign is what a campaign wrote.
	NoticeCampaign NoticeKind = "Campaign"
	// NoticeEventSeat tells who waited that they have a seat.
	NoticeEventSeat NoticeKind = "EventSeat"
	// NoticeEventChanged tells of new facts of an event.
	NoticeEventChanged NoticeKind = "EventChanged"
	// NoticeEventCancelled tells that an event does not take place.
	NoticeEventCancelled NoticeKind = "EventCancelled"
	// NoticeEventOrganiserLeft tells that the member who organised an event has left the network.
	NoticeEventOrganiserLeft NoticeKind = "EventOrganiserLeft"
)

// EventNotices lists the kinds that tell of an event; their title is the event's, as it was then, and they have no body.
func EventNotices() []NoticeKind {
	return []NoticeKind{NoticeEventSeat, NoticeEventChanged, NoticeEventCancelled, NoticeEventOrganiserLeft}
}

// Notice is what a campaign or an event told a member in the portal, as it was said then.
type Notice struct {
	ID        int64
	Locale    Locale
	Title     string
	Body      string // HTML; whoever shows it sanitises it again. Empty in a list.
	CreatedAt time.Time
	Seen      bool
	Kind      NoticeKind
	Event     *uuid.UUID // nil: it tells of none
}

// NoticeService shows the viewer's own notices. Nobody else's exist for the viewer.
type NoticeService interface {
	// Notices lists the newest notices with an id below before, at most limit, without their bodies.
	Notices(ctx context.Context, viewer Viewer, before int64, limit int) ([]Notice, error)
	// OpenNotice is one notice, which counts as seen from then on. CodeNotFound: there is none, or it is somebody else's.
	OpenNotice(ctx context.Context, viewer Viewer, id int64) (Notice, error)
	// UnseenNotices is how many the viewer has not opened.
	UnseenNotices(ctx context.Context, viewer Viewer) (int, error)
}
