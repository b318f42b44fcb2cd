// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package quiet_test

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/quiet"
)

func TestAListOfHolidaysIsReadAsPeopleWriteIt(t *testing.T) {
	g := NewWithT(t)
	dates, err := quiet.ParseHolidays("\ufeff# 2027\r\n2027-02-11 # 建国記念の日\r\n\r\n  2027-01-01#元日\n2027-02-11\n2027-01-11")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(dates).To(Equal([]string{"2027-01-01", "2027-01-11", "2027-02-11"}))
}

func TestABadListOfHolidaysNamesTheLineAndNothingOfIt(t *testing.T) {
	many := strings.Builder{}
	for i := range quiet.MaxHolidays + 1 {
		many.WriteString(time.Date(2027, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) + "\n")
	}
	for name, c := range map[string]struct{ text, want string }{
		"another form":               {"2027-01-01\n2027/1/11 canary\n", "line 2 is no date: write each date in a line of its own, as 2027-01-01"},
		"a day that there is not":    {"# canary\n\n2027-02-29\n", "line 3 is no date"},
		"a comment without its sign": {"2027-01-01 canary", "line 1 is no date"},
		"nothing but comments":       {"# canary\n", "has no date"},
		"more than anybody needs":    {many.String(), "has 1001 dates: leave at most 1000"},
		"a text too long":            {"#" + strings.Repeat("canary", 20000), "is longer than 64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := quiet.ParseHolidays(c.text)
			g.Expect(err).To(MatchError(ContainSubstring(c.want)))
			g.Expect(err.Error()).NotTo(ContainSubstring("canary"))
		})
	}
}

func TestEveryListThatIsReadCanBeKept(t *testing.T) {
	h := mustParse(t, "21:00", "08:00")
	rapid.Check(t, func(t *rapid.T) {
		dates, err := quiet.ParseHolidays(rapid.StringMatching(`([0-9]{4}-[0-1][0-9]-[0-3][0-9] ?(#.*)?\n){0,4}`).Draw(t, "list"))
		if err != nil {
			return
		}
		kept, err := h.With(dates)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range dates {
			noon, err := time.Parse(time.DateTime, d+" 12:00:00")
			if err != nil || !kept.At(noon, time.UTC) {
				t.Fatalf("%s is not kept: %v", d, err)
			}
		}
	})
}

func TestALongRowOfHolidaysEnds(t *testing.T) {
	g := NewWithT(t)
	var dates []string
	for i := range quiet.MaxHolidays {
		dates = append(dates, time.Date(2027, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	}
	h, err := mustParse(t, "21:00", "08:00").With(dates)
	g.Expect(err).NotTo(HaveOccurred())
	began := time.Now()
	g.Expect(h.Ends(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), time.UTC)).To(Equal(time.Date(2029, 9, 27, 8, 0, 0, 0, time.UTC)))
	g.Expect(time.Since(began)).To(BeNumerically("<", time.Second))
}
