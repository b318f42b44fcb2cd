// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/portal/middleware"
)

// addressData is the address that mail goes to, and the one that is to follow it.
type addressData struct {
	Open    bool // mails can be sent
	Own     string
	Waiting community.NewAddress
	Typed   string
}

func (s *Server) addressForm(v *visit) error {
	d, err := s.readAddress(v)
	if err != nil {
		return err
	}
	return s.ok(v, "address", "address.title", d)
}

func (s *Server) readAddress(v *visit) (addressData, error) {
	m, err := s.Services.Member(v.r.Context(), v.viewer)
	if err != nil {
		return addressData{}, err
	}
	d := addressData{Open: s.Network.Email != nil, Own: m.Email}
	d.Waiting, err = s.Services.WaitingAddress(v.r.Context(), v.viewer)
	return d, err
}

// saveAddress asks for a new address, or forgets the one that was asked for.
func (s *Server) saveAddress(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if form.Get("act") == "drop" {
		if err := s.Services.DropAddress(v.r.Context(), v.viewer); err != nil {
			return err
		}
		return v.redirect("/me/address?done=saved")
	}
	if s.Network.Email == nil {
		return v.redirect("/me/address")
	}
	err = s.Services.AskAddress(v.r.Context(), v.viewer, form.Get("address"), v.locale, middleware.ClientIP(v.r, s.Proxies))
	if s.problemOf(v, err) != nil {
		d, readErr := s.readAddress(v)
		if readErr != nil {
			return readErr
		}
		d.Typed = form.Get("address")
		return s.again(v, err, "address", "address.title", d)
	}
	if err != nil {
		return err
	}
	s.Wake()
	return v.redirect("/me/address?done=addressAsked")
}

// openAddress shows a button and does nothing: programs that scan mail open every link. Only the member who asked for the address can press
// it: a stranger whose address was mistyped must not get into the member's place.
func (s *Server) openAddress(v *visit) error {
	d, err := s.readAddress(v)
	if err != nil {
		return err
	}
	if d.Waiting.Address == "" {
		return s.addressSpent(v)
	}
	return s.ok(v, "addressconfirm", "address.confirm.title", d)
}

func (s *Server) confirmAddress(v *visit) error {
	err := s.Services.ConfirmAddress(v.r.Context(), v.viewer, v.token())
	if community.CodeOf(err) == community.CodeLinkSpent {
		return s.addressSpent(v)
	}
	if err != nil {
		return err
	}
	s.Wake()
	return v.redirect("/me?done=addressChanged")
}

// addressSpent shows the form again to whoever comes with a link that is worth nothing any more.
func (s *Server) addressSpent(v *visit) error {
	d, err := s.readAddress(v)
	if err != nil {
		return err
	}
	return s.again(v, community.Invalid("Address", "error.addressSpent"), "address", "address.title", d)
}
