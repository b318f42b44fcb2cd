// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"time"
)

// Notice is what a campaign told a member in the portal, as it was said then.
type Notice struct {
	ID        int64
	Locale    Locale
	Title     string
	Body      string // HTML; whoever shows it sanitises it again. Empty in a list.
	CreatedAt time.Time
	Seen      bool
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
