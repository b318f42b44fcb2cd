// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// person is a locked member who is about to be erased, with what tombstones are made of. It lives in memory, for
// the length of one transaction.
type person struct {
	id      uuid.UUID
	number  *string
	address *string
}

// keyLength is the length of a tombstone's key.
const keyLength = sha256.Size

// eachKey makes the keyed hashes of a person: of the member, the employee number and the address.
func (p person) eachKey(keys *tombstone.Keyer, do func(tombstone.Kind, [keyLength]byte)) {
	do(tombstone.Member, keys.Key(tombstone.Member, p.id.String()))
	if p.number != nil && strings.TrimSpace(*p.number) != "" {
		do(tombstone.EmployeeNumber, keys.Key(tombstone.EmployeeNumber, *p.number))
	}
	if p.address != nil {
		do(tombstone.Email, keys.Key(tombstone.Email, *p.address))
	}
}

// lockedMember is a member's row under its lock. The facts of employment are read after it.
type lockedMember struct {
	person
	facts plan.Facts
}

// readLocked reads the rows of both locking statements.
func readLocked(rows pgx.Rows) ([]lockedMember, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (lockedMember, error) {
		var m lockedMember
		return m, row.Scan(&m.id, &m.facts.State, &m.facts.LastActivity, &m.facts.WithdrawnAt, &m.facts.CreatedAt, &m.number)
	})
}

// idArray is a list of members in the form that goes to the database without detours: a batch sends it often.
type idArray = pgtype.FlatArray[pgtype.UUID]

func arrayOf(ids []uuid.UUID) idArray {
	array := make(idArray, len(ids))
	for i, id := range ids {
		array[i] = pgtype.UUID{Bytes: id, Valid: true}
	}
	return array
}

func idsOf(locked []lockedMember) idArray {
	array := make(idArray, len(locked))
	for i, m := range locked {
		array[i] = pgtype.UUID{Bytes: m.id, Valid: true}
	}
	return array
}

// recheck gathers what belongs to locked members.
type recheck struct {
	members []lockedMember
	at      map[uuid.UUID]*lockedMember
}

func newRecheck(locked []lockedMember) *recheck {
	r := &recheck{members: locked, at: make(map[uuid.UUID]*lockedMember, len(locked))}
	for i := range locked {
		r.at[locked[i].id] = &locked[i]
	}
	return r
}

// readEmployments finds when each member left last, and who has not.
func (r *recheck) readEmployments(rows pgx.Rows) error {
	var id uuid.UUID
	var open bool
	var left *time.Time
	_, err := pgx.ForEachRow(rows, []any{&id, &open, &left}, func() error {
		facts := &r.at[id].facts
		if open {
			facts.Employed = true
		}
		if left == nil {
			return nil
		}
		if date := calendar.DateOf(*left, time.UTC); facts.LeftOn == nil || *facts.LeftOn < date {
			facts.LeftOn = &date
		}
		return nil
	})
	return err
}

// askLogs asks for the newest log row of each member, where the law keeps any.
func (r *recheck) askLogs(ask *pgx.Batch, p *plan.Plan) {
	if !p.KeepsLogs() {
		return
	}
	ask.Queue(sqlLastLogs, idsOf(r.members)).Query(r.readInstants(func(f *plan.Facts, at *time.Time) { f.LastLog = at }))
}

// askConsents asks who withdrew their consent, where a rule counts from it.
func (r *recheck) askConsents(ask *pgx.Batch, p *plan.Plan) {
	if p.Limits().ConsentEnded != nil {
		ask.Queue(sqlConsentsEnded, idsOf(r.members)).Query(r.readInstants(func(f *plan.Facts, at *time.Time) { f.ConsentEnded = at }))
	}
}

// askHolds asks who is on legal hold. Nobody is put on hold while the transaction lasts: it began with sqlLegalLockShared.
func (r *recheck) askHolds(ask *pgx.Batch) {
	ask.Queue(sqlLegalHeld, idsOf(r.members)).Query(func(rows pgx.Rows) error {
		var id uuid.UUID
		var hold string
		_, err := pgx.ForEachRow(rows, []any{&id, &hold}, func() error {
			r.at[id].facts.Hold = hold
			return nil
		})
		return err
	})
}

// readInstants notes an instant of each member that a statement returns.
func (r *recheck) readInstants(note func(*plan.Facts, *time.Time)) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var id uuid.UUID
		var at *time.Time
		_, err := pgx.ForEachRow(rows, []any{&id, &at}, func() error {
			note(&r.at[id].facts, at)
			return nil
		})
		return err
	}
}

func (r *recheck) readAddresses(rows pgx.Rows) error {
	var id uuid.UUID
	var address string
	_, err := pgx.ForEachRow(rows, []any{&id, &address}, func() error {
		own := address
		r.at[id].address = &own
		return nil
	})
	return err
}

// readSet notes the members that a statement returns.
func readSet(set map[uuid.UUID]bool) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var id uuid.UUID
		_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
			set[id] = true
			return nil
		})
		return err
	}
}

// keep returns the members who pass, in their order.
func (r *recheck) keep(pass func(lockedMember) bool) []person {
	var people []person
	for _, m := range r.members {
		if pass(m) {
			people = append(people, m.person)
		}
	}
	return people
}
