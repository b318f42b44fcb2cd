// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestPackageFilesTellNameAndVersion(t *testing.T) {
	cases := map[string]struct{ file, name, version string }{
		"a plain version":      {"tzdata_2026a-0+deb12u1_all.deb", "tzdata", "2026a-0+deb12u1"},
		"a version with epoch": {"zlib1g_1%3a1.2.13.dfsg-1_amd64.deb", "zlib1g", "1:1.2.13.dfsg-1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			d := deb{File: c.file}

			g.Expect(d.name()).To(Equal(c.name))
			g.Expect(d.version()).To(Equal(c.version))
		})
	}
}

func TestThePostgresImageIsTaggedByItsVersion(t *testing.T) {
	g := NewWithT(t)

	made, err := postgresImage(15, []deb{{File: "libpq5_17.1-1_amd64.deb"}, {File: "postgresql-15_15.18-0+deb12u1_amd64.deb"}})

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(made.tags).To(Equal([]string{"postgres-debian:15", "postgres-debian:15.18"}))
	g.Expect(made.config.Env).To(ContainElement(HavePrefix("PATH=/usr/lib/postgresql/15/bin:")))

	_, err = postgresImage(15, []deb{{File: "libpq5_17.1-1_amd64.deb"}})
	g.Expect(err).To(MatchError(ContainSubstring("no package postgresql-15")))
}

func TestTheStateOfTheIndexChangesWithItsFiles(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "mirror_dists_Packages")
	g.Expect(os.WriteFile(file, []byte("one"), 0o644)).To(Succeed())
	before, err := indexState(dir)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(indexState(dir)).To(Equal(before))

	later := time.Now().Add(time.Hour)
	g.Expect(os.Chtimes(file, later, later)).To(Succeed())

	g.Expect(indexState(dir)).NotTo(Equal(before))
}
