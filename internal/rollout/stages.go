// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Stages are how many networks may run the new version once all of the stage before do. The last one is always all.
type Stages []Stage

// Stage is a number of networks, or a share of them.
type Stage struct {
	Count   int // when Percent is 0
	Percent int // of all networks, rounded up
}

// Default is one network, then a tenth, then all.
const Default = "1,10%,100%"

// maxStages bounds what can be declared: more would be a rollout that nobody follows.
const maxStages = 10

// Parse reads stages such as "1,10%,100%". Each must be larger than the one before where they can be compared; a last
// stage of 100% is added when it is missing.
func Parse(text string) (Stages, error) {
	var all Stages
	for _, word := range strings.Split(text, ",") {
		stage, err := parseStage(strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		if n := len(all); n > 0 && (all[n-1].Percent == 0) == (stage.Percent == 0) && stage.size() <= all[n-1].size() {
			return nil, fmt.Errorf("stage %q is not larger than the one before it", word)
		}
		all = append(all, stage)
	}
	if all[len(all)-1].Percent != 100 {
		all = append(all, Stage{Percent: 100})
	}
	if len(all) > maxStages {
		return nil, fmt.Errorf("there are more than %d stages", maxStages)
	}
	return all, nil
}

func parseStage(word string) (Stage, error) {
	digits, share := strings.CutSuffix(word, "%")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || (share && n > 100) {
		return Stage{}, errors.New("a stage is a number of networks from 1, or a share from 1% to 100%: for example 1,10%,100%")
	}
	if share {
		return Stage{Percent: n}, nil
	}
	return Stage{Count: n}, nil
}

func (s Stage) size() int { return s.Count + s.Percent }

// of is the number of networks that the stage has out of a total.
func (s Stage) of(total int) int {
	if s.Percent > 0 {
		return (total*s.Percent + 99) / 100
	}
	return min(s.Count, total)
}
