// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/http"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// leftData is what somebody who left can refer to.
type leftData struct {
	Receipt  community.Receipt
	ErasedBy time.Time
}

func (s *Server) leave(v *visit) error { return s.ok(v, "leave", "leave.title", nil) }

func (s *Server) leaveForm(v *visit) error {
	return s.ok(v, "leaveconfirm", "leave.confirm.title", nil)
}

// saveLeave makes the member leave for real. The answer is the page itself: there is no session any more that
// another page could belong to.
func (s *Server) saveLeave(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if form.Get("understood") != "yes" {
		return s.again(v, community.Invalid("Understood", "error.confirm"), "leaveconfirm", "leave.confirm.title", nil)
	}
	receipt, err := s.Services.Withdraw(v.r.Context(), v.viewer, v.locale)
	if err != nil {
		return err
	}
	s.Wake()
	s.counters.withdrawals.Inc()
	s.keepSession(v, "")
	v.viewer = community.Viewer{}
	vw := s.frame(v, "left", "left.title", leftData{Receipt: receipt, ErasedBy: receipt.ReceivedAt.Add(s.Network.ErasurePromise())})
	vw.Session, vw.Switches = false, nil // the page cannot be asked for again
	return s.show(v, http.StatusOK, vw)
}

func (s *Server) sessions(v *visit) error {
	all, err := s.Services.Sessions(v.r.Context(), v.viewer)
	if err != nil {
		return err
	}
	return s.ok(v, "sessions", "sessions.title", all)
}

func (s *Server) endSessions(v *visit) error {
	if err := s.Services.SignOutEverywhere(v.r.Context(), v.viewer); err != nil {
		return err
	}
	s.keepSession(v, "")
	return v.redirect("/?done=signedOut")
}
