// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"math"
	"net/http"
	"regexp"
	"strconv"

	"github.com/alumni-operator/alumni-operator/internal/capture"
	"github.com/alumni-operator/alumni-operator/internal/community"
)

const (
	// trialMails is how many mails one page of the list has, and trialPeople how many people of a kind it names.
	trialMails, trialPeople = 50, 3
	// trialPath is where the mails of a trial are.
	trialPath = "/trial/mail"
	// mailPolicy shows a mail's own HTML and nothing else: it runs no script, loads nothing, sends no form and has no
	// origin, so that it can reach neither the visitor's session nor the pages around it.
	mailPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
		"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

// trialRoutes are the pages of a trial. A network for real people does not have them at all.
func (s *Server) trialRoutes() map[string]page {
	if !s.Network.Trial() {
		return nil
	}
	return map[string]page{
		"GET " + trialPath:                s.trialList,
		"GET " + trialPath + "/{id}":      s.trialMail,
		"GET " + trialPath + "/{id}/html": s.trialHTML,
	}
}

// banner says in one language that nothing here is real.
type banner struct {
	Locale     community.Locale
	Text, Link string
}

// banners are shown on every page of a trial, in every language, for whoever comes by chance may read any of them.
func (s *Server) banners() []banner {
	if !s.Network.Trial() {
		return nil
	}
	var all []banner
	for _, locale := range community.Locales() {
		all = append(all, banner{locale, s.text(locale, "trial.banner"), s.text(locale, "trial.open")})
	}
	return all
}

// trialListData is one page of the list.
type trialListData struct {
	Mails  []community.CapturedMail
	People []community.TrialPerson
	Older  int64 // the list goes on below this id; 0: it does not
	First  bool  // the newest are among these
}

func (s *Server) trialList(v *visit) error {
	before, err := strconv.ParseInt(v.r.URL.Query().Get("before"), 10, 64)
	data := trialListData{First: err != nil || before <= 0}
	if data.First {
		before = math.MaxInt64
	}
	if data.Mails, err = s.Services.CapturedMails(v.r.Context(), before, trialMails+1); err != nil {
		return err
	}
	if len(data.Mails) > trialMails {
		data.Mails = data.Mails[:trialMails]
		data.Older = data.Mails[trialMails-1].ID
	}
	if data.First {
		if data.People, err = s.Services.TrialPeople(v.r.Context(), trialPeople); err != nil {
			return err
		}
	}
	return s.ok(v, "trialmails", "trial.title", data)
}

// trialMailData is one mail.
type trialMailData struct {
	Message capture.Message
	Text    []span
	HTML    string // where its HTML is; empty without
}

func (s *Server) trialMail(v *visit) error {
	m, err := s.captured(v)
	if err != nil {
		return err
	}
	data := trialMailData{Message: m, Text: linked(m.Text)}
	if m.HTML != "" {
		data.HTML = v.r.URL.EscapedPath() + "/html"
	}
	return s.ok(v, "trialmail", "trial.title", data)
}

// trialHTML answers with the HTML of a mail, as it was sent, in a document that can do nothing.
func (s *Server) trialHTML(v *visit) error {
	m, err := s.captured(v)
	if err != nil {
		return err
	}
	if m.HTML == "" {
		return &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
	}
	mailHTML(v, m.HTML)
	return nil
}

// mailHTML answers with the HTML of a mail under a policy of its own.
func mailHTML(v *visit, html string) {
	v.w.Header().Set("Content-Security-Policy", mailPolicy)
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write([]byte(html)) // the visitor may have gone
}

// captured reads the mail that the path names.
func (s *Server) captured(v *visit) (capture.Message, error) {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil {
		return capture.Message{}, &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
	}
	source, err := s.Services.CapturedMessage(v.r.Context(), id)
	if err != nil {
		return capture.Message{}, err
	}
	return capture.Read(source), nil
}

// span is a piece of text, and perhaps where it leads.
type span struct{ Text, URL string }

// address finds what a reader of plain text would click on. It ends in no punctuation.
var address = regexp.MustCompile(`https?://[A-Za-z0-9._~:/?#@!$&*+,;=%\[\]-]*[A-Za-z0-9_~/#&*+=%-]`)

// linked cuts a text into its addresses and what is between them.
func linked(text string) []span {
	var all []span
	end := 0
	for _, at := range address.FindAllStringIndex(text, -1) {
		if at[0] > end {
			all = append(all, span{Text: text[end:at[0]]})
		}
		end = at[1]
		all = append(all, span{text[at[0]:end], text[at[0]:end]})
	}
	if end < len(text) {
		all = append(all, span{Text: text[end:]})
	}
	return all
}
