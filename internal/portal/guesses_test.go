// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"
)

// In no hour does anybody have more wrong codes judged than are allowed, whatever the pauses between them.
func TestGuessesAreBoundedInEveryHour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		g := &guesses{now: func() time.Time { return now }, of: map[string][]time.Time{}}
		var judged []time.Time
		for range rapid.IntRange(1, 60).Draw(t, "tries") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "minutes")) * time.Minute)
			if !g.begin("U1") {
				continue
			}
			if rapid.Bool().Draw(t, "right") {
				g.forgive("U1")
				continue
			}
			judged = append(judged, now)
			if n := len(judged) - guessesPerHour - 1; n >= 0 && now.Sub(judged[n]) < time.Hour {
				t.Fatalf("%d wrong codes in %s", guessesPerHour+1, now.Sub(judged[n]))
			}
		}
	})
}

func TestGuessersAreForgottenBeforeTheyFillTheMemory(t *testing.T) {
	gm := NewWithT(t)
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	g := &guesses{now: func() time.Time { return now }, of: map[string][]time.Time{}}
	for i := range 3 * maxGuessers {
		g.begin(fmt.Sprint("U", i))
		if len(g.of) > maxGuessers {
			t.Fatalf("%d are remembered", len(g.of))
		}
	}
	now = now.Add(time.Hour)
	for i := range maxGuessers {
		g.begin(fmt.Sprint("V", i))
	}
	gm.Expect(g.of).To(HaveLen(maxGuessers))
	gm.Expect(g.of).NotTo(HaveKey("U29999"), "those whose hour is over go first")
}
