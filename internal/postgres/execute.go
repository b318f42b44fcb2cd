// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// applicationName is how the operator's sessions are listed in pg_stat_activity.
const applicationName = "alumni-operator"

// session holds the connections of one provisioning: one to the admin's own database and, once it is there, one
// to the network's.
type session struct {
	admin  dbconn.Login
	spec   Spec
	server *pgx.Conn
	inside *pgx.Conn
	// proven are passwords that were found right, by role or by verifier: they are not tried again.
	proven map[string]bool
	// copying says that a missing database is to be a copy; from is what of, once that is made; withoutCopy is why not.
	copying     bool
	from        *template
	withoutCopy error
	// beforeStep is called with each step before it runs; tests stop the work there.
	beforeStep func(Step) error
}

// Execute runs steps as the admin role, each in a transaction of its own. It stops at the first that fails; run
// again, Plan continues from what is there.
func Execute(ctx context.Context, admin dbconn.Login, spec Spec, steps []Step) error {
	s, err := openSession(ctx, admin, spec, nil)
	if err != nil {
		return err
	}
	defer s.close(ctx)
	return s.execute(ctx, steps)
}

func openSession(ctx context.Context, admin dbconn.Login, spec Spec, beforeStep func(Step) error) (*session, error) {
	conn, err := connect(ctx, admin)
	if err != nil {
		return nil, fmt.Errorf("connect to the server: %w", err)
	}
	return &session{admin: admin, spec: spec, server: conn, proven: map[string]bool{}, beforeStep: beforeStep}, nil
}

// connect opens a session for a few statements.
func connect(ctx context.Context, login dbconn.Login) (*pgx.Conn, error) {
	return dbconn.Connect(ctx, login, dbconn.Options{ApplicationName: applicationName, ExecMode: pgx.QueryExecModeExec})
}

// insideConn connects to the network's database when first asked for.
func (s *session) insideConn(ctx context.Context) (*pgx.Conn, error) {
	if s.inside != nil && !s.inside.IsClosed() {
		return s.inside, nil
	}
	login := s.admin
	login.Database = s.spec.Database
	conn, err := connect(ctx, login)
	if err != nil {
		return nil, err
	}
	s.inside = conn
	return conn, nil
}

// close ends both sessions; the work is done or lost by then, so an error has nothing more to say.
func (s *session) close(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	if s.inside != nil {
		_ = s.inside.Close(ctx)
	}
	_ = s.server.Close(ctx)
}

func (s *session) execute(ctx context.Context, steps []Step) error {
	for len(steps) > 0 {
		n := together(steps)
		if s.beforeStep != nil {
			n = 1
			if err := s.beforeStep(steps[0]); err != nil {
				return fmt.Errorf("%w: %w", errStopped, err)
			}
		}
		// A transaction for many steps is quicker. When one of them fails, each gets its own, for the error to tell which.
		if n > 1 && s.run(ctx, steps[:n]...) == nil {
			steps = steps[n:]
			continue
		}
		for _, step := range steps[:n] {
			if err := s.run(ctx, step); err != nil {
				return fmt.Errorf("repair %q: %w", step.Reason, err)
			}
		}
		steps = steps[n:]
	}
	return nil
}

// errStopped says that a test let the provisioner die.
var errStopped = errors.New("stopped")

// together counts the steps at the beginning that one transaction can hold.
func together(steps []Step) int {
	n := 1
	for n < len(steps) && !steps[0].alone && !steps[n].alone && steps[n].inside == steps[0].inside {
		n++
	}
	return n
}

// run sends steps as one message: PostgreSQL runs the statements of one message in one transaction.
func (s *session) run(ctx context.Context, steps ...Step) error {
	conn := s.server
	if steps[0].inside {
		var err error
		if conn, err = s.insideConn(ctx); err != nil {
			return explain("connect to the database", err)
		}
	}
	var texts []string
	proven := map[string]bool{}
	for i, step := range steps {
		switch {
		case step.asOwner:
			texts = append(texts, "SET LOCAL ROLE "+quote(s.spec.ownerName()))
		case i > 0:
			texts = append(texts, "SET LOCAL ROLE NONE")
		}
		for _, st := range step.statements {
			text, verifier, err := st.render()
			if err != nil {
				return err
			}
			texts = append(texts, text)
			if verifier != "" {
				proven[st.role], proven[verifier] = true, true
			}
		}
	}
	if _, err := conn.Exec(ctx, strings.Join(texts, ";\n"), pgx.QueryExecModeSimpleProtocol); err != nil {
		return explain("change the store", err)
	}
	maps.Copy(s.proven, proven) // what was just set need not be tried
	return nil
}

// render appends the verifier of a password.
func (st statement) render() (text, verifier string, err error) {
	if st.password == "" {
		return st.text, "", nil
	}
	if verifier, err = scramVerifier(st.password); err != nil {
		return "", "", err
	}
	return st.text + literal(verifier), verifier, nil
}
