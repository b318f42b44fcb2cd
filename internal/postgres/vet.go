// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"fmt"
	"strings"
)

// oldestServer is PostgreSQL 15 as the server counts.
const oldestServer = 150000

// vet refuses what must not be touched and what cannot work. It comes before every step.
func vet(spec Spec, a Actual) error {
	if a.serverNumber < oldestServer {
		return fmt.Errorf("%w: it is version %s, and 15 is needed", ErrVersion, a.ServerVersion)
	}
	if a.database == nil && spec.MustExist {
		return fmt.Errorf("%w: %q", ErrMissing, spec.Database)
	}
	if err := vetDatabase(spec, a); err != nil {
		return err
	}
	if err := vetRoles(spec, a); err != nil {
		return err
	}
	if a.recovery {
		return ErrRecovery
	}
	if a.readOnly {
		return ErrReadOnly
	}
	return vetAdmin(spec, a)
}

// vetDatabase refuses a database that another network has claimed, and one without a claim that is in use.
func vetDatabase(spec Spec, a Actual) error {
	switch {
	case a.database == nil:
		return nil
	case a.blind():
		// Whose it is cannot be seen. The owner role's marker decides.
		if a.database.owner == spec.ownerName() && a.roles[spec.ownerName()].comment == spec.Claim.Marker() {
			return nil
		}
		return &ClaimedError{Database: spec.Database}
	case a.inside.claim != nil && !a.claimedBy(spec.Claim):
		return &ClaimedError{Database: spec.Database}
	case a.inside.claim != nil:
		if err := vetTrial(spec, a); err != nil {
			return err
		}
		return vetRestore(spec, a)
	case a.freshCopy(spec):
		return nil
	case a.inside.claimTable, a.inside.objects > 0, hasSchemas(a.inside):
		return fmt.Errorf("%w: %q", ErrNotEmpty, spec.Database)
	case !a.database.utf8:
		return fmt.Errorf("%w: %q", ErrEncoding, spec.Database)
	}
	return nil
}

func hasSchemas(inside *insideFacts) bool {
	for name := range inside.schemas {
		if name != "public" {
			return true
		}
	}
	return false
}

// vetRoles refuses roles of our names that were made by somebody else. With our claim in the database a role
// without a marker is ours: comments get lost when roles are copied to another server.
func vetRoles(spec Spec, a Actual) error {
	for _, r := range spec.roles {
		found, ok := a.roles[r.name]
		switch {
		case !ok, found.comment == spec.Claim.Marker():
		case strings.HasPrefix(found.comment, markerPrefix):
			return &ClaimedError{Database: spec.Database}
		case !a.claimedBy(spec.Claim):
			return fmt.Errorf("%w: %q", ErrRoleTaken, r.name)
		}
	}
	return nil
}

// vetAdmin tells in words what the admin role lacks, before PostgreSQL does in the middle of the work.
func vetAdmin(spec Spec, a Actual) error {
	if !a.session.admin || a.session.superuser {
		return nil
	}
	if a.database == nil && !a.session.createDB {
		return fmt.Errorf("%w: it may not create databases (CREATEDB)", ErrPrivilege)
	}
	// From 16 on, inheriting is a matter of each membership, and ours says so.
	if a.serverNumber < 160000 && !a.session.inherits {
		return fmt.Errorf("%w: it does not inherit the rights of the roles it makes (INHERIT)", ErrPrivilege)
	}
	for _, r := range spec.roles {
		needed := !r.isTwin() || r.login == loginOpen
		if _, ok := a.roles[r.name]; !ok && needed && !a.session.createRole {
			return fmt.Errorf("%w: it may not create roles (CREATEROLE)", ErrPrivilege)
		}
	}
	return nil
}
