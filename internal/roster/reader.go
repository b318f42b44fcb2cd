// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// Format says how a file is to be read.
type Format struct {
	Encoding      string            // UTF-8 or Shift_JIS; empty means UTF-8
	Columns       map[string]string // heading of each field; a field that is not listed has its own name
	DefaultLocale string            // for rows with an empty Locale
	Today         time.Time         // midnight UTC of the day in the network's zone; later dates are refused
}

// Reader reads a roster row by row. It never holds more than one record.
type Reader struct {
	splitter      *splitter
	decoder       *decoder
	layout        layout
	encoding      string
	defaultLocale string
	today         time.Time
	rows          int64
	bad           int64
	evidence      evidence
	zones         map[string]bool // that were found to be known: loading one is slow, and there are few
}

// NewReader reads the first line and finds the columns. It fails with a *Failure that names what is missing, or
// with the error of the source.
func NewReader(source io.Reader, format Format) (*Reader, error) {
	d, err := newDecoder(format.Encoding)
	if err != nil {
		return nil, err
	}
	r := &Reader{
		splitter: newSplitter(source), decoder: d, encoding: format.Encoding, defaultLocale: format.DefaultLocale, today: format.Today,
		zones: map[string]bool{},
	}
	headings, err := r.headings()
	if err != nil {
		return nil, err
	}
	r.layout, err = newLayout(headings, format.Columns)
	return r, err
}

// headings reads the first line that is not empty.
func (r *Reader) headings() ([]string, error) {
	for {
		_, reason, err := r.splitter.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, finally(EmptyFile, "", "the file has no first line with headings")
		case err != nil:
			return nil, err
		case reason != "":
			return nil, finally(MissingColumn, "", "the first line is no list of headings (%s)", reason)
		}
		if r.blank() {
			continue
		}
		return r.decodeHeadings()
	}
}

func (r *Reader) decodeHeadings() ([]string, error) {
	line := r.splitter.current()
	if r.decoder.shiftJIS != nil && (r.splitter.marked || looksUTF8(line)) {
		return nil, wrongEncoding(r.encoding, EncodingUTF8)
	}
	if bytes.IndexByte(line, 0) >= 0 {
		return nil, wrongEncoding(r.encoding, "UTF-16")
	}
	var headings []string
	for _, cell := range r.splitter.cells {
		heading, ok := r.decoder.text(cell)
		if !ok {
			return nil, wrongEncoding(r.encoding, guess(line))
		}
		headings = append(headings, heading)
	}
	return headings, nil
}

// blank tells an empty line, a line of empty cells (which spreadsheets append), and the end mark of old systems.
func (r *Reader) blank() bool {
	for _, cell := range r.splitter.cells {
		if trimmed := bytes.TrimSpace(cell); len(trimmed) > 0 && !bytes.Equal(trimmed, []byte{0x1A}) {
			return false
		}
	}
	return true
}

// Next reads one row. A row that cannot be taken gives a Bad with a reason; the error is io.EOF at the end of the
// file and the source's own otherwise.
func (r *Reader) Next(row *Row) (Bad, error) {
	for {
		line, reason, err := r.splitter.next()
		if err != nil {
			return Bad{}, err
		}
		if reason == "" && r.blank() {
			continue
		}
		r.rows++
		bad := Bad{Line: line, Reason: reason}
		if reason == "" {
			row.Line = line
			bad = r.check(row)
		}
		if bad.Reason != "" {
			r.bad++
		}
		return bad, nil
	}
}

// check reads the cells of the current record.
func (r *Reader) check(row *Row) Bad {
	r.evidence.weigh(r.decoder, r.splitter.current())
	cells := r.splitter.cells
	if surplus := len(cells) - r.layout.width; surplus < 0 || surplus > 0 && len(bytes.Join(cells[r.layout.width:], nil)) > 0 {
		r.splitter.rewind()
		return Bad{Line: row.Line, Reason: FieldCount}
	}
	c := checker{reader: r, cells: cells}
	c.fill(row)
	return Bad{Line: row.Line, Field: c.field, Reason: c.reason}
}

// knownZone tells whether a time zone is known, and remembers those that are.
func (r *Reader) knownZone(name string) bool {
	if !r.zones[name] && community.KnownZone(name) {
		r.zones[name] = true
	}
	return r.zones[name]
}

// Rows is the number of rows so far, bad ones included.
func (r *Reader) Rows() int64 { return r.rows }

// Verdict is asked at the end of the file: it fails when the file as a whole is in another encoding than declared.
func (r *Reader) Verdict() error {
	if !r.evidence.convicts(r.rows) {
		return nil
	}
	if r.decoder.shiftJIS != nil {
		return wrongEncoding(r.encoding, EncodingUTF8)
	}
	return wrongEncoding(r.encoding, EncodingShiftJIS)
}

// Today is the day that it is in a zone at an instant, as Format wants it.
func Today(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).Date()
	return day(y, m, d)
}

// startOfDay is the first instant of a day in a zone, also where a clock change skips midnight.
func startOfDay(date time.Time, zone *time.Location) time.Time {
	t := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, zone)
	for t.Day() != date.Day() {
		t = t.Add(time.Hour)
	}
	return t
}

// joinSkills is the form in which skills are compared.
func joinSkills(skills []string) string { return strings.Join(skills, "\x1f") }
