// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// localTime is how a browser writes a day and a time of day.
const localTime = "2006-01-02T15:04"

// eventInput is what an organiser typed, kept as it is so that it can be shown again.
type eventInput struct {
	Kind, Locale, Title, Place, Description, Form, OnlineLink, Starts, Ends, Zone, Capacity, Closes string
	ShowName                                                                                        bool
}

// eventFormData is the form of an event.
type eventFormData struct {
	Input     eventInput
	Action    string
	Back      string
	Published bool
	NameShown bool
	Taken     int // people who are told of a change
	Kinds     []community.EventKind
	Forms     []community.EventForm
	Locales   []community.Locale
	Regions   []community.ZoneRegion
	OtherZone string // one that is not offered
	Wrong     string // the field at fault
}

// eventForm is the form of a new event, or of the one in the path.
func (s *Server) eventForm(v *visit) error {
	e, err := s.eventToWrite(v)
	if err != nil {
		return err
	}
	input := eventInput{Locale: string(v.locale), Zone: s.Network.TimeZone, Form: string(community.FormOnSite), Kind: string(community.EventKinds()[0])}
	if e.ID != uuid.Nil {
		input = s.inputOf(e)
	}
	data, err := s.eventFormOf(v, e, input)
	if err != nil {
		return err
	}
	return s.ok(v, "eventform", titleOfForm(e), data)
}

func titleOfForm(e community.Event) string {
	if e.ID == uuid.Nil {
		return "eventForm.new"
	}
	return "eventForm.edit"
}

// eventToWrite is the viewer's event in the path, as long as it can be changed; the zero one for a new event.
func (s *Server) eventToWrite(v *visit) (community.Event, error) {
	if v.r.PathValue("id") == "" {
		return community.Event{}, nil
	}
	e, err := s.readEvent(v)
	if err == nil && (!e.Own || e.State == community.EventCancelled || !e.StartsAt.After(s.Now())) {
		err = &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
	}
	return e, err
}

func (s *Server) inputOf(e community.Event) eventInput {
	input := eventInput{Kind: string(e.Kind), Locale: string(e.Locale), Title: e.Title, Place: e.Place, Description: e.Description, Form: string(e.Form),
		OnlineLink: e.OnlineLink, Starts: s.at(e.StartsAt, e.TimeZone).Format(localTime), Ends: s.at(e.EndsAt, e.TimeZone).Format(localTime), Zone: e.TimeZone}
	if e.Capacity > 0 {
		input.Capacity = strconv.Itoa(e.Capacity)
	}
	if e.ClosesAt != nil {
		input.Closes = s.at(*e.ClosesAt, e.TimeZone).Format(localTime)
	}
	return input
}

func (s *Server) eventFormOf(v *visit, e community.Event, input eventInput) (eventFormData, error) {
	shown, err := s.Services.ShowsName(v.r.Context(), v.viewer)
	data := eventFormData{Input: input, Action: v.r.URL.EscapedPath(), Back: "/events", Published: e.State == community.EventPublished, NameShown: shown,
		Taken: e.Registered + e.Waiting, Kinds: community.EventKinds(), Forms: community.EventForms(), Locales: community.Locales(),
		Regions: community.ZoneRegions(), OtherZone: input.Zone}
	if e.ID != uuid.Nil {
		data.Back = "/events/" + e.ID.String()
	}
	if slices.ContainsFunc(data.Regions, func(r community.ZoneRegion) bool { return slices.Contains(r.Zones, input.Zone) }) {
		data.OtherZone = ""
	}
	return data, err
}

// saveEvent makes a new event, or changes the one in the path.
func (s *Server) saveEvent(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	e, err := s.eventToWrite(v)
	if err != nil {
		return err
	}
	input, id, done := readEvent(form), e.ID, "saved"
	plan, err := input.plan()
	entry := community.EventEntry{EventPlan: plan, As: community.EventDraft, ShowName: input.ShowName}
	if form.Get("act") == "publish" {
		entry.As = community.EventPublished
	}
	if entry.As == community.EventPublished && e.State != entry.As {
		done = "published"
	}
	switch {
	case err != nil:
	case e.ID == uuid.Nil:
		id, err = s.Services.Organise(v.r.Context(), v.viewer, entry)
	default:
		err = s.Services.ChangeEvent(v.r.Context(), v.viewer, id, entry)
	}
	if wrong := s.problemOf(v, err); wrong != nil {
		data, readErr := s.eventFormOf(v, e, input)
		if readErr != nil {
			return readErr
		}
		data.Wrong = wrong.Field
		return s.again(v, err, "eventform", titleOfForm(e), data)
	}
	if err != nil {
		return err
	}
	s.Wake()
	return v.redirect("/events/" + id.String() + "?done=" + done)
}

// readEvent takes the form as it is.
func readEvent(form url.Values) eventInput {
	text := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	return eventInput{Kind: text("EventKind"), Locale: text("EventLocale"), Title: text("EventTitle"), Place: text("EventPlace"), Description: form.Get("EventDescription"),
		Form: text("EventForm"), OnlineLink: text("OnlineLink"), Starts: text("StartsAt"), Ends: text("EndsAt"), Zone: text("EventZone"),
		Capacity: text("Capacity"), Closes: text("ClosesAt"), ShowName: form.Get("ShowName") != ""}
}

// plan reads numbers and times; the domain says what is wrong with the rest.
func (i eventInput) plan() (community.EventPlan, error) {
	p := community.EventPlan{Kind: community.EventKind(i.Kind), Locale: community.Locale(i.Locale), Title: i.Title, Place: i.Place, Description: i.Description,
		Form: community.EventForm(i.Form), OnlineLink: i.OnlineLink, TimeZone: i.Zone}
	if err := p.Normalise().ValidateTexts(); err != nil {
		return p, err
	}
	if !community.KnownZone(i.Zone) {
		return p, community.Invalid("EventZone", "error.choice")
	}
	zone, err := time.LoadLocation(i.Zone)
	if err != nil {
		return p, community.Invalid("EventZone", "error.choice")
	}
	var ok bool
	if p.StartsAt, ok = parseLocal(i.Starts, zone); !ok {
		return p, community.Invalid("StartsAt", "error.eventTime")
	}
	if p.EndsAt, ok = parseLocal(i.Ends, zone); !ok {
		return p, community.Invalid("EndsAt", "error.eventTime")
	}
	if i.Closes != "" {
		closes, ok := parseLocal(i.Closes, zone)
		if !ok {
			return p, community.Invalid("ClosesAt", "error.eventTime")
		}
		p.ClosesAt = &closes
	}
	if i.Capacity != "" {
		if p.Capacity, err = strconv.Atoi(i.Capacity); err != nil || p.Capacity == 0 {
			return p, community.Invalid("Capacity", "error.eventCapacity")
		}
	}
	return p, nil
}

// parseLocal reads a time of a zone's clock. One that the clock leaves out when summer time begins is none.
func parseLocal(text string, zone *time.Location) (time.Time, bool) {
	text = strings.Replace(text, " ", "T", 1) // as people type it where the browser does not help
	t, err := time.ParseInLocation(localTime, text, zone)
	return t, err == nil && t.Format(localTime) == text
}

// cancelForm asks once more before an event is called off.
func (s *Server) cancelForm(v *visit) error {
	e, err := s.eventToWrite(v)
	if err != nil {
		return err
	}
	zone, err := s.readerZone(v)
	if err != nil {
		return err
	}
	return s.show(v, http.StatusOK, s.frame(v, "eventcancel", "eventCancel.title", s.eventRow(v, e, zone)))
}

// cancelEvent calls the event in the path off.
func (s *Server) cancelEvent(v *visit) error {
	id, err := eventID(v)
	if err != nil {
		return err
	}
	if err := s.Services.CancelEvent(v.r.Context(), v.viewer, id); err != nil {
		return err
	}
	s.Wake()
	return v.redirect("/events/" + id.String() + "?done=eventCancelled")
}
