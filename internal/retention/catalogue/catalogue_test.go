// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package catalogue_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/retention/catalogue"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

func TestTheStoreIsKnownWhole(t *testing.T) {
	g := NewWithT(t)
	s := store.New(t)
	g.Expect(catalogue.Check(t.Context(), s.Pool(naming.RoleRetention))).To(Succeed())
	edges, err := catalogue.Observe(t.Context(), s.Pool(naming.RoleRetention))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(edges).To(HaveLen(len(catalogue.Belongings()) + len(catalogue.Loose())))
}

func TestWhatIsNotKnownIsNamed(t *testing.T) {
	cases := map[string]struct{ change, want string }{
		"a new table of a member": {
			`CREATE TABLE alumni.badge (member_id uuid PRIMARY KEY REFERENCES alumni.member ON DELETE CASCADE)`,
			"alumni.badge.member_id refers to alumni.member and is not known"},
		"a table in another schema": {
			`CREATE TABLE public.export (person uuid REFERENCES alumni.member)`,
			"public.export.person refers to alumni.member and is not known"},
		"a table behind a known one": {
			`CREATE TABLE alumni.receipt (mail bigint REFERENCES alumni.portal_mail)`,
			"alumni.receipt.mail refers to alumni.portal_mail and is not known"},
		"a second key of a known table": {
			`ALTER TABLE alumni.suppression ADD reported_by uuid REFERENCES alumni.member`,
			"alumni.suppression.reported_by refers to alumni.member and is not known"},
		"a column without a key": {
			`ALTER TABLE alumni.campaign_run ADD author_member_id uuid`,
			"alumni.campaign_run.author_member_id is not known"},
		"a dropped index": {
			`DROP INDEX alumni.delivery_member`,
			"alumni.delivery.member_id has no index that begins with it"},
		"an index over some rows only": {
			`DROP INDEX alumni.session_member; CREATE INDEX session_member ON alumni.session (member_id) WHERE seen_at IS NULL`,
			"alumni.session.member_id has no index that begins with it"},
		"another rule on deletion": {
			`ALTER TABLE alumni.contact DROP CONSTRAINT contact_member_id_fkey, ADD FOREIGN KEY (member_id) REFERENCES alumni.member ON DELETE SET NULL`,
			"alumni.contact.member_id does not cascade"},
		"a trigger that was taken off": {
			`DROP TRIGGER captured_mail_follows ON alumni.member`,
			"alumni.captured_mail.recipient_id does not cascade"},
		"a trigger that rests": {
			`ALTER TABLE alumni.member DISABLE TRIGGER captured_mail_follows`,
			"alumni.captured_mail.recipient_id does not cascade"},
		"a follower without an index": {
			`DROP INDEX alumni.captured_mail_recipient`,
			"alumni.captured_mail.recipient_id has no index that begins with it"},
		"a follower that is gone": {
			`DROP TABLE alumni.captured_mail`,
			"alumni.captured_mail is missing"},
		"a key that was dropped": {
			`ALTER TABLE alumni.visibility DROP CONSTRAINT visibility_member_id_fkey`,
			"alumni.visibility is missing or has no foreign key to alumni.member"},
	}
	s := store.New(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			tx, err := s.Admin().Begin(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			defer func() { g.Expect(tx.Rollback(t.Context())).To(Succeed()) }()
			role := pgx.Identifier{naming.DatabaseRole(s.Database, naming.RoleRetention)}.Sanitize()
			_, err = tx.Exec(t.Context(), c.change+"; SET LOCAL ROLE "+role)
			g.Expect(err).NotTo(HaveOccurred())
			err = catalogue.Check(t.Context(), tx)
			g.Expect(err).To(MatchError(catalogue.ErrIncomplete))
			g.Expect(err).To(MatchError(ContainSubstring(c.want)))
		})
	}
}
