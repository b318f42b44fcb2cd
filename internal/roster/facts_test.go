// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/roster"
)

// later are headings with the two facts that came after the others.
const later = "EmployeeNumber,FamilyName,LeftOn,Region,Birthday,TimeZone"

// facts are the two, as the store has them.
const facts = "concat_ws('|', coalesce(birthday::text, 'none'), time_zone)"

func TestBirthdayAndTimeZoneAreTakenOver(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	lines := []string{later, "1,Sato,2021-03-31,,1975-04-01,America/New_York", "2,Ito,2021-03-31,,2月29日,", "3,Abe,2021-03-31,,,Europe/London"}

	g.Expect(f.take(lines...)).To(Equal(roster.Result{Rows: 3, Inserted: 3}))
	g.Expect(f.member(facts, "1")).To(Equal("401|America/New_York"))
	g.Expect(f.member(facts, "2")).To(Equal("229|"))
	g.Expect(f.member(facts, "3")).To(Equal("none|Europe/London"))

	g.Expect(f.take(later, "1,Sato,2021-03-31,,12/24,", "2,Ito,2021-03-31,,,Asia/Seoul", "3,Abe,2021-03-31,,1.1,Europe/Paris")).To(
		Equal(roster.Result{Rows: 3, Updated: 3}))
	g.Expect(f.member(facts, "1")).To(Equal("1224|"), "an empty cell empties what HR had written")
	g.Expect(f.member(facts, "2")).To(Equal("none|Asia/Seoul"))
	g.Expect(f.member(facts, "3")).To(Equal("101|Europe/Paris"))
}

func TestTheSameDayWrittenOtherwiseWritesNothing(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.take(later, "1,Sato,2021-03-31,,1975-04-01,Asia/Tokyo", "2,Ito,2021-03-31,,,")
	before := f.text("SELECT string_agg(xmin::text || ctid::text, ' ') FROM alumni.member")
	for _, birthday := range []string{"1975-04-01", "昭和50年4月1日", "S50.4.1", "4/1", "04-01", "４月１日", "1981/4/1"} {
		g.Expect(f.take(later, "1,Sato,2021-03-31,,"+birthday+",Asia/Tokyo", "2,Ito,2021-03-31,,,")).To(Equal(roster.Result{Rows: 2, Unchanged: 2}), birthday)
	}
	g.Expect(f.text("SELECT string_agg(xmin::text || ctid::text, ' ') FROM alumni.member")).To(Equal(before))
}

// The year must not even be in a digest: two people who differ in nothing else have the same.
func TestNothingOfTheYearOfBirthIsKept(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	digest := func(birthday string) string {
		f.fresh(t).take(later, "1,Sato,2021-03-31,,"+birthday+",")
		return f.member("encode(roster_digest, 'hex')", "1")
	}
	first := digest("1961-04-01")
	g.Expect(digest("1999-04-01")).To(Equal(first))
	g.Expect(digest("4/1")).To(Equal(first))
	g.Expect(digest("4/2")).NotTo(Equal(first))
	g.Expect(f.text("SELECT to_jsonb(m) - 'id' FROM alumni.member m")).NotTo(MatchRegexp("19(61|99)"))
}

func TestBirthdayAndTimeZoneOfTheMembersOwnWin(t *testing.T) {
	shared := newFixture(t)
	for name, c := range map[string]struct{ hr, own, then, want string }{
		"another one of their own":                     {"4/1,Asia/Tokyo", "birthday = 512, time_zone = 'Asia/Seoul'", "6/1,Europe/Rome", "512|Asia/Seoul"},
		"taken out by the member":                      {"4/1,Asia/Tokyo", "birthday = NULL, time_zone = ''", "6/1,Europe/Rome", "none|"},
		"given before HR tells any":                    {",", "birthday = 512, time_zone = 'Asia/Seoul'", "6/1,Europe/Rome", "512|Asia/Seoul"},
		"left as HR had it":                            {"4/1,Asia/Tokyo", "region = region", "6/1,Europe/Rome", "601|Europe/Rome"},
		"one of them only":                             {"4/1,Asia/Tokyo", "birthday = 512", "6/1,Europe/Rome", "512|Europe/Rome"},
		"until the member agrees with HR again":        {"4/1,Asia/Tokyo", "birthday = 401, time_zone = 'Asia/Tokyo'", "6/1,Europe/Rome", "601|Europe/Rome"},
		"also when another field is their own as well": {"4/1,Asia/Tokyo", "region = 'Osaka'", "6/1,Europe/Rome", "601|Europe/Rome"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := shared.fresh(t)
			f.take(later, "1,Sato,2021-03-31,,"+c.hr)
			f.exec("UPDATE alumni.member SET " + c.own)
			f.take(later, "1,Sato,2021-03-31,,"+c.then)
			g.Expect(f.member(facts, "1")).To(Equal(c.want))
			f.take(later, "1,Suzuki,2021-03-31,,"+c.then)
			g.Expect(f.member(facts, "1")).To(Equal(c.want), "and a change of another field changes nothing of it")
		})
	}
}

// What the version before wrote for these rows.
const (
	fullLine  = "1,Sato,Hana,hana@mail.example,Tokyo,Sales,2010-04-01,2021-03-31,Go;SQL,2021-04-01,2021-04-02"
	fullMark  = "ad6cb52e21c5f442f52a433f3c5b2cf0749c184eac561a381b4ed9b60cc0090678b5b5558f2c83dee3b0c44298fc1c14e3b0c44298fc1c143702fc1866630796ec2d191680171ca9e3b0c44298fc1c14bab91afa435376e4"
	emptyLine = "2,Ito,,,,,,2021-03-31,,,"
	emptyMark = "bdf48982273225afd0ab72461a9aafcc86550b82840dc48f688798e8da28da4fe3b0c44298fc1c14e3b0c44298fc1c14e3b0c44298fc1c143702fc1866630796e3b0c44298fc1c14e3b0c44298fc1c14e3b0c44298fc1c14"
)

func TestAFileWithoutTheNewColumnsDoesNotRewriteWhatTheVersionBeforeImported(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.take(heads, fullLine, emptyLine)
	g.Expect(f.member("encode(roster_digest, 'hex')", "1")).To(Equal(fullMark))
	g.Expect(f.member("encode(roster_digest, 'hex')", "2")).To(Equal(emptyMark))
	before := f.text("SELECT string_agg(xmin::text || ctid::text, ' ') FROM alumni.member")
	g.Expect(f.take(heads, fullLine, emptyLine)).To(Equal(roster.Result{Rows: 2, Unchanged: 2}))
	g.Expect(f.text("SELECT string_agg(xmin::text || ctid::text, ' ') FROM alumni.member")).To(Equal(before))
}

func TestNewColumnsFillAStoreThatTheVersionBeforeImported(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.take(heads, fullLine, emptyLine)
	f.exec("UPDATE alumni.member SET birthday = 512, region = 'Osaka' WHERE employee_number = '2'") // on the portal
	const wide = heads + ",Birthday,TimeZone"

	g.Expect(f.take(wide, fullLine+",4/1,Asia/Seoul", emptyLine+",6/1,Asia/Seoul")).To(HaveField("Updated", int64(2)))
	g.Expect(f.member(facts, "1")).To(Equal("401|Asia/Seoul"))
	g.Expect(f.member(facts, "2")).To(Equal("512|Asia/Seoul"))
	g.Expect(f.member("region", "2")).To(Equal("Osaka"))
	g.Expect(f.text("SELECT string_agg(DISTINCT length(roster_digest)::text, ' ') FROM alumni.member")).To(Equal("104"))

	g.Expect(f.take(heads, fullLine, emptyLine)).To(HaveField("Updated", int64(2)), "columns are gone")
	g.Expect(f.take(heads, fullLine, emptyLine)).To(HaveField("Unchanged", int64(2)))
	g.Expect(f.member(facts, "1")).To(Equal("401|Asia/Seoul"), "their fields stay")
	g.Expect(f.take(heads+",TimeZone", fullLine+",Asia/Taipei", emptyLine+",Asia/Taipei")).To(HaveField("Updated", int64(2)))
	g.Expect(f.take(wide, fullLine+",7/1,Asia/Manila", emptyLine+",7/1,Asia/Manila")).To(HaveField("Updated", int64(2)))
	g.Expect(f.member(facts, "1")).To(Equal("701|Asia/Manila"), "the roster wrote them, and may again")
	g.Expect(f.member(facts, "2")).To(Equal("512|Asia/Manila"), "the member wrote it")
}

func TestWhatAMemberChoosesDuringAnImportWins(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.take(later, "1,Sato,2021-03-31,,4/1,Asia/Tokyo")
	f.write(later + "\n1,Suzuki,2021-03-31,,6/1,Europe/Rome\n")
	_, err := f.during(g, `UPDATE alumni.member SET birthday = NULL, time_zone = 'Asia/Seoul'`)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(f.member(facts, "1")).To(Equal("none|Asia/Seoul"))
}

func TestBadBirthdaysAndZonesAreQuarantinedWithoutTheirValue(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	const secret = "Kuiper/Haumea"
	result := f.take(later, "1,Sato,2021-03-31,,1961-02-29,", "2,Ito,2021-03-31,,,"+secret, "3,Abe,2021-03-31,,4/1,Asia/Tokyo")
	g.Expect(result.Quarantine).To(Equal([]roster.Bad{
		{Line: 2, Field: roster.Birthday, Reason: roster.InvalidDate}, {Line: 3, Field: roster.TimeZone, Reason: roster.InvalidTimeZone}}))
	seen := fmt.Sprintf("%+v", result) + f.log.String() + f.text("SELECT string_agg(t::text, ' ') FROM alumni.roster_quarantine t")
	g.Expect(seen).NotTo(Or(ContainSubstring("1961"), ContainSubstring("Haumea")))
	g.Expect(f.text("SELECT count(*) FROM alumni.member")).To(Equal("1"))
}
