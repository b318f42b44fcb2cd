// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// campaignsData is the list of campaigns.
type campaignsData struct {
	Campaigns []community.CampaignSummary
	Now       time.Time // tells what is to come from what is past
}

// campaignData is one campaign.
type campaignData struct {
	community.CampaignDetail
	Path string // of this page, below which the texts are
}

// sampleData is one text of a campaign.
type sampleData struct {
	community.Sample
	Spans    []span
	HTML     string // where its HTML is
	Campaign string // where its campaign is
}

func (s *Server) campaigns(v *visit) error {
	all, err := s.Services.Campaigns(v.r.Context(), v.staff)
	if err != nil {
		return err
	}
	return s.ok(v, "consolecampaigns", "console.campaigns.title", campaignsData{all, s.Now()})
}

func (s *Server) campaign(v *visit) error {
	d, err := s.Services.Campaign(v.r.Context(), v.staff, v.r.PathValue("name"))
	if err != nil {
		return err
	}
	vw := s.frame(v, "consolecampaign", "console.campaigns.title", campaignData{d, v.r.URL.EscapedPath()})
	vw.Title = d.Name
	return s.show(v, http.StatusOK, vw)
}

// readSample reads the text that the path names.
func (s *Server) readSample(v *visit) (community.Sample, error) {
	number, err := strconv.Atoi(v.r.PathValue("text"))
	if err != nil || number < 0 || number > maxSamples {
		return community.Sample{}, &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
	}
	return s.Services.Sample(v.r.Context(), v.staff, v.r.PathValue("name"), number)
}

// maxSamples is more than any campaign has texts.
const maxSamples = 10_000

func (s *Server) sample(v *visit) error {
	sample, err := s.readSample(v)
	if err != nil {
		return err
	}
	vw := s.frame(v, "consolesample", "console.campaign.samples", sampleData{
		Sample: sample, Spans: linked(sample.Text), HTML: v.r.URL.EscapedPath() + "/html", Campaign: "/console/campaigns/" + url.PathEscape(v.r.PathValue("name"))})
	vw.Title = sample.Subject
	return s.show(v, http.StatusOK, vw)
}

// sampleHTML answers with the HTML of a text, in a document that can do nothing.
func (s *Server) sampleHTML(v *visit) error {
	sample, err := s.readSample(v)
	if err != nil {
		return err
	}
	mailHTML(v, sample.HTML)
	return nil
}
