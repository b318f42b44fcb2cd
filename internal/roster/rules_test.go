// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/roster"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

const heads = "EmployeeNumber,FamilyName,GivenName,Email,Region,Department,JoinedOn,LeftOn,Skills,NetworkConsentOn,NewsletterConsentOn"

// member reads one column of the member with an employee number.
func (f *fixture) member(column, number string) string {
	f.t.Helper()
	return f.text("SELECT "+column+" FROM alumni.member WHERE employee_number = $1", number)
}

// of reads from a table that belongs to members.
func (f *fixture) of(table, columns, number string) string {
	f.t.Helper()
	return f.text(fmt.Sprintf(`SELECT string_agg(concat_ws(' ', %s), '; ' ORDER BY t) FROM alumni.%s t JOIN alumni.member m ON m.id = t.member_id
		WHERE m.employee_number = $1`, columns, table), number)
}

func TestANewPersonIsListedAndAConsentingOneActive(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)

	result := f.take(heads, "1,Sato,Hana,Hana@MAIL.example,Tokyo,Sales,2010-04-01,2021-03-31,Go;SQL,,",
		"2,Ito,,ito@mail.example,,,,2021-03-31,,2021-04-05,2021-04-06", "3,Abe,,,,,,2021-03-31,,,2021-04-06")

	g.Expect(result).To(Equal(roster.Result{Rows: 3, Inserted: 3}))
	g.Expect(f.member("concat_ws('|', state, family_name, given_name, locale, region, skills, joined_at)", "1")).To(Equal("Listed|Sato|Hana|ja|Tokyo|{Go,SQL}"))
	g.Expect(f.of("contact", "address, source, verified_at", "1")).To(Equal("Hana@mail.example Roster"))
	g.Expect(f.of("employment", "department, joined_on, left_on", "1")).To(Equal("Sales 2010-04-01 2021-03-31"))
	g.Expect(f.member("state || ' ' || (joined_at AT TIME ZONE 'Asia/Tokyo')", "2")).To(Equal("Active 2021-04-05 00:00:00"))
	g.Expect(strings.Split(f.of("consent", "purpose, decision, text_version, channel, source, decided_at AT TIME ZONE 'Asia/Tokyo'", "2"), "; ")).To(ConsistOf(
		"Network Given roster Roster alumni-roster-i 2021-04-05 00:00:00", "Newsletter Given roster Roster alumni-roster-i 2021-04-06 00:00:00"))
	g.Expect(f.of("consent_state", "purpose, decision", "2")).To(Equal("Network Given; Newsletter Given"))
	g.Expect(f.text(`SELECT bool_and(substr(roster_digest, 17, 8) = substr(sha256(convert_to(concat_ws(E'\x1e', family_name, given_name, family_name_kana,
		given_name_kana, locale, region, life_stage, array_to_string(skills, E'\x1f')), 'UTF8')), 1, 8) AND length(roster_digest) = 88) FROM alumni.member`)).To(
		Equal("true"), "the store and stager.digest agree on what a mark is")
	g.Expect(f.member("state", "3")).To(Equal("Listed"), "the newsletter alone is no consent to the network")
	g.Expect(f.of("contact", "address", "3")).To(Equal("null"))
	g.Expect(f.text(`SELECT concat_ws('|', run_name, state, failure, rows, inserted, updated, unchanged, quarantined, tombstoned, finished_at IS NOT NULL)
		FROM alumni.roster_import`)).To(Equal("alumni-roster-i|Succeeded||3|3|0|0|0|0|t"))
}

func TestAnUnchangedRosterWritesNothing(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	lines := []string{heads, "1,Sato,Hana,hana@mail.example,Tokyo,Sales,2010-04-01,2021-03-31,Go,2021-04-01,2021-04-01", "2,Ito,,,,,,2021-03-31,,,"}
	f.take(lines...)
	versions := func() string {
		return f.text(`SELECT string_agg(v, ' ') FROM (
			SELECT xmin::text || ctid::text AS v FROM alumni.member UNION ALL SELECT xmin::text || ctid::text FROM alumni.contact UNION ALL
			SELECT xmin::text || ctid::text FROM alumni.employment UNION ALL SELECT xmin::text || ctid::text FROM alumni.consent UNION ALL
			SELECT xmin::text || ctid::text FROM alumni.consent_state) t`)
	}
	before := versions()
	// The same facts written in another way are the same facts.
	lines[1] = "1,\"Sato\", Hana ,hana@MAIL.example,Tokyo,Sales,平成22年4月1日,2021/3/31,Go;Go,R3.4.1,20210401"

	g.Expect(f.take(lines...)).To(Equal(roster.Result{Rows: 2, Unchanged: 2}))
	g.Expect(versions()).To(Equal(before))
}

func TestAChangedRowIsWritten(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.take(heads, "1,Sato,Hana,hana@mail.example,Tokyo,Sales,2010-04-01,2021-03-31,Go,,")

	g.Expect(f.take(heads, "1,Suzuki,Hana,hana@post.example,,Marketing,2010-04-01,2021-04-30,Go;SQL,2022-01-01,")).To(Equal(roster.Result{Rows: 1, Updated: 1}))

	g.Expect(f.member("concat_ws('|', state, family_name, given_name, region, skills)", "1")).To(Equal("Active|Suzuki|Hana||{Go,SQL}"))
	g.Expect(f.of("contact", "address", "1")).To(Equal("hana@post.example"))
	g.Expect(f.of("employment", "department, joined_on, left_on", "1")).To(Equal("Marketing 2010-04-01 2021-04-30"))
	g.Expect(f.take(heads, "1,Suzuki,Hana,,,Marketing,2010-04-01,2021-04-30,Go;SQL,2022-01-01,")).To(HaveField("Updated", int64(1)))
	g.Expect(f.of("contact", "address", "1")).To(Equal("null"), "HR took the address out")
}

func TestWhatAMemberEditedWins(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.take(heads, "1,Sato,Hana,,Tokyo,Sales,,2021-03-31,Go,,", "2,Ito,,,Tokyo,,,2021-03-31,Go,,")
	f.exec(`UPDATE alumni.member SET region = 'Osaka', skills = '{Rust}' WHERE employee_number = '1'`)

	f.take(heads, "1,Suzuki,Hana,,Kyoto,Sales,,2021-03-31,SQL,,", "2,Ito,,,Kyoto,,,2021-03-31,SQL,,")
	g.Expect(f.member("concat_ws('|', family_name, region, skills)", "1")).To(Equal("Suzuki|Osaka|{Rust}"))
	g.Expect(f.member("concat_ws('|', family_name, region, skills)", "2")).To(Equal("Ito|Kyoto|{SQL}"))

	f.take(heads, "1,Suzuki,Hana,,Nara,Sales,,2021-03-31,C,,")
	g.Expect(f.member("concat_ws('|', region, skills)", "1")).To(Equal("Osaka|{Rust}"), "and goes on winning")

	f.exec(`UPDATE alumni.member SET region = 'Nara' WHERE employee_number = '1'`)
	f.take(heads, "1,Suzuki,Hana,,Kobe,Sales,,2021-03-31,C,,")
	g.Expect(f.member("region", "1")).To(Equal("Kobe"), "until the member agrees with the roster again")
}

func TestAColumnThatIsGoneLeavesItsFieldAlone(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	const short = "EmployeeNumber,FamilyName,LeftOn"
	f.take(heads, "1,Sato,Hana,hana@mail.example,Tokyo,Sales,2010-04-01,2021-03-31,Go,,", "2,Ito,,,Tokyo,,,2021-03-31,,,")
	f.exec(`UPDATE alumni.member SET region = 'Osaka' WHERE employee_number = '2'`)

	g.Expect(f.take(short, "1,Suzuki,2021-03-31", "2,Ito,2021-03-31", "3,Abe,2020-01-31")).To(And(HaveField("Updated", int64(2)), HaveField("Inserted", int64(1))))
	g.Expect(f.member("concat_ws('|', family_name, given_name, region, skills)", "1")).To(Equal("Suzuki|Hana|Tokyo|{Go}"))
	g.Expect(f.of("contact", "address", "1")).To(Equal("hana@mail.example"))
	g.Expect(f.of("employment", "department, joined_on", "1")).To(Equal("Sales 2010-04-01"))

	f.take(heads, "1,Suzuki,Hana,hana@mail.example,Kyoto,Sales,2010-04-01,2021-03-31,Go,,", "2,Ito,,,Kyoto,,,2021-03-31,,,", "3,Abe,,,Kyoto,,,2020-01-31,,,")
	g.Expect(f.member("region", "1")).To(Equal("Kyoto"), "the roster wrote it, and may again")
	g.Expect(f.member("region", "2")).To(Equal("Osaka"), "the member wrote it")
	g.Expect(f.member("region", "3")).To(Equal("Kyoto"), "nobody wrote it")
}

func TestAnAddressOfTheMembersOwnStays(t *testing.T) {
	shared := newFixture(t)
	for name, sql := range map[string]string{
		"given by the member": `UPDATE alumni.contact SET address = 'own@home.example', source = 'Member', verified_at = now()`,
		"verified":            `UPDATE alumni.contact SET address = 'own@home.example', verified_at = now()`,
	} {
		for change, address := range map[string]string{"another address": "new@mail.example", "no address": ""} {
			t.Run(name+", and the roster has "+change, func(t *testing.T) {
				g := NewWithT(t)
				f := shared.fresh(t)
				f.take(heads, "1,Sato,,hana@mail.example,,,,2021-03-31,,,")
				f.exec(sql)
				f.take(heads, "1,Sato,,"+address+",,,,2021-03-31,,,")
				g.Expect(f.of("contact", "address", "1")).To(Equal("own@home.example"))
			})
		}
	}
}

func TestAMemberWhoWithdrewIsLeftAlone(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.take(heads, "1,Sato,Hana,,Tokyo,Sales,,2021-03-31,,,")
	f.exec(`UPDATE alumni.member SET state = 'Withdrawn', withdrawn_at = now()`)

	g.Expect(f.take(heads, "1,Suzuki,Hana,hana@mail.example,Kyoto,IT,,2021-04-30,,2026-10-31,2026-10-31")).To(Equal(roster.Result{Rows: 1, Unchanged: 1}))

	g.Expect(f.member("concat_ws('|', state, family_name, region)", "1")).To(Equal("Withdrawn|Sato|Tokyo"))
	g.Expect(f.of("contact", "address", "1") + f.of("consent", "purpose", "1")).To(Equal("nullnull"))
	g.Expect(f.of("employment", "department, left_on", "1")).To(Equal("Sales 2021-03-31"))
}

func TestConsentsOnPaper(t *testing.T) {
	shared := newFixture(t)
	decide := func(purpose, decision, at string) string {
		return fmt.Sprintf(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
			SELECT id, '%s', '%s', 'v1', 'Portal', 'test', '%s' FROM alumni.member`, purpose, decision, at)
	}
	for name, c := range map[string]struct {
		before  string
		consent string
		want    string
		state   string
	}{
		"a first consent is recorded":               {"", "2022-01-01", "Given Roster", "Active"},
		"one that is newer than a yes is recorded":  {decide("Network", "Given", "2021-06-01"), "2022-01-01", "Given Portal; Given Roster", "Active"},
		"one that is older than a yes is not":       {decide("Network", "Given", "2023-06-01"), "2022-01-01", "Given Portal", "Listed"},
		"one that is older than a no is not":        {decide("Network", "Withdrawn", "2023-06-01"), "2022-01-01", "Withdrawn Portal", "Listed"},
		"one that is newer than a no is not either": {decide("Network", "Withdrawn", "2021-06-01"), "2022-01-01", "Withdrawn Portal", "Listed"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := shared.fresh(t)
			f.take(heads, "1,Sato,,,,,,2021-03-31,,,")
			if c.before != "" {
				f.exec(c.before)
			}
			f.take(heads, "1,Sato,,,,,,2021-03-31,,"+c.consent+",")
			f.take(heads, "1,Sato,Hana,,,,,2021-03-31,,"+c.consent+",") // once is enough
			g.Expect(f.of("consent", "decision, channel", "1")).To(Equal(c.want))
			g.Expect(f.member("state", "1")).To(Equal(c.state))
		})
	}
}

func TestConsentMakesOnlyThoseActiveWhoHaveNotJoined(t *testing.T) {
	shared := newFixture(t)
	for state, want := range map[string]string{"Listed": "Active", "Invited": "Active", "Active": "Active", "Paused": "Paused", "Withdrawn": "Withdrawn"} {
		t.Run(state, func(t *testing.T) {
			g := NewWithT(t)
			f := shared.fresh(t)
			f.take(heads, "1,Sato,,,,,,2021-03-31,,,")
			f.exec(`UPDATE alumni.member SET state = $1`, state)
			f.take(heads, "1,Sato,,,,,,2021-03-31,,2022-01-01,")
			g.Expect(f.member("state", "1")).To(Equal(want))
		})
	}
}

func TestErasedPeopleAreNotBroughtBack(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	keyer, err := tombstone.New(pepper)
	g.Expect(err).NotTo(HaveOccurred())
	f.exec(`INSERT INTO alumni.retention_run (run_name, policy_uid, policy, generation, kind, mode, state, as_of) VALUES ('r', 'u', 'p', 1, 'Requests', 'Enforce', 'Certified', now())`)
	for kind, value := range map[tombstone.Kind]string{tombstone.EmployeeNumber: "1", tombstone.Email: "gone@mail.example", tombstone.Member: "2"} {
		key := keyer.Key(kind, value)
		f.exec(`INSERT INTO alumni.tombstone (key, kind, run_id, erased_on) SELECT $1, $2, max(id), now() FROM alumni.retention_run`, key[:], string(kind))
	}

	result := f.take(heads, "1,Sato,,,,,,2021-03-31,,,", "2,Ito,,,,,,2021-03-31,,,", "3,Abe,,GONE@mail.example,,,,2021-03-31,,,", "1,Sato,,,,,,2021-03-31,,,")

	g.Expect(result).To(And(HaveField("Inserted", int64(1)), HaveField("Tombstoned", int64(2)), HaveField("Quarantined", int64(1))))
	g.Expect(f.text("SELECT string_agg(employee_number, ' ') FROM alumni.member")).To(Equal("2"))
}

func TestLeaversWhoComeBack(t *testing.T) {
	shared := newFixture(t)
	first := "1,Sato,,,,Sales,2010-04-01,2020-03-31,,2020-04-01,"
	for name, c := range map[string]struct {
		then []string
		want string
	}{
		"a second employment begins":                    {[]string{"1,Sato,,,,IT,2024-04-01,,,2020-04-01,"}, "Sales 2010-04-01 2020-03-31; IT 2024-04-01"},
		"and ends":                                      {[]string{"1,Sato,,,,IT,2024-04-01,,,,", "1,Sato,,,,IT,2024-04-01,2026-03-31,,,"}, "Sales 2010-04-01 2020-03-31; IT 2024-04-01 2026-03-31"},
		"the second is told when it is over":            {[]string{"1,Sato,,,,IT,2024-04-01,2026-03-31,,,"}, "Sales 2010-04-01 2020-03-31; IT 2024-04-01 2026-03-31"},
		"the departure was called off":                  {[]string{"1,Sato,,,,Sales,2010-04-01,,,,"}, "Sales 2010-04-01"},
		"the day of joining was wrong":                  {[]string{"1,Sato,,,,Sales,2011-04-01,2020-03-31,,,"}, "Sales 2011-04-01 2020-03-31"},
		"the day of leaving was wrong":                  {[]string{"1,Sato,,,,Sales,2010-04-01,2019-03-31,,,"}, "Sales 2010-04-01 2019-03-31"},
		"back, in a file that does not tell since when": {[]string{"1,Sato,,,,IT,,,,,"}, "IT 2010-04-01"},
		"both were one, after all":                      {[]string{"1,Sato,,,,IT,2024-04-01,2026-03-31,,,", "1,Sato,,,,IT,2010-04-01,2026-03-31,,,"}, "IT 2010-04-01 2026-03-31"},
		"the end of time for the day of leaving":        {[]string{"1,Sato,,,,IT,2024-04-01,9999-12-31,,,"}, "Sales 2010-04-01 2020-03-31; IT 2024-04-01"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := shared.fresh(t)
			f.take(heads, first)
			for _, line := range c.then {
				g.Expect(f.take(heads, line)).To(HaveField("Updated", int64(1)))
			}
			g.Expect(f.of("employment", "department, joined_on, left_on", "1")).To(Equal(c.want))
			g.Expect(f.member("state", "1")).To(Equal("Active"), "who comes back stays a member")
		})
	}
}

func TestRowsThatThePlanRefuses(t *testing.T) {
	shared := newFixture(t)
	for name, c := range map[string]struct {
		before []string
		lines  []string
		want   []roster.Bad
		people string
	}{
		"the same number twice": {
			nil, []string{"1,Sato,,,,,,2021-03-31,,,", "１,Ito,,,,,,2021-03-31,,,"}, []roster.Bad{{Line: 3, Field: roster.EmployeeNumber, Reason: roster.DuplicateNumber}}, "1 Sato",
		},
		"the same address twice": {
			nil, []string{"1,Sato,,a@b.example,,,,2021-03-31,,,", "2,Ito,,A@B.example,,,,2021-03-31,,,"},
			[]roster.Bad{{Line: 3, Field: roster.Email, Reason: roster.DuplicateAddress}}, "1 Sato",
		},
		"somebody else's address": {
			[]string{"1,Sato,,a@b.example,,,,2021-03-31,,,"}, []string{"2,Ito,,a@b.example,,,,2021-03-31,,,"},
			[]roster.Bad{{Line: 2, Field: roster.Email, Reason: roster.DuplicateAddress}}, "1 Sato",
		},
		"an address whose owner is further down in the file": {
			[]string{"1,Sato,,a@b.example,,,,2021-03-31,,,"}, []string{"2,Ito,,a@b.example,,,,2021-03-31,,,", "1,Suzuki,,a@b.example,,,,2021-03-31,,,"},
			[]roster.Bad{{Line: 2, Field: roster.Email, Reason: roster.DuplicateAddress}}, "1 Suzuki",
		},
		"somebody who has not left and was never here": {
			nil, []string{"1,Sato,,,,,,,,,", "2,Ito,,,,,,2021-03-31,,,"}, []roster.Bad{{Line: 2, Field: roster.LeftOn, Reason: roster.NotALeaver}}, "2 Ito",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := shared.fresh(t)
			if c.before != nil {
				f.take(append([]string{heads}, c.before...)...)
			}
			result := f.take(append([]string{heads}, c.lines...)...)
			g.Expect(result.Quarantine).To(Equal(c.want))
			g.Expect(f.text("SELECT string_agg(employee_number || ' ' || family_name, ', ') FROM alumni.member")).To(Equal(c.people))
			g.Expect(f.text(`SELECT concat_ws(' ', line, field, reason) FROM alumni.roster_quarantine ORDER BY import_id DESC LIMIT 1`)).To(
				Equal(fmt.Sprintf("%d %s %s", c.want[0].Line, c.want[0].Field, c.want[0].Reason)))
		})
	}
}

func TestAnAddressThatMovesArrivesWithTheNextImport(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.take(heads, "1,Sato,,a@b.example,,,,2021-03-31,,,")
	lines := []string{heads, "1,Sato,,new@b.example,,,,2021-03-31,,,", "2,Ito,,a@b.example,,,,2021-03-31,,,"}
	g.Expect(f.take(lines...)).To(And(HaveField("Updated", int64(1)), HaveField("Quarantined", int64(1))))
	g.Expect(f.take(lines...)).To(And(HaveField("Inserted", int64(1)), HaveField("Quarantined", int64(0))))
	g.Expect(f.of("contact", "address", "2")).To(Equal("a@b.example"))
}

func TestAWrongFileChangesNothing(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.take(heads, "1,Sato,,,,,,2021-03-31,,,")
	lines := []string{heads, "1,Suzuki,,,,,,2021-03-31,,,"}
	for i := range 79 {
		lines = append(lines, fmt.Sprintf("%d,Ito,,,,,,2021-03-31,,,", 100+i))
	}
	for i := range 21 {
		lines = append(lines, fmt.Sprintf("%d,Abe,,,,,,yesterday,,,", 200+i))
	}
	f.write(strings.Join(lines, "\n"))
	job := f.job()

	_, err := job.Run(t.Context())

	g.Expect(err).To(MatchError(ContainSubstring("TooManyBadRows: 21 of 101 rows")))
	g.Expect(f.text("SELECT string_agg(family_name, ' ') FROM alumni.member")).To(Equal("Sato"))
	g.Expect(f.text("SELECT concat_ws('|', state, failure, rows, inserted, quarantined) FROM alumni.roster_import WHERE run_name = $1", job.RunName)).To(
		Equal("Failed|TooManyBadRows|101|0|21"))
	g.Expect(f.text("SELECT count(*) FROM alumni.roster_quarantine")).To(Equal("21"), "so that HR sees what to mend")

	f.write(strings.Join(lines[:len(lines)-1], "\n")) // 20 bad rows are mistakes
	result, err := job.Run(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(result).To(And(HaveField("Inserted", int64(79)), HaveField("Updated", int64(1)), HaveField("Quarantined", int64(20))))
	g.Expect(f.text("SELECT count(*) FROM alumni.roster_quarantine")).To(Equal("20"), "the earlier attempt's rows are replaced")
}
