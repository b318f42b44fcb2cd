// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/url"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/line"
	"github.com/alumni-operator/alumni-operator/internal/community"
)

// friendURL is where LINE offers to add an account as a friend.
const friendURL = "https://line.me/R/ti/p/"

// lineData is how far the member's LINE account is linked.
type lineData struct {
	Link    community.LINELink
	Open    bool   // accounts can be linked
	Account string // the network's, as members find it in LINE
	Friend  string // where it is added
	Code    string // the one that was just made, in two halves; nowhere else is it kept
}

// Shown says whether there is anything to tell: a link can be undone even where none can be made any more.
func (d lineData) Shown() bool { return d.Open || d.Link.LinkedAt != nil }

func (s *Server) lineForm(v *visit) error { return s.showLINE(v, "") }

// saveLINE makes a code, which only this answer shows, or forgets the link.
func (s *Server) saveLINE(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if form.Get("act") == "unlink" {
		if err := s.Services.UnlinkLINE(v.r.Context(), v.viewer); err != nil {
			return err
		}
		return v.redirect("/me/line?done=unlinked")
	}
	if _, open := s.lineSecret(); !open {
		return v.redirect("/me/line")
	}
	code, err := s.Services.NewLINECode(v.r.Context(), v.viewer)
	if err != nil {
		return err
	}
	if code == "" {
		return v.redirect("/me/line")
	}
	return s.showLINE(v, code[:community.LINECodeLength/2]+"-"+code[community.LINECodeLength/2:])
}

func (s *Server) showLINE(v *visit, code string) error {
	d, err := s.readLINE(v)
	if err != nil {
		return err
	}
	if !d.Shown() {
		return &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
	}
	d.Code = code
	return s.ok(v, "line", "line.title", d)
}

func (s *Server) readLINE(v *visit) (lineData, error) {
	link, err := s.Services.LINELink(v.r.Context(), v.viewer)
	if err != nil {
		return lineData{}, err
	}
	d := lineData{Link: link}
	if _, d.Open = s.lineSecret(); d.Open {
		d.Account, d.Friend = s.Network.LINE.AccountID, friendURL+url.QueryEscape(s.Network.LINE.AccountID)
	}
	return d, nil
}

// lineSecret is what LINE signs events with; ok is false where there is no account, or no secret that can be one. The file is read each
// time, so that a Secret that changes needs no restart, and its fault is told once.
func (s *Server) lineSecret() (secret channel.Secret, ok bool) {
	if s.Network.LINE == nil {
		return channel.Secret{}, false
	}
	secret, err := line.ReadChannelSecret(s.LINEDir)
	if fault := err != nil; s.lineFault.Swap(fault) != fault && fault {
		s.Log.Warn("Linking no LINE accounts", "error", err.Error())
	}
	return secret, err == nil
}
