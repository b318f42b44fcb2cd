// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package capture_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/capture"
	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

func letter(g *WithT, member uuid.UUID, body string) *mail.Letter {
	to, err := compose.ParseAddress(canary.Email)
	g.Expect(err).NotTo(HaveOccurred())
	return &mail.Letter{To: to, Body: []byte(body), Member: member}
}

// TestTheStoreAnswersAsAMailServerDoes runs as each role that sends.
func TestTheStoreAnswersAsAMailServerDoes(t *testing.T) {
	s := store.New(t, store.Trial)
	for _, role := range []naming.Role{naming.RolePortal, naming.RoleCampaign} {
		t.Run(string(role), func(t *testing.T) {
			g, ctx := NewWithT(t), t.Context()
			member := uuid.Must(uuid.NewV7())
			_, err := s.Admin().Exec(ctx, `INSERT INTO alumni.member (id, state, family_name, locale) VALUES ($1, 'Active', 'x', 'ja')`, member)
			g.Expect(err).NotTo(HaveOccurred())
			r := capture.NewRecorder(s.Pool(role))

			g.Expect(r.Record(ctx, letter(g, member, "Subject: =?utf-8?B?44G744GX44Gu?=\r\n\r\nx\x00\r\n")).Kind).To(Equal(mail.Accepted))
			var kept []any
			rows, err := s.Admin().Query(ctx, `SELECT recipient, subject, message = 'Subject: =?utf-8?B?44G744GX44Gu?='::bytea || '\x0d0a0d0a78000d0a' FROM alumni.captured_mail WHERE recipient_id = $1`, member)
			g.Expect(err).NotTo(HaveOccurred())
			kept, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(kept).To(Equal([]any{canary.Email, "ほしの", true}))

			outcomes := map[string]struct {
				outcome mail.Outcome
				kind    mail.Kind
			}{
				"the member was erased meanwhile": {r.Record(ctx, letter(g, uuid.New(), "Subject: x\r\n\r\nx")), mail.Permanent},
				"the message is too long":         {r.Record(ctx, letter(g, member, "Subject: x\r\n\r\n"+strings.Repeat("x", 4<<20))), mail.Permanent},
				"a role that may not":             {capture.NewRecorder(s.Pool(naming.RoleRoster)).Record(ctx, letter(g, member, "Subject: x\r\n\r\nx")), mail.Trouble},
				"nobody is asked":                 {r.Record(ended(ctx), letter(g, member, "Subject: x\r\n\r\nx")), mail.Trouble},
				"the answer is lost":              {capture.NewRecorder(lost{}).Record(ctx, letter(g, member, "Subject: x\r\n\r\nx")), mail.Unknown},
			}
			for name, o := range outcomes {
				g.Expect(o.outcome.Kind).To(Equal(o.kind), name)
				canary.Scan(t, name, o.outcome.Err.Error())
			}
		})
	}
}

// TestMailsGoWithTheirMemberWhicheverVersionErases deletes a member as a worker would that knows nothing of captured mails.
func TestMailsGoWithTheirMemberWhicheverVersionErases(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	s := store.New(t, store.Trial)
	gone, stays := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	for _, member := range []uuid.UUID{gone, stays} {
		_, err := s.Admin().Exec(ctx, `INSERT INTO alumni.member (id, state, family_name, locale) VALUES ($1, 'Active', 'x', 'ja')`, member)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(capture.NewRecorder(s.Pool(naming.RolePortal)).Record(ctx, letter(g, member, "Subject: x\r\n\r\nx")).Kind).To(Equal(mail.Accepted))
	}

	_, err := s.Pool(naming.RoleRetention).Exec(ctx, `DELETE FROM alumni.member WHERE id = $1`, gone)

	g.Expect(err).NotTo(HaveOccurred())
	var left []uuid.UUID
	g.Expect(s.Admin().QueryRow(ctx, `SELECT array_agg(recipient_id) FROM alumni.captured_mail`).Scan(&left)).To(Succeed())
	g.Expect(left).To(Equal([]uuid.UUID{stays}))
}

// lost is a connection that breaks after the statement went out.
type lost struct{}

func (lost) Exec(context.Context, string, ...any) (pgconn.CommandTag, error) {
	return pgconn.CommandTag{}, errors.New("unexpected EOF of " + canary.Email)
}

func ended(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}
