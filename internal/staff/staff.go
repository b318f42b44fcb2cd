// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package staff

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// MaxPeople is how many people a list names at most.
const MaxPeople = 200

// Fault is what is wrong with one line.
type Fault struct {
	Line int // counted from 1
	Fix  string
}

// String names the line, and what to do about it.
func (f Fault) String() string { return fmt.Sprintf("line %d %s", f.Line, f.Fix) }

// Parse reads a list: a line is an address and roles with commas between, and what follows # is a comment. A line that is at fault lets
// nobody in, and everybody else's go on working.
func Parse(list string) ([]community.StaffMember, []Fault) {
	var people []community.StaffMember
	var faults []Fault
	first := map[string]int{}
	number := 0
	for line := range strings.Lines(list) {
		number++
		line, _, _ = strings.Cut(line, "#")
		fields := strings.FieldsFunc(line, func(r rune) bool {
			return r == ',' || r == ' ' || r == '\t' || r == '\r' || r == '\n' || r == '\ufeff' || r == '\u3000'
		})
		if len(fields) == 0 {
			continue
		}
		person, fix := parse(fields)
		key := strings.ToLower(person.Address)
		switch at, known := first[key]; {
		case fix != "":
		case known:
			fix = fmt.Sprintf("has the address of line %d: write all roles of a person on one line", at)
		case len(people) == MaxPeople:
			fix = fmt.Sprintf("is one too many: a list names at most %d people", MaxPeople)
		}
		if fix != "" {
			faults = append(faults, Fault{number, fix})
			continue
		}
		first[key] = number
		people = append(people, person)
	}
	return people, faults
}

// parse reads one line; fix is what is wrong with it.
func parse(fields []string) (person community.StaffMember, fix string) {
	address, err := community.NormaliseAddress(fields[0])
	if err != nil {
		return person, "begins with no mail address: write an address, a space and roles"
	}
	person.Address = address
	if len(fields) == 1 {
		return person, "has no role: add one or more of " + roles() + " after the address"
	}
	for _, name := range fields[1:] {
		role := community.StaffRole(name)
		if !slices.Contains(community.StaffRoles(), role) {
			return person, "has a role that there is not: the roles are " + roles()
		}
		if !slices.Contains(person.Roles, role) {
			person.Roles = append(person.Roles, role)
		}
	}
	return person, ""
}

func roles() string {
	var names []string
	for _, role := range community.StaffRoles() {
		names = append(names, string(role))
	}
	return strings.Join(names, ", ")
}

// Read is the list in a folder where its Secret is mounted. A Secret or key that is missing names nobody. The error names no person.
func Read(folder string) ([]community.StaffMember, error) {
	list, err := os.ReadFile(filepath.Join(folder, settings.StaffFile))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the list of staff: %w", err)
	}
	people, _ := Parse(string(list))
	return people, nil
}
