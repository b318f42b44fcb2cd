// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"strings"
	"time"
)

// spoil changes the cells of a good row so that the named field is at fault.
type spoil struct {
	field  string
	reason string
	cells  func(cells map[string]string, earlier Person)
}

// spoils in the order in which faults come. Those of structure (a byte that no encoding knows, a missing cell, a
// line of 70,000 bytes) are written by fault itself.
var spoils = []spoil{
	{"LeftOn", "InvalidDate", func(c map[string]string, _ Person) { c["LeftOn"] = "2021-02-30" }},
	{"EmployeeNumber", "DuplicateNumber", func(c map[string]string, e Person) { c["EmployeeNumber"] = e.EmployeeNumber }},
	{"FamilyName", "MissingValue", func(c map[string]string, _ Person) { c["FamilyName"] = "" }},
	{"Email", "InvalidEmail", func(c map[string]string, _ Person) { c["Email"] = "not an address" }},
	{"", "FieldCount", nil},
	{"Email", "DuplicateAddress", func(c map[string]string, e Person) { c["Email"] = strings.ToUpper(e.Email) }},
	{"FamilyName", "InvalidEncoding", nil},
	{"LeftOn", "DateOrder", func(c map[string]string, _ Person) { c["JoinedOn"], c["LeftOn"] = "2020/04/01", "2019/03/31" }},
	{"", "LineTooLong", nil},
	{"NetworkConsentOn", "FutureDate", func(c map[string]string, _ Person) { c["NetworkConsentOn"] = "2999-01-01" }},
	{"Locale", "InvalidLocale", func(c map[string]string, _ Person) { c["Locale"] = "tlh" }},
	{"Birthday", "InvalidDate", func(c map[string]string, _ Person) { c["Birthday"] = "02-30" }},
	{"TimeZone", "InvalidTimeZone", func(c map[string]string, _ Person) { c["TimeZone"] = "Mars/Olympus" }},
}

// fault writes bad row k before good row before.
func (f *file) fault(g *Generator, k, before int) Fault {
	s := spoils[k%len(spoils)]
	earlier, found := g.earlierWithAddress(before)
	if !found && (s.reason == "DuplicateNumber" || s.reason == "DuplicateAddress") {
		s = spoils[0]
	}
	fault := Fault{Line: f.line + 1, Field: s.field, Reason: s.reason}
	p := g.Person(f.options.Count + k)
	p.NetworkOn, p.NewsletterOn = time.Time{}, time.Time{}
	values := f.values(p)
	switch s.reason {
	case "FieldCount":
		f.row(values[:len(values)-3])
	case "LineTooLong":
		values[len(values)-3] = strings.Repeat("x", 70_000)
		f.row(values)
	case "InvalidEncoding":
		f.write(values[0] + ",")
		f.raw(0xFF, 0xFE)
		f.write("," + strings.Join(values[2:], ",") + "\r\n")
		f.line++
	default:
		cells := map[string]string{}
		for i, c := range columns {
			cells[c.Field] = values[i]
		}
		s.cells(cells, earlier)
		for i, c := range columns {
			values[i] = cells[c.Field]
		}
		f.row(values)
	}
	return fault
}

// earlierWithAddress finds somebody who is in the file already and has an address.
func (g *Generator) earlierWithAddress(before int) (Person, bool) {
	for i := before - 1; i >= 0; i-- {
		if p := g.Person(i); p.Email != "" {
			return p, true
		}
	}
	return Person{}, false
}
