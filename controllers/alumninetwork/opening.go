// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// findAdmin says where the server is, and reads the admin's login when its Secret has changed. Where it has not, the login is
// without what opens a session, which openAdmin adds when one is needed.
func (r *Reconciler) findAdmin(ctx context.Context, s *scope) error {
	if login, known, err := r.recallAdmin(ctx, s); err != nil || known {
		s.admin = login
		return err
	}
	return r.readAdmin(ctx, s)
}

// recallAdmin is the admin's login without its password, when its Secret has not changed. Where an External server is only that
// Secret tells, and what was published from it.
func (r *Reconciler) recallAdmin(ctx context.Context, s *scope) (login dbconn.Login, known bool, err error) {
	n := s.network
	if !r.unchanged(s, useAdmin, adminSecretName(n)) {
		return login, false, nil
	}
	switch n.StoreKind() {
	case v1alpha1.StoreCloudNativePG:
		return clusterLogin(n), true, nil
	case v1alpha1.StoreExternal:
		published, err := r.published(ctx, n)
		if err != nil {
			return login, false, err
		}
		login = dbconn.Login{Host: published.Host, Port: published.Port, SSLMode: published.SSLMode, CA: published.CA}
		return login, placeOf(login) == s.note.place, nil
	default:
		return standaloneAdmin(n, ""), true, nil
	}
}

// adminSecretName is the Secret with the admin's login: the one that the spec names, or the network's own.
func adminSecretName(n *v1alpha1.AlumniNetwork) string {
	switch {
	case n.Spec.Store.External != nil:
		return n.Spec.Store.External.AdminSecretRef.Name
	case n.ForeignCluster() != "":
		return n.Spec.Store.CloudNativePG.AdminSecretRef.Name
	default:
		return naming.AdminSecret(n.Name)
	}
}

// placeOf is a digest of where a server is and how sessions to it are guarded, all of which is published.
func placeOf(l dbconn.Login) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%q %d %q %q", l.Host, l.Port, l.SSLMode, l.CA))
}

// openAdmin completes the admin's login, when it was not read in this look.
func (r *Reconciler) openAdmin(ctx context.Context, s *scope) error {
	if s.admin.Password != "" {
		return nil
	}
	authority := s.admin.CA
	if err := r.readAdmin(ctx, s); err != nil {
		return err
	}
	if s.network.StoreKind() == v1alpha1.StoreCloudNativePG {
		s.admin.CA = authority
	}
	return nil
}

// openLogins reads the logins of all roles that were not read in this look, and describes the database with them.
func (r *Reconciler) openLogins(ctx context.Context, s *scope) error {
	if err := r.openRoles(ctx, s, naming.Roles()...); err != nil {
		return err
	}
	spec, err := r.storeSpec(s)
	if err != nil {
		return err
	}
	s.spec, s.metrics = spec, spec.Login(s.admin, naming.RoleMetrics)
	return nil
}

// openStore opens all that is needed to change the store: the logins of the roles, and the admin's.
func (r *Reconciler) openStore(ctx context.Context, s *scope) error {
	if s.spec.Database == "" {
		if err := r.openLogins(ctx, s); err != nil {
			return err
		}
	}
	return r.openAdmin(ctx, s)
}

// openMetrics reads the login of the operator's own role, when it was not read in this look.
func (r *Reconciler) openMetrics(ctx context.Context, s *scope) error {
	if s.metrics.Password != "" {
		return nil
	}
	if err := r.openRoles(ctx, s, naming.RoleMetrics); err != nil {
		return err
	}
	database, c := databaseName(s.network), s.credentials[naming.RoleMetrics]
	s.metrics = s.admin.As(naming.DatabaseLogin(database, naming.RoleMetrics, c.generation), c.password, database)
	return nil
}

// openRoles reads the logins of some roles that were not read in this look. One that has changed meanwhile is taken as it is now.
func (r *Reconciler) openRoles(ctx context.Context, s *scope, roles ...naming.Role) error {
	changed := false
	for _, role := range roles {
		before := s.credentials[role]
		if before.secret != nil {
			continue
		}
		if err := r.readLogin(ctx, s, role); err != nil {
			return err
		}
		changed = changed || s.credentials[role].found != before.found
	}
	if !changed {
		return nil
	}
	var err error
	s.formerInUse, err = r.usesFormer(ctx, s)
	return err
}

// readLogin makes or reads the login of a role.
func (r *Reconciler) readLogin(ctx context.Context, s *scope, role naming.Role) error {
	secret, err := r.ensureSecret(ctx, s, s.network, roleSecret(s, role), dbconn.KeyUsername, dbconn.KeyPassword)
	if err != nil {
		return err
	}
	c, err := readCredential(s.network, role, secret)
	if err != nil {
		return err
	}
	s.credentials[role] = c
	s.note.keep(role, c)
	return nil
}
