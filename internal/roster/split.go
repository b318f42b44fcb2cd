// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"bytes"
	"errors"
	"io"
)

const (
	// MaxRecord is the greatest length of a record, in bytes. A longer one is skipped without being held.
	MaxRecord = 64 << 10
	// maxBreaks bounds the line breaks inside one record, so that a stray quotation mark cannot swallow a file.
	maxBreaks = 64
	// maxIdleReads bounds reads that give nothing and no error.
	maxIdleReads = 100
)

// splitter cuts a CSV file (RFC 4180) into records of raw bytes. It works before decoding: in UTF-8 and in
// Shift_JIS alike, the bytes of comma, quotation mark and line break mean nothing else.
//
// After a record with a fault in its quotation marks it goes on at the next physical line, so that a stray mark
// costs one row and not all that follow.
type splitter struct {
	source     io.Reader
	buffer     []byte
	start, end int
	pending    int   // length of the current record, taken off at the next call
	line       int64 // physical line at start, counted from 1
	atEnd      bool
	begun      bool
	marked     bool // the file began with UTF-8's byte order mark
	err        error
	cells      [][]byte
	unescaped  []byte
}

func newSplitter(source io.Reader) *splitter {
	return &splitter{source: source, buffer: make([]byte, 2*MaxRecord), line: 1}
}

// result of looking for a record in the part of the file at hand.
type result int

const (
	complete result = iota
	incomplete
	malformed
)

// next finds the next record and its first line. The cells are valid until the following call. A record with a
// fault has a reason and no cells. The error is io.EOF at the end.
func (s *splitter) next() (line int64, reason Reason, err error) {
	s.advance()
	for {
		window := s.buffer[s.start:min(s.end, s.start+MaxRecord)]
		whole := s.atEnd && s.start+len(window) == s.end
		if whole && len(window) == 0 {
			return s.line, "", s.ending()
		}
		length, outcome := s.parse(window, whole)
		switch {
		case outcome == complete:
			s.pending = length
			return s.line, "", nil
		case outcome == incomplete && len(window) < MaxRecord:
			s.fill()
			if s.err != nil && !errors.Is(s.err, io.EOF) {
				return s.line, "", s.err
			}
		default:
			return s.line, s.skipLine(window), nil
		}
	}
}

// rewind gives the current record up to the end of its first physical line only.
func (s *splitter) rewind() {
	if i := bytes.IndexByte(s.buffer[s.start:s.start+s.pending], '\n'); i >= 0 {
		s.pending = i + 1
	}
}

// current is the record as it stands in the file.
func (s *splitter) current() []byte { return s.buffer[s.start : s.start+s.pending] }

func (s *splitter) advance() {
	s.line += int64(bytes.Count(s.current(), []byte{'\n'}))
	s.start += s.pending
	s.pending = 0
}

func (s *splitter) ending() error {
	if s.err != nil {
		return s.err
	}
	return io.EOF
}

// fill moves the rest to the front and reads until the buffer is full or the file ends.
func (s *splitter) fill() {
	s.end = copy(s.buffer, s.buffer[s.start:s.end])
	s.start = 0
	for idle := 0; s.end < len(s.buffer) && !s.atEnd; idle++ {
		n, err := s.source.Read(s.buffer[s.end:])
		s.end += n
		if n > 0 {
			idle = 0
		}
		if err == nil && idle > maxIdleReads {
			err = io.ErrNoProgress
		}
		if err != nil {
			s.atEnd, s.err = true, err
		}
	}
	if !s.begun {
		s.begun = true
		if s.marked = bytes.HasPrefix(s.buffer[:s.end], byteOrderMark); s.marked {
			s.start = len(byteOrderMark)
		}
	}
}

// skipLine gives up the first physical line of the window. One that does not end in it is dropped piece by piece.
func (s *splitter) skipLine(window []byte) Reason {
	if i := bytes.IndexByte(window, '\n'); i >= 0 {
		s.pending = i + 1
		return MalformedQuote
	}
	if s.atEnd && s.start+len(window) == s.end {
		s.pending = len(window)
		return MalformedQuote
	}
	for {
		if i := bytes.IndexByte(s.buffer[s.start:s.end], '\n'); i >= 0 {
			s.pending = i + 1
			return LineTooLong
		}
		s.start = s.end
		if s.atEnd {
			return LineTooLong
		}
		s.fill()
	}
}

// parse looks for one record at the beginning of the window; whole tells that the file ends with it.
func (s *splitter) parse(window []byte, whole bool) (length int, outcome result) {
	s.cells, s.unescaped = s.cells[:0], s.unescaped[:0]
	at := 0
	for {
		var cell []byte
		if at < len(window) && window[at] == '"' {
			cell, at, outcome = s.quoted(window, at+1, whole)
			if outcome != complete {
				return 0, outcome
			}
		} else {
			n := bytes.IndexAny(window[at:], ",\n")
			if n < 0 && !whole {
				return 0, incomplete
			}
			if n < 0 {
				n = len(window) - at
			}
			cell, at = window[at:at+n], at+n
		}
		s.cells = append(s.cells, cell)
		if at == len(window) {
			s.trimReturn()
			return at, complete
		}
		if window[at] == '\n' {
			s.trimReturn()
			return at + 1, complete
		}
		at++ // the comma
	}
}

// trimReturn takes the carriage return off the last cell.
func (s *splitter) trimReturn() {
	last := len(s.cells) - 1
	s.cells[last] = bytes.TrimSuffix(s.cells[last], []byte{'\r'})
}

// quoted reads a cell after its opening mark and stops before the comma or line break behind it.
func (s *splitter) quoted(window []byte, at int, whole bool) (cell []byte, next int, outcome result) {
	begin, escaped := at, false
	for {
		n := bytes.IndexByte(window[at:], '"')
		if n < 0 {
			return nil, 0, unfinished(window[begin:], whole)
		}
		at += n
		if at+1 < len(window) && window[at+1] == '"' {
			escaped = true
			at += 2
			continue
		}
		if at+1 == len(window) && !whole {
			return nil, 0, incomplete
		}
		break
	}
	cell = window[begin:at]
	if bytes.Count(cell, []byte{'\n'}) > maxBreaks {
		return nil, 0, malformed
	}
	if escaped {
		cell = s.unescape(cell)
	}
	next, outcome = afterQuote(window, at+1, whole)
	return cell, next, outcome
}

// unfinished judges a quoted cell whose end is not in sight.
func unfinished(cell []byte, whole bool) result {
	if whole || bytes.Count(cell, []byte{'\n'}) > maxBreaks {
		return malformed
	}
	return incomplete
}

// afterQuote wants a comma, a line break or the end of the file.
func afterQuote(window []byte, at int, whole bool) (next int, outcome result) {
	switch {
	case at == len(window), window[at] == ',', window[at] == '\n':
		return at, complete
	case window[at] != '\r':
		return at, malformed
	case at+1 < len(window) && window[at+1] == '\n':
		return at + 1, complete
	case at+1 == len(window) && whole:
		return at + 1, complete
	case at+1 == len(window):
		return at, incomplete
	}
	return at, malformed
}

// unescape turns two marks into one. The result lives as long as the record.
func (s *splitter) unescape(cell []byte) []byte {
	begin := len(s.unescaped)
	for i := 0; i < len(cell); i++ {
		s.unescaped = append(s.unescaped, cell[i])
		if cell[i] == '"' {
			i++
		}
	}
	return s.unescaped[begin:len(s.unescaped):len(s.unescaped)]
}
