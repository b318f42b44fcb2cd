// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/url"
	"slices"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
)

// consentsData is what a member agreed to.
type consentsData struct {
	Consents community.Consents
	Rows     []consentRow
	Wording  string

	Occasions []occasionRow
}

// occasionRow is something that members are written for.
type occasionRow struct {
	Occasion community.Occasion
	Welcome  bool
}

// consentRow is one purpose.
type consentRow struct {
	Purpose  community.Purpose
	Entry    community.ConsentEntry
	Known    bool // it was ever decided
	Ticked   bool
	Fixed    bool // taken back only by leaving
	Required bool
}

func (s *Server) consents(v *visit) error {
	d, err := s.readConsents(v, nil)
	if err != nil {
		return err
	}
	return s.ok(v, "consents", "consents.title", d)
}

// saveConsents records what the form changes, or takes up mail again.
func (s *Server) saveConsents(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if form.Get("act") == "resume" {
		if err := s.Services.ResumeMail(v.r.Context(), v.viewer); err != nil {
			return err
		}
		return v.redirect("/me/consents?done=mailResumed")
	}
	if form.Get("act") == "occasions" {
		return s.saveOccasions(v, form)
	}
	choice, err := readChoice(form)
	if err == nil {
		if !choice.Give[community.PurposeNetwork] {
			delete(choice.Give, community.PurposeNetwork) // the box is not there while the consent stands
		}
		err = s.Services.Decide(v.r.Context(), v.viewer, choice)
	}
	if s.problemOf(v, err) != nil {
		d, readErr := s.readConsents(v, form)
		if readErr != nil {
			return readErr
		}
		return s.again(v, err, "consents", "consents.title", d)
	}
	if err != nil {
		return err
	}
	return v.redirect("/me/consents?done=saved")
}

// saveOccasions declines every occasion that is not ticked.
func (s *Server) saveOccasions(v *visit, form url.Values) error {
	var declined []community.Occasion
	for _, o := range community.Occasions() {
		if !slices.Contains(form["occasion"], string(o)) {
			declined = append(declined, o)
		}
	}
	if err := s.Services.Decline(v.r.Context(), v.viewer, declined); err != nil {
		return err
	}
	return v.redirect("/me/consents?done=saved")
}

// readConsents is the page as the store has it, with the boxes as the member just ticked them if a form is given.
func (s *Server) readConsents(v *visit, form url.Values) (consentsData, error) {
	c, err := s.Services.Consents(v.r.Context(), v.viewer)
	if err != nil {
		return consentsData{}, err
	}
	d := consentsData{Consents: c, Wording: i18n.ConsentText(v.locale)}
	for _, p := range community.Purposes() {
		entry, known := c.State[p]
		row := consentRow{Purpose: p, Entry: entry, Known: known, Ticked: c.Given(p), Required: p == community.PurposeNetwork}
		row.Fixed = row.Required && row.Ticked
		if form != nil && !row.Fixed {
			row.Ticked = ticked(form, p)
		}
		d.Rows = append(d.Rows, row)
	}
	for _, o := range community.Occasions() {
		d.Occasions = append(d.Occasions, occasionRow{Occasion: o, Welcome: !slices.Contains(c.Declined, o)})
	}
	return d, nil
}
