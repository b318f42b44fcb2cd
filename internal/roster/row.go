// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// The greatest lengths of cells, in characters.
const (
	maxNumber  = 64
	maxName    = 100
	maxAddress = 254
	maxText    = 200
	maxSkills  = 50
	maxSkill   = 60
)

// Text is a cell of an optional column. A file without the column says nothing about the field; an empty cell
// says that there is nothing.
type Text struct {
	Value string
	Known bool // the file has the column
}

// Row is one leaver as the file tells it. Dates are midnight UTC; the zero time stands for an empty cell.
type Row struct {
	Line                int64
	EmployeeNumber      string
	FamilyName          string
	GivenName           Text
	FamilyNameKana      Text
	GivenNameKana       Text
	Email               Text // domain in lower case
	Locale              Text // ja or en, never empty
	Region              Text
	Department          Text
	Post                Text
	JoinedOn            time.Time
	LeftOn              time.Time
	DepartureReason     Text
	LifeStage           Text
	Skills              []string
	SkillsKnown         bool
	Birthday            community.MonthDay
	BirthdayKnown       bool
	TimeZone            Text // an IANA name
	NetworkConsentOn    time.Time
	NewsletterConsentOn time.Time
}

// checker fills a Row from cells and keeps the first fault.
type checker struct {
	reader *Reader
	cells  [][]byte
	field  Field
	reason Reason
}

func (c *checker) fail(field Field, reason Reason) {
	if c.reason == "" {
		c.field, c.reason = field, reason
	}
}

// text reads a cell of at most limit characters.
func (c *checker) text(field Field, limit int) Text {
	place := c.reader.layout.places[field]
	if place < 0 {
		return Text{}
	}
	decoded, ok := c.reader.decoder.text(c.cells[place])
	if !ok {
		c.fail(field, InvalidEncoding)
		return Text{}
	}
	value, ok := tidy(decoded)
	if !ok {
		c.fail(field, InvalidCharacter)
	}
	if utf8.RuneCountInString(value) > limit {
		c.fail(field, TooLong)
	}
	return Text{Value: value, Known: true}
}

func (c *checker) required(field Field, limit int) string {
	value := c.text(field, limit).Value
	if value == "" {
		c.fail(field, MissingValue)
	}
	return value
}

// date reads a day that is not in the future. The end of time as the day of leaving means that it has not come.
func (c *checker) date(field Field) time.Time {
	value := c.text(field, maxText).Value
	if value == "" {
		return time.Time{}
	}
	date, ok := ParseDate(value)
	switch {
	case !ok:
		c.fail(field, InvalidDate)
	case field == LeftOn && date.Equal(endOfTime):
		return time.Time{}
	case date.After(c.reader.today):
		c.fail(field, FutureDate)
	}
	return date
}

// number reads the employee number: letters and digits typed in full width are the same number.
func (c *checker) number() string {
	return norm.NFKC.String(c.required(EmployeeNumber, maxNumber))
}

// kana turns half-width kana into full-width ones, so that people sort and are found in one way.
func (c *checker) kana(field Field) Text {
	t := c.text(field, maxName)
	t.Value = norm.NFKC.String(t.Value)
	return t
}

func (c *checker) email() Text {
	t := c.text(Email, maxAddress)
	if t.Value == "" {
		return t
	}
	address, ok := normaliseAddress(t.Value)
	if !ok {
		c.fail(Email, InvalidEmail)
	}
	t.Value = address
	return t
}

// locale reads a language as people write it; an empty cell means the network's own.
func (c *checker) locale() Text {
	t := c.text(Locale, maxText)
	if !t.Known {
		return t
	}
	if t.Value == "" {
		return Text{Value: c.reader.defaultLocale, Known: true}
	}
	t.Value = languages[strings.ToLower(strings.ReplaceAll(norm.NFKC.String(t.Value), "_", "-"))]
	if t.Value == "" {
		c.fail(Locale, InvalidLocale)
	}
	return t
}

var languages = map[string]string{
	"ja": "ja", "ja-jp": "ja", "jp": "ja", "jpn": "ja", "japanese": "ja", "日本語": "ja", "和文": "ja",
	"en": "en", "en-us": "en", "en-gb": "en", "eng": "en", "english": "en", "英語": "en", "英文": "en",
}

// skills splits a list at semicolons, commas and their Japanese forms.
func (c *checker) skills() ([]string, bool) {
	t := c.text(Skills, MaxRecord)
	var all []string
	seen := map[string]bool{}
	for _, skill := range strings.FieldsFunc(t.Value, func(r rune) bool { return strings.ContainsRune(";；,，、|", r) }) {
		if skill = strings.TrimSpace(skill); skill == "" || seen[skill] {
			continue
		}
		if utf8.RuneCountInString(skill) > maxSkill || len(all) == maxSkills {
			c.fail(Skills, TooLong)
		}
		seen[skill] = true
		all = append(all, skill)
	}
	return all, t.Known
}

// birthday reads the day of birth and forgets its year, which only shows whether the column can be meant: nobody was
// born in the future, or joined before that.
func (c *checker) birthday(joined time.Time) (community.MonthDay, bool) {
	t := c.text(Birthday, maxText)
	if t.Value == "" {
		return community.MonthDay{}, t.Known
	}
	if d, ok := parseMonthDay(t.Value); ok {
		return d, true
	}
	born := c.date(Birthday)
	if !joined.IsZero() && !born.Before(joined) {
		c.fail(Birthday, DateOrder)
	}
	return community.MonthDay{Month: born.Month(), Day: born.Day()}, true
}

// timeZone reads an IANA name; an empty cell means that the network's zone is good enough.
func (c *checker) timeZone() Text {
	t := c.text(TimeZone, maxText)
	t.Value = norm.NFKC.String(t.Value)
	if t.Value != "" && !c.reader.knownZone(t.Value) {
		c.fail(TimeZone, InvalidTimeZone)
	}
	return t
}

// fill reads all cells. The order is that of Fields, so that the first fault is the same each time.
func (c *checker) fill(row *Row) {
	*row = Row{
		Line: row.Line, EmployeeNumber: c.number(), FamilyName: c.required(FamilyName, maxName), GivenName: c.text(GivenName, maxName),
		FamilyNameKana: c.kana(FamilyNameKana), GivenNameKana: c.kana(GivenNameKana), Email: c.email(), Locale: c.locale(),
		Region: c.text(Region, maxText), Department: c.text(Department, maxText), Post: c.text(Post, maxText),
		JoinedOn: c.date(JoinedOn), LeftOn: c.date(LeftOn),
		DepartureReason: c.text(DepartureReason, maxText), LifeStage: c.text(LifeStage, maxText),
	}
	row.Skills, row.SkillsKnown = c.skills()
	row.Birthday, row.BirthdayKnown = c.birthday(row.JoinedOn)
	row.TimeZone = c.timeZone()
	row.NetworkConsentOn, row.NewsletterConsentOn = c.date(NetworkConsentOn), c.date(NewsletterConsentOn)
	if !row.JoinedOn.IsZero() && !row.LeftOn.IsZero() && row.LeftOn.Before(row.JoinedOn) {
		c.fail(LeftOn, DateOrder)
	}
}
