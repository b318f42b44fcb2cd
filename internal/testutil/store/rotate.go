// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/rand"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
)

// Rotate renews the login of every role as the operator does: Login and Dir answer with the new ones from now on. The former
// stay valid until the returned function is called.
func (s *Store) Rotate() (closeFormer func()) {
	s.t.Helper()
	opened, next, closed := map[naming.Role]postgres.Logins{}, map[naming.Role]postgres.Logins{}, map[naming.Role]postgres.Logins{}
	for role, l := range s.turns() {
		l.Other, l.OtherPassword = postgres.OtherOpened, rand.Text()
		opened[role], next[role] = l, l.Next()
		l = l.Next()
		l.Other = postgres.OtherClosed
		closed[role] = l
	}
	s.ensure(opened)
	s.logins, s.turned = s.ensure(next), next
	return func() { s.t.Helper(); s.ensure(closed) }
}

// ensure makes the store have these logins, and returns those that are told to workloads.
func (s *Store) ensure(logins map[naming.Role]postgres.Logins) map[naming.Role]dbconn.Login {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), setupLimit)
	defer cancel()
	spec, err := s.spec.WithLogins(logins)
	if err == nil {
		_, err = postgres.Ensure(ctx, postgres.EnsureInput{Admin: s.adminLogin(), Spec: spec})
	}
	if err != nil {
		s.t.Fatalf("rotate the logins of a test store: %v", err)
	}
	all := map[naming.Role]dbconn.Login{}
	for role := range logins {
		all[role] = spec.Login(s.adminLogin(), role)
	}
	return all
}

// turns are the logins of all roles as they are now.
func (s *Store) turns() map[naming.Role]postgres.Logins {
	all := map[naming.Role]postgres.Logins{}
	for role, login := range s.logins {
		all[role] = postgres.Logins{Current: s.turned[role].Current, Password: login.Password}
	}
	return all
}
