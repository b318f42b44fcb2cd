// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// The sessions that one piece of work has open at once, for a dbconn.Budget.
const (
	// CheckSessions are Check's own and the one in which it tries a login.
	CheckSessions = 2
	// EnsureSessions are one to the admin's database, one to the network's, and one for a login, or two for migrations.
	EnsureSessions = 4
	// ScratchSessions is that of MakeScratch and DropScratch.
	ScratchSessions = 1
)

// Check compares the store with the spec as the metrics role, which reads aggregates and catalogs only. An empty
// answer means that the store is as declared and no admin session is needed. Otherwise call Ensure. The server is
// where metrics says; its other fields must be those of Spec.Login(…, naming.RoleMetrics). It writes nothing.
//
// A schema that is older than this binary's migrations is among the answers too. The passwords of the other
// roles cannot be seen by this role: Check logs in as each of them and leaves at once, unless
// the spec was made without passwords.
func Check(ctx context.Context, metrics dbconn.Login, spec Spec) ([]Step, error) {
	conn, err := connect(ctx, metrics)
	switch {
	case errors.Is(err, dbconn.ErrAuthentication), errors.Is(err, dbconn.ErrNotPermitted), errors.Is(err, dbconn.ErrNoDatabase):
		return []Step{{Reason: "the operator's own role cannot log in"}}, nil
	case err != nil:
		return nil, fmt.Errorf("check the store: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	actual, err := observeServer(ctx, conn, spec)
	if err != nil {
		return nil, err
	}
	actual.session.superuser = false
	if actual.inside, err = observeInside(ctx, conn, spec); err != nil {
		return nil, err
	}
	if actual.inside.hidden {
		return []Step{{Reason: "the operator's own role may not read the claim"}}, nil
	}
	if !spec.unread && actual.claimedBy(spec.Claim) {
		proven := map[string]bool{metrics.Username: true}
		if err := tryPasswords(ctx, metrics, spec, &actual, proven); err != nil {
			return nil, err
		}
	}
	steps, err := Plan(spec, actual)
	if err != nil || len(steps) > 0 {
		return steps, err
	}
	if actual.inside.version < spec.version && !actual.restoring() {
		return []Step{{Reason: fmt.Sprintf("the schema has version %d; %d is due", actual.inside.version, spec.version)}}, nil
	}
	return nil, nil
}
