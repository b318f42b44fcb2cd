// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package i18n_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
)

func load(t *testing.T) *i18n.Catalogue {
	t.Helper()
	c, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

func TestEveryLanguageSaysEverything(t *testing.T) {
	g := NewWithT(t)
	c := load(t)
	first := community.Locales()[0]
	for _, locale := range community.Locales() {
		g.Expect(c.Keys(locale)).To(Equal(c.Keys(first)))
		for _, key := range c.Keys(locale) {
			text := c.Text(locale, key)
			g.Expect(strings.TrimSpace(text)).To(And(Equal(text), Not(BeEmpty())), "%s %s", locale, key)
			g.Expect(names(text)).To(Equal(names(c.Text(first, key))), "placeholders of %s in %s", key, locale)
			g.Expect(text).NotTo(ContainSubstring("<"), "texts are plain")
		}
	}
}

func names(text string) []string {
	all := placeholder.FindAllString(text, -1)
	slices.Sort(all)
	return slices.Compact(all)
}

// What the sources say: "key" in Go, t "key" in templates, and keys that are put together.
var quoted = regexp.MustCompile(`"([a-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)+)"`)

// made are the beginnings of keys that are put together at run time.
var made = []string{"purpose.", "field.", "hint.", "audience.", "preview.as.", "decision.", "channel.", "consents.suppressed.", "programme.", "region.", "zone.", "survey.fault.", "survey.page.",
	"data.table.", "data.column.", "data.category.", "data.recipient.", "eventKind.", "eventForm.", "eventNotice.",
	"staffRole.", "campaignType.", "runState.", "ledger.", "reason.", "language.", "feed.kind.", "feed.reason."}

func TestEveryTextIsUsedAndEveryUsedTextExists(t *testing.T) {
	g := NewWithT(t)
	c := load(t)
	used := map[string]bool{}
	for _, pattern := range []string{"../*.go", "../templates/*.html", "../files/*.html", "../outbox/*.go", "../../community/*.go", "../../community/pgstore/portal*.go"} {
		paths, err := filepath.Glob(pattern)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(paths).NotTo(BeEmpty(), pattern)
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			source, err := os.ReadFile(path)
			g.Expect(err).NotTo(HaveOccurred())
			for _, found := range quoted.FindAllStringSubmatch(string(source), -1) {
				key := found[1]
				if ext := filepath.Ext(key); ext == ".html" || ext == ".txt" || ext == ".css" || ext == ".svg" {
					continue
				}
				used[key] = true
				g.Expect(c.Has(community.Japanese, key)).To(BeTrue(), "%s uses %s", path, key)
			}
		}
	}
	for _, key := range c.Keys(community.Japanese) {
		put := slices.ContainsFunc(made, func(begin string) bool { return strings.HasPrefix(key, begin) })
		g.Expect(used[key] || put).To(BeTrue(), "nothing says %s", key)
	}
}

func TestEveryKeyThatIsPutTogetherExists(t *testing.T) {
	g := NewWithT(t)
	c := load(t)
	var keys []string
	for _, p := range community.Purposes() {
		keys = append(keys, "purpose."+string(p), "purpose."+string(p)+".text")
	}
	for _, f := range community.Fields() {
		keys = append(keys, "field."+string(f))
	}
	for _, a := range community.Audiences() {
		keys = append(keys, "audience."+string(a))
		if a != community.AudienceNobody {
			keys = append(keys, "preview.as."+string(a))
		}
	}
	for _, d := range []community.Decision{community.Given, community.Withdrawn} {
		keys = append(keys, "decision."+string(d))
	}
	for _, channel := range []string{"Roster", "Portal", "Email"} {
		keys = append(keys, "channel."+channel)
	}
	for _, reason := range []string{"Unsubscribed", "HardBounce", "SoftBounce", "Complaint"} {
		keys = append(keys, "consents.suppressed."+reason)
	}
	for _, purpose := range []string{"Rehire", "Referral", "Collaboration", "Brand", "KnowledgeTransfer", "FutureExecutives"} {
		keys = append(keys, "programme."+purpose)
	}
	for _, k := range community.EventKinds() {
		keys = append(keys, "eventKind."+string(k))
	}
	for _, f := range community.EventForms() {
		keys = append(keys, "eventForm."+string(f))
	}
	for _, n := range community.EventNotices() {
		keys = append(keys, "eventNotice."+string(n), "eventNotice."+string(n)+".text")
	}
	for _, field := range []string{"EventKind", "EventLocale", "EventForm", "EventTitle", "EventPlace", "EventDescription", "OnlineLink", "StartsAt", "EndsAt", "ClosesAt",
		"EventZone", "Capacity", "ShowName"} {
		keys = append(keys, "field."+field)
	}
	for _, role := range community.StaffRoles() {
		keys = append(keys, "staffRole."+string(role))
	}
	for _, locale := range community.Locales() {
		keys = append(keys, "language."+string(locale))
	}
	for _, k := range community.PostKinds() {
		keys = append(keys, "feed.kind."+string(k), "feed.kind."+string(k)+".text")
	}
	for _, r := range community.ReportReasons() {
		keys = append(keys, "feed.reason."+string(r))
	}
	for _, r := range community.ZoneRegions() {
		keys = append(keys, "region."+r.Name)
		for _, zone := range r.Zones {
			keys = append(keys, "zone."+zone)
		}
	}
	for _, key := range keys {
		g.Expect(c.Has(community.English, key)).To(BeTrue(), key)
	}
}

// The ledger names the wording that somebody agreed to, so a wording never changes under its version.
func TestTheWordingOfConsentHasItsVersion(t *testing.T) {
	g := NewWithT(t)
	c := load(t)
	var all strings.Builder
	for _, locale := range community.Locales() {
		for _, p := range community.Purposes() {
			all.WriteString(c.Text(locale, "purpose."+string(p)) + "\n" + c.Text(locale, "purpose."+string(p)+".text") + "\n")
		}
	}
	sum := sha256.Sum256([]byte(all.String()))
	wordings := map[string]string{"2026-11": "60606dfd1399969a", "2026-12": "2e8156f50b9966c8"}
	g.Expect(hex.EncodeToString(sum[:8])).To(Equal(wordings[i18n.ConsentTextVersion]),
		"the sentences of consent changed: give them a new version, and add it here")
	g.Expect(i18n.ConsentText(community.Japanese)).To(Equal("2026-12/ja"))
}

func TestTheLanguageOfAVisit(t *testing.T) {
	cases := map[string]struct {
		wish    i18n.Wish
		network community.Locale
		want    community.Locale
	}{
		"the network's own":                 {i18n.Wish{}, "ja", "ja"},
		"the browser's":                     {i18n.Wish{Header: "en-GB,en;q=0.9"}, "ja", "en"},
		"the browser's first that we speak": {i18n.Wish{Header: "fr, ja;q=0.5, en;q=0.4"}, "en", "ja"},
		"by weight, not by order":           {i18n.Wish{Header: "en;q=0.2, ja;q=0.9"}, "en", "ja"},
		"none that we speak":                {i18n.Wish{Header: "fr, de"}, "ja", "ja"},
		"the cookie before the browser":     {i18n.Wish{Cookie: "ja", Header: "en"}, "en", "ja"},
		"the query before the cookie":       {i18n.Wish{Query: "en", Cookie: "ja"}, "ja", "en"},
		"nonsense is passed over":           {i18n.Wish{Query: "<script>", Cookie: "xx", Header: ";;;"}, "en", "en"},
		"a header without end":              {i18n.Wish{Header: strings.Repeat("ja,", 1000)}, "en", "en"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(i18n.Choose(c.wish, c.network)).To(Equal(c.want)) })
	}
}

func TestDatesAreWrittenAsPeopleWriteThem(t *testing.T) {
	g := NewWithT(t)
	at := time.Date(2026, 3, 4, 5, 6, 0, 0, time.FixedZone("JST", 9*3600))
	g.Expect([]string{i18n.Date("ja", at), i18n.Month("ja", at), i18n.Moment("ja", at)}).
		To(Equal([]string{"2026年3月4日", "2026年3月", "2026年3月4日 05:06 (JST)"}))
	g.Expect([]string{i18n.Date("en", at), i18n.Month("en", at), i18n.Moment("en", at)}).
		To(Equal([]string{"4 March 2026", "March 2026", "4 March 2026, 05:06 (JST)"}))
	g.Expect([]string{i18n.MonthDay("ja", community.MonthDay{Month: 2, Day: 29}), i18n.MonthDay("en", community.MonthDay{Month: 2, Day: 29})}).
		To(Equal([]string{"2月29日", "29 February"}))
	g.Expect(i18n.Moment("en", at.In(time.FixedZone("+0330", 3*3600+1800)))).To(HaveSuffix("(UTC+0330)"))
}

func TestASpanOfTimeNamesTheDayOfItsWeek(t *testing.T) {
	g := NewWithT(t)
	from := time.Date(2026, 12, 5, 19, 0, 0, 0, time.UTC)
	g.Expect([]string{i18n.Span("ja", from, from.Add(2*time.Hour)), i18n.Span("ja", from, from.Add(15*time.Hour))}).
		To(Equal([]string{"2026年12月5日（土）19:00〜21:00", "2026年12月5日（土）19:00〜2026年12月6日（日）10:00"}))
	g.Expect([]string{i18n.Span("en", from, from.Add(2*time.Hour)), i18n.Span("en", from, from.Add(15*time.Hour))}).
		To(Equal([]string{"Saturday, 5 December 2026, 19:00–21:00", "Saturday, 5 December 2026, 19:00 – Sunday, 6 December 2026, 10:00"}))
}

func TestZonesAreNamedInTheLanguageOfTheVisit(t *testing.T) {
	g := NewWithT(t)
	c := load(t)
	g.Expect([]string{c.Zone("ja", "Asia/Tokyo"), c.Zone("en", "Asia/Tokyo"), c.Zone("ja", "America/Bogota")}).
		To(Equal([]string{"日本（東京）", "Japan (Tokyo)", "America/Bogota"}), "a zone that is not offered keeps its own name")
}

func TestTextsTakeTheirValuesOnce(t *testing.T) {
	g := NewWithT(t)
	c := load(t)
	g.Expect(c.Text("en", "me.since", "date", "{network}", "network", "x")).To(Equal("Member since {network}"), "a value is not read again")
	g.Expect(c.Text("en", "no.such.key")).To(Equal("no.such.key"))
}

// TestEveryWordOfTheLedgerHasAText reads the page that explains them all.
func TestEveryWordOfTheLedgerHasAText(t *testing.T) {
	g := NewWithT(t)
	c := load(t)
	page, err := os.ReadFile("../../../docs/counts.md")
	g.Expect(err).NotTo(HaveOccurred())
	states, rest, _ := strings.Cut(string(page), "## Reasons")
	reasons, _, _ := strings.Cut(rest, "## What changes afterwards")
	first := regexp.MustCompile("(?m)^\\| ((?:`[A-Za-z]+`(?:, )?)+) \\|")
	code := regexp.MustCompile("`([A-Za-z]+)`")
	for of, text := range map[string]string{"ledger.": states, "reason.": reasons} {
		cells := first.FindAllStringSubmatch(text, -1)
		g.Expect(len(cells)).To(BeNumerically(">", 8))
		for _, cell := range cells {
			for _, word := range code.FindAllStringSubmatch(cell[1], -1) {
				heading := c.Has(community.English, "ledger."+word[1]) // of a table of reasons
				g.Expect(heading || c.Has(community.English, of+word[1])).To(BeTrue(), of+word[1])
			}
		}
	}
}

func TestNumbersHaveTheirThousandsApart(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -999: "-999", -1000: "-1,000"} {
		NewWithT(t).Expect(i18n.Number(n)).To(Equal(want), fmt.Sprint(n))
	}
}
