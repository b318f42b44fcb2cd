// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package people_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"net/mail"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"golang.org/x/text/encoding/japanese"

	"github.com/alumni-operator/alumni-operator/internal/people"
)

func generator(t *testing.T, company string, seed uint64) *people.Generator {
	t.Helper()
	g, err := people.New(company, seed, people.English)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestTheSamePeopleEachTime(t *testing.T) {
	g := NewWithT(t)
	a, b := generator(t, "hoshino-foods", 1), generator(t, "hoshino-foods", 1)
	backwards := make([]people.Person, 200)
	for i := len(backwards) - 1; i >= 0; i-- {
		backwards[i] = b.Person(i)
	}
	for i := range backwards {
		g.Expect(a.Person(i)).To(Equal(backwards[i]))
	}
	g.Expect(generator(t, "hoshino-foods", 2).Person(0)).NotTo(Equal(a.Person(0)))
	g.Expect(generator(t, "hoshino-logistics", 1).Person(0)).NotTo(Equal(a.Person(0)))
}

func TestTheRosterIsTheSameBytesOnEveryMachine(t *testing.T) {
	g := NewWithT(t)
	var b bytes.Buffer
	_, err := people.Roster{Company: "hoshino-foods", Seed: 1, Count: 1000, Faults: 3, Headings: people.Japanese, Encoding: people.ShiftJIS}.Write(&b)
	g.Expect(err).NotTo(HaveOccurred())
	sum := sha256.Sum256(b.Bytes())
	g.Expect(hex.EncodeToString(sum[:8])).To(Equal("1c752fd83d0548cb"), "the demo's people changed: was that meant?")
}

func TestEveryPersonIsConsistent(t *testing.T) {
	g := NewWithT(t)
	numbers, addresses := map[string]bool{}, map[string]bool{}
	for _, company := range people.Companies() {
		gen := generator(t, company, 7)
		for i := range 5000 {
			p := gen.Person(i)
			if numbers[p.EmployeeNumber] || addresses[company+p.Email] {
				t.Fatalf("%s is there twice", p.EmployeeNumber)
			}
			numbers[p.EmployeeNumber] = true
			g.Expect(p.FamilyName).NotTo(BeEmpty())
			g.Expect(p.GivenNameKana).NotTo(BeEmpty())
			g.Expect(p.JoinedOn.Before(p.LeftOn)).To(BeTrue(), "%s joined after leaving", p.EmployeeNumber)
			g.Expect(p.LeftOn.After(people.AsOf)).To(BeFalse())
			g.Expect(p.LeftOn.Before(people.AsOf.AddDate(-people.Years, 0, -1))).To(BeFalse())
			if p.Email != "" {
				checkAddress(g, p.Email)
				addresses[company+p.Email] = true
			}
			checkConsents(g, p)
			checkPrivate(g, p)
		}
	}
}

func checkAddress(g Gomega, address string) {
	parsed, err := mail.ParseAddress(address)
	g.Expect(err).NotTo(HaveOccurred(), address)
	g.Expect(parsed.Address).To(Equal(address))
	g.Expect(address).To(HaveSuffix(".example"), "an invented person must never get a real mail")
	g.Expect(address).NotTo(ContainSubstring("..")) // a name that gave no letters
	g.Expect(address).NotTo(HavePrefix("."))
}

func checkPrivate(g Gomega, p people.Person) {
	if !p.BornOn.IsZero() {
		g.Expect(p.BornOn.AddDate(18, 0, 0).After(p.JoinedOn)).To(BeFalse(), "%s joined as a child", p.EmployeeNumber)
		g.Expect(p.BornOn.Year()).To(BeNumerically(">", 1926), "%s is older than a roster may say", p.EmployeeNumber)
	}
	if p.TimeZone != "" {
		_, err := time.LoadLocation(p.TimeZone)
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Expect(p.TimeZone != "").To(Equal(p.Region == "Overseas"), "whoever lives abroad has another clock")
}

func checkConsents(g Gomega, p people.Person) {
	if p.NetworkOn.IsZero() {
		g.Expect(p.NewsletterOn.IsZero()).To(BeTrue(), "the newsletter needs the network")
		return
	}
	g.Expect(p.NetworkOn.Before(p.LeftOn)).To(BeFalse())
	g.Expect(p.NetworkOn.After(people.AsOf)).To(BeFalse())
	if !p.NewsletterOn.IsZero() {
		g.Expect(p.NewsletterOn.Before(p.NetworkOn)).To(BeFalse())
		g.Expect(p.NewsletterOn.After(people.AsOf)).To(BeFalse())
	}
}

func TestSharesAreAsPromised(t *testing.T) {
	g := NewWithT(t)
	for company, englishShare := range map[string]int{"hoshino-foods": 8, "hoshino-logistics": 35} {
		checkShares(g, generator(t, company, 3), englishShare)
	}
}

func checkShares(g Gomega, gen *people.Generator, englishShare int) {
	const n = 20_000
	var network, newsletter, silent, english, born, abroad float64
	days := map[string]int{}
	years := map[int]int{}
	for i := range n {
		p := gen.Person(i)
		years[p.LeftOn.Year()]++
		days[p.BornOn.Format("01-02")]++
		for counter, is := range map[*float64]bool{
			&network: !p.NetworkOn.IsZero(), &newsletter: !p.NewsletterOn.IsZero(), &silent: p.Email == "", &english: p.Locale == "en",
			&born: !p.BornOn.IsZero(), &abroad: p.TimeZone != "",
		} {
			if is {
				*counter += 100.0 / n
			}
		}
	}
	g.Expect(network).To(BeNumerically("~", people.NetworkShare, 1))
	g.Expect(newsletter).To(BeNumerically("~", people.NewsletterShare, 1))
	g.Expect(silent).To(BeNumerically("~", people.NoAddressShare, 0.5))
	g.Expect(born).To(BeNumerically("~", people.BirthdayShare, 1))
	g.Expect(abroad).To(BeNumerically("~", 6, 1))
	g.Expect(len(days)).To(BeNumerically(">=", 365), "on every day somebody has a birthday")
	g.Expect(english).To(BeNumerically("~", englishShare, 1))
	for year := people.AsOf.Year() - people.Years + 1; year < people.AsOf.Year(); year++ {
		g.Expect(years[year]).To(BeNumerically(">", n/people.Years/2), "few left in %d", year)
	}
}

func TestFilesReadBackInEveryForm(t *testing.T) {
	for _, headings := range []people.Language{people.English, people.Japanese} {
		for _, encoding := range []string{people.UTF8, people.ShiftJIS} {
			t.Run(string(headings)+" in "+encoding, func(t *testing.T) {
				g := NewWithT(t)
				var b bytes.Buffer
				faults, err := people.Roster{Company: "hoshino-foods", Seed: 9, Count: 2000, Headings: headings, Encoding: encoding}.Write(&b)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(faults).To(BeEmpty())
				content := b.Bytes()
				if encoding == people.ShiftJIS {
					content, err = japanese.ShiftJIS.NewDecoder().Bytes(content)
					g.Expect(err).NotTo(HaveOccurred())
				}
				g.Expect(string(content)).NotTo(ContainSubstring("\ufffd"))
				g.Expect(string(content)).NotTo(ContainSubstring("\x1a"), "a character that the encoding lacks")
				rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(rows).To(HaveLen(2001))
				g.Expect(rows[0][0]).To(Equal(people.Columns(headings)[0].Heading))
				g.Expect(rows[0]).To(HaveLen(len(people.Columns(headings))))
			})
		}
	}
}

func TestFaultsStandWhereTheySayTheyDo(t *testing.T) {
	g := NewWithT(t)
	var b bytes.Buffer
	faults, err := people.Roster{Company: "hoshino-foods", Seed: 4, Count: 100, Faults: 26, Headings: people.English, Encoding: people.UTF8}.Write(&b)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(faults).To(HaveLen(26))
	lines := strings.Split(b.String(), "\r\n")
	g.Expect(lines).To(HaveLen(1 + 100 + 26 + 1))
	seen := map[string]int{}
	for _, f := range faults {
		line := lines[f.Line-1]
		seen[f.Reason]++
		switch f.Reason {
		case "InvalidDate":
			g.Expect(line).To(Or(ContainSubstring("2021-02-30"), ContainSubstring(",02-30,")))
		case "InvalidEncoding":
			g.Expect(line).To(ContainSubstring("\xff\xfe"))
		case "LineTooLong":
			g.Expect(len(line)).To(BeNumerically(">", 65536))
		}
	}
	g.Expect(seen).To(HaveLen(12))
}

func TestEras(t *testing.T) {
	for want, day := range map[string]time.Time{
		"令和元年5月1日":   time.Date(2019, 5, 1, 0, 0, 0, 0, time.UTC),
		"平成31年4月30日": time.Date(2019, 4, 30, 0, 0, 0, 0, time.UTC),
		"平成元年1月8日":   time.Date(1989, 1, 8, 0, 0, 0, 0, time.UTC),
		"昭和64年1月7日":  time.Date(1989, 1, 7, 0, 0, 0, 0, time.UTC),
		"令和8年10月31日": people.AsOf,
	} {
		NewWithT(t).Expect(people.Era(day)).To(Equal(want))
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	good := people.Roster{Company: "hoshino-foods", Count: 1, Headings: people.English, Encoding: people.UTF8}
	for name, change := range map[string]func(*people.Roster){
		"an unknown company":  func(r *people.Roster) { r.Company = "acme" },
		"an unknown language": func(r *people.Roster) { r.Headings = "fr" },
		"an unknown encoding": func(r *people.Roster) { r.Encoding = "EBCDIC" },
		"a negative count":    func(r *people.Roster) { r.Count = -1 },
		"too many people":     func(r *people.Roster) { r.Count = people.MaxPeople + 1 },
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			change(&r)
			_, err := r.Write(&bytes.Buffer{})
			NewWithT(t).Expect(err).To(HaveOccurred())
		})
	}
}
