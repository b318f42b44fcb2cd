// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"fmt"
	"slices"

	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// OtherLogin is what becomes of the login of a role that is not the present one.
type OtherLogin int

const (
	// OtherClosed lets nobody log in by it any more. Sessions that are open go on.
	OtherClosed OtherLogin = iota
	// OtherKept leaves it as it is, for somebody may still use it.
	OtherKept
	// OtherOpened gives it a password, so that it can be the next.
	OtherOpened
)

// Logins are the two logins of a role. The first generation is the role itself, which holds the rights; the second is a member
// of it, made when it is first opened. So the rights never move, and a password is never changed under those who use it.
type Logins struct {
	// Current is the generation by which the role logs in; the first when empty.
	Current naming.Generation
	// Password is that of the current generation.
	Password string
	// Other says what becomes of the other generation.
	Other OtherLogin
	// OtherPassword is set with OtherOpened.
	OtherPassword string
}

// Next is the state after the other login has become the present one: the former stays valid until it is closed.
func (l Logins) Next() Logins {
	return Logins{Current: l.Current.Other(), Password: l.OtherPassword, Other: OtherKept}
}

// WithLogins is the spec with other logins for some roles. Without it each role logs in by its own name.
func (s Spec) WithLogins(logins map[naming.Role]Logins) (Spec, error) {
	s.roles = slices.Clone(s.roles)
	for i := range s.roles {
		r := &s.roles[i]
		if l, ok := logins[r.role]; ok {
			if err := r.setLogin(l, s.unread); err != nil {
				return Spec{}, err
			}
		}
	}
	return s, nil
}

// loginState is whether a role of the database may log in.
type loginState int

const (
	loginClosed loginState = iota
	loginKept
	loginOpen
)

func (r *roleSpec) setLogin(l Logins, unread bool) error {
	r.current = r.isTwin() == (l.Current == naming.GenerationB)
	r.login, r.password = loginClosed, ""
	switch {
	case r.current:
		r.login, r.password = loginOpen, l.Password
	case l.Other == OtherOpened:
		r.login, r.password = loginOpen, l.OtherPassword
	case l.Other == OtherKept:
		r.login = loginKept
	}
	if r.login == loginOpen && !unread {
		return VetPassword(r.role, r.password)
	}
	return nil
}

// VetPassword says whether a role may have a password: one that every client prepares alike for SCRAM. It is not named.
func VetPassword(role naming.Role, password string) error {
	if !fitPassword(password) {
		return fmt.Errorf("describe the database: the password of role %s: %w", role, ErrUnfitPassword)
	}
	return nil
}

// isTwin says that the role is the second login of another one.
func (r roleSpec) isTwin() bool { return r.twinOf != "" }

// twin is the second login of a role: it may take as much of the server, and has no right but to be a member.
func (r roleSpec) twin(database string) roleSpec {
	t := r
	t.twinOf, t.name = r.name, naming.DatabaseLogin(database, r.role, naming.GenerationB)
	t.login, t.password, t.current, t.temporary = loginClosed, "", false, false
	return t
}

// notMade says that a second login was never needed.
func (p *planner) notMade(r roleSpec) bool {
	_, there := p.actual.roles[r.name]
	return !there && r.isTwin() && r.login != loginOpen
}

// twinMembership lets a second login do what the role may.
func (p *planner) twinMembership(r roleSpec) {
	if !r.isTwin() || p.notMade(r) {
		return
	}
	member := func(m membership) bool { return m.group == r.twinOf && m.inherits }
	if slices.ContainsFunc(p.actual.roles[r.name].memberOf, member) {
		return
	}
	grant := fmt.Sprintf("GRANT %s TO %s", quote(r.twinOf), quote(r.name))
	if p.actual.serverNumber >= 160000 {
		grant += " WITH INHERIT TRUE, SET TRUE"
	}
	p.onServer(fmt.Sprintf("role %s is no member of role %s", r.name, r.twinOf), "ALTER ROLE "+quote(r.name)+" INHERIT", grant)
}
