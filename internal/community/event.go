// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// The bounds of events, in characters where nothing else is said.
const (
	MaxEventTitle = 120
	MaxPlace      = 200
	MaxEventText  = 4000
	MaxLink       = 500
	// MaxSeats is the largest capacity that an event can have.
	MaxSeats = 10_000
	// MaxEventDays is how long an event lasts at most.
	MaxEventDays = 31
	// MaxOpenEvents is how many events that are not over a member can have at a time, drafts included.
	MaxOpenEvents = 5
	// eventHorizon is how many years ahead an event can be.
	eventHorizon = 5
)

// EventKind is what people meet for.
type EventKind string

// EventKinds lists the kinds in the order in which they are offered.
func EventKinds() []EventKind {
	return []EventKind{"Exchange", "Seminar", "Workshop", "Panel", "Webinar", "Reunion", "Volunteering", "Circle", "Consultation"}
}

// EventForm is where people meet.
type EventForm string

// The forms of events.
const (
	FormOnSite EventForm = "OnSite"
	FormOnline EventForm = "Online"
	FormBoth   EventForm = "Both"
)

// EventForms lists the forms in the order in which they are offered.
func EventForms() []EventForm { return []EventForm{FormOnSite, FormOnline, FormBoth} }

// EventState is how far an event has come.
type EventState string

// The states of events.
const (
	EventDraft     EventState = "Draft"
	EventPublished EventState = "Published"
	EventCancelled EventState = "Cancelled"
)

// Organiser says who stands behind an event.
type Organiser string

// The organisers.
const (
	// OrganiserMember is a member, who may have left since.
	OrganiserMember Organiser = "Member"
	// OrganiserOffice is the network itself.
	OrganiserOffice Organiser = "Office"
)

// Seat is what a member has of an event; empty for none.
type Seat string

// The seats.
const (
	// SeatRegistered members come.
	SeatRegistered Seat = "Registered"
	// SeatWaiting members come when somebody else does not.
	SeatWaiting Seat = "Waiting"
)

// EventPlan is what an organiser writes of an event.
type EventPlan struct {
	Kind        EventKind
	Locale      Locale // of the texts
	Title       string
	Place       string
	Description string
	Form        EventForm
	OnlineLink  string // shown to those who are registered only
	StartsAt    time.Time
	EndsAt      time.Time
	TimeZone    string // in which the times were given
	Capacity    int    // 0: no bound
	ClosesAt    *time.Time
}

// EventEntry is a plan as its organiser hands it in.
type EventEntry struct {
	EventPlan
	As       EventState // EventDraft or EventPublished
	ShowName bool       // the organiser agrees to show the name to alumni
}

// Normalise trims the texts and leaves out what an event of this form does not have.
func (p EventPlan) Normalise() EventPlan {
	p.Title, p.Place, p.OnlineLink = strings.TrimSpace(p.Title), strings.TrimSpace(p.Place), strings.TrimSpace(p.OnlineLink)
	p.Description = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(p.Description))
	if p.Form == FormOnline {
		p.Place = ""
	}
	if p.Form == FormOnSite {
		p.OnlineLink = ""
	}
	return p
}

// Validate checks a normalised plan at an instant and answers with CodeInvalid for the first field that breaks a rule.
func (p EventPlan) Validate(now time.Time) error {
	if err := p.ValidateTexts(); err != nil {
		return err
	}
	return p.validateTimes(now)
}

// ValidateTexts checks what is no time or number.
func (p EventPlan) ValidateTexts() error {
	if !slices.Contains(EventKinds(), p.Kind) {
		return Invalid("EventKind", "error.choice")
	}
	if !slices.Contains(Locales(), p.Locale) {
		return Invalid("EventLocale", "error.choice")
	}
	if !slices.Contains(EventForms(), p.Form) {
		return Invalid("EventForm", "error.choice")
	}
	if p.Title == "" {
		return Invalid("EventTitle", "error.missing")
	}
	if p.Place == "" && p.Form != FormOnline {
		return Invalid("EventPlace", "error.missing")
	}
	for _, text := range []struct {
		field, text string
		limit       int
		lines       bool
	}{{"EventTitle", p.Title, MaxEventTitle, false}, {"EventPlace", p.Place, MaxPlace, false}, {"OnlineLink", p.OnlineLink, MaxLink, false},
		{"EventDescription", p.Description, MaxEventText, true}} {
		if err := checkText(text.field, text.text, text.limit, func(r rune) bool { return text.lines && (r == '\n' || r == '\t') }); err != nil {
			return err
		}
		if strings.ContainsFunc(text.text, turnsWriting) {
			return Invalid(text.field, "error.characters")
		}
	}
	if p.OnlineLink != "" && !isHTTPS(p.OnlineLink) {
		return Invalid("OnlineLink", "error.link")
	}
	return nil
}

func (p EventPlan) validateTimes(now time.Time) error {
	switch {
	case !KnownZone(p.TimeZone):
		return Invalid("EventZone", "error.choice")
	case !p.StartsAt.After(now) || p.StartsAt.After(now.AddDate(eventHorizon, 0, 0)):
		return Invalid("StartsAt", "error.eventStart")
	case !p.EndsAt.After(p.StartsAt) || p.EndsAt.Sub(p.StartsAt) > MaxEventDays*24*time.Hour:
		return Invalid("EndsAt", "error.eventEnd")
	case p.ClosesAt != nil && p.ClosesAt.After(p.StartsAt):
		return Invalid("ClosesAt", "error.eventCloses")
	case p.Capacity < 0 || p.Capacity > MaxSeats:
		return Invalid("Capacity", "error.eventCapacity")
	}
	return nil
}

// turnsWriting finds characters that turn the direction of writing, by which a text can look like another.
func turnsWriting(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }

// isHTTPS tells whether a text is the address of a page on another server, with nothing in it that could pass for another one.
func isHTTPS(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && !strings.ContainsFunc(text, unicode.IsSpace) && utf8.ValidString(text)
}

// Event is an event as one member sees it.
type Event struct {
	ID uuid.UUID
	EventPlan
	State    EventState
	Sequence int // grows with every change
	Over     bool
	// Organiser, and the organiser's name where it may be shown. Left says that the member who organised it has gone.
	Organiser     Organiser
	OrganiserName string
	Left          bool
	Own           bool // the viewer organises it
	// How many come, and how many wait.
	Registered, Waiting int
	Seat                Seat // the viewer's
	Listed              bool // the viewer may be named
	Position            int  // of the viewer among those who wait, from 1
}

// Open tells whether members can register at an instant.
func (e Event) Open(now time.Time) bool {
	closes := e.StartsAt
	if e.ClosesAt != nil {
		closes = *e.ClosesAt
	}
	return e.State == EventPublished && now.Before(closes)
}

// Free is how many seats are left of an event with a bound.
func (e Event) Free() int { return max(e.Capacity-e.Registered, 0) }

// EventView is one of the lists of events.
type EventView string

// The lists.
const (
	// EventsComing are published and not over, the next first.
	EventsComing EventView = "coming"
	// EventsPast are over, the latest first.
	EventsPast EventView = "past"
	// EventsMine are those that the viewer organises or has a seat of, the latest first.
	EventsMine EventView = "mine"
)

// EventCursor is the event after which a list goes on; the zero one is its beginning.
type EventCursor struct {
	StartsAt time.Time
	ID       uuid.UUID
}

// EventGuest is somebody who comes and may be named.
type EventGuest struct {
	Name string
	Turn int64 // in the order of registration
}

// EventService lets members meet. Every method answers CodeForbidden, or finds nothing, when the viewer no longer takes part. Members who
// have paused contact may do everything; they get no mail of it.
type EventService interface {
	// Events lists at most limit events after a cursor.
	Events(ctx context.Context, viewer Viewer, view EventView, after EventCursor, limit int) ([]Event, error)
	// Event is one event. CodeNotFound: there is none, it is a draft of somebody else's, or it is cancelled and the viewer had no part in it.
	Event(ctx context.Context, viewer Viewer, id uuid.UUID) (Event, error)
	// EventGuests lists at most limit of those who come to an event, with a turn after after: who shows the name to alumni and wants to
	// be listed.
	EventGuests(ctx context.Context, viewer Viewer, id uuid.UUID, after int64, limit int) ([]EventGuest, error)
	// ShowsName tells whether the viewer shows the name to alumni, as whoever organises must.
	ShowsName(ctx context.Context, viewer Viewer) (bool, error)
	// Organise makes an event of the viewer's. CodeInvalid: a field breaks a rule, the name is hidden and ShowName does not change that,
	// or the viewer has too many open events.
	Organise(ctx context.Context, viewer Viewer, entry EventEntry) (uuid.UUID, error)
	// ChangeEvent rewrites an event of the viewer's that has not begun; those who are registered are told. CodeNotFound: it is not the
	// viewer's, is cancelled or has begun. CodeInvalid: as for Organise, or more are registered than there would be seats.
	ChangeEvent(ctx context.Context, viewer Viewer, id uuid.UUID, entry EventEntry) error
	// CancelEvent calls an event of the viewer's off; those who are registered are told. CodeNotFound: as for ChangeEvent.
	CancelEvent(ctx context.Context, viewer Viewer, id uuid.UUID) error
	// Register gives the viewer a seat, or a place among those who wait; who has one keeps it. listed says whether the viewer may be
	// named. CodeNotFound: as for Event. CodeInvalid: registration is closed, or the viewer organises it.
	Register(ctx context.Context, viewer Viewer, id uuid.UUID, listed bool) (Seat, error)
	// Unregister takes the viewer's seat or place back; the first who waits gets the seat and is told. It may be repeated.
	Unregister(ctx context.Context, viewer Viewer, id uuid.UUID) error
}
