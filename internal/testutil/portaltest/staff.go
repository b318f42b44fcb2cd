// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"os"
	"path/filepath"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/staff"
)

// Staff opens the console, before the network is served, and writes the mounted list of staff. Written again, the list takes the place of
// the one before.
func (w *World) Staff(list string) {
	w.t.Helper()
	w.Network.Console = true
	if err := os.WriteFile(filepath.Join(w.StaffDir, settings.StaffFile), []byte(list), 0o600); err != nil {
		w.t.Fatalf("write the list of staff: %v", err)
	}
}

func (w *World) staff() []community.StaffMember {
	people, err := staff.Read(w.StaffDir)
	if err != nil {
		w.t.Errorf("read the list of staff: %v", err)
	}
	return people
}

// SignInStaff signs one of the staff in with a mailed link.
func (b *Browser) SignInStaff(w *World, address string) Answer {
	b.t.Helper()
	n := len(w.Mails(address))
	if a := b.Post("/console/sign-in", "address", address); a.Location != "/console/sign-in/sent" {
		b.t.Fatalf("ask for a link: status %d", a.Status)
	}
	a := b.Post("/console/sign-in/" + w.AwaitMail(address, n+1).Token())
	if a.Location != "/console" {
		b.t.Fatalf("use the link: status %d", a.Status)
	}
	return a
}
