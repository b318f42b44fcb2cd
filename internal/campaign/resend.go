// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"fmt"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/audience"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// audienceOf says who a job is for: those who match what is declared, or those whom another run did not reach (campaign.md S4),
// whatever they match now. Consent, suppression and caps hold for both. Its error wraps ErrFinal.
func audienceOf(job Job, day time.Time) (audience.Query, error) {
	campaign, first, parent := job.Campaign, firstOfAudience, job.Campaign.ResendOf
	if parent != "" {
		campaign, first = settings.Campaign{Type: campaign.Type, Employees: campaign.Employees}, firstOfAudience+2
	}
	query, err := audience.Compile(campaign, day, first)
	if err != nil {
		return query, fmt.Errorf("%w: %w", ErrFinal, err)
	}
	if parent != "" {
		query.Where = "(" + query.Where + ") AND " + sqlResent
		query.Args = append([]any{parent, job.Campaign.UID}, query.Args...)
	}
	return query, nil
}
