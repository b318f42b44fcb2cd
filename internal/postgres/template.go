// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// errTemplateTaken: a database or role of a template's name was made by somebody else. It is left alone, and networks are
// migrated from zero.
var errTemplateTaken = errors.New("the name of the template belongs to somebody else")

// templateSteps bounds the looks at a template; each makes it a step more complete.
const templateSteps = 8

// useTemplate sees to it that there is a template to copy. Without one, whatever the cause, the database is migrated from
// zero; only trouble that would meet that too is an error.
func (s *session) useTemplate(ctx context.Context, actual Actual) error {
	t := templateFor(actual.session.name, s.spec.version)
	err := s.makeTemplate(ctx, t, actual)
	switch {
	case err == nil:
		s.from = &t
		return nil
	case ctx.Err() != nil, errors.Is(err, dbconn.ErrUnreachable), errors.Is(err, dbconn.ErrDiskFull), errors.Is(err, errStopped):
		return err
	default:
		s.copying, s.withoutCopy = false, err
		return nil
	}
}

// makeTemplate makes the template, or finds it made. One maker at a time is let in; the others wait until it is done.
func (s *session) makeTemplate(ctx context.Context, t template, actual Actual) error {
	// Whoever looks while another makes it may see a half of it: only what is whole is taken as seen.
	if f, err := s.observeTemplate(ctx, t, actual); err == nil {
		if steps, err := planTemplate(t, f); err == nil && len(steps) == 0 {
			return nil
		}
	}
	key := literal("alumni-operator/template/" + t.database)
	if _, err := s.server.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended("+key+", 0))", pgx.QueryExecModeSimpleProtocol); err != nil {
		return explain("lock the template", err)
	}
	defer func() {
		_, _ = s.server.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(hashtextextended("+key+", 0))", pgx.QueryExecModeSimpleProtocol)
	}()
	maker := &session{admin: s.admin, spec: s.spec, server: s.server, beforeStep: s.beforeStep, proven: map[string]bool{}}
	maker.spec.Database = t.database
	defer maker.leaveInside(ctx)
	made := false
	for range templateSteps {
		f, err := maker.observeTemplate(ctx, t, actual)
		if err != nil {
			return err
		}
		if f.comment == t.mark+bare && !made {
			login := s.admin
			login.Database = t.database
			if _, err := pgstore.MigrateAs(ctx, login, t.owner); err != nil {
				return fmt.Errorf("migrate the template: %w", err)
			}
			made = true
		}
		steps, err := planTemplate(t, f)
		if err != nil || len(steps) == 0 {
			if err == nil {
				s.dropOldTemplates(ctx, t)
			}
			return err
		}
		if err := maker.execute(ctx, steps); err != nil && !overtaken(err) {
			return err
		}
		maker.leaveInside(ctx) // the template is closed and copied only when nobody is in it
	}
	return fmt.Errorf("%w: template %s", ErrUnsettled, t.database)
}

// leaveInside closes the session inside the database, if there is one.
func (s *session) leaveInside(ctx context.Context) {
	if s.inside != nil {
		_ = s.inside.Close(context.WithoutCancel(ctx))
		s.inside = nil
	}
}

// observeTemplate reads what there is of a template. Only one without a mark is looked into, for it may be anything.
func (s *session) observeTemplate(ctx context.Context, t template, actual Actual) (templateFacts, error) {
	f := templateFacts{
		serverNumber: actual.serverNumber, superuser: actual.session.superuser, utf8Zero: actual.utf8Template, session: actual.session.name,
	}
	err := s.server.QueryRow(ctx, sqlTemplate, t.database, t.owner).Scan(&f.role, &f.roleComment, &f.sessionMaySet,
		&f.database, &f.sessionOwns, &f.comment, &f.takesConnections)
	if err != nil {
		return f, explain("look for the template", err)
	}
	if !f.database || !f.sessionOwns || f.comment != "" {
		return f, nil
	}
	look := &session{admin: s.admin, spec: s.spec}
	look.spec.Database = t.database
	inside, err := look.insideConn(ctx)
	if err != nil {
		return f, explain("look into the template", err)
	}
	defer look.leaveInside(ctx)
	facts, err := observeInside(ctx, inside, look.spec)
	if err != nil {
		return f, err
	}
	f.empty = !facts.claimTable && facts.objects == 0 && !hasSchemas(facts)
	return f, nil
}

// dropOldTemplates drops the admin role's templates of older versions. One that is being copied, or a role that still owns
// something in a copy, stays for the next time.
func (s *session) dropOldTemplates(ctx context.Context, current template) {
	rows, err := s.server.Query(ctx, sqlOldTemplates, templatePrefix, templateMarkPrefix)
	if err != nil {
		return
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return
	}
	for _, name := range names {
		digits, _, _ := strings.Cut(strings.TrimPrefix(name, templatePrefix), "_")
		if version, err := strconv.ParseInt(digits, 10, 64); err != nil || version >= current.version {
			continue
		}
		for _, text := range []string{"DROP DATABASE " + quote(name), "DROP ROLE IF EXISTS " + quote(name+"_owner")} {
			if _, err := s.server.Exec(ctx, text, pgx.QueryExecModeSimpleProtocol); err != nil {
				break
			}
		}
	}
}
