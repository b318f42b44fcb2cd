// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgbin_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/pgbin"
)

// image is a folder with programs that say a version.
func image(t *testing.T, words string) string {
	g, dir := NewWithT(t), t.TempDir()
	for _, name := range []string{"pg_dump", "pg_restore"} {
		g.Expect(os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho '"+words+"'\n"), 0o755)).To(Succeed())
	}
	return dir
}

func TestTheNewestClientsWin(t *testing.T) {
	g := NewWithT(t)
	older, newer := image(t, "pg_dump (PostgreSQL) 15.18 (Debian 15.18-1)"), image(t, "pg_dump (PostgreSQL) 17.2")
	found, err := pgbin.FindClients(t.Context(), t.TempDir(), older, newer)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found).To(Equal(pgbin.Clients{Dump: filepath.Join(newer, "pg_dump"), Restore: filepath.Join(newer, "pg_restore"), Major: 17}))
}

func TestWhatIsNoPairOfClientsIsPassedOver(t *testing.T) {
	half := image(t, "pg_dump (PostgreSQL) 17.2")
	NewWithT(t).Expect(os.Remove(filepath.Join(half, "pg_restore"))).To(Succeed())
	wrapped := t.TempDir()
	NewWithT(t).Expect(os.Rename(filepath.Join(image(t, "pg_dump (PostgreSQL) 17.2"), "pg_dump"), filepath.Join(wrapped, "pg_wrapper"))).To(Succeed())
	for _, name := range []string{"pg_dump", "pg_restore"} {
		NewWithT(t).Expect(os.Symlink("pg_wrapper", filepath.Join(wrapped, name))).To(Succeed())
	}
	for name, folder := range map[string]string{
		"an empty folder": t.TempDir(), "one of the two": half, "other words": image(t, "hello"), "Debian's script": wrapped,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pgbin.FindClients(t.Context(), folder)
			NewWithT(t).Expect(err).To(MatchError(pgbin.ErrNoClients))
		})
	}
}
