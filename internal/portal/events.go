// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/icalendar"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
)

const (
	// eventsListed and guestsListed are how many events and names one page has.
	eventsListed, guestsListed = 20, 50
	// eventProduct names who made a calendar file.
	eventProduct = "-//alumni-operator//portal//EN"
)

// eventRoutes are the pages of the module Events.
func (s *Server) eventRoutes() map[string]page {
	return map[string]page{
		"GET /events":                s.events,
		"GET /events/new":            s.eventForm,
		"POST /events/new":           s.saveEvent,
		"GET /events/{id}":           s.event,
		"POST /events/{id}":          s.takeSeat,
		"GET /events/{id}/event.ics": s.eventFile,
		"GET /events/{id}/edit":      s.eventForm,
		"POST /events/{id}/edit":     s.saveEvent,
		"GET /events/{id}/cancel":    s.cancelForm,
		"POST /events/{id}/cancel":   s.cancelEvent,
	}
}

// eventRow is an event with its times as they are written: by the clock of the place, and by the reader's where that shows another time.
type eventRow struct {
	community.Event
	When, Here, HereZone string
}

// eventsData is one page of a list.
type eventsData struct {
	View  community.EventView
	Views []community.EventView
	Rows  []eventRow
	Next  string // the list goes on after it; empty: it does not
	First bool
}

// eventData is one event.
type eventData struct {
	eventRow
	Open       bool
	Closes     string
	NameShown  bool // the viewer's
	Guests     []community.EventGuest
	MoreGuests int64
}

// events shows one of the lists.
func (s *Server) events(v *visit) error {
	views := []community.EventView{community.EventsComing, community.EventsMine, community.EventsPast}
	data := eventsData{View: community.EventView(v.r.URL.Query().Get("view")), Views: views}
	if !slices.Contains(views, data.View) {
		data.View = community.EventsComing
	}
	after := parseEventCursor(v.r.URL.Query().Get("after"))
	data.First = after == community.EventCursor{}
	zone, err := s.readerZone(v)
	if err != nil {
		return err
	}
	events, err := s.Services.Events(v.r.Context(), v.viewer, data.View, after, eventsListed+1)
	if err != nil {
		return err
	}
	if len(events) > eventsListed {
		events = events[:eventsListed]
		last := events[eventsListed-1]
		data.Next = fmt.Sprintf("%d_%s", last.StartsAt.UnixMicro(), last.ID)
	}
	for _, e := range events {
		data.Rows = append(data.Rows, s.eventRow(v, e, zone))
	}
	return s.ok(v, "events", "events.title", data)
}

// parseEventCursor reads where a list goes on; what is none is its beginning.
func parseEventCursor(text string) community.EventCursor {
	micros, id, _ := strings.Cut(text, "_")
	at, err := strconv.ParseInt(micros, 10, 64)
	if err != nil {
		return community.EventCursor{}
	}
	known, err := uuid.Parse(id)
	if err != nil || at < 0 || at > time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() {
		return community.EventCursor{}
	}
	return community.EventCursor{StartsAt: time.UnixMicro(at).UTC(), ID: known}
}

// readerZone is the zone of the viewer's own clock.
func (s *Server) readerZone(v *visit) (*time.Location, error) {
	m, err := s.Services.Member(v.r.Context(), v.viewer)
	if err != nil {
		return nil, err
	}
	if zone, err := time.LoadLocation(m.Profile.TimeZone); err == nil && m.Profile.TimeZone != "" {
		return zone, nil
	}
	return s.zone, nil
}

func (s *Server) eventRow(v *visit, e community.Event, reader *time.Location) eventRow {
	row := eventRow{Event: e, When: i18n.Span(v.locale, s.at(e.StartsAt, e.TimeZone), s.at(e.EndsAt, e.TimeZone))}
	if here := i18n.Span(v.locale, e.StartsAt.In(reader), e.EndsAt.In(reader)); here != row.When {
		row.Here, row.HereZone = here, reader.String()
	}
	return row
}

// at is an instant by the clock of a zone; a zone that this machine does not know is the network's.
func (s *Server) at(t time.Time, zone string) time.Time {
	if location, err := time.LoadLocation(zone); err == nil {
		return t.In(location)
	}
	return t.In(s.zone)
}

// eventID is the id in the path. One that cannot be ours is that of nothing.
func eventID(v *visit) (uuid.UUID, error) {
	id, err := uuid.Parse(v.r.PathValue("id"))
	if err != nil {
		return uuid.Nil, &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
	}
	return id, nil
}

// readEvent is the event in the path.
func (s *Server) readEvent(v *visit) (community.Event, error) {
	id, err := eventID(v)
	if err != nil {
		return community.Event{}, err
	}
	return s.Services.Event(v.r.Context(), v.viewer, id)
}

// event shows one event under its own title.
func (s *Server) event(v *visit) error { return s.showEvent(v, nil) }

// showEvent shows the event, perhaps with what was wrong with what the viewer wanted of it.
func (s *Server) showEvent(v *visit, wrong *problem) error {
	e, err := s.readEvent(v)
	if err != nil {
		return err
	}
	zone, err := s.readerZone(v)
	if err != nil {
		return err
	}
	data := eventData{eventRow: s.eventRow(v, e, zone), Open: e.Open(s.Now())}
	if e.ClosesAt != nil {
		data.Closes = i18n.Moment(v.locale, s.at(*e.ClosesAt, e.TimeZone))
	}
	if data.NameShown, err = s.Services.ShowsName(v.r.Context(), v.viewer); err != nil {
		return err
	}
	after, err := strconv.ParseInt(v.r.URL.Query().Get("guests"), 10, 64)
	if err != nil {
		after = 0
	}
	if data.Guests, err = s.Services.EventGuests(v.r.Context(), v.viewer, e.ID, after, guestsListed+1); err != nil {
		return err
	}
	if len(data.Guests) > guestsListed {
		data.Guests = data.Guests[:guestsListed]
		data.MoreGuests = data.Guests[guestsListed-1].Turn
	}
	vw := s.frame(v, "event", "events.title", data)
	vw.Title, vw.Problem = e.Title, wrong
	if wrong != nil {
		return s.show(v, http.StatusUnprocessableEntity, vw)
	}
	return s.show(v, http.StatusOK, vw)
}

// takeSeat registers the viewer, or takes the registration back.
func (s *Server) takeSeat(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	id, err := eventID(v)
	if err != nil {
		return err
	}
	done := "unregistered"
	if form.Get("act") == "unregister" {
		err = s.Services.Unregister(v.r.Context(), v.viewer, id)
	} else {
		var seat community.Seat
		seat, err = s.Services.Register(v.r.Context(), v.viewer, id, form.Get("unlisted") == "")
		done = map[community.Seat]string{community.SeatRegistered: "registered", community.SeatWaiting: "waiting"}[seat]
	}
	if wrong := s.problemOf(v, err); wrong != nil {
		return s.showEvent(v, wrong)
	}
	if err != nil {
		return err
	}
	s.Wake() // somebody else may have a seat now
	return v.redirect("/events/" + id.String() + "?done=" + done)
}

// eventFile is the event as a file for the viewer's calendar. The link is in it for those who come.
func (s *Server) eventFile(v *visit) error {
	e, err := s.readEvent(v)
	if err != nil {
		return err
	}
	page := s.Network.PublicURL + "/events/" + e.ID.String()
	text := []string{}
	for _, t := range []string{e.OnlineLink, e.Description, page} {
		if t != "" {
			text = append(text, t)
		}
	}
	file := icalendar.File(icalendar.Event{Product: eventProduct, UID: e.ID.String() + "@" + icalendar.Host(s.Network.PublicURL), Sequence: e.Sequence, At: s.Now(),
		StartsAt: e.StartsAt, EndsAt: e.EndsAt, Title: e.Title, Place: e.Place, Text: strings.Join(text, "\n\n"), URL: page,
		Cancelled: e.State == community.EventCancelled})
	v.w.Header().Set("Content-Type", "text/calendar; charset=utf-8; method=PUBLISH")
	v.w.Header().Set("Content-Disposition", "attachment; filename=event.ics")
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write(file) // the visitor may have gone
	return nil
}
