// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Field is a fact that a roster carries about a leaver; the names are those of the AlumniNetwork API.
type Field string

// The fields, in the order in which a row is checked.
const (
	EmployeeNumber      Field = "EmployeeNumber"
	FamilyName          Field = "FamilyName"
	GivenName           Field = "GivenName"
	FamilyNameKana      Field = "FamilyNameKana"
	GivenNameKana       Field = "GivenNameKana"
	Email               Field = "Email"
	Locale              Field = "Locale"
	Region              Field = "Region"
	Department          Field = "Department"
	Post                Field = "Post"
	JoinedOn            Field = "JoinedOn"
	LeftOn              Field = "LeftOn"
	DepartureReason     Field = "DepartureReason"
	LifeStage           Field = "LifeStage"
	Skills              Field = "Skills"
	Birthday            Field = "Birthday"
	TimeZone            Field = "TimeZone"
	NetworkConsentOn    Field = "NetworkConsentOn"
	NewsletterConsentOn Field = "NewsletterConsentOn"
)

// Fields lists all fields.
func Fields() []Field {
	return []Field{
		EmployeeNumber, FamilyName, GivenName, FamilyNameKana, GivenNameKana, Email, Locale, Region, Department, Post,
		JoinedOn, LeftOn, DepartureReason, LifeStage, Skills, Birthday, TimeZone, NetworkConsentOn, NewsletterConsentOn,
	}
}

// Required lists the fields that every file must have: who, and that he left. The cell of LeftOn may be empty for
// a leaver who came back.
func Required() []Field { return []Field{EmployeeNumber, FamilyName, LeftOn} }

// layout is the place of each field in a row; -1: the file does not have it.
type layout struct {
	places map[Field]int
	width  int
}

// newLayout finds the columns by their headings. A field that the map names must be there, and so must the
// required ones; another field may be missing.
func newLayout(headings []string, columns map[string]string) (layout, error) {
	for field := range columns {
		if !slices.Contains(Fields(), Field(field)) {
			return layout{}, finally(UnknownField, field, "the column map names a field that does not exist: %q", field)
		}
	}
	l := layout{places: map[Field]int{}, width: len(headings)}
	for _, field := range Fields() {
		heading, mapped := columns[string(field)]
		if !mapped {
			heading = string(field)
		}
		place, count := find(headings, heading)
		switch {
		case count > 1:
			return layout{}, finally(DuplicateColumn, string(field), "field %s: the first line has the heading %q %d times", field, heading, count)
		case count == 0 && (mapped || slices.Contains(Required(), field)):
			return layout{}, missingColumn(field, heading, len(headings))
		case count == 0:
			place = -1
		}
		l.places[field] = place
	}
	return l, nil
}

func missingColumn(field Field, heading string, width int) *Failure {
	hint := ""
	if width == 1 {
		hint = "; the first line has a single cell: are the cells separated by commas?"
	}
	return finally(MissingColumn, string(field), "field %s: the first line has no heading %q%s", field, heading, hint)
}

// find compares headings without case, without space around them, and with full-width and half-width letters
// alike.
func find(headings []string, heading string) (place, count int) {
	for i, h := range headings {
		if strings.EqualFold(foldHeading(h), foldHeading(heading)) {
			place = i
			count++
		}
	}
	return place, count
}

func foldHeading(s string) string { return strings.TrimSpace(norm.NFKC.String(s)) }
