// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package staff_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/staff"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

func TestALineNamesAPersonAndRoles(t *testing.T) {
	g := NewWithT(t)
	people, faults := staff.Parse("\ufeff# the office\r\n\r\nHana@HOSHINO.example ProgrammeOwner,PrivacyOfficer # since 2026\r\n" +
		"ken@hoshino.example\tCommunityManager , CommunityManager\n ")
	g.Expect(faults).To(BeEmpty())
	g.Expect(people).To(Equal([]community.StaffMember{
		{Address: "Hana@hoshino.example", Roles: []community.StaffRole{"ProgrammeOwner", "PrivacyOfficer"}},
		{Address: "ken@hoshino.example", Roles: []community.StaffRole{"CommunityManager"}},
	}))
}

func TestALineAtFaultIsNamedAndNotQuotedAndTheOthersWork(t *testing.T) {
	cases := map[string]string{
		canary.NameEn + " PrivacyOfficer":       "begins with no mail address",
		canary.Email:                            "has no role: add one or more of ProgrammeOwner, CommunityManager, PrivacyOfficer",
		canary.Email + " " + canary.GivenNameEn: "has a role that there is not: the roles are ProgrammeOwner",
		"HANA@hoshino.example PrivacyOfficer":   "has the address of line 1: write all roles of a person on one line",
	}
	for line, want := range cases {
		t.Run(want, func(t *testing.T) {
			g := NewWithT(t)
			people, faults := staff.Parse("hana@hoshino.example ProgrammeOwner\n" + line + "\nken@hoshino.example CommunityManager\n")
			g.Expect(people).To(HaveExactElements(HaveField("Address", "hana@hoshino.example"), HaveField("Address", "ken@hoshino.example")))
			g.Expect(faults).To(HaveLen(1))
			g.Expect(faults[0].String()).To(HavePrefix("line 2 " + want))
			canary.Scan(t, "the fault", faults[0].String())
		})
	}
}

func TestAListNamesTwoHundredPeopleAtMost(t *testing.T) {
	g := NewWithT(t)
	var list strings.Builder
	for i := range staff.MaxPeople + 2 {
		fmt.Fprintf(&list, "p%d@hoshino.example PrivacyOfficer\n", i)
	}
	people, faults := staff.Parse(list.String())
	g.Expect(people).To(HaveLen(200))
	g.Expect(faults).To(HaveExactElements(HaveField("Line", 201), HaveField("Line", 202)))
}

func TestEveryLineWithTextIsAPersonOrAFault(t *testing.T) {
	line := rapid.OneOf(rapid.StringMatching(`[a-z]{1,3}@[a-z]{1,3}\.example (ProgrammeOwner|PrivacyOfficer|Boss)(,CommunityManager)?`), rapid.StringMatching(`[^#\r\n]*`))
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(line, 0, 12).Draw(t, "lines")
		people, faults := staff.Parse(strings.Join(lines, "\n"))
		if len(people)+len(faults) > len(lines) {
			t.Fatalf("%d people and %d faults in %d lines", len(people), len(faults), len(lines))
		}
		for _, p := range people {
			if len(p.Roles) == 0 {
				t.Fatal("somebody without a role")
			}
		}
	})
}

func TestWithoutASecretThereIsNobody(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	g.Expect(staff.Read(dir)).To(BeEmpty())
	g.Expect(os.WriteFile(filepath.Join(dir, settings.StaffFile), []byte("hana@hoshino.example PrivacyOfficer\n"), 0o600)).To(Succeed())
	g.Expect(staff.Read(dir)).To(HaveLen(1))
}
