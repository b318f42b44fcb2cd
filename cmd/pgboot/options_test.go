// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
)

func TestOptionsAreChecked(t *testing.T) {
	good := []string{"--data", "/volume/pgdata", "--admin-dir", "/admin"}
	for name, c := range map[string]struct {
		args    []string
		problem string
	}{
		"the least":                    {nil, ""},
		"all":                          {[]string{"--listen", "*", "--port", "5433", "--socket-dir", "/tmp", "--shared-buffers", "1GB", "--max-connections", "200"}, ""},
		"data without a volume":        {[]string{"--data", "/"}, "--data must be"},
		"a relative path":              {[]string{"--data", "pgdata"}, "--data must be"},
		"a relative admin folder":      {[]string{"--admin-dir", "admin"}, "--admin-dir must be"},
		"a relative socket folder":     {[]string{"--socket-dir", "run"}, "--socket-dir must be"},
		"memory that is a setting":     {[]string{"--shared-buffers", "64MB' \nssl = 'on"}, "--shared-buffers must be"},
		"a port that is none":          {[]string{"--port", "70000"}, "--port must be"},
		"too few sessions for a store": {[]string{"--max-connections", "3"}, "--max-connections must be"},
		"a word too many":              {[]string{"now"}, "flags only"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := parseOptions(append(append([]string{}, good...), c.args...))
			if c.problem == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			g.Expect(err).To(MatchError(ContainSubstring(c.problem)))
		})
	}
}

// fakePrograms makes a folder whose postgres tells a version.
func fakePrograms(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"initdb": "#!/bin/sh\n", "postgres": "#!/bin/sh\necho '" + version + "'\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestProgramsAreFoundInPathFirstAndThenTheNewest(t *testing.T) {
	g := NewWithT(t)
	folders := []string{t.TempDir(), fakePrograms(t, "postgres (PostgreSQL) 9.6.24"), fakePrograms(t, "postgres (PostgreSQL) 17.2 (Debian 17.2-1)"), fakePrograms(t, "postgres (PostgreSQL) 16.1")}

	t.Setenv("PATH", t.TempDir())
	p, err := findPrograms(folders)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(p.major).To(Equal(17))
	g.Expect(filepath.Dir(p.postgres)).To(Equal(folders[2]))

	_, err = findPrograms(folders[:1])
	g.Expect(err).To(MatchError(ContainSubstring("this image has no PostgreSQL")))
	_, err = findPrograms(folders[:2])
	g.Expect(err).To(MatchError(ContainSubstring("this image has PostgreSQL 9; 15 or newer is needed")))

	t.Setenv("PATH", fakePrograms(t, "postgres (PostgreSQL) 18beta1"))
	p, err = findPrograms(folders)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(p.major).To(Equal(18))
}
