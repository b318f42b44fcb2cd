// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	. "github.com/onsi/gomega"
)

// split lists the records of a text: "line:cell|cell", or "line!reason".
func split(source io.Reader) ([]string, error) {
	s := newSplitter(source)
	var all []string
	for {
		line, reason, err := s.next()
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		case reason != "":
			all = append(all, fmt.Sprintf("%d!%s", line, reason))
		default:
			all = append(all, fmt.Sprintf("%d:%s", line, bytes.Join(s.cells, []byte("|"))))
		}
	}
}

func TestSplit(t *testing.T) {
	long := strings.Repeat("x", MaxRecord)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":                                    {"", nil},
		"one line without an end":                    {"a,b", []string{"1:a|b"}},
		"line ends of Unix and Windows":              {"a,b\nc,d\r\ne,f\r\n", []string{"1:a|b", "2:c|d", "3:e|f"}},
		"empty cells":                                {",\n\n,,", []string{"1:|", "2:", "3:||"}},
		"quoted cells":                               {"\"a,1\",\"b\"\"c\"\r\n\"\",x\n", []string{"1:a,1|b\"c", "2:|x"}},
		"line breaks inside quotes":                  {"\"a\nb\",c\nd,e\n", []string{"1:a\nb|c", "3:d|e"}},
		"a quoted cell at the very end":              {"a,\"b\"", []string{"1:a|b"}},
		"a quoted cell and a lone carriage return":   {"a,\"b\"\r", []string{"1:a|b"}},
		"a mark inside a plain cell is text":         {"5\" disk,x\n", []string{"1:5\" disk|x"}},
		"a stray mark costs one row":                 {"1,\"a\n2,b\n3,c\n", []string{"1!MalformedQuote", "2:2|b", "3:3|c"}},
		"a stray mark that meets another":            {"1,\"a\n2,\"b\"\n3,c\n", []string{"1!MalformedQuote", "2:2|b", "3:3|c"}},
		"text behind a closing mark":                 {"\"a\"b,c\nd,e\n", []string{"1!MalformedQuote", "2:d|e"}},
		"a cell with too many lines":                 {"\"" + strings.Repeat("\n", maxBreaks+1) + "\",x\ny,z", nil},
		"a line just short enough":                   {long[:MaxRecord-3] + ",b\nc,d\n", []string{"1:" + long[:MaxRecord-3] + "|b", "2:c|d"}},
		"a line too long":                            {"a,b\n" + long + ",b\nc,d\n", []string{"1:a|b", "2!LineTooLong", "3:c|d"}},
		"a line too long at the end":                 {"a,b\n" + long + long + long, []string{"1:a|b", "2!LineTooLong"}},
		"a line too long and open":                   {"\"" + long + "\nc,d\n", []string{"1!LineTooLong", "2:c|d"}},
		"a quoted cell too long for a record":        {"\"a\n" + long + "\",x\nc,d\n", []string{"1!MalformedQuote", "2!LineTooLong", "3:c|d"}},
		"the byte order mark is no part of the text": {"\xef\xbb\xbf\"a,1\",b\n", []string{"1:a,1|b"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			for _, source := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text)), iotest.DataErrReader(strings.NewReader(c.text))} {
				got, err := split(source)
				g.Expect(err).NotTo(HaveOccurred())
				if name == "a cell with too many lines" {
					g.Expect(got[0]).To(Equal("1!MalformedQuote"))
					g.Expect(got[len(got)-1]).To(HaveSuffix(":y|z"))
					continue
				}
				g.Expect(got).To(Equal(c.want))
			}
		})
	}
}

func TestSplitTellsTheSourcesError(t *testing.T) {
	for name, text := range map[string]string{"at once": "", "in mid-row": "a,b\nc", "in a long line": strings.Repeat("x", 3*MaxRecord)} {
		t.Run(name, func(t *testing.T) {
			boom := errors.New("boom")
			_, err := split(io.MultiReader(strings.NewReader(text), iotest.ErrReader(boom)))
			NewWithT(t).Expect(err).To(MatchError(boom))
		})
	}
}

func TestSplitGivesUpOnASourceThatGivesNothing(t *testing.T) {
	_, err := split(readerFunc(func([]byte) (int, error) { return 0, nil }))
	NewWithT(t).Expect(err).To(MatchError(io.ErrNoProgress))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// endless is a line of a gigabyte.
type endless struct{ left int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), e.left))
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.left -= int64(n)
	return n, nil
}

func TestALineOfAGigabyteIsSkippedInConstantMemory(t *testing.T) {
	g := NewWithT(t)
	source := io.MultiReader(strings.NewReader("a,b\n"), &endless{left: 1 << 30}, strings.NewReader("\nc,d\n"))
	got, err := split(source)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(Equal([]string{"1:a|b", "2!LineTooLong", "3:c|d"}))
	allocated := testing.AllocsPerRun(1, func() {
		_, _ = split(io.MultiReader(strings.NewReader("a,b\n"), &endless{left: 1 << 24}, strings.NewReader("\nc,d\n")))
	})
	g.Expect(allocated).To(BeNumerically("<", 60))
}

// FuzzSplit compares with Go's own reader wherever both take the file, and holds to line numbers and limits in
// any case.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"a,b\nc,d\n", "\"a\"\"\",\"\n\"\r\n", "\"", "a\"b\n", "\xef\xbb\xbfx\n", ",,\n\n", "\"a\"b\n\"c\"\n", "a\r\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := newSplitter(bytes.NewReader(text))
		var ours [][]string
		faulty := false
		last := int64(0)
		for {
			line, reason, err := s.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if line <= last || line > int64(bytes.Count(text, []byte{'\n'}))+1 {
				t.Fatalf("line %d after line %d", line, last)
			}
			last = line
			faulty = faulty || reason != ""
			var record []string
			for _, cell := range s.cells {
				record = append(record, string(cell))
			}
			ours = append(ours, record)
		}
		reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, byteOrderMark)))
		reader.FieldsPerRecord = -1
		theirs, err := reader.ReadAll()
		if err != nil || faulty || bytes.ContainsRune(text, '\r') {
			return // it turns \r\n inside quotes into \n, and refuses marks inside cells
		}
		var filled [][]string
		for _, record := range ours {
			if len(record) > 1 || record[0] != "" {
				filled = append(filled, record)
			}
		}
		var theirsFilled [][]string
		for _, record := range theirs {
			if len(record) > 1 || record[0] != "" {
				theirsFilled = append(theirsFilled, record)
			}
		}
		if fmt.Sprint(filled) != fmt.Sprint(theirsFilled) {
			t.Fatalf("%q: %q, and Go's reader %q", text, filled, theirsFilled)
		}
	})
}
