// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

const (
	// stageChunk is how much text a stager makes at a time.
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
	"given_name_kana, locale, region, life_stage, skills, department, post, departure_reason, joined_on, left_on, " +
	"network_at, newsletter_at, digest"

// stager turns a Reader's good rows into the text of COPY, and keeps the bad ones.
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
	err         error // why the text ended, if not at the end of the file
	reachedLast bool
}

func newStager(reader *Reader, keyer *tombstone.Keyer, zone *time.Location) *stager {
	return &stager{reader: reader, keyer: keyer, zone: zone, random: bufio.NewReader(rand.Reader), buffer: make([]byte, 0, 2*stageChunk)}
}

// Read gives text for COPY.
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

// write appends one line of COPY's text format.
func (s *stager) write(r *Row) error {
	id, err := uuid.NewV7FromReader(s.random)
	if err != nil {
		return fmt.Errorf("make a member id: %w", err)
	}
	numberKey := s.keyer.Key(tombstone.EmployeeNumber, r.EmployeeNumber)
	s.buffer = strconv.AppendInt(s.buffer, r.Line, 10)
	s.cell(id.String(), true)
	s.cell(r.EmployeeNumber, true)
	s.bytea(numberKey[:])
	s.text(r.Email)
	if r.Email.Value == "" {
		s.cell("", false)
	} else {
		emailKey := s.keyer.Key(tombstone.Email, r.Email.Value)
		s.bytea(emailKey[:])
	}
	s.cell(r.FamilyName, true)
	for _, t := range []Text{r.GivenName, r.FamilyNameKana, r.GivenNameKana, r.Locale, r.Region, r.LifeStage} {
		s.text(t)
	}
	s.cell(arrayLiteral(r.Skills), r.SkillsKnown)
	for _, t := range []Text{r.Department, r.Post, r.DepartureReason} {
		s.text(t)
	}
	for _, date := range []time.Time{r.JoinedOn, r.LeftOn} {
		s.cell(date.Format(time.DateOnly), !date.IsZero())
	}
	for _, date := range []time.Time{r.NetworkConsentOn, r.NewsletterConsentOn} {
		s.cell(startOfDay(date, s.zone).Format(time.RFC3339), !date.IsZero())
	}
	s.bytea(s.digest(r))
	s.buffer = append(s.buffer, '\n')
	return nil
}

func (s *stager) text(t Text) { s.cell(t.Value, t.Known) }

// cell appends a value after a tab; an unknown one is null.
func (s *stager) cell(value string, known bool) {
	s.buffer = append(s.buffer, '\t')
	if !known {
		s.buffer = append(s.buffer, '\\', 'N')
		return
	}
	for i := range len(value) {
		switch c := value[i]; c {
		case '\\':
			s.buffer = append(s.buffer, '\\', '\\')
		case '\t':
			s.buffer = append(s.buffer, '\\', 't')
		case '\n':
			s.buffer = append(s.buffer, '\\', 'n')
		case '\r':
			s.buffer = append(s.buffer, '\\', 'r')
		default:
			s.buffer = append(s.buffer, c)
		}
	}
}

func (s *stager) bytea(value []byte) {
	s.buffer = append(s.buffer, "\t\\\\x"...)
	s.buffer = hex.AppendEncode(s.buffer, value)
}

// arrayLiteral writes a text array as PostgreSQL reads it.
func arrayLiteral(values []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(arrayEscaper.Replace(v))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

var arrayEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// digest is what member.roster_digest keeps: 16 bytes that are the same for two rows exactly when they say the
// same, one mark of the eight values that members can edit taken together, and the mark of each of them. A value in
// the store whose mark differs from the one kept was not written by the roster; when the values together have their
// mark, none needs a closer look.
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
	for _, value := range append([]string{strings.Join(values, "\x1e")}, values...) {
		mark := sha256.Sum256([]byte(value))
		s.marks = append(s.marks, mark[:markLength]...)
	}
	return s.marks
}
