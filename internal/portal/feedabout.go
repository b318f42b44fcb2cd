// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// about reads what a page asks about: the post that the address names, or one of its comments.
func (s *Server) about(v *visit, comment string, own bool) (aboutData, error) {
	post, err := postOf(v)
	if err != nil {
		return aboutData{}, err
	}
	d := aboutData{Post: post, Comment: comment, Reasons: community.ReportReasons()}
	if comment == "" {
		t, err := s.Services.Thread(v.r.Context(), v.viewer, post, community.Place{}, 1)
		if err == nil && (t.Gone || t.Post.Own != own) {
			err = errNowhere()
		}
		d.Author, d.Body = t.Post.Author, t.Post.Body
		return d, err
	}
	id, ok := parseID(comment)
	if !ok {
		return d, errNowhere()
	}
	c, err := s.Services.OneComment(v.r.Context(), v.viewer, id)
	if err == nil && (c.Post != post || c.Own != own) {
		err = errNowhere()
	}
	d.Author, d.Body = c.Author, c.Body
	return d, err
}

func (s *Server) withdrawForm(v *visit) error {
	d, err := s.about(v, v.r.URL.Query().Get("comment"), true)
	if err != nil {
		return err
	}
	return s.ok(v, "feedwithdraw", "feed.withdraw", d)
}

func (s *Server) saveWithdrawal(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	post, err := postOf(v)
	if err != nil {
		return err
	}
	if form.Get("comment") == "" {
		if err := s.Services.WithdrawPost(v.r.Context(), v.viewer, post); err != nil {
			return err
		}
		return v.redirect("/feed/mine?done=postWithdrawn")
	}
	id, _ := parseID(form.Get("comment"))
	if err := s.Services.WithdrawComment(v.r.Context(), v.viewer, id); err != nil {
		return err
	}
	return v.redirect("/feed/mine?done=commentWithdrawn")
}

func (s *Server) reportForm(v *visit) error {
	d, err := s.about(v, v.r.URL.Query().Get("comment"), false)
	if err != nil {
		return err
	}
	return s.ok(v, "feedreport", "feed.report", d)
}

func (s *Server) saveReport(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	d, err := s.about(v, form.Get("comment"), false)
	if err != nil {
		return err
	}
	report, about := s.Services.ReportPost, d.Post
	if d.Comment != "" {
		report, about = s.Services.ReportComment, uuid.MustParse(d.Comment) // about has read it
	}
	if err := report(v.r.Context(), v.viewer, about, community.ReportReason(form.Get("Reason"))); err != nil {
		return s.again(v, err, "feedreport", "feed.report", d)
	}
	return v.redirect("/feed?done=reported")
}
