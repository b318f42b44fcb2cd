// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/netip"
	"testing"

	. "github.com/onsi/gomega"
)

func TestLayoutsOfAllSlotsNeverOverlap(t *testing.T) {
	g := NewWithT(t)
	reserved := netip.MustParsePrefix("198.18.0.0/15")
	var seen []netip.Prefix
	for slot := range slots {
		l, err := NewLayout(slot)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(l.LinkNet.Contains(l.HostIP)).To(BeTrue())
		g.Expect(l.LinkNet.Contains(l.NodeIP)).To(BeTrue())
		g.Expect(l.ServiceNet.Contains(l.DNSService)).To(BeTrue())
		g.Expect(l.ServiceNet.Contains(l.APIService)).To(BeTrue())
		g.Expect(len(l.Link)).To(BeNumerically("<=", 15), "the kernel's limit for link names")
		for _, p := range []netip.Prefix{l.LinkNet, l.ServiceNet, l.PodNet} {
			g.Expect(p).To(Equal(p.Masked()), "a network starts at its first address")
			g.Expect(reserved.Contains(p.Addr())).To(BeTrue())
			for _, other := range seen {
				g.Expect(p.Overlaps(other)).To(BeFalse(), "%s and %s", p, other)
			}
			seen = append(seen, p)
		}
	}
}

func TestLayoutOfASlot(t *testing.T) {
	g := NewWithT(t)
	l, err := NewLayout(3)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(l.APIServer()).To(Equal("https://198.18.3.2:6443"))
	g.Expect(l.HostIP.String()).To(Equal("198.18.3.1"))
	g.Expect(l.ServiceNet.String()).To(Equal("198.18.140.0/22"))
	g.Expect(l.PodNet.String()).To(Equal("198.19.24.0/21"))
	g.Expect(l.DNSService.String()).To(Equal("198.18.140.10"))
	_, err = NewLayout(slots)
	g.Expect(err).To(HaveOccurred())
}

func TestCheckName(t *testing.T) {
	for sentence, tc := range map[string]struct {
		name string
		good bool
	}{
		"the default name is good":                {defaultName, true},
		"one letter is good":                      {"a", true},
		"digits and dashes inside are good":       {"e2e-1-b", true},
		"32 characters are good":                  {"a2345678901234567890123456789012", true},
		"33 characters are too many":              {"a23456789012345678901234567890123", false},
		"an empty name is not":                    {"", false},
		"a leading digit is not":                  {"1a", false},
		"a dash at the end is not":                {"a-", false},
		"capital letters are not":                 {"Alumni", false},
		"a way out of the state folder is not":    {"../etc", false},
		"a dot, which systemd would split, isn't": {"a.b", false},
	} {
		t.Run(sentence, func(t *testing.T) {
			err := checkName(tc.name)
			NewWithT(t).Expect(err == nil).To(Equal(tc.good), "%v", err)
		})
	}
}

func TestChooseSlot(t *testing.T) {
	g := NewWithT(t)
	first, err := chooseSlot("alumni", nil)
	g.Expect(err).NotTo(HaveOccurred())
	again, err := chooseSlot("alumni", map[int]bool{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).To(Equal(first), "a name prefers the same slot every time")
	next, err := chooseSlot("alumni", map[int]bool{first: true})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(next).To(Equal((first + 1) % slots))

	used := map[int]bool{}
	for i := range slots {
		used[i] = true
	}
	_, err = chooseSlot("alumni", used)
	g.Expect(err).To(MatchError(ContainSubstring("in use")))
}
