// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
)

// writeFiles fills a folder; a path that ends with a slash is a folder.
func writeFiles(t *testing.T, root string, paths ...string) {
	t.Helper()
	g := NewWithT(t)
	for _, path := range paths {
		file := filepath.Join(root, path)
		g.Expect(os.MkdirAll(filepath.Dir(file), 0o755)).To(Succeed())
		g.Expect(os.WriteFile(file, []byte(path), 0o644)).To(Succeed())
	}
}

func TestMergeUsrServesBothLayouts(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	writeFiles(t, root, "bin/dash", "lib/x/libold.so", "usr/lib/x/libnew.so", "usr/lib64/ld.so", "usr/share/doc/a/copyright")

	g.Expect(mergeUsr(root)).To(Succeed())

	for _, path := range []string{"bin/dash", "usr/bin/dash", "lib/x/libold.so", "usr/lib/x/libold.so", "lib/x/libnew.so", "lib64/ld.so"} {
		g.Expect(filepath.Join(root, path)).To(BeARegularFile(), path)
	}
	g.Expect(os.Readlink(filepath.Join(root, "bin"))).To(Equal("usr/bin"))
	g.Expect(filepath.Join(root, "sbin")).NotTo(BeAnExistingFile(), "no link that leads nowhere")
}

func TestStripKeepsProgramsAndCopyrights(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	kept := []string{
		"usr/lib/postgresql/15/bin/postgres", "usr/lib/postgresql/15/lib/pgcrypto.so",
		"usr/share/postgresql/15/postgresql.conf.sample", "usr/share/zoneinfo/Asia/Tokyo", "usr/share/doc/a/copyright",
	}
	removed := []string{
		"usr/lib/postgresql/15/lib/llvmjit.so", "usr/lib/postgresql/15/lib/bitcode/x/y.bc", "usr/share/man/man1/psql.1.gz",
		"usr/share/locale/ja/x.mo", "usr/share/doc/a/changelog.gz", "etc/init.d/postgresql", "usr/share/postgresql/15/man/man7/SELECT.7.gz",
	}
	writeFiles(t, root, append(kept, removed...)...)

	g.Expect(strip(root)).To(Succeed())

	for _, path := range kept {
		g.Expect(filepath.Join(root, path)).To(BeARegularFile())
	}
	for _, path := range removed {
		g.Expect(filepath.Join(root, path)).NotTo(BeAnExistingFile())
	}
}

func TestCheckLibrariesNamesWhatIsMissing(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	program, err := exec.LookPath("sh")
	g.Expect(err).NotTo(HaveOccurred())
	content, err := os.ReadFile(program)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(os.WriteFile(filepath.Join(root, "sh"), content, 0o755)).To(Succeed())
	writeFiles(t, root, "not-a-program")

	g.Expect(checkLibraries(root)).To(MatchError(And(ContainSubstring("libc.so.6"), ContainSubstring("(for /sh)"))))

	writeFiles(t, root, "lib/libc.so.6")
	g.Expect(checkLibraries(root)).To(Succeed())
}

func TestWalkKeepsModesAndLinks(t *testing.T) {
	g := NewWithT(t)
	root := t.TempDir()
	writeFiles(t, root, "usr/bin/tool")
	g.Expect(os.Chmod(filepath.Join(root, "usr/bin/tool"), 0o755)).To(Succeed())
	g.Expect(os.Symlink("usr/bin", filepath.Join(root, "bin"))).To(Succeed())

	entries, err := walk(root)

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(entries).To(ConsistOf(
		entry{path: "bin", mode: 0o777, link: "usr/bin"},
		entry{path: "usr", mode: 0o755, folder: true},
		entry{path: "usr/bin", mode: 0o755, folder: true},
		entry{path: "usr/bin/tool", mode: 0o755, source: filepath.Join(root, "usr/bin/tool")},
	))
}
