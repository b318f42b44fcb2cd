// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Shares of people, in percent. NewsletterShare is a part of NetworkShare.
const (
	NetworkShare    = 70 // consented to the network
	NewsletterShare = 55 // consented to the newsletter, too
	NoAddressShare  = 3  // gave no mail address
	BirthdayShare   = 95 // whose day of birth HR knows
)

// Years before AsOf over which departures are spread.
const Years = 15

// MaxPeople is the highest number of people of one company: employee numbers have six digits.
const MaxPeople = 900_000

// AsOf is the day on which the rosters were written: no date in them is later.
var AsOf = time.Date(2026, time.October, 31, 0, 0, 0, 0, time.UTC)

// Person is an invented leaver. A date is midnight UTC; the zero time means that there is none.
type Person struct {
	EmployeeNumber string
	FamilyName     string
	GivenName      string
	FamilyNameKana string
	GivenNameKana  string
	Email          string // empty: unknown
	Locale         string // ja or en
	Region         string
	Department     string
	Post           string
	JoinedOn       time.Time
	LeftOn         time.Time
	Reason         string
	LifeStage      string
	Skills         []string
	BornOn         time.Time // zero: unknown
	TimeZone       string    // empty: the network's
	NetworkOn      time.Time
	NewsletterOn   time.Time
}

// Generator invents the people of one company.
type Generator struct {
	company  company
	seed     uint64
	language Language
}

// New makes a generator. Language is that of departments and other words.
func New(companyName string, seed uint64, language Language) (*Generator, error) {
	c, err := companyNamed(companyName)
	if err != nil {
		return nil, err
	}
	if language != English && language != Japanese {
		return nil, errors.New("the language is en or ja")
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(companyName))
	return &Generator{company: c, seed: seed ^ h.Sum64(), language: language}, nil
}

// Person makes person number i, counted from 0.
func (g *Generator) Person(i int) Person {
	r := rand.New(rand.NewPCG(g.seed, mix(uint64(i)))) //nolint:gosec // the same people each time is the point
	p := Person{EmployeeNumber: fmt.Sprintf("%s%06d", g.company.code, 100_000+i), Locale: "ja"}
	families, givens := japaneseFamilies, japaneseGivens
	if r.IntN(100) < g.company.english {
		p.Locale, families, givens = "en", englishFamilies, englishGivens
	}
	family, given := pick(r, families), pick(r, givens)
	p.FamilyName, p.GivenName, p.FamilyNameKana, p.GivenNameKana = family.text, given.text, family.kana, given.kana
	p.Email = address(r, family, given, i)
	region := pick(r, regions)
	p.Region = region.in(g.language)
	g.career(r, &p)
	consents(r, &p)
	private(r, &p, region == overseas)
	return p
}

// private fills in what only greetings and quiet hours need. Whoever lives overseas has the clock of a place there.
func private(r *rand.Rand, p *Person, abroad bool) {
	if r.IntN(100) < BirthdayShare {
		p.BornOn = p.JoinedOn.AddDate(-18-r.IntN(10), 0, -1-r.IntN(365))
	}
	if abroad {
		p.TimeZone = pick(r, zonesOverseas)
	}
}

// mix spreads neighbouring numbers over all 64 bits (the finaliser of SplitMix64), so that neighbours in the file
// are not alike.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// address is unique, for it ends in the person's number.
func address(r *rand.Rand, family, given name, i int) string {
	host := pick(r, []string{"mail.example", "post.example", "inbox.example", "home.example", "letters.example"})
	if r.IntN(100) < NoAddressShare {
		return ""
	}
	return fmt.Sprintf("%s.%s.%d@%s", given.latin(), family.latin(), i+1, host)
}

// career fills in what happened between joining and leaving, and since.
func (g *Generator) career(r *rand.Rand, p *Person) {
	d := g.company.departments[weighted(r, g.company.departments, func(d department) int { return d.share })]
	p.Department = d.name.in(g.language)
	why := reasons[weighted(r, reasons, func(w reason) int { return w.share })]
	p.Reason = why.name.in(g.language)
	p.LifeStage = pick(r, why.stages).in(g.language)
	p.LeftOn = leavingDay(r)
	tenure := why.fromYear*365 + 30 + r.IntN((why.toYear-why.fromYear)*365)
	p.JoinedOn = joiningDay(r, p.LeftOn.AddDate(0, 0, -tenure), p.LeftOn)
	rank := min(int(p.LeftOn.Sub(p.JoinedOn).Hours()/24/365)/6, 4)
	p.Post = posts[r.IntN(rank+1)].in(g.language)
	if r.IntN(12) == 0 {
		p.Post = posts[5].in(g.language)
	}
	for _, k := range r.Perm(len(d.skills))[:r.IntN(len(d.skills)+1)] {
		p.Skills = append(p.Skills, d.skills[k].in(g.language))
	}
}

// leavingDay spreads departures over the years; more than half fall on the end of a month, and March has most.
func leavingDay(r *rand.Rand) time.Time {
	day := AsOf.AddDate(0, 0, -r.IntN(Years*365))
	if r.IntN(100) < 25 {
		if march := time.Date(day.Year(), time.March, 31, 0, 0, 0, 0, time.UTC); march.After(AsOf.AddDate(-Years, 0, 0)) {
			return march
		}
	}
	if r.IntN(100) < 55 {
		if end := time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC); !end.After(AsOf) {
			return end
		}
	}
	return day
}

// joiningDay puts most people on the first of April, when companies in Japan take on new graduates.
func joiningDay(r *rand.Rand, day, left time.Time) time.Time {
	if april := time.Date(day.Year(), time.April, 1, 0, 0, 0, 0, time.UTC); r.IntN(100) < 60 && april.Before(left) {
		return april
	}
	return day
}

// consents gives each agreement a day between leaving and AsOf; the newsletter's is never before the network's.
func consents(r *rand.Rand, p *Person) {
	share := r.IntN(100)
	if share >= NetworkShare {
		return
	}
	p.NetworkOn = dayBetween(r, p.LeftOn, AsOf)
	if share < NewsletterShare {
		p.NewsletterOn = dayBetween(r, p.NetworkOn, AsOf)
	}
}

// dayBetween prefers the first months: most people decide soon or never.
func dayBetween(r *rand.Rand, from, to time.Time) time.Time {
	days := int(to.Sub(from).Hours() / 24)
	if r.IntN(2) == 0 {
		days = min(days, 90)
	}
	return from.AddDate(0, 0, r.IntN(days+1))
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// weighted gives the place of an entry by its share; shares add up to 100.
func weighted[T any](r *rand.Rand, list []T, share func(T) int) int {
	n := r.IntN(100)
	for i := range list {
		if n -= share(list[i]); n < 0 {
			return i
		}
	}
	return len(list) - 1
}
