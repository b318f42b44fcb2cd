// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/transform"
)

// Column is one column of a roster file: the field of the AlumniNetwork API and its heading.
type Column struct{ Field, Heading string }

// columns in the order of the file: field, and the heading of a Japanese HR system.
var columns = []Column{
	{"EmployeeNumber", "社員番号"}, {"FamilyName", "姓"}, {"GivenName", "名"}, {"FamilyNameKana", "セイ"}, {"GivenNameKana", "メイ"},
	{"Email", "メールアドレス"}, {"Locale", "言語"}, {"Region", "地域"}, {"Department", "部署"}, {"Post", "役職"},
	{"JoinedOn", "入社日"}, {"LeftOn", "退職日"}, {"DepartureReason", "退職理由"}, {"LifeStage", "ライフステージ"}, {"Skills", "スキル"},
	{"Birthday", "生年月日"}, {"TimeZone", "タイムゾーン"},
	{"NetworkConsentOn", "ネットワーク同意日"}, {"NewsletterConsentOn", "メルマガ同意日"},
}

// Columns is the column map of a file with headings in a language. English headings are the fields' own names.
func Columns(headings Language) []Column {
	all := make([]Column, len(columns))
	for i, c := range columns {
		all[i] = c
		if headings != Japanese {
			all[i].Heading = c.Field
		}
	}
	return all
}

// Encodings of a roster file, in the words of the AlumniNetwork API.
const (
	UTF8     = "UTF-8"
	ShiftJIS = "Shift_JIS"
)

// Roster describes a file to write.
type Roster struct {
	Company  string
	Seed     uint64
	Count    int      // good rows
	Faults   int      // bad rows on top of them, spread over the file
	Headings Language // also of the words and the way that dates are written
	Encoding string
}

// Fault is one bad row of a written roster and what an import should say about it.
type Fault struct {
	Line   int64
	Field  string
	Reason string
}

// Write writes the roster, one row at a time, and returns its bad rows in the order of the file.
func (o Roster) Write(w io.Writer) ([]Fault, error) {
	g, err := New(o.Company, o.Seed, o.Headings)
	if err != nil {
		return nil, err
	}
	if o.Count < 0 || o.Faults < 0 || o.Count+o.Faults > MaxPeople {
		return nil, fmt.Errorf("a roster has between 0 and %d rows", MaxPeople)
	}
	f, err := newFile(w, o)
	if err != nil {
		return nil, err
	}
	var faults []Fault
	f.header()
	for i := range o.Count {
		for len(faults) < o.Faults && len(faults)*max(o.Count, 1) < i*o.Faults {
			faults = append(faults, f.fault(g, len(faults), i))
		}
		f.row(f.values(g.Person(i)))
	}
	for len(faults) < o.Faults {
		faults = append(faults, f.fault(g, len(faults), o.Count))
	}
	return faults, f.flush()
}

// file writes rows in one encoding. The first error sticks and is told by flush.
type file struct {
	options Roster
	text    *bufio.Writer     // before the encoder
	encoder *transform.Writer // nil for UTF-8
	bytes   *bufio.Writer     // after the encoder
	line    int64
	err     error
}

func newFile(w io.Writer, o Roster) (*file, error) {
	f := &file{options: o, bytes: bufio.NewWriterSize(w, 1<<16)}
	switch o.Encoding {
	case UTF8:
		f.text = f.bytes
	case ShiftJIS:
		f.encoder = transform.NewWriter(f.bytes, japanese.ShiftJIS.NewEncoder())
		f.text = bufio.NewWriterSize(f.encoder, 1<<16)
	default:
		return nil, fmt.Errorf("the encoding is %s or %s", UTF8, ShiftJIS)
	}
	return f, nil
}

func (f *file) header() {
	var headings []string
	for _, c := range Columns(f.options.Headings) {
		headings = append(headings, c.Heading)
	}
	f.row(headings)
}

// row writes one line, with CRLF as RFC 4180 has it and as HR systems on Windows write it.
func (f *file) row(values []string) {
	for i, v := range values {
		if i > 0 {
			f.write(",")
		}
		if strings.ContainsAny(v, ",\"\r\n") {
			v = `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
		}
		f.write(v)
	}
	f.write("\r\n")
	f.line++
}

func (f *file) write(s string) {
	if _, err := f.text.WriteString(s); err != nil && f.err == nil {
		f.err = err
	}
}

// raw writes bytes past the encoder, as part of the row that is being written.
func (f *file) raw(b ...byte) {
	if f.text != f.bytes {
		if err := f.text.Flush(); err != nil && f.err == nil {
			f.err = err
		}
	}
	if _, err := f.bytes.Write(b); err != nil && f.err == nil {
		f.err = err
	}
}

func (f *file) flush() error {
	for _, flush := range []func() error{f.text.Flush, f.closeEncoder, f.bytes.Flush} {
		if err := flush(); err != nil && f.err == nil {
			f.err = err
		}
	}
	if f.err != nil {
		return fmt.Errorf("write the roster: %w", f.err)
	}
	return nil
}

func (f *file) closeEncoder() error {
	if f.encoder == nil {
		return nil
	}
	return f.encoder.Close()
}

// values are the cells of a person, in the order of columns.
func (f *file) values(p Person) []string {
	locale, separator := p.Locale, ";"
	if f.options.Headings == Japanese {
		locale, separator = map[string]string{"ja": "日本語", "en": "英語"}[p.Locale], "、"
	}
	return []string{
		p.EmployeeNumber, p.FamilyName, p.GivenName, p.FamilyNameKana, p.GivenNameKana, p.Email, locale, p.Region, p.Department,
		p.Post, f.joinedOn(p.JoinedOn), f.date(p.LeftOn), p.Reason, p.LifeStage, strings.Join(p.Skills, separator),
		f.birthday(p.BornOn), p.TimeZone, f.date(p.NetworkOn), f.date(p.NewsletterOn),
	}
}

// date writes a day as the HR system does.
func (f *file) date(day time.Time) string {
	switch {
	case day.IsZero():
		return ""
	case f.options.Headings == Japanese:
		return day.Format("2006/01/02")
	default:
		return day.Format(time.DateOnly)
	}
}

// birthday writes the day of birth: the Japanese system gives all of it, the other one keeps the year to itself.
func (f *file) birthday(day time.Time) string {
	if f.options.Headings == Japanese || day.IsZero() {
		return f.date(day)
	}
	return day.Format("01-02")
}

// joinedOn writes the day of joining: the Japanese system still has it in years of the era.
func (f *file) joinedOn(day time.Time) string {
	if f.options.Headings != Japanese || day.IsZero() {
		return f.date(day)
	}
	return Era(day)
}

// Era writes a day in years of the Japanese era, for example 令和元年5月1日.
func Era(day time.Time) string {
	eras := []struct {
		name  string
		first time.Time
	}{
		{"令和", time.Date(2019, time.May, 1, 0, 0, 0, 0, time.UTC)},
		{"平成", time.Date(1989, time.January, 8, 0, 0, 0, 0, time.UTC)},
		{"昭和", time.Date(1926, time.December, 25, 0, 0, 0, 0, time.UTC)},
	}
	for _, era := range eras {
		if day.Before(era.first) {
			continue
		}
		year := fmt.Sprint(day.Year() - era.first.Year() + 1)
		if year == "1" {
			year = "元"
		}
		return fmt.Sprintf("%s%s年%d月%d日", era.name, year, day.Month(), day.Day())
	}
	return day.Format("2006/01/02")
}
