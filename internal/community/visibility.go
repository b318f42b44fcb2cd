// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import "slices"

// Field is one fact of a member that the member can show or hide.
type Field string

// The fields, in the order in which they are shown.
const (
	FieldName             Field = "Name"
	FieldDepartment       Field = "Department"
	FieldEmploymentPeriod Field = "EmploymentPeriod"
	FieldRegion           Field = "Region"
	FieldSkills           Field = "Skills"
	FieldEmployer         Field = "Employer"
	FieldTitle            Field = "Title"
	FieldAbout            Field = "About"
	FieldEmail            Field = "Email"
)

// Fields lists every field in the order in which they are shown.
func Fields() []Field {
	return []Field{FieldName, FieldDepartment, FieldEmploymentPeriod, FieldRegion, FieldSkills,
		FieldEmployer, FieldTitle, FieldAbout, FieldEmail}
}

// Audience is the widest circle of people who see a field. Each circle holds the ones before it.
type Audience string

// The circles, from none to widest.
const (
	// AudienceNobody hides a field from everyone but the member.
	AudienceNobody Audience = "Nobody"
	// AudienceStaff are the people who run the network.
	AudienceStaff Audience = "Staff"
	// AudienceAlumni are staff and other members.
	AudienceAlumni Audience = "Alumni"
	// AudienceEmployees are staff, members and current employees who take part.
	AudienceEmployees Audience = "Employees"
)

// Audiences lists the circles from none to widest.
func Audiences() []Audience {
	return []Audience{AudienceNobody, AudienceStaff, AudienceAlumni, AudienceEmployees}
}

// ParseAudience reads the name of a circle.
func ParseAudience(name string) (audience Audience, ok bool) {
	a := Audience(name)
	return a, slices.Contains(Audiences(), a)
}

// Visibility says how widely a member shows each field. A field that is not in it is shown to nobody.
type Visibility map[Field]Audience

// Of is the circle of a field.
func (v Visibility) Of(field Field) Audience {
	if a, ok := v[field]; ok {
		return a
	}
	return AudienceNobody
}

// Shows tells whether people of a circle see a field. Nobody is no circle of people: it sees nothing.
func (v Visibility) Shows(field Field, to Audience) bool {
	all := Audiences()
	return to != AudienceNobody && slices.Index(all, v.Of(field)) >= slices.Index(all, to)
}

// Validate answers with CodeInvalid when a field or circle does not exist.
func (v Visibility) Validate() error {
	for field, audience := range v {
		if !slices.Contains(Fields(), field) || !slices.Contains(Audiences(), audience) {
			return Invalid("Visibility", "error.choice")
		}
	}
	return nil
}

// Named tells whether a name is there.
func (m Member) Named() bool { return m.FamilyName != "" || m.GivenName != "" }

// SeenAs is the member as people of a circle see him or her: every hidden fact is gone from the result, not just
// marked.
func (m Member) SeenAs(to Audience) Member {
	seen := Member{ID: m.ID, State: m.State, Visibility: m.Visibility}
	shows := func(f Field) bool { return m.Visibility.Shows(f, to) }
	if shows(FieldName) {
		seen.FamilyName, seen.GivenName = m.FamilyName, m.GivenName
		seen.Profile.FamilyNameKana, seen.Profile.GivenNameKana = m.Profile.FamilyNameKana, m.Profile.GivenNameKana
	}
	if shows(FieldEmail) {
		seen.Email = m.Email
	}
	if shows(FieldRegion) {
		seen.Profile.Region = m.Profile.Region
	}
	if shows(FieldSkills) {
		seen.Profile.Skills = m.Profile.Skills
	}
	if shows(FieldEmployer) {
		seen.Profile.Employer = m.Profile.Employer
	}
	if shows(FieldTitle) {
		seen.Profile.Title = m.Profile.Title
	}
	if shows(FieldAbout) {
		seen.Profile.About = m.Profile.About
	}
	seen.Employments = seenEmployments(m.Employments, shows(FieldDepartment), shows(FieldEmploymentPeriod))
	return seen
}

func seenEmployments(all []Employment, department, period bool) []Employment {
	if !department && !period {
		return nil
	}
	seen := make([]Employment, 0, len(all))
	for _, e := range all {
		var s Employment
		if department {
			s.Department, s.Post = e.Department, e.Post
		}
		if period {
			s.JoinedOn, s.LeftOn = e.JoinedOn, e.LeftOn
		}
		seen = append(seen, s)
	}
	return seen
}
