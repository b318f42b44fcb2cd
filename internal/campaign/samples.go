// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/content"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// samplesSize is how many bytes of samples a preview keeps before it shows each further text to one invented person alone.
const samplesSize = 4 << 20

// renderSamples makes every text of a campaign as each of the invented people gets it, by mail: each variant and step, in each language. They
// speak of no member, for they are made before one is read. The error wraps ErrFinal.
func renderSamples(job Job) ([]byte, error) {
	w, err := newWords(job, 0, untracked) // there is no run 0: whatever its links tell is told of nothing
	if err != nil {
		return nil, err
	}
	links := content.Links{Unsubscribe: w.unsubscribe(uuid.Nil)}
	all, size := []community.Sample{}, 0
	for _, e := range editions(job.Campaign) {
		for _, text := range job.Campaign.Step(e.step).Locales {
			for i, person := range content.Samples(text.Locale) {
				if i > 0 && size > samplesSize {
					break
				}
				s := community.Sample{Locale: community.Locale(text.Locale), Variant: e.words, Person: person.DisplayName()}
				if e.step > firstStep {
					s.Step = job.Campaign.Steps[e.step-firstStep-1].Name
				}
				if m, err := w.texts[e].Render(&person, links); err != nil {
					s.Failed = true // for a member too: one message fails, and the run goes on
				} else {
					s.Subject, s.Text, s.HTML = m.Subject, string(m.Text), string(m.HTML)
				}
				all, size = append(all, s), size+len(s.Text)+len(s.HTML)
			}
		}
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("%w: encode samples: %w", ErrFinal, err)
	}
	return encoded, nil
}

// untracked reads texts whose links lead where they say: whoever looks them over wants to see where.
func untracked(network settings.Network, campaign settings.Campaign, _ content.Tracking, _ content.Blocks) (*content.Content, error) {
	return content.Compile(network, campaign)
}
