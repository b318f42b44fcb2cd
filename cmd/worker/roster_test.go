// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

// rosterMount is what the operator mounts into the pod of an import.
type rosterMount struct {
	t    *testing.T
	dirs map[string]string
}

func mountRoster(t *testing.T, s *store.Store) rosterMount {
	t.Helper()
	m := rosterMount{t: t, dirs: map[string]string{
		"network-dir": t.TempDir(), "pepper-dir": t.TempDir(), "volume-dir": t.TempDir(), "secret-dir": t.TempDir(), "database-dir": s.Dir(naming.RoleRoster),
	}}
	m.network(settings.Network{DefaultLocale: "ja", TimeZone: "Asia/Tokyo", Roster: &settings.Roster{Path: "leavers.csv", Encoding: "UTF-8"}})
	m.write("pepper-dir", settings.PepperFile, string(bytes.Repeat([]byte{1}, 32)))
	return m
}

func (m rosterMount) write(dir, name, content string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dirs[dir], name), []byte(content), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func (m rosterMount) network(n settings.Network) {
	m.t.Helper()
	content, err := json.Marshal(n)
	if err != nil {
		m.t.Fatal(err)
	}
	m.write("network-dir", settings.NetworkFile, string(content))
}

// run is "worker roster" with its exit code and its log.
func (m rosterMount) run(name string) (code int, log string) {
	m.t.Helper()
	m.t.Setenv(settings.EnvRunName, name)
	args := []string{"roster"}
	for flag, dir := range m.dirs {
		args = append(args, "--"+flag, dir)
	}
	var b bytes.Buffer
	code = run(m.t.Context(), args, slog.New(slog.NewJSONHandler(&b, nil)))
	return code, b.String()
}

func TestWorkerRosterImportsOnce(t *testing.T) {
	g := NewWithT(t)
	s := store.New(t)
	m := mountRoster(t, s)
	m.write("volume-dir", "leavers.csv", "EmployeeNumber,FamilyName,LeftOn\n1,Sato,2021-03-31\n2,Ito,yesterday\n")

	code, log := m.run("first")
	g.Expect(code).To(Equal(0), log)
	g.Expect(log).To(And(ContainSubstring(`"msg":"Importing done"`), ContainSubstring(`"rows":2,"inserted":1`), ContainSubstring(`"quarantined":1`), MatchRegexp(`"peakMemoryKiB":[1-9]`)))

	code, log = m.run("first")
	g.Expect(code).To(Equal(0), log)
	g.Expect(log).To(ContainSubstring("succeeded before"))
	var members int
	g.Expect(s.Admin().QueryRow(t.Context(), "SELECT count(*) FROM alumni.member").Scan(&members)).To(Succeed())
	g.Expect(members).To(Equal(1))
}

func TestWorkerRosterExitCodes(t *testing.T) {
	s := store.New(t)
	const good = "EmployeeNumber,FamilyName,LeftOn\n1,Sato,2021-03-31\n"
	for name, c := range map[string]struct {
		file   string
		change func(rosterMount)
		code   int
		log    string
	}{
		"a file without a column needs a person": {"EmployeeNumber,FamilyName\n", nil, 2, "MissingColumn"},
		"a file that is not there yet may come":  {"", func(m rosterMount) { _ = os.Remove(filepath.Join(m.dirs["volume-dir"], "leavers.csv")) }, 1, "SourceNotFound"},
		"a network without a roster":             {good, func(m rosterMount) { m.network(settings.Network{TimeZone: "UTC"}) }, 2, "no roster"},
		"invented people among real ones": {good, func(m rosterMount) {
			m.network(settings.Network{TimeZone: "UTC", Roster: &settings.Roster{Path: "leavers.csv", Invented: 5}})
		}, 2, "a trial has invented people, and no other network has"},
		"real people in a trial": {good, func(m rosterMount) {
			m.network(settings.Network{TimeZone: "UTC", Email: &settings.Email{Transport: settings.TransportCapture}, Roster: &settings.Roster{Path: "leavers.csv"}})
		}, 2, "a trial has invented people, and no other network has"},
		"a zone that nobody knows": {good, func(m rosterMount) {
			m.network(settings.Network{TimeZone: "Mars/Olympus", Roster: &settings.Roster{Path: "leavers.csv"}})
		}, 2, "time zone"},
		"a pepper that guards nothing":       {good, func(m rosterMount) { m.write("pepper-dir", settings.PepperFile, "x") }, 1, "pepper"},
		"a store that cannot be reached now": {good, func(m rosterMount) { m.write("database-dir", "port", "1") }, 1, "the database server cannot be reached"},
		"a store with another password":      {good, func(m rosterMount) { m.write("database-dir", "password", "not the right one") }, 1, "refused user name or password"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			m := mountRoster(t, s)
			m.write("volume-dir", "leavers.csv", c.file)
			if c.change != nil {
				c.change(m)
			}
			code, log := m.run(name)
			g.Expect(code).To(Equal(c.code), log)
			g.Expect(log).To(ContainSubstring(c.log))
			g.Expect(log).NotTo(ContainSubstring("not the right one"))
		})
	}
}

// TestWorkerRosterInventsPeopleInEachLanguage reads what is invented by the very rules for HR's file.
func TestWorkerRosterInventsPeopleInEachLanguage(t *testing.T) {
	for _, locale := range []string{"ja", "en"} {
		t.Run(locale, func(t *testing.T) {
			g := NewWithT(t)
			s := store.New(t, store.Trial)
			m := mountRoster(t, s)
			m.network(settings.Network{DefaultLocale: locale, TimeZone: "Asia/Tokyo", Email: &settings.Email{Transport: settings.TransportCapture},
				Roster: &settings.Roster{Encoding: "UTF-8", Invented: 30}})
			code, log := m.run("first")
			g.Expect(code).To(Equal(0), log)
			g.Expect(log).To(And(ContainSubstring(`"rows":33,"inserted":30`), ContainSubstring(`"quarantined":3`)))
			code, log = m.run("second")
			g.Expect(code).To(Equal(0), log)
			g.Expect(log).To(ContainSubstring(`"inserted":0,"updated":0,"unchanged":30`))
			var reachable, languages, writable int
			g.Expect(s.Admin().QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE c.address NOT LIKE '%.example'), count(DISTINCT m.locale),
				count(*) FILTER (WHERE m.state = 'Active' AND n.purpose = 'Newsletter' AND n.decision = 'Given')
				FROM alumni.member m LEFT JOIN alumni.contact c ON c.member_id = m.id LEFT JOIN alumni.consent_state n ON n.member_id = m.id`).
				Scan(&reachable, &languages, &writable)).To(Succeed())
			g.Expect([]int{reachable, languages}).To(Equal([]int{0, 2}), "nobody can have an address under .example, and both languages are spoken")
			g.Expect(writable).To(BeNumerically(">", 5), "a newsletter reaches people")
		})
	}
}

func TestWorkerRosterNeedsARunName(t *testing.T) {
	code, log := mountRoster(t, store.New(t)).run("")
	NewWithT(t).Expect(code).To(Equal(2), log)
}
