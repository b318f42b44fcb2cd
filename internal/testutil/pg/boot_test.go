// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pg

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestFindProgramsNamesWhatToInstall(t *testing.T) {
	g := NewWithT(t)

	_, err := newestInstalled(t.TempDir())

	g.Expect(err).To(MatchError(ContainSubstring("apt-get install postgresql-15")))
}

func TestFindProgramsTakesTheNewest(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	for _, version := range []string{"9", "15", "16", "130"} {
		dir := filepath.Join(root, version, "bin")
		g.Expect(os.MkdirAll(dir, 0o755)).To(Succeed())
		if version == "130" {
			continue // a folder without programs
		}
		for _, program := range []string{"initdb", "postgres"} {
			g.Expect(os.WriteFile(filepath.Join(dir, program), nil, 0o755)).To(Succeed())
		}
	}

	dir, err := newestInstalled(root)

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(dir).To(Equal(filepath.Join(root, "16", "bin")))
}

func TestFindProgramsRefusesAnEmptyPGBin(t *testing.T) {
	g := NewWithT(t)
	t.Setenv("PG_BIN", t.TempDir())

	_, err := findPrograms()

	g.Expect(err).To(MatchError(ContainSubstring("holds no initdb")))
}

func TestSweepRemovesOnlyAbandonedFolders(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	makeServerDir := func(name string) string {
		dir := filepath.Join(root, dirPrefix+name)
		g.Expect(os.Mkdir(dir, 0o700)).To(Succeed())
		g.Expect(os.WriteFile(filepath.Join(dir, lockName), nil, 0o600)).To(Succeed())
		return dir
	}
	abandonedDir, lockedDir := makeServerDir("abandoned"), makeServerDir("locked")
	lock, err := os.Open(filepath.Join(lockedDir, lockName))
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = lock.Close() })
	g.Expect(syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)).To(Succeed())

	sweep(root, time.Now())
	g.Expect(abandonedDir).To(BeADirectory(), "a folder this young may belong to a server that is just being made")

	sweep(root, time.Now().Add(2*sweepAge))
	g.Expect(abandonedDir).NotTo(BeAnExistingFile())
	g.Expect(lockedDir).To(BeADirectory())
}

func TestBootShowsTheLogOfAServerThatDoesNotStart(t *testing.T) {
	g := NewWithT(t)
	server := New(t)
	server.Stop(t)
	g.Expect(os.WriteFile(filepath.Join(server.dir, "data", "postgresql.auto.conf"), []byte("no_such_setting = 1\n"), 0o600)).To(Succeed())

	g.Expect(server.keeper.boot()).To(MatchError(ContainSubstring("no_such_setting")))
}
