// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// pauseData is the state of distance mode.
type pauseData struct {
	Paused   bool
	Until    *time.Time
	Typed    string
	Earliest string
}

func (s *Server) pauseForm(v *visit) error {
	m, err := s.Services.Member(v.r.Context(), v.viewer)
	if err != nil {
		return err
	}
	return s.ok(v, "pause", "pause.title", s.pauseOf(m, ""))
}

func (s *Server) pauseOf(m community.Member, typed string) pauseData {
	d := pauseData{Paused: m.Paused(s.Now()), Until: m.PausedUntil, Typed: typed,
		Earliest: s.Now().In(s.zone).AddDate(0, 0, 1).Format(time.DateOnly)}
	if typed == "" && d.Paused && m.PausedUntil != nil {
		d.Typed = m.PausedUntil.In(s.zone).Format(time.DateOnly)
	}
	return d
}

// savePause begins, moves or ends a pause. It ends with the first moment of a day in the network's zone.
func (s *Server) savePause(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if form.Get("act") == "resume" {
		if err := s.Services.Resume(v.r.Context(), v.viewer); err != nil {
			return err
		}
		return v.redirect("/me/pause?done=resumed")
	}
	typed := strings.TrimSpace(form.Get("until"))
	var until *time.Time
	if typed != "" {
		day, parseErr := time.ParseInLocation(time.DateOnly, typed, s.zone)
		if parseErr != nil {
			err = community.Invalid("Until", "error.pauseDate")
		}
		until = &day
	}
	if err == nil {
		err = s.Services.Pause(v.r.Context(), v.viewer, until)
	}
	if s.problemOf(v, err) != nil {
		m, readErr := s.Services.Member(v.r.Context(), v.viewer)
		if readErr != nil {
			return readErr
		}
		return s.again(v, err, "pause", "pause.title", s.pauseOf(m, typed))
	}
	if err != nil {
		return err
	}
	return v.redirect("/me/pause?done=paused")
}
