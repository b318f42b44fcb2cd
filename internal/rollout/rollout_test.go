// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout_test

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/rollout"
)

func TestStagesAreReadAndEndWithAll(t *testing.T) {
	cases := map[string]struct {
		want    rollout.Stages
		refusal string
	}{
		rollout.Default:                  {rollout.Stages{{Count: 1}, {Percent: 10}, {Percent: 100}}, ""},
		"100%":                           {rollout.Stages{{Percent: 100}}, ""},
		"2, 20":                          {rollout.Stages{{Count: 2}, {Count: 20}, {Percent: 100}}, ""},
		"5%":                             {rollout.Stages{{Percent: 5}, {Percent: 100}}, ""},
		"":                               {nil, "for example 1,10%,100%"},
		"0":                              {nil, "for example 1,10%,100%"},
		"101%":                           {nil, "for example 1,10%,100%"},
		"all":                            {nil, "for example 1,10%,100%"},
		"10%,5%":                         {nil, `stage "5%" is not larger than the one before it`},
		"3,3":                            {nil, `stage "3" is not larger than the one before it`},
		"1%,2%,3%,4%,5%,6%,7%,8%,9%,10%": {nil, "more than 10 stages"},
	}
	for text, c := range cases {
		t.Run(text, func(t *testing.T) {
			g := NewWithT(t)
			got, err := rollout.Parse(text)
			if c.refusal != "" {
				g.Expect(err).To(MatchError(ContainSubstring(c.refusal)))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(got).To(Equal(c.want))
		})
	}
}

// fleet makes networks of standings, the first letter of each; the oldest comes first.
func fleet(standings string) []rollout.Network {
	of := map[rune]rollout.Standing{'w': rollout.Waiting, 'a': rollout.Ailing, 'm': rollout.Moving, 'f': rollout.Failed, 'd': rollout.Moved}
	var all []rollout.Network
	for i, letter := range standings {
		all = append(all, rollout.Network{
			Name: types.NamespacedName{Namespace: "ns", Name: fmt.Sprintf("n%02d", i)}, Standing: of[letter],
			Created: time.Unix(int64(i), 0),
		})
	}
	return all
}

func names(d rollout.Decision) []string {
	list := []string{}
	for n := range d.Admitted {
		list = append(list, n.Name)
	}
	return list
}

func TestAnUpgradeGoesFromOneNetworkToAll(t *testing.T) {
	stages, err := rollout.Parse(rollout.Default)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	cases := map[string]struct {
		fleet string
		want  []string
	}{
		"one is the first":                        {"wwwwwwwwwwwwwwwwwwww", []string{"n00"}},
		"nobody follows while it moves":           {"mwwwwwwwwwwwwwwwwwww", []string{}},
		"then a tenth":                            {"dwwwwwwwwwwwwwwwwwww", []string{"n01"}},
		"then all":                                {"ddwwww" + "wwwwwwwwwwwwww", []string{"n02", "n03", "n04", "n05", "n06", "n07", "n08", "n09", "n10", "n11", "n12", "n13", "n14", "n15", "n16", "n17", "n18", "n19"}},
		"nobody after a failure":                  {"fwwwwwwwwwwwwwwwwwww", []string{}},
		"nor after one in the last stage":         {"ddmfwwwwwwwwwwwwwwww", []string{}},
		"who ailed before is not the first":       {"awww", []string{"n01"}},
		"who ailed before holds nobody up":        {"adwwwwwwwwww", []string{"n02"}},
		"who ailed before comes with the last":    {"addw", []string{"n00", "n03"}},
		"one network alone":                       {"w", []string{"n00"}},
		"one network that ails":                   {"a", []string{"n00"}},
		"nobody":                                  {"", []string{}},
		"all have moved":                          {"dddd", []string{}},
		"all are well but the last, which failed": {"dddf", []string{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(names(stages.Decide(fleet(c.fleet)))).To(ConsistOf(c.want))
		})
	}
}

func TestOwnersSayWhoIsAmongTheFirstAndSleepersComeLast(t *testing.T) {
	g := NewWithT(t)
	all := fleet("www")
	all[0].Resting, all[2].First = true, true
	g.Expect(names(rollout.Stages{{Count: 1}, {Percent: 100}}.Decide(all))).To(ConsistOf("n02"))
	all[2].First = false
	g.Expect(names(rollout.Stages{{Count: 1}, {Percent: 100}}.Decide(all))).To(ConsistOf("n01"))
}

// TestARolloutReachesEverybodyAndNeverMoreThanItsStage plays rollouts in random order, with networks that fall ill on the way.
func TestARolloutReachesEverybodyAndNeverMoreThanItsStage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := NewWithT(t)
		stages := rapid.SampledFrom([]rollout.Stages{{{Count: 1}, {Percent: 10}, {Percent: 100}}, {{Percent: 100}}, {{Count: 3}, {Percent: 50}, {Percent: 100}}}).Draw(t, "stages")
		all := fleet(rapid.StringMatching(`[wa]{1,40}`).Draw(t, "fleet"))
		for turn := 0; ; turn++ {
			g.Expect(turn).To(BeNumerically("<", 1000), "the rollout ends")
			before := count(all)
			d := stages.Decide(all)
			for i := range all {
				if d.Admitted[all[i].Name] {
					all[i].Standing = rollout.Moving
				}
			}
			begun := before[rollout.Moved] + before[rollout.Moving] + len(d.Admitted)
			if first := stages[0]; before[rollout.Moved] == 0 && first.Count > 0 && before[rollout.Waiting] > 0 {
				g.Expect(begun).To(BeNumerically("<=", first.Count), "nobody beside the first")
			}
			moving := indexes(all, rollout.Moving)
			if len(moving) == 0 {
				break
			}
			all[rapid.SampledFrom(moving).Draw(t, "arrives")].Standing = rollout.Moved
		}
		g.Expect(count(all)[rollout.Moved]).To(Equal(len(all)), "everybody is reached")
	})
}

func count(all []rollout.Network) map[rollout.Standing]int {
	c := map[rollout.Standing]int{}
	for _, n := range all {
		c[n.Standing]++
	}
	return c
}

func indexes(all []rollout.Network, standing rollout.Standing) []int {
	var list []int
	for i, n := range all {
		if n.Standing == standing {
			list = append(list, i)
		}
	}
	return list
}
