// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// eventsEnd is after every event, and where lists that go back in time begin.
var eventsEnd = community.EventCursor{StartsAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}

// Events implements community.EventService.
func (p *Portal) Events(ctx context.Context, viewer community.Viewer, view community.EventView, after community.EventCursor, limit int) ([]community.Event, error) {
	which := sqlEventsComing
	if view != community.EventsComing {
		which = sqlEventsMine
		if view == community.EventsPast {
			which = sqlEventsPast
		}
		if after == (community.EventCursor{}) {
			after = eventsEnd
		}
	}
	rows, err := p.pool.Query(ctx, sqlEventRead+which, viewer.Member, p.now(), after.StartsAt, after.ID, limit)
	if err != nil {
		return nil, fault("list events", err)
	}
	events, err := pgx.CollectRows(rows, scanEvent)
	if err != nil {
		return nil, fault("list events", err)
	}
	return events, nil
}

// Event implements community.EventService.
func (p *Portal) Event(ctx context.Context, viewer community.Viewer, id uuid.UUID) (community.Event, error) {
	rows, err := p.pool.Query(ctx, sqlEventRead+sqlEventGet, viewer.Member, p.now(), id)
	if err != nil {
		return community.Event{}, fault("read an event", err)
	}
	event, err := pgx.CollectExactlyOneRow(rows, scanEvent)
	if errors.Is(err, pgx.ErrNoRows) {
		return community.Event{}, noEvent()
	}
	if err != nil {
		return community.Event{}, fault("read an event", err)
	}
	return event, nil
}

func scanEvent(row pgx.CollectableRow) (community.Event, error) {
	var e community.Event
	err := row.Scan(&e.ID, &e.Kind, &e.Locale, &e.Title, &e.Place, &e.Description, &e.Form, &e.OnlineLink, &e.StartsAt, &e.EndsAt, &e.TimeZone,
		&e.Capacity, &e.ClosesAt, &e.State, &e.Sequence, &e.Over, &e.Organiser, &e.OrganiserName, &e.Left, &e.Own,
		&e.Registered, &e.Waiting, &e.Seat, &e.Listed, &e.Position)
	return e, err
}

// EventGuests implements community.EventService.
func (p *Portal) EventGuests(ctx context.Context, viewer community.Viewer, id uuid.UUID, after int64, limit int) ([]community.EventGuest, error) {
	rows, err := p.pool.Query(ctx, sqlEventGuests, viewer.Member, id, after, limit)
	if err != nil {
		return nil, fault("list who comes to an event", err)
	}
	guests, err := pgx.CollectRows(rows, pgx.RowToStructByPos[community.EventGuest])
	if err != nil {
		return nil, fault("list who comes to an event", err)
	}
	return guests, nil
}

// ShowsName implements community.EventService.
func (p *Portal) ShowsName(ctx context.Context, viewer community.Viewer) (shown bool, err error) {
	if err := p.pool.QueryRow(ctx, sqlNameShown, viewer.Member).Scan(&shown); err != nil {
		return false, fault("read whether a name is shown", err)
	}
	return shown, nil
}

// Organise implements community.EventService.
func (p *Portal) Organise(ctx context.Context, viewer community.Viewer, entry community.EventEntry) (uuid.UUID, error) {
	now := p.now()
	plan, err := checkEvent(entry, now)
	if err != nil {
		return uuid.Nil, err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return uuid.Nil, community.Internal("make an id of an event", err)
	}
	return id, p.inTx(ctx, "make an event", func(tx pgx.Tx) error {
		if err := lockOrganiser(ctx, tx, viewer.Member, entry.ShowName); err != nil {
			return err
		}
		var open int
		if err := tx.QueryRow(ctx, sqlEventsOpen, viewer.Member, now).Scan(&open); err != nil {
			return err
		}
		if open >= community.MaxOpenEvents {
			return community.Invalid("", "error.eventsOpen")
		}
		_, err := tx.Exec(ctx, sqlEventInsert, id, viewer.Member, plan.Kind, plan.Locale, plan.Title, plan.Place, plan.Description, plan.Form,
			plan.OnlineLink, plan.StartsAt, plan.EndsAt, plan.TimeZone, plan.Capacity, plan.ClosesAt, entry.As, now)
		return err
	})
}

// ChangeEvent implements community.EventService.
func (p *Portal) ChangeEvent(ctx context.Context, viewer community.Viewer, id uuid.UUID, entry community.EventEntry) error {
	now := p.now()
	plan, err := checkEvent(entry, now)
	if err != nil {
		return err
	}
	return p.inTx(ctx, "change an event", func(tx pgx.Tx) error {
		if err := lockOrganiser(ctx, tx, viewer.Member, entry.ShowName); err != nil {
			return err
		}
		state, err := p.lockOwnEvent(ctx, tx, viewer, id)
		if err != nil {
			return err
		}
		var registered int
		if err := tx.QueryRow(ctx, sqlEventRegistered, id).Scan(&registered); err != nil {
			return err
		}
		if state == community.EventDraft {
			state = entry.As // what others have seen does not become a draft again
		}
		if plan.Capacity > 0 && plan.Capacity < registered {
			return community.Invalid("Capacity", "error.eventFull")
		}
		_, err = tx.Exec(ctx, sqlEventUpdate, id, plan.Kind, plan.Locale, plan.Title, plan.Place, plan.Description, plan.Form,
			plan.OnlineLink, plan.StartsAt, plan.EndsAt, plan.TimeZone, plan.Capacity, plan.ClosesAt, state, now)
		return err
	})
}

// CancelEvent implements community.EventService.
func (p *Portal) CancelEvent(ctx context.Context, viewer community.Viewer, id uuid.UUID) error {
	return p.inTx(ctx, "cancel an event", func(tx pgx.Tx) error {
		if err := lockMember(ctx, tx, viewer.Member); err != nil {
			return err
		}
		if _, err := p.lockOwnEvent(ctx, tx, viewer, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlEventCancel, id, p.now())
		return err
	})
}

// Register implements community.EventService.
func (p *Portal) Register(ctx context.Context, viewer community.Viewer, id uuid.UUID, listed bool) (seat community.Seat, err error) {
	err = p.inTx(ctx, "register for an event", func(tx pgx.Tx) error {
		seats, err := lockSeats(ctx, tx, viewer, id)
		if err != nil {
			return err
		}
		now := p.now()
		switch {
		case seats.own:
			return community.Invalid("", "error.eventOwn")
		case !seats.published || !now.Before(seats.closes):
			return community.Invalid("", "error.eventClosed")
		}
		return tx.QueryRow(ctx, sqlEventRegister, id, viewer.Member, listed, now).Scan(&seat)
	})
	return seat, err
}

// Unregister implements community.EventService.
func (p *Portal) Unregister(ctx context.Context, viewer community.Viewer, id uuid.UUID) error {
	return p.inTx(ctx, "take a registration for an event back", func(tx pgx.Tx) error {
		seats, err := lockSeats(ctx, tx, viewer, id)
		if err != nil || !p.now().Before(seats.ends) {
			return err
		}
		_, err = tx.Exec(ctx, sqlEventUnregister, id, viewer.Member, p.now())
		return err
	})
}

// checkEvent holds what an organiser wrote to the rules.
func checkEvent(entry community.EventEntry, now time.Time) (community.EventPlan, error) {
	plan := entry.Normalise()
	if entry.As != community.EventDraft && entry.As != community.EventPublished {
		return plan, community.Invalid("", "error.choice")
	}
	return plan, plan.Validate(now)
}

// lockOrganiser begins what only somebody with a name can do.
func lockOrganiser(ctx context.Context, tx pgx.Tx, member uuid.UUID, showName bool) error {
	if err := lockMember(ctx, tx, member); err != nil {
		return err
	}
	var shown bool
	if err := tx.QueryRow(ctx, sqlNameShown, member).Scan(&shown); err != nil || shown {
		return err
	}
	if !showName {
		return community.Invalid("ShowName", "error.eventName")
	}
	_, err := tx.Exec(ctx, sqlNameShow, member)
	return err
}

// lockOwnEvent locks an event of the viewer's that can still be changed.
func (p *Portal) lockOwnEvent(ctx context.Context, tx pgx.Tx, viewer community.Viewer, id uuid.UUID) (state community.EventState, err error) {
	err = tx.QueryRow(ctx, sqlEventOwn, id, viewer.Member, p.now()).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		err = noEvent()
	}
	return state, err
}

// seats is what decides about registering.
type seats struct {
	own, published bool
	closes, ends   time.Time
}

// lockSeats locks the member and then the event, in the order in which everything does, so that nobody waits for each other.
func lockSeats(ctx context.Context, tx pgx.Tx, viewer community.Viewer, id uuid.UUID) (seats, error) {
	var s seats
	if err := lockMember(ctx, tx, viewer.Member); err != nil {
		return s, err
	}
	err := tx.QueryRow(ctx, sqlEventLock, id, viewer.Member).Scan(&s.own, &s.published, &s.closes, &s.ends)
	if errors.Is(err, pgx.ErrNoRows) {
		err = noEvent()
	}
	return s, err
}

func noEvent() error {
	return &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
}
