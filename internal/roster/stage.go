// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

const (
	// stageChunk is how many bytes a stager makes at a time.
	stageChunk = 32 << 10
	// maxQuarantine bounds the quarantined rows that are kept one by one; all are counted.
	maxQuarantine = 10_000
	// rowDigest is the length of the digest of a whole row, which begins member.roster_digest; markLength is that of
	// the mark of each value that members can edit, which follow.
	rowDigest, markLength = 16, 8
	// digestVersion changes with what a digest is made of, so that the next import writes every row again.
	digestVersion = 1
)

// stageColumns are the columns of roster_stage in the order in which a stager writes them.
const stageColumns = "line, member_id, employee_number, number_key, email, email_key, family_name, given_name, family_name_kana, " +
	"given_name_kana, locale, region, life_stage, skills, birthday, time_zone, department, post, departure_reason, joined_on, left_on, " +
	"network_at, newsletter_at, digest"

// The binary format of COPY: a signature, 16 bits that count the cells of each row, 32 bits before each cell for its
// length, and -1 for null and for the end. It saves both sides the writing and reading of half a million numbers,
// dates and hexadecimal digests.
const (
	copySignature = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	copyEnd       = "\xff\xff"
	stageCells    = 24
	textOID       = 25
)

// postgresEpoch is the day from which PostgreSQL counts days and microseconds.
var postgresEpoch = day(2000, time.January, 1)

// stager turns a Reader's good rows into the bytes of COPY, and keeps the bad ones.
type stager struct {
	reader *Reader
	keyer  *tombstone.Keyer
	zone   *time.Location
	random io.Reader

	row         Row
	buffer      []byte
	at          int
	digested    []byte
	marks       []byte
	bad         []Bad // the first maxQuarantine
	badCount    int64
	err         error // why the bytes ended, if not at the end of the file
	reachedLast bool
}

func newStager(reader *Reader, keyer *tombstone.Keyer, zone *time.Location) *stager {
	s := &stager{reader: reader, keyer: keyer, zone: zone, random: bufio.NewReader(rand.Reader), buffer: make([]byte, 0, 2*stageChunk)}
	s.buffer = append(s.buffer, copySignature...)
	return s
}

// Read gives bytes for COPY.
func (s *stager) Read(p []byte) (int, error) {
	if s.at == len(s.buffer) {
		s.buffer, s.at = s.buffer[:0], 0
		for len(s.buffer) < stageChunk && !s.reachedLast && s.err == nil {
			s.step()
		}
	}
	n := copy(p, s.buffer[s.at:])
	s.at += n
	switch {
	case n > 0:
		return n, nil
	case s.err != nil:
		return 0, s.err
	}
	return 0, io.EOF
}

// step takes one row of the file.
func (s *stager) step() {
	bad, err := s.reader.Next(&s.row)
	switch {
	case errors.Is(err, io.EOF):
		s.reachedLast = true
		s.err = s.reader.Verdict()
		s.buffer = append(s.buffer, copyEnd...)
	case err != nil:
		s.err = err
	case bad.Reason != "":
		s.badCount++
		if len(s.bad) < maxQuarantine {
			s.bad = append(s.bad, bad)
		}
	default:
		s.err = s.write(&s.row)
	}
}

// write appends one row in the order of stageColumns.
func (s *stager) write(r *Row) error {
	id, err := uuid.NewV7FromReader(s.random)
	if err != nil {
		return fmt.Errorf("make a member id: %w", err)
	}
	s.buffer = binary.BigEndian.AppendUint16(s.buffer, stageCells)
	s.number(r.Line)
	s.bytes(id[:])
	s.text(Text{Value: r.EmployeeNumber, Known: true})
	numberKey := s.keyer.Key(tombstone.EmployeeNumber, r.EmployeeNumber)
	s.bytes(numberKey[:])
	s.text(r.Email)
	if r.Email.Value == "" {
		s.null()
	} else {
		emailKey := s.keyer.Key(tombstone.Email, r.Email.Value)
		s.bytes(emailKey[:])
	}
	s.text(Text{Value: r.FamilyName, Known: true})
	for _, t := range []Text{r.GivenName, r.FamilyNameKana, r.GivenNameKana, r.Locale, r.Region, r.LifeStage} {
		s.text(t)
	}
	s.texts(r.Skills, r.SkillsKnown)
	s.birthday(r.Birthday, r.BirthdayKnown)
	s.text(r.TimeZone)
	for _, t := range []Text{r.Department, r.Post, r.DepartureReason} {
		s.text(t)
	}
	s.date(r.JoinedOn)
	s.date(r.LeftOn)
	s.instant(r.NetworkConsentOn)
	s.instant(r.NewsletterConsentOn)
	s.bytes(s.digest(r))
	return nil
}

func (s *stager) length(n int) { s.buffer = binary.BigEndian.AppendUint32(s.buffer, uint32(n)) }

func (s *stager) null() { s.buffer = append(s.buffer, 0xFF, 0xFF, 0xFF, 0xFF) }

func (s *stager) bytes(value []byte) {
	s.length(len(value))
	s.buffer = append(s.buffer, value...)
}

// text appends a text; an unknown one is null.
func (s *stager) text(t Text) {
	if !t.Known {
		s.null()
		return
	}
	s.length(len(t.Value))
	s.buffer = append(s.buffer, t.Value...)
}

func (s *stager) number(n int64) {
	s.length(8)
	s.buffer = binary.BigEndian.AppendUint64(s.buffer, uint64(n))
}

// birthday appends the number of a day; an empty cell is 0.
func (s *stager) birthday(d community.MonthDay, known bool) {
	if !known {
		s.null()
		return
	}
	s.length(2)
	s.buffer = binary.BigEndian.AppendUint16(s.buffer, uint16(d.Number()))
}

// texts appends an array: dimensions, whether it has nulls, the type, and for its one dimension length and first
// index.
func (s *stager) texts(values []string, known bool) {
	if !known {
		s.null()
		return
	}
	begin := len(s.buffer)
	header := []uint32{0, 1, 0, textOID, uint32(len(values)), 1}
	if len(values) == 0 {
		header = []uint32{0, 0, 0, textOID}
	}
	for _, word := range header {
		s.buffer = binary.BigEndian.AppendUint32(s.buffer, word)
	}
	for _, v := range values {
		s.text(Text{Value: v, Known: true})
	}
	binary.BigEndian.PutUint32(s.buffer[begin:], uint32(len(s.buffer)-begin-4))
}

func (s *stager) date(date time.Time) {
	if date.IsZero() {
		s.null()
		return
	}
	s.length(4)
	days := date.Sub(postgresEpoch) / (24 * time.Hour)
	s.buffer = binary.BigEndian.AppendUint32(s.buffer, uint32(int32(days)))
}

// instant appends the beginning of a day in the network's zone.
func (s *stager) instant(date time.Time) {
	if date.IsZero() {
		s.null()
		return
	}
	s.number(startOfDay(date, s.zone).Sub(postgresEpoch).Microseconds())
}

// digest is what member.roster_digest keeps: 16 bytes that are the same for two rows exactly when they say the
// same, one mark of the eight values that members can edit taken together, and the mark of each of them. A value in
// the store whose mark differs from the one kept was not written by the roster; when the values together have their
// mark, none needs a closer look.
//
// Birthday and time zone came later. The marks of both follow when the file has either column, and not otherwise: so a
// file without them has the digest that it always had, and rows that were imported before they came are not written
// again. A mark that is not there is that of an empty value.
func (s *stager) digest(r *Row) []byte {
	b := append(s.digested[:0], digestVersion)
	part := func(value string, known bool) {
		if !known {
			b = append(b, 0)
			return
		}
		b = append(b, 1)
		b = binary.AppendUvarint(b, uint64(len(value)))
		b = append(b, value...)
	}
	part(r.EmployeeNumber, true)
	part(r.FamilyName, true)
	for _, t := range []Text{
		r.GivenName, r.FamilyNameKana, r.GivenNameKana, r.Email, r.Locale, r.Region, r.Department, r.Post, r.DepartureReason, r.LifeStage,
	} {
		part(t.Value, t.Known)
	}
	skills := joinSkills(r.Skills)
	part(skills, r.SkillsKnown)
	for _, date := range []time.Time{r.JoinedOn, r.LeftOn, r.NetworkConsentOn, r.NewsletterConsentOn} {
		part(date.Format(time.DateOnly), !date.IsZero())
	}
	birthday := ""
	if r.Birthday != (community.MonthDay{}) {
		birthday = strconv.Itoa(int(r.Birthday.Number()))
	}
	later := r.BirthdayKnown || r.TimeZone.Known
	if later {
		part(birthday, r.BirthdayKnown)
		part(r.TimeZone.Value, r.TimeZone.Known)
	}
	s.digested = b
	sum := sha256.Sum256(b)
	s.marks = append(s.marks[:0], sum[:rowDigest]...)
	locale := r.Locale.Value
	if !r.Locale.Known {
		locale = s.reader.defaultLocale
	}
	values := []string{
		r.FamilyName, r.GivenName.Value, r.FamilyNameKana.Value, r.GivenNameKana.Value, locale, r.Region.Value, r.LifeStage.Value, skills,
	}
	values = append([]string{strings.Join(values, "\x1e")}, values...)
	if later {
		values = append(values, birthday, r.TimeZone.Value)
	}
	for _, value := range values {
		mark := sha256.Sum256([]byte(value))
		s.marks = append(s.marks, mark[:markLength]...)
	}
	return s.marks
}
