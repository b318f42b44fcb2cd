// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

func TestTheScratchDatabaseIsTheBackupRolesToUseAndNobodyElses(t *testing.T) {
	bothAdmins(t, func(t *testing.T, w *world) {
		g := NewWithT(t)
		w.ensure()
		before := w.snapshot(true)

		g.Expect(MakeScratch(t.Context(), w.admin, w.spec)).To(Succeed())
		g.Expect(MakeScratch(t.Context(), w.admin, w.spec)).To(Succeed(), "again is harmless")

		in := func(role naming.Role) dbconn.Login {
			login := w.spec.Login(w.admin, role)
			return login.As(login.Username, login.Password, naming.ScratchDatabase(w.spec.Database))
		}
		for _, role := range naming.Roles() {
			conn, err := dbconn.Connect(t.Context(), in(role), dbconn.Options{})
			if role != naming.RoleBackup && role != naming.RoleOwner {
				g.Expect(err).To(MatchError(dbconn.ErrNotPermitted), string(role))
				continue
			}
			g.Expect(err).NotTo(HaveOccurred(), string(role))
			_, err = conn.Exec(t.Context(), "CREATE SCHEMA drill_"+string(role))
			g.Expect(err).NotTo(HaveOccurred(), string(role))
			g.Expect(DropScratch(t.Context(), w.admin, w.spec)).To(MatchError(ErrScratchBusy))
			g.Expect(conn.Close(t.Context())).To(Succeed())
		}
		conn, err := dbconn.Connect(t.Context(), w.spec.Login(w.admin, naming.RoleBackup), dbconn.Options{})
		g.Expect(err).NotTo(HaveOccurred())
		_, err = conn.Exec(t.Context(), "CREATE DATABASE mine")
		g.Expect(err).To(HaveOccurred(), "it makes no database itself")
		g.Expect(conn.Close(t.Context())).To(Succeed())

		g.Eventually(func() error { return DropScratch(t.Context(), w.admin, w.spec) }).Should(Succeed())
		g.Expect(DropScratch(t.Context(), w.admin, w.spec)).To(Succeed(), "again is harmless")
		same(t, w.snapshot(true), before)
	})
}

func TestADatabaseOfAStrangerIsNoScratchDatabase(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, true)
	w.ensure()
	name := naming.ScratchDatabase(w.spec.Database)
	w.exec("CREATE DATABASE " + name)
	t.Cleanup(func() { w.exec("DROP DATABASE " + name) })

	g.Expect(MakeScratch(t.Context(), w.admin, w.spec)).To(MatchError(ErrScratchTaken))
	g.Expect(DropScratch(t.Context(), w.admin, w.spec)).To(MatchError(ErrScratchTaken))
}

func TestTheBackupRoleReadsWhateverTheOwnerMakes(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, false)
	w.ensure()
	w.execInside(w.names([]string{"SET ROLE DB_owner", "CREATE TABLE alumni.later (id int GENERATED ALWAYS AS IDENTITY)", "CREATE SEQUENCE alumni.numbers"})...)

	g.Expect(w.check()).NotTo(BeEmpty())
	w.ensure()

	g.Expect(w.check()).To(BeEmpty())
	inside := w.super
	inside.Database = w.spec.Database
	for _, sql := range []string{
		"has_table_privilege('DB_backup', 'alumni.later', 'SELECT')", "has_sequence_privilege('DB_backup', 'alumni.numbers', 'SELECT')",
		"has_sequence_privilege('DB_backup', 'alumni.later_id_seq', 'SELECT')", "NOT has_table_privilege('DB_backup', 'alumni.member', 'INSERT')",
		"NOT has_table_privilege('DB_backup', 'alumni.backup_run', 'DELETE')",
	} {
		g.Expect(w.lines(inside, w.names([]string{"SELECT (" + sql + ")::text"})[0])).To(Equal([]string{"true"}), sql)
	}
}
