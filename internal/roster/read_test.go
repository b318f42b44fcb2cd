// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	. "github.com/onsi/gomega"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// now is the last day that a date in these tests may have.
var now = day(2026, time.November, 1)

func format() Format { return Format{Encoding: EncodingUTF8, DefaultLocale: "ja", Today: now} }

// readAll reads a file: its good rows, its bad ones, and the verdict.
func readAll(text string, f Format) (rows []Row, bad []Bad, err error) {
	r, err := NewReader(strings.NewReader(text), f)
	if err != nil {
		return nil, nil, err
	}
	for {
		var row Row
		b, err := r.Next(&row)
		switch {
		case errors.Is(err, io.EOF):
			return rows, bad, r.Verdict()
		case err != nil:
			return rows, bad, err
		case b.Reason != "":
			bad = append(bad, b)
		default:
			rows = append(rows, row)
		}
	}
}

func toShiftJIS(t *testing.T, text string) string {
	t.Helper()
	encoded, err := japanese.ShiftJIS.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

const allFields = "EmployeeNumber,FamilyName,GivenName,FamilyNameKana,GivenNameKana,Email,Locale,Region,Department,Post,JoinedOn,LeftOn," +
	"DepartureReason,LifeStage,Skills,Birthday,TimeZone,NetworkConsentOn,NewsletterConsentOn\n"

func TestReaderReadsEveryField(t *testing.T) {
	g := NewWithT(t)
	rows, bad, err := readAll(allFields+
		"００４２, 髙橋 ,花子,ﾀｶﾊｼ,はなこ,Hana.T@Mail.EXAMPLE,日本語,東京都,\"営業部\n第一課\",課長,平成20年4月1日,2021/3/31,転職,就業中,Go、SQL；Go,昭和50年12月24日,Ａｓｉａ/Tokyo,R3.4.1,20210402\n", format())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(bad).To(BeEmpty())
	known := func(s string) Text { return Text{Value: s, Known: true} }
	g.Expect(rows).To(Equal([]Row{{
		Line: 2, EmployeeNumber: "0042", FamilyName: "髙橋", GivenName: known("花子"), FamilyNameKana: known("タカハシ"), GivenNameKana: known("はなこ"),
		Email: known("Hana.T@mail.example"), Locale: known("ja"), Region: known("東京都"), Department: known("営業部 第一課"), Post: known("課長"),
		JoinedOn: day(2008, 4, 1), LeftOn: day(2021, 3, 31), DepartureReason: known("転職"), LifeStage: known("就業中"),
		Skills: []string{"Go", "SQL"}, SkillsKnown: true,
		Birthday: community.MonthDay{Month: 12, Day: 24}, BirthdayKnown: true, TimeZone: known("Asia/Tokyo"), NetworkConsentOn: day(2021, 4, 1), NewsletterConsentOn: day(2021, 4, 2),
	}}))
}

func TestReaderTellsAbsentColumnsFromEmptyCells(t *testing.T) {
	g := NewWithT(t)
	rows, _, err := readAll("EmployeeNumber,FamilyName,LeftOn,Region,Locale\n1,Sato,2021-03-31,,\n", format())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(rows[0].Region).To(Equal(Text{Known: true}))
	g.Expect(rows[0].Locale).To(Equal(Text{Value: "ja", Known: true}), "an empty language is the network's")
	g.Expect(rows[0].Department).To(Equal(Text{}))
	g.Expect([]bool{rows[0].SkillsKnown, rows[0].BirthdayKnown, rows[0].TimeZone.Known}).To(Equal([]bool{false, false, false}))
}

func TestReaderQuarantines(t *testing.T) {
	const head = "EmployeeNumber,FamilyName,LeftOn,JoinedOn,Email,Locale,Region,Skills,NetworkConsentOn\n"
	for name, c := range map[string]struct {
		row    string
		field  Field
		reason Reason
	}{
		"no number":                    {",Sato,2021-03-31,,,,,,", EmployeeNumber, MissingValue},
		"no name":                      {"1,　 ,2021-03-31,,,,,,", FamilyName, MissingValue},
		"a day that no calendar has":   {"1,Sato,2021-02-29,,,,,,", LeftOn, InvalidDate},
		"an era that had ended":        {"1,Sato,平成31年5月1日,,,,,,", LeftOn, InvalidDate},
		"a word for a date":            {"1,Sato,退職済,,,,,,", LeftOn, InvalidDate},
		"a day to come":                {"1,Sato,2026-11-02,,,,,,", LeftOn, FutureDate},
		"consent to come":              {"1,Sato,2021-03-31,,,,,,2030-01-01", NetworkConsentOn, FutureDate},
		"left before joining":          {"1,Sato,2021-03-31,2021-04-01,,,,,", LeftOn, DateOrder},
		"no address":                   {"1,Sato,2021-03-31,,sato,,,,", Email, InvalidEmail},
		"two addresses":                {"1,Sato,2021-03-31,,a@b.example;c@d.example,,,,", Email, InvalidEmail},
		"a header in an address":       {"1,Sato,2021-03-31,,\"a@b.example\nBcc: x@y.example\",,,,", Email, InvalidEmail},
		"a language nobody speaks":     {"1,Sato,2021-03-31,,,xx,,,", Locale, InvalidLocale},
		"a control character":          {"1,Sa\x07to,2021-03-31,,,,,,", FamilyName, InvalidCharacter},
		"a zero byte":                  {"1,Sato,2021-03-31,,,,\x00,,", Region, InvalidCharacter},
		"letters written backwards":    {"1,Sato,2021-03-31,,,,\u202eoykoT,,", Region, InvalidCharacter},
		"a private character":          {"1,\ue000田,2021-03-31,,,,,,", FamilyName, InvalidCharacter},
		"a name without end":           {"1," + strings.Repeat("あ", 101) + ",2021-03-31,,,,,,", FamilyName, TooLong},
		"a skill without end":          {"1,Sato,2021-03-31,,,,," + strings.Repeat("x", 61) + ",", Skills, TooLong},
		"skills without end":           {"1,Sato,2021-03-31,,,,," + manySkills(51) + ",", Skills, TooLong},
		"bytes of another encoding":    {"1,\x8d\xb2\x93\xa1,2021-03-31,,,,,,", FamilyName, InvalidEncoding},
		"a character lost in transit":  {"1,\ufffd藤,2021-03-31,,,,,,", FamilyName, InvalidEncoding},
		"a cell too few":               {"1,Sato,2021-03-31,,,,,", "", FieldCount},
		"a cell too many":              {"1,Sato,2021-03-31,,,,,,,x", "", FieldCount},
		"a quotation mark left open":   {"1,\"Sato,2021-03-31,,,,,,", "", MalformedQuote},
		"more than one fault: the 1st": {"1,,x,x,x,x,,,x", FamilyName, MissingValue},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			good := "2,Ito,2020-03-31,,,,,,\n"
			rows, bad, err := readAll(head+good+c.row+"\n"+strings.Repeat(good, 3), format())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(bad).To(Equal([]Bad{{Line: 3, Field: c.field, Reason: c.reason}}))
			g.Expect(rows).To(HaveLen(4))
		})
	}
}

func TestReaderQuarantinesBirthdaysAndZonesThatCannotBe(t *testing.T) {
	const head = "EmployeeNumber,FamilyName,LeftOn,JoinedOn,Birthday,TimeZone\n"
	for name, c := range map[string]struct {
		cells  string
		field  Field
		reason Reason
	}{
		"a day of no year":                  {",02-30,", Birthday, InvalidDate},
		"a day that this year did not have": {",1975-02-29,", Birthday, InvalidDate},
		"the day before the month":          {",31/12,", Birthday, InvalidDate},
		"a year alone":                      {",1975,", Birthday, InvalidDate},
		"year and month":                    {",1975-04,", Birthday, InvalidDate},
		"too long ago":                      {",1899-12-31,", Birthday, InvalidDate},
		"not born yet":                      {",2026-11-02,", Birthday, FutureDate},
		"the end of time":                   {",9999-12-31,", Birthday, FutureDate},
		"not born yet when joining":         {"2010-04-01,2010-04-01,", Birthday, DateOrder},
		"a city":                            {",,Tokyo", TimeZone, InvalidTimeZone},
		"an offset":                         {",,+09:00", TimeZone, InvalidTimeZone},
		"an abbreviation":                   {",,JST", TimeZone, InvalidTimeZone},
		"the zone of whatever machine":      {",,Local", TimeZone, InvalidTimeZone},
		"a way out of the folder":           {",,../../etc/passwd", TimeZone, InvalidTimeZone},
		"a folder of zones":                 {",,Asia", TimeZone, InvalidTimeZone},
		"a name without end":                {",,Asia/" + strings.Repeat("o", 100), TimeZone, InvalidTimeZone},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			good := "2,Ito,2020-03-31,2010-04-01,1980-05-06,UTC\n"
			rows, bad, err := readAll(head+good+"1,Sato,2021-03-31,"+c.cells+"\n"+good, format())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(bad).To(Equal([]Bad{{Line: 3, Field: c.field, Reason: c.reason}}))
			g.Expect(rows).To(HaveLen(2))
		})
	}
}

func TestBirthdaysAreReadWithAndWithoutTheirYear(t *testing.T) {
	g := NewWithT(t)
	for text, want := range map[string]int16{
		"1975-04-01": 401, "1975/4/1": 401, "19750401": 401, "1975年4月1日": 401, "昭和50年4月1日": 401, "S50.4.1": 401, "1975-04-01 00:00:00": 401,
		"04-01": 401, "4/1": 401, "4.1": 401, "4月1日": 401, "０４月０１日": 401, " 4 月 1 日 ": 401,
		"12-31": 1231, "02-29": 229, "1976-02-29": 229, "平成元年1月8日": 108,
	} {
		rows, bad, err := readAll("EmployeeNumber,FamilyName,LeftOn,Birthday\n1,Sato,2021-03-31,"+text+"\n", format())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(bad).To(BeEmpty(), text)
		g.Expect(rows[0].Birthday.Number()).To(Equal(want), text)
	}
}

func manySkills(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint("s", i))
	}
	return strings.Join(all, ";")
}

func TestReaderForgivesWhatSpreadsheetsDo(t *testing.T) {
	for name, text := range map[string]string{
		"a byte order mark":                   "\xef\xbb\xbfEmployeeNumber,FamilyName,LeftOn\n1,Sato,2021-03-31\n",
		"a byte order mark before quotes":     "\xef\xbb\xbf\"EmployeeNumber\",FamilyName,LeftOn\n1,Sato,2021-03-31\n",
		"headings in another case, or wide":   "employeenumber, FAMILYNAME ,ＬｅｆｔＯｎ\n1,Sato,2021-03-31\n",
		"empty lines first, between and last": "\n\nEmployeeNumber,FamilyName,LeftOn\n\n1,Sato,2021-03-31\n,,\n\n",
		"empty cells at the end of a row":     "EmployeeNumber,FamilyName,LeftOn\n1,Sato,2021-03-31,,,\n",
		"columns that nobody asked for":       "Shoe size,EmployeeNumber,FamilyName,LeftOn\n42,1,Sato,2021-03-31\n",
		"no line end at the end":              "EmployeeNumber,FamilyName,LeftOn\n1,Sato,2021-03-31",
		"the end mark of DOS":                 "EmployeeNumber,FamilyName,LeftOn\r\n1,Sato,2021-03-31\r\n\x1a",
		"an invisible mark in a cell":         "EmployeeNumber,FamilyName,LeftOn\n1,Sa\u200bto,2021-03-31\n",
		"the end of time, for not yet":        "EmployeeNumber,FamilyName,LeftOn,JoinedOn\n1,Sato,9999/12/31,\n",
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			rows, bad, err := readAll(text, format())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(bad).To(BeEmpty())
			g.Expect(rows).To(HaveLen(1))
			g.Expect(rows[0].EmployeeNumber + rows[0].FamilyName).To(Equal("1Sato"))
		})
	}
}

func TestReaderRefusesAWholeFile(t *testing.T) {
	names := "EmployeeNumber,FamilyName,LeftOn\n" + strings.Repeat("1,佐藤,2021-03-31\n", 5)
	headings := map[string]string{"EmployeeNumber": "社員番号", "FamilyName": "姓", "LeftOn": "退職日"}
	japaneseFile := "社員番号,姓,退職日\n1,佐藤,2021-03-31\n"
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(japaneseFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text   string
		change func(*Format)
		code   Code
		detail string
		hint   string
	}{
		"nothing":                   {"", nil, EmptyFile, "", "no first line"},
		"only empty lines":          {"\n\r\n,,\n", nil, EmptyFile, "", "no first line"},
		"no column for the number":  {"FamilyName,LeftOn\n", nil, MissingColumn, "EmployeeNumber", `field EmployeeNumber: the first line has no heading "EmployeeNumber"`},
		"no column for the leaving": {"EmployeeNumber,FamilyName\n", nil, MissingColumn, "LeftOn", `"LeftOn"`},
		"a mapped column is not there": {
			"EmployeeNumber,FamilyName,LeftOn\n", func(f *Format) { f.Columns = map[string]string{"Email": "メール"} }, MissingColumn, "Email", `"メール"`,
		},
		"semicolons":               {"EmployeeNumber;FamilyName;LeftOn\n", nil, MissingColumn, "EmployeeNumber", "separated by commas"},
		"a heading twice":          {"EmployeeNumber,FamilyName,LeftOn,LeftOn\n", nil, DuplicateColumn, "LeftOn", "2 times"},
		"a field that is none":     {"x\n", func(f *Format) { f.Columns = map[string]string{"Salary": "x"} }, UnknownField, "Salary", "does not exist"},
		"a first line too long":    {strings.Repeat("x", MaxRecord+1), nil, MissingColumn, "", "LineTooLong"},
		"an encoding nobody asked": {"x\n", func(f *Format) { f.Encoding = "EUC-JP" }, WrongEncoding, "", "UTF-8 or Shift_JIS"},
		"Shift_JIS declared as UTF-8, in the headings": {
			toShiftJIS(t, japaneseFile), func(f *Format) { f.Columns = headings }, WrongEncoding, EncodingShiftJIS, "set spec.roster.encoding to Shift_JIS",
		},
		"UTF-8 declared as Shift_JIS, in the headings": {
			japaneseFile, func(f *Format) { f.Columns, f.Encoding = headings, EncodingShiftJIS }, WrongEncoding, EncodingUTF8, "set spec.roster.encoding to UTF-8",
		},
		"Shift_JIS declared as UTF-8, in the rows": {toShiftJIS(t, names), nil, WrongEncoding, EncodingShiftJIS, "set spec.roster.encoding to Shift_JIS"},
		"UTF-8 declared as Shift_JIS, in the rows": {names, func(f *Format) { f.Encoding = EncodingShiftJIS }, WrongEncoding, EncodingUTF8, "set spec.roster.encoding to UTF-8"},
		"a byte order mark in Shift_JIS":           {"\xef\xbb\xbf" + names, func(f *Format) { f.Encoding = EncodingShiftJIS }, WrongEncoding, EncodingUTF8, "UTF-8"},
		"UTF-16":                                   {utf16, func(f *Format) { f.Columns = headings }, WrongEncoding, "UTF-16", "save the file as UTF-8"},
		"UTF-16 of ASCII headings":                 {"E\x00m\x00p\x00", nil, WrongEncoding, "UTF-16", "save the file as UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := format()
			if c.change != nil {
				c.change(&f)
			}
			_, _, err := readAll(c.text, f)
			failure, told := asFailure(err)
			g.Expect(told).To(BeTrue(), "%v", err)
			g.Expect(failure).To(HaveField("Code", c.code))
			g.Expect(failure.Detail).To(Equal(c.detail))
			g.Expect(failure.Error()).To(ContainSubstring(c.hint))
			g.Expect(failure.Final()).To(BeTrue())
		})
	}
}

func TestAFewDamagedRowsDoNotConvictTheFile(t *testing.T) {
	g := NewWithT(t)
	damaged := "1,\x8d\xb2\x93\xa1,2021-03-31\n"
	_, bad, err := readAll("EmployeeNumber,FamilyName,LeftOn\n"+damaged+damaged+strings.Repeat("1,Sato,2021-03-31\n", 30), format())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(bad).To(HaveLen(2))
}

func TestShiftJISOfWindowsIsRead(t *testing.T) {
	g := NewWithT(t)
	// NEC and IBM extensions, the wave dash, half-width kana, a yen sign's byte and a trail byte that is a backslash.
	for raw, want := range map[string]string{
		"\xfb\xfc\x8b\xb4": "髙橋", "\xee\xe0\x8b\xb4": "髙橋", "\x8eR\xfa\xb1": "山﨑", "\x87\x40": "①", "\x81\x60": "～",
		"\x95\x5c": "表", "\x83\x5c\x83\x6a\x81\x5b": "ソニー", "\x5c": "\\",
	} {
		f := format()
		f.Encoding = EncodingShiftJIS
		rows, bad, err := readAll("EmployeeNumber,FamilyName,LeftOn\n1,\""+raw+"\",2021-03-31\n", f)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(bad).To(BeEmpty(), want)
		g.Expect(rows[0].FamilyName).To(Equal(want))
	}
	for _, raw := range []string{"\xf0\x40" /* user-defined */, "\x80", "\xa0", "\xfd", "\x81" /* cut off */, "\x82\x2c" /* half a character */} {
		f := format()
		f.Encoding = EncodingShiftJIS
		_, bad, _ := readAll("EmployeeNumber,FamilyName,LeftOn\n1,"+raw+",2021-03-31\n", f)
		g.Expect(bad).To(HaveLen(1), "%x", raw)
	}
}

func TestParseDate(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2021-04-01": day(2021, 4, 1), "2021/04/01": day(2021, 4, 1), "2021/4/1": day(2021, 4, 1), "2021.4.1": day(2021, 4, 1),
		"20210401": day(2021, 4, 1), "2021年4月1日": day(2021, 4, 1), "２０２１年４月１日": day(2021, 4, 1), " 2021-04-01 ": day(2021, 4, 1),
		"2021-04-01 00:00:00": day(2021, 4, 1), "2021/04/01 0:00": day(2021, 4, 1), "2021-04-01T00:00:00.000": day(2021, 4, 1),
		"令和元年5月1日": day(2019, 5, 1), "令和1年5月1日": day(2019, 5, 1), "令和 3年 4月 1日": day(2021, 4, 1), "R3.4.1": day(2021, 4, 1),
		"r03/04/01": day(2021, 4, 1), "R3-4-1": day(2021, 4, 1), "平成31年4月30日": day(2019, 4, 30), "H1.1.8": day(1989, 1, 8),
		"昭和64年1月7日": day(1989, 1, 7), "S49.4.1": day(1974, 4, 1), "昭和元年12月25日": day(1926, 12, 25), "㍻20年4月1日": day(2008, 4, 1),
		"2024-02-29": day(2024, 2, 29),
	} {
		got, ok := ParseDate(text)
		NewWithT(t).Expect(ok).To(BeTrue(), text)
		NewWithT(t).Expect(got).To(Equal(want), text)
	}
	for _, text := range []string{
		"", "2021", "2021-13-01", "2021-02-29", "2021-00-10", "2021-4", "21-04-01", "04/01/2021", "1899-01-01", "2021-04-01 12:30", "2021-04-01x",
		"令和0年5月1日", "令和元年4月30日", "平成31年5月1日", "昭和64年1月8日", "大正5年1月1日", "R", "R3", "R3.4", "R100.4.1", "-1-1-1", "+2021-4-1",
		"2021-+4-1", "2021--4-1", "2021年4月1", "２０２１", "99999999",
	} {
		_, ok := ParseDate(text)
		NewWithT(t).Expect(ok).To(BeFalse(), text)
	}
}

func TestAddresses(t *testing.T) {
	g := NewWithT(t)
	for text, want := range map[string]string{
		"a@b.example": "a@b.example", "A.B+tag@B.EXAMPLE": "A.B+tag@b.example", "o'brien@mail-1.example": "o'brien@mail-1.example",
	} {
		got, ok := normaliseAddress(text)
		g.Expect(ok).To(BeTrue(), text)
		g.Expect(got).To(Equal(want))
	}
	for _, text := range []string{
		"", "@", "a@", "@b.example", "a@b", "a b@c.example", "a@b..example", "a@-b.example", "a@b-.example", ".a@b.example", "a.@b.example", "a..b@c.example",
		"\"a b\"@c.example", "a@b.example\r\nBcc: x", "<a@b.example>", "a@[127.0.0.1]", "a@ｂ.example", "名@b.example", "a@b.example.", "a,b@c.example",
		strings.Repeat("a", 65) + "@b.example", "a@" + strings.Repeat("b", 64) + ".example", "a@" + strings.Repeat("b.", 130) + "example",
	} {
		_, ok := normaliseAddress(text)
		g.Expect(ok).To(BeFalse(), text)
	}
}

func TestStartOfDay(t *testing.T) {
	g := NewWithT(t)
	cairo, err := time.LoadLocation("Africa/Cairo")
	g.Expect(err).NotTo(HaveOccurred())
	skipped := startOfDay(day(2024, time.April, 26), cairo) // midnight did not exist
	g.Expect(skipped.Format(time.RFC3339)).To(Equal("2024-04-26T01:00:00+03:00"))
	g.Expect(Today(time.Date(2024, 4, 25, 23, 0, 0, 0, time.UTC), cairo)).To(Equal(day(2024, time.April, 26)))
}

// FuzzReader reads anything in both encodings: no panic, line numbers that rise, and only clean text in good rows.
func FuzzReader(f *testing.F) {
	f.Add([]byte(allFields+"1,佐藤,花,サトウ,ハナ,a@b.example,ja,東京,営業,課長,R3.4.1,2022/3/31,転職,就業中,Go、SQL,4/1,Asia/Tokyo,2022-04-01,\n"), false)
	f.Add([]byte("EmployeeNumber,FamilyName,LeftOn\n1,\x8d\xb2\x93\xa1,H20.4.1\n"), true)
	f.Add([]byte("EmployeeNumber,FamilyName,LeftOn\n\"\n\"\n\",\xff,9999-12-31\n"), false)
	f.Fuzz(func(t *testing.T, text []byte, shiftJIS bool) {
		options := format()
		if shiftJIS {
			options.Encoding = EncodingShiftJIS
		}
		rows, bad, _ := readAll(string(text), options)
		last := int64(0)
		for _, b := range bad {
			if b.Line <= last {
				t.Fatalf("line %d after %d", b.Line, last)
			}
			last = b.Line
		}
		for _, r := range rows {
			if r.EmployeeNumber == "" || r.FamilyName == "" || r.LeftOn.After(now) {
				t.Fatalf("a row that should not be good: line %d", r.Line)
			}
			for _, text := range []string{r.EmployeeNumber, r.FamilyName, r.GivenName.Value, r.Email.Value, r.Region.Value, joinSkills(r.Skills)} {
				if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\n\r") {
					t.Fatalf("unclean text in line %d", r.Line)
				}
			}
		}
	})
}
