// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"fmt"
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
	for _, step := range steps {
		if s.beforeStep != nil {
			if err := s.beforeStep(step); err != nil {
				return err
			}
		}
		if err := s.run(ctx, step); err != nil {
			return fmt.Errorf("repair %q: %w", step.Reason, err)
		}
	}
	return nil
}

// run sends a step as one message: PostgreSQL runs the statements of one message in one transaction.
func (s *session) run(ctx context.Context, step Step) error {
	conn := s.server
	if step.inside {
		var err error
		if conn, err = s.insideConn(ctx); err != nil {
			return explain("connect to the database", err)
		}
	}
	var texts []string
	if step.asOwner {
		texts = append(texts, "SET LOCAL ROLE "+quote(s.spec.ownerName()))
	}
	for _, st := range step.statements {
		text, err := st.render()
		if err != nil {
			return err
		}
		texts = append(texts, text)
	}
	if _, err := conn.Exec(ctx, strings.Join(texts, ";\n"), pgx.QueryExecModeSimpleProtocol); err != nil {
		return explain("change the store", err)
	}
	return nil
}

// render appends the verifier of a password.
func (st statement) render() (string, error) {
	if st.password == "" {
		return st.text, nil
	}
	verifier, err := scramVerifier(st.password)
	if err != nil {
		return "", err
	}
	return st.text + literal(verifier), nil
}
