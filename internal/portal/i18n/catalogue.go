// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// ConsentTextVersion is the version of the sentences that people agree to. A change of their wording needs a new
// one: the ledger names it, and a test holds it to the wording.
const ConsentTextVersion = "2026-12"

//go:embed texts/*.json
var files embed.FS

// Catalogue is all texts of all languages.
type Catalogue struct {
	texts map[community.Locale]map[string]string
}

// Load reads the embedded texts.
func Load() (*Catalogue, error) {
	c := &Catalogue{texts: map[community.Locale]map[string]string{}}
	for _, locale := range community.Locales() {
		raw, err := files.ReadFile("texts/" + string(locale) + ".json")
		if err != nil {
			return nil, fmt.Errorf("read the texts of %s: %w", locale, err)
		}
		var texts map[string]string
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, fmt.Errorf("read the texts of %s: %w", locale, err)
		}
		c.texts[locale] = texts
	}
	return c, nil
}

// Keys lists the keys of a language in order.
func (c *Catalogue) Keys(locale community.Locale) []string {
	return slices.Sorted(maps.Keys(c.texts[locale]))
}

// Has tells whether a language has a key.
func (c *Catalogue) Has(locale community.Locale, key string) bool {
	_, ok := c.texts[locale][key]
	return ok
}

// Text is the text of a key with each {name} replaced by its value: args are names and values in turn. A key that
// does not exist gives itself, so that a page is poor rather than gone; tests make sure that none is missing.
func (c *Catalogue) Text(locale community.Locale, key string, args ...string) string {
	text, ok := c.texts[locale][key]
	if !ok {
		return key
	}
	if len(args) < 2 {
		return text
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+args[i]+"}", args[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// ConsentText is what the ledger records of the wording that was shown: its version and language.
func ConsentText(locale community.Locale) string { return ConsentTextVersion + "/" + string(locale) }

// Date writes a day.
func Date(locale community.Locale, t time.Time) string {
	if locale == community.Japanese {
		return t.Format("2006年1月2日")
	}
	return t.Format("2 January 2006")
}

// Month writes a month, for periods of years.
func Month(locale community.Locale, t time.Time) string {
	if locale == community.Japanese {
		return t.Format("2006年1月")
	}
	return t.Format("January 2006")
}

// MonthName writes a month without its year.
func MonthName(locale community.Locale, m time.Month) string {
	if locale == community.Japanese {
		return strconv.Itoa(int(m)) + "月"
	}
	return m.String()
}

// DayName writes a day of some month.
func DayName(locale community.Locale, day int) string {
	if locale == community.Japanese {
		return strconv.Itoa(day) + "日"
	}
	return strconv.Itoa(day)
}

// MonthDay writes a day without its year.
func MonthDay(locale community.Locale, d community.MonthDay) string {
	if locale == community.Japanese {
		return MonthName(locale, d.Month) + DayName(locale, d.Day)
	}
	return DayName(locale, d.Day) + " " + MonthName(locale, d.Month)
}

// Number writes a number with its thousands apart, which both languages do alike.
func Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Zone names a time zone: in the words of a language where it is one of those that are offered, and by its own name otherwise.
func (c *Catalogue) Zone(locale community.Locale, name string) string {
	if key := "zone." + name; c.Has(locale, key) {
		return c.Text(locale, key)
	}
	return name
}

// Moment writes a day and a time of day, with the zone where it could be mistaken.
func Moment(locale community.Locale, t time.Time) string {
	if locale == community.Japanese {
		return t.Format("2006年1月2日 15:04") + zone(t)
	}
	return t.Format("2 January 2006, 15:04") + zone(t)
}

// Span writes from when until when something is, by the clock of the zone in which both are given.
func Span(locale community.Locale, from, to time.Time) string {
	if locale == community.Japanese {
		until := to.Format("15:04")
		if !sameDay(from, to) {
			until = dayJa(to) + until
		}
		return dayJa(from) + from.Format("15:04") + "〜" + until
	}
	until := "–" + to.Format("15:04")
	if !sameDay(from, to) {
		until = " – " + to.Format("Monday, 2 January 2006, 15:04")
	}
	return from.Format("Monday, 2 January 2006, 15:04") + until
}

func sameDay(a, b time.Time) bool { return a.Format(time.DateOnly) == b.Format(time.DateOnly) }

// dayJa is a day with the day of its week.
func dayJa(t time.Time) string {
	return t.Format("2006年1月2日") + "（" + string([]rune("日月火水木金土")[t.Weekday()]) + "）"
}

// zone names the zone in brackets.
func zone(t time.Time) string {
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		name = "UTC" + name
	}
	return " (" + name + ")"
}
