// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

// landingData is what the landing page shows beside the network itself.
type landingData struct {
	Purposes []string // catalogue keys
	Open     bool     // people can sign in
}

// landing is the public page by which people find the network, years later if need be. It asks nothing of the
// store. That of a trial is not to be found.
func (s *Server) landing(v *visit) error {
	findable := !s.Network.Trial()
	if findable {
		v.w.Header().Del("X-Robots-Tag")
	}
	v.w.Header().Set("Cache-Control", "no-cache")
	vw := s.frame(v, "landing", "landing.title", landingData{Purposes: s.purposeKeys(), Open: s.Network.Email != nil})
	vw.Findable = findable
	return s.show(v, 200, vw)
}

// privacy says what is held of people, why, and what they can do about it.
func (s *Server) privacy(v *visit) error {
	v.w.Header().Set("Cache-Control", "no-cache")
	return s.ok(v, "privacy", "privacy.title", nil)
}

// purposeKeys are the texts of what the programme is for.
func (s *Server) purposeKeys() []string {
	var keys []string
	for _, purpose := range s.Network.Purposes {
		if key := "programme." + purpose; s.catalogue.Has("ja", key) {
			keys = append(keys, key)
		}
	}
	return keys
}
