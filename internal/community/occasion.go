// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import "slices"

// Occasion is something in a member's life that campaigns write for. Each can be declined without declining anything else.
type Occasion string

// The occasions; the words are those of a Campaign's schedule.trigger.event.
const (
	OccasionBirthday             Occasion = "Birthday"
	OccasionWorkAnniversary      Occasion = "WorkAnniversary"
	OccasionDepartureAnniversary Occasion = "DepartureAnniversary"
	OccasionJoinedNetwork        Occasion = "JoinedNetwork"
	OccasionInactive             Occasion = "Inactive"
)

// Occasions lists every occasion in the order in which members see them.
func Occasions() []Occasion {
	return []Occasion{OccasionBirthday, OccasionWorkAnniversary, OccasionDepartureAnniversary, OccasionJoinedNetwork, OccasionInactive}
}

// ParseOccasion reads the name of an occasion.
func ParseOccasion(name string) (occasion Occasion, ok bool) {
	o := Occasion(name)
	return o, slices.Contains(Occasions(), o)
}
