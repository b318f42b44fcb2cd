// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"os"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

func TestEveryRoleConnectsAndSeesTheSchemaVersion(t *testing.T) {
	s := store.New(t)

	for _, role := range naming.Roles() {
		t.Run(string(role), func(t *testing.T) {
			g := NewWithT(t)
			table := pgstore.VersionTable
			query := `SELECT max(version_id) FROM ` + table
			if role == naming.RoleMetrics {
				query = `SELECT version FROM alumni_stats.schema_version`
			}
			var version int64
			g.Expect(s.Pool(role).QueryRow(t.Context(), query).Scan(&version)).To(Succeed())
			g.Expect(version).To(Equal(pgstore.LatestVersion()))
		})
	}
}

func TestARoleHasItsOwnRightsAlone(t *testing.T) {
	s := store.New(t)
	refused := map[string]struct {
		role  naming.Role
		query string
	}{
		"metrics reads no person":                   {naming.RoleMetrics, `SELECT FROM alumni.member`},
		"the portal reads no departure reason":      {naming.RolePortal, `SELECT departure_reason FROM alumni.employment`},
		"the portal deletes no member":              {naming.RolePortal, `DELETE FROM alumni.member`},
		"a campaign changes no consent":             {naming.RoleCampaign, `DELETE FROM alumni.consent_state`},
		"the roster erases nobody":                  {naming.RoleRoster, `DELETE FROM alumni.member`},
		"retention invents nobody":                  {naming.RoleRetention, `INSERT INTO alumni.member (id, state, family_name, locale) VALUES (gen_random_uuid(), 'Listed', '', 'ja')`},
		"nobody but the owner makes a table":        {naming.RolePortal, `CREATE TABLE public.planted ()`},
		"nobody but the owner changes the versions": {naming.RolePortal, `DELETE FROM alumni.schema_migration`},
	}
	for name, c := range refused {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := s.Pool(c.role).Exec(t.Context(), c.query)
			g.Expect(dbconn.Classify(err)).To(MatchError(dbconn.ErrNotPermitted))
		})
	}
}

func TestDirIsWhatAWorkloadOpens(t *testing.T) {
	g := NewWithT(t)
	s := store.New(t)

	pool, err := dbconn.Open(t.Context(), s.Dir(naming.RolePortal), dbconn.Options{ApplicationName: "portal"})
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(pool.Close)

	var path, zone, name string
	g.Expect(pool.QueryRow(t.Context(), `SELECT current_setting('search_path'), current_setting('timezone'), current_setting('application_name')`).
		Scan(&path, &zone, &name)).To(Succeed())
	g.Expect([]string{path, zone, name}).To(Equal([]string{dbconn.SearchPath, "UTC", "portal"}))
}
