// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package catalogue_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
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
	named := 0 // the others are found by what the schema says of them
	for _, column := range catalogue.Loose() {
		if strings.HasSuffix(column, ".member_id") {
			named++
		}
	}
	g.Expect(edges).To(HaveLen(len(catalogue.Belongings()) + named))
}

// TestEveryColumnIsClassified is the one that fails when a migration adds a column and does not say what it holds of a person.
func TestEveryColumnIsClassified(t *testing.T) {
	g := NewWithT(t)
	columns, err := catalogue.Columns(t.Context(), store.New(t).Pool(naming.RoleRetention))
	g.Expect(err).NotTo(HaveOccurred())
	for _, c := range columns {
		g.Expect(c.Category).NotTo(BeEmpty(), "say in a migration: COMMENT ON TABLE %s IS 'CATEGORY: what it tells'", c.Table)
		g.Expect(c.About).NotTo(BeEmpty(), "say in a migration what %s tells", c.Table)
		g.Expect(c.Class).NotTo(BeEmpty(), "say in a migration: COMMENT ON COLUMN %s.%s IS 'CLASS'", c.Table, c.Name)
		belongs := slices.ContainsFunc(catalogue.Belongings(), func(b catalogue.Belonging) bool { return b.Table == c.Table })
		g.Expect(belongs && c.Category == catalogue.NoPersonsData).To(BeFalse(), "%s goes with the member", c.Table)
		if c.Category == catalogue.NoPersonsData {
			g.Expect(c.Class).To(Equal("none"), "%s.%s", c.Table, c.Name)
		}
	}
}

func TestWhatTheMigrationsDeclareIsWhatAStoreSays(t *testing.T) {
	g := NewWithT(t)
	declared, err := catalogue.Declared(pgstore.Migrations())
	g.Expect(err).NotTo(HaveOccurred())
	live, err := catalogue.Columns(t.Context(), store.New(t).Admin())
	g.Expect(err).NotTo(HaveOccurred())
	for i := range live {
		live[i].Links, live[i].Follows = false, false // no comment says that
	}
	g.Expect(declared).To(ConsistOf(live))
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
			`DROP TABLE alumni.captured_mail CASCADE`,
			"alumni.captured_mail is missing"},
		"a new column of a member": {
			`ALTER TABLE alumni.member ADD blood_type text`,
			"alumni.member.blood_type is not classified"},
		"a new column of the ledger": {
			`ALTER TABLE alumni.delivery ADD opened_from inet`,
			"alumni.delivery.opened_from is not classified"},
		"a column of a class that is not known": {
			`COMMENT ON COLUMN alumni.contact.address IS 'secret'`,
			"alumni.contact.address is not classified"},
		"a table of a category that is not known": {
			`COMMENT ON TABLE alumni.visibility IS 'Stuff: of all kinds'`,
			"alumni.visibility.audience is not classified"},
		"a table without a key": {
			`CREATE TABLE alumni.friend (person uuid);
			 COMMENT ON TABLE alumni.friend IS 'Profile: friends'; COMMENT ON COLUMN alumni.friend.person IS 'identifier'`,
			"alumni.friend.person identifies a member and is not known"},
		"a follower of which nobody thought, in another schema": {
			`CREATE TABLE public.copy (recipient_id uuid)`,
			"public.copy.recipient_id is not known"},
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
			var incomplete *catalogue.IncompleteError
			g.Expect(errors.As(err, &incomplete)).To(BeTrue())
			g.Expect(incomplete.SparesLogs()).To(Equal(!strings.HasPrefix(c.want, "alumni.delivery.")))
		})
	}
}

// TestWhatALaterVersionAddsDoesNotStopThisOne is what lets a worker go on while the schema is a version ahead.
func TestWhatALaterVersionAddsDoesNotStopThisOne(t *testing.T) {
	g := NewWithT(t)
	s := store.New(t)
	_, err := s.Admin().Exec(t.Context(), `
		CREATE TABLE alumni.badge (recipient_id uuid PRIMARY KEY, text text);
		COMMENT ON TABLE alumni.badge IS 'Profile: what a member wears';
		COMMENT ON COLUMN alumni.badge.recipient_id IS 'identifier';
		COMMENT ON COLUMN alumni.badge.text IS 'content: free text';
		CREATE FUNCTION alumni.badge_follows() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN DELETE FROM alumni.badge WHERE recipient_id = OLD.id; RETURN NULL; END';
		CREATE TRIGGER badge_follows AFTER DELETE ON alumni.member FOR EACH ROW EXECUTE FUNCTION alumni.badge_follows();
		ALTER TABLE alumni.contact ADD label text;
		COMMENT ON COLUMN alumni.contact.label IS 'content'`)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(catalogue.Check(t.Context(), s.Pool(naming.RoleRetention))).To(Succeed())

	_, err = s.Admin().Exec(t.Context(), `ALTER TABLE alumni.member DISABLE TRIGGER badge_follows`)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(catalogue.Check(t.Context(), s.Pool(naming.RoleRetention))).To(MatchError(ContainSubstring("alumni.badge.recipient_id identifies a member and is not known")))
}

func TestNotMoreIsNamedThanAPersonReads(t *testing.T) {
	g := NewWithT(t)
	s := store.New(t)
	for i := range 30 {
		_, err := s.Admin().Exec(t.Context(), fmt.Sprintf("ALTER TABLE alumni.member ADD extra_%02d text", i))
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Expect(catalogue.Check(t.Context(), s.Admin())).To(MatchError(HaveSuffix("alumni.member.extra_19 is not classified; and 10 more")))
}
