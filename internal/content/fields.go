// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// Member is what a mail may say about the person it goes to. Reasons of departure and other sensitive facts are
// not offered to templates.
type Member struct {
	FamilyName          string
	GivenName           string
	Locale              string // ja or en: chooses the text and the order of DisplayName
	Department          string // of the employment that ended last
	Post                string // of the employment that ended last
	Region              string
	YearsSinceJoining   int // the company, in whole years; 0 in the first year and when unknown
	YearsSinceDeparture int // whole years; 0 in the first year and when unknown
}

// DisplayName is the full name in the order of the member's language.
func (m *Member) DisplayName() string {
	first, second := m.GivenName, m.FamilyName
	if m.Locale == "ja" {
		first, second = second, first
	}
	return strings.TrimSpace(first + " " + second)
}

// Links are the addresses that belong to one mail.
type Links struct {
	Unsubscribe string // one-click, https
	Survey      string // where the member answers the campaign's survey; of a campaign with one
	Reader      string // names the member in links that Tracking made; empty for nobody
	Image       string // address of the image of an opened mail; empty for none
}

// fieldID numbers the fields that a template may use, and from firstLink on the links of a text.
type fieldID uint16

const (
	memberFamilyName fieldID = iota
	memberGivenName
	memberDisplayName
	memberDepartment
	memberPost
	memberRegion
	memberYearsSinceJoining
	memberYearsSinceDeparture
	networkDisplayName
	networkMemberLabel
	networkURL
	networkOperatorName
	networkOperatorAddress
	networkOperatorContact
	linksUnsubscribe
	linksPortal
	linksSurvey
	blocksNews // see Blocks
	blocksEvents
	subjectLine // the rendered subject, for the title of the HTML part; it and those below are not for templates
	linksReader
	linksImage // the whole element, for the end of the HTML part
	numFields
)

// fieldNames is the documented list of docs/spec; its order is fieldID's.
var fieldNames = [...]string{
	memberFamilyName:          "Member.FamilyName",
	memberGivenName:           "Member.GivenName",
	memberDisplayName:         "Member.DisplayName",
	memberDepartment:          "Member.Department",
	memberPost:                "Member.Post",
	memberRegion:              "Member.Region",
	memberYearsSinceJoining:   "Member.YearsSinceJoining",
	memberYearsSinceDeparture: "Member.YearsSinceDeparture",
	networkDisplayName:        "Network.DisplayName",
	networkMemberLabel:        "Network.MemberLabel",
	networkURL:                "Network.URL",
	networkOperatorName:       "Network.OperatorName",
	networkOperatorAddress:    "Network.OperatorAddress",
	networkOperatorContact:    "Network.OperatorContact",
	linksUnsubscribe:          "Links.Unsubscribe",
	linksPortal:               "Links.Portal",
	linksSurvey:               "Links.Survey",
	blocksNews:                "Blocks.News",
	blocksEvents:              "Blocks.Events",
}

// FieldNames lists the fields that a template may use, without the leading dot.
func FieldNames() []string { return fieldNames[:] }

func fieldByPath(path []string) (fieldID, bool) {
	name := strings.Join(path, ".")
	for i, n := range fieldNames {
		if n == name {
			return fieldID(i), true
		}
	}
	return 0, false
}

// isURL tells the fields that hold a whole address and may stand where a link's address stands.
func (f fieldID) isURL() bool {
	return f == networkURL || f == linksUnsubscribe || f == linksPortal || f == linksSurvey || f >= firstLink
}

// isPersonal tells the fields that have a meaning only in a mail to one member.
func (f fieldID) isPersonal() bool {
	return f < networkDisplayName || f == linksUnsubscribe || f == linksSurvey
}

// isOfEmployment tells the fields that are known from the member's work.
func (f fieldID) isOfEmployment() bool {
	return f == memberDepartment || f == memberPost || f.isNumber()
}

func (f fieldID) isNumber() bool {
	return f == memberYearsSinceJoining || f == memberYearsSinceDeparture
}

// values are the cleaned values of every field for one mail.
type values struct {
	text    [numFields]string
	numbers [networkDisplayName]int // of the member's fields that are numbers
}

func networkValues(n settings.Network) values {
	var v values
	v.text[networkDisplayName] = clean(n.DisplayName)
	v.text[networkMemberLabel] = clean(n.MemberLabel)
	v.text[networkURL] = n.PublicURL
	v.text[networkOperatorName] = clean(n.Operator.Name)
	v.text[networkOperatorAddress] = clean(n.Operator.Address)
	v.text[networkOperatorContact] = clean(n.Operator.Contact)
	v.text[linksPortal] = n.PublicURL
	return v
}

func (v *values) setMember(m *Member, l Links) {
	v.text[memberFamilyName] = clean(m.FamilyName)
	v.text[memberGivenName] = clean(m.GivenName)
	v.text[memberDisplayName] = clean(m.DisplayName())
	v.text[memberDepartment] = clean(m.Department)
	v.text[memberPost] = clean(m.Post)
	v.text[memberRegion] = clean(m.Region)
	v.setNumber(memberYearsSinceJoining, m.YearsSinceJoining)
	v.setNumber(memberYearsSinceDeparture, m.YearsSinceDeparture)
	v.text[linksUnsubscribe], v.text[linksSurvey], v.text[linksReader], v.text[linksImage] = l.Unsubscribe, l.Survey, l.Reader, ""
	if l.Image != "" {
		v.text[linksImage] = `<img src="` + l.Image + `" width="1" height="1" alt="">`
	}
}

func (v *values) setNumber(f fieldID, n int) { v.text[f], v.numbers[f] = strconv.Itoa(n), n }

// maxValue bounds one value, in characters.
const maxValue = 200

// clean makes a value fit for one line of text: no control characters, no line or paragraph separators, no
// characters that turn the direction of writing, no invalid UTF-8, and at most maxValue characters.
func clean(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	space, n := false, 0
	for _, r := range s {
		if unicode.IsControl(r) || unicode.IsSpace(r) && r != '\u3000' {
			space = true
			continue
		}
		if turnsText(r) {
			continue
		}
		if n == maxValue {
			break
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// plain tells a short value that clean would leave as it is.
func plain(s string) bool {
	if len(s) > maxValue {
		return false
	}
	spaced := true // a space at the start or after another one
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= utf8.RuneSelf || s[i] == 0x7f || s[i] == ' ' && spaced {
			return false
		}
		spaced = s[i] == ' '
	}
	return s == "" || !spaced
}

// turnsText tells the invisible characters that change how the text around them reads.
func turnsText(r rune) bool {
	switch {
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c, r == 0xfeff:
		return true
	}
	return false
}
