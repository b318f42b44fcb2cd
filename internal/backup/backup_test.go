// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

func TestABackupBringsADestroyedStoreBackWhole(t *testing.T) {
	w := newWorld(t)
	before := w.content(w.store.Database)

	made, err := w.job("nightly-1").Backup(t.Context())

	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(w.journal("nightly-1")).To(Equal("Backup Succeeded"))
	w.g.Expect(made.Manifest.Rows).To(BeNumerically(">", 12000))
	w.g.Expect(w.files()).To(ConsistOf(made.Manifest.Name+".dump.age", made.Manifest.Name+".json"))
	for _, file := range w.files() {
		canary.ScanFile(t, filepath.Join(w.dir(), file))
	}

	w.server("DROP DATABASE "+w.store.Database+" WITH (FORCE)",
		"CREATE DATABASE "+w.store.Database+" OWNER "+naming.DatabaseRole(w.store.Database, naming.RoleOwner)+" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'")
	restored, err := w.job("by-hand").Restore(t.Context(), "", w.owner(w.store.Database))

	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(restored.Manifest).To(Equal(made.Manifest))
	after := w.content(w.store.Database)
	delete(before, journalTable)
	w.g.Expect(after).To(HaveKeyWithValue(journalTable, "0 "), "the journal speaks of the destination")
	delete(after, journalTable)
	w.g.Expect(after).To(Equal(before))

	w.inside(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
		SELECT id, 'Newsletter', 'Given', 'v1', 'Portal', 'portal', now() FROM alumni.member`) // identity columns go on where they were

	_, err = w.job("by-hand").Restore(t.Context(), "", w.owner(w.store.Database))
	w.g.Expect(code(w.g, err)).To(Equal(TargetNotEmpty))
}

// TestTheWayByHandThatTheDocumentationShows: a store that was provisioned anew takes a backup in, in one transaction, and
// the operator's next look puts the rights right.
func TestTheWayByHandThatTheDocumentationShows(t *testing.T) {
	w := newWorld(t)
	before := w.content(w.store.Database)
	made, err := w.job("nightly-1").Backup(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred())
	w.inside("TRUNCATE alumni.member CASCADE") // what was lost

	file, err := os.Open(filepath.Join(w.dir(), made.Manifest.Name+dumpSuffix))
	w.g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = file.Close() }()
	opened, err := age.Decrypt(file, w.identity)
	w.g.Expect(err).NotTo(HaveOccurred())
	cmd := exec.Command(clients(t).Restore, "--clean", "--if-exists", "--single-transaction", "--no-owner", "--no-privileges",
		"--schema=alumni", "--schema=alumni_stats", "--role="+naming.DatabaseRole(w.store.Database, naming.RoleOwner),
		"--dbname="+w.store.Server().DSN("postgres", w.store.Server().Password, w.store.Database))
	cmd.Stdin = opened
	said, err := cmd.CombinedOutput()
	w.g.Expect(err).NotTo(HaveOccurred(), string(said))

	after := w.content(w.store.Database)
	delete(before, journalTable)
	delete(after, journalTable)
	w.g.Expect(after).To(Equal(before))
	spec := w.spec()
	steps, err := postgres.Check(t.Context(), w.store.Login(naming.RoleMetrics), spec)
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(steps).NotTo(BeEmpty(), "rights are given by the operator")
	admin := w.store.Login(naming.RoleMetrics).As("postgres", w.store.Server().Password, "postgres")
	_, err = postgres.Ensure(t.Context(), postgres.EnsureInput{Admin: admin, Spec: spec})
	w.g.Expect(err).NotTo(HaveOccurred())
	steps, err = postgres.Check(t.Context(), w.store.Login(naming.RoleMetrics), spec)
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(steps).To(BeEmpty())
	_, err = w.job("nightly-2").Backup(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred(), "and it can be backed up again")
}

// TestTheSecondLoginBacksUpAndDrills does both after a rotation.
func TestTheSecondLoginBacksUpAndDrills(t *testing.T) {
	w := newWorld(t)
	w.store.Rotate()()
	w.scratch()

	made, err := w.job("nightly-1").Backup(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred())
	drilled, err := w.job("drill-1").Drill(t.Context())

	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(drilled.Manifest).To(Equal(made.Manifest))
}

func TestADrillProvesTheNewestBackupAndLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.scratch()
	_, err := w.job("drill-0").Drill(t.Context())
	w.g.Expect(code(w.g, err)).To(Equal(NoBackup))
	made, err := w.job("nightly-1").Backup(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred())

	result, err := w.job("drill-1").Drill(t.Context())

	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(result.Manifest.Name).To(Equal(made.Manifest.Name))
	w.g.Expect(w.journal("drill-1")).To(Equal("Drill Succeeded"))
	w.g.Expect(w.content(w.told.Scratch)).To(BeEmpty())

	dump := filepath.Join(w.dir(), made.Manifest.Name+dumpSuffix)
	manifest := filepath.Join(w.dir(), made.Manifest.Name+manifestSuffix)
	other, err := age.GenerateX25519Identity()
	w.g.Expect(err).NotTo(HaveOccurred())
	for name, c := range map[string]struct {
		spoil func(g *WithT, j *Job)
		code  Code
	}{
		"a flipped bit":       {func(g *WithT, _ *Job) { edit(g, dump, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }) }, BackupDamaged},
		"a lost end":          {func(g *WithT, _ *Job) { edit(g, dump, func(b []byte) []byte { return b[:len(b)-100] }) }, BackupDamaged},
		"more than there was": {func(g *WithT, _ *Job) { edit(g, dump, func(b []byte) []byte { return append(b, 'x') }) }, BackupDamaged},
		"nothing at all":      {func(g *WithT, _ *Job) { edit(g, dump, func([]byte) []byte { return nil }) }, BackupDamaged},
		"a digest of another backup": {func(g *WithT, _ *Job) {
			edit(g, manifest, func(b []byte) []byte { return bytes.Replace(b, []byte(made.Manifest.Plain.SHA256), make64(), 1) })
		}, BackupDamaged},
		"a row that is missing": {func(g *WithT, _ *Job) {
			edit(g, manifest, func(b []byte) []byte { return bytes.Replace(b, []byte("\"rows\": 100,"), []byte("\"rows\": 101,"), 1) })
		}, ContentDiffers},
		"a manifest of tomorrow": {func(g *WithT, _ *Job) {
			edit(g, manifest, func(b []byte) []byte { return bytes.Replace(b, []byte("\"format\": 1"), []byte("\"format\": 2"), 1) })
		}, BackupDamaged},
		"another identity":  {func(_ *WithT, j *Job) { j.Identity = []byte(other.String()) }, IdentityInvalid},
		"a recipient's key": {func(_ *WithT, j *Job) { j.Identity = []byte(other.Recipient().String()) }, IdentityInvalid},
		"an older image":    {func(_ *WithT, j *Job) { j.Clients.Major-- }, ServerNewer},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			good, err := os.ReadFile(dump)
			g.Expect(err).NotTo(HaveOccurred())
			words, err := os.ReadFile(manifest)
			g.Expect(err).NotTo(HaveOccurred())
			defer func() {
				g.Expect(os.WriteFile(dump, good, 0o600)).To(Succeed())
				g.Expect(os.WriteFile(manifest, words, 0o600)).To(Succeed())
			}()
			j := w.job("drill " + name)
			c.spoil(g, j)

			_, err = j.Drill(t.Context())

			g.Expect(code(g, err)).To(Equal(c.code))
			g.Expect(w.journal("drill " + name)).To(Equal("Drill Failed " + string(c.code)))
			g.Expect(w.content(w.told.Scratch)).To(BeEmpty())
		})
	}
}

func edit(g *WithT, path string, change func([]byte) []byte) {
	content, err := os.ReadFile(path)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(os.WriteFile(path, change(content), 0o600)).To(Succeed())
}

// make64 is a digest of nothing that there is.
func make64() []byte { return bytes.Repeat([]byte("0"), 64) }

func TestABackupThatIsKilledCountsForNothing(t *testing.T) {
	w := newWorld(t)
	programs, arguments := w.stalling()
	var out bytes.Buffer
	cmd := w.worker("nightly-1", &out, programs, "backup")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	w.g.Expect(cmd.Start()).To(Succeed())
	w.g.Eventually(func(g Gomega) {
		g.Expect(arguments).To(BeAnExistingFile())
		parts, err := filepath.Glob(filepath.Join(w.dir(), "*"+partSuffix))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(parts).To(HaveLen(1))
		g.Expect(os.ReadFile(parts[0])).NotTo(BeEmpty())
	}, 30*time.Second, 20*time.Millisecond).Should(Succeed(), "it is in the middle")
	w.g.Expect(syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)).To(Succeed())
	w.g.Expect(cmd.Wait()).NotTo(Succeed())

	w.g.Expect(w.backups(w.job("look").Destination)).To(BeEmpty())
	w.g.Expect(w.journal("nightly-1")).To(Equal("Backup Running"))
	given, err := os.ReadFile(arguments)
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(string(given)).NotTo(ContainSubstring(w.store.Login(naming.RoleBackup).Password))

	out.Reset()
	time.Sleep(time.Second) // a backup has a second to its name
	w.g.Expect(w.worker("nightly-1", &out, pg.Start(t).BinDir(), "backup").Run()).To(Succeed(), out.String())
	w.g.Expect(w.journal("nightly-1")).To(Equal("Backup Succeeded"))
	w.g.Expect(w.backups(w.job("look").Destination)).To(HaveLen(1))
	w.g.Expect(w.files()).To(HaveLen(3), "what was cut off may still be somebody's work")
	again := out.String()
	out.Reset()
	w.g.Expect(w.worker("nightly-1", &out, pg.Start(t).BinDir(), "backup").Run()).To(Succeed())
	w.g.Expect(w.backups(w.job("look").Destination)).To(HaveLen(1), "the same run makes no second backup")

	yesterday := time.Now().Add(-25 * time.Hour)
	for _, file := range w.files() {
		w.g.Expect(os.Chtimes(filepath.Join(w.dir(), file), yesterday, yesterday)).To(Succeed())
	}
	time.Sleep(time.Second)
	_, err = w.job("nightly-2").Backup(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(w.files()).To(HaveLen(4), "after a day it goes")

	w.scratch()
	w.g.Expect(w.worker("drill-1", &out, pg.Start(t).BinDir(), "restore", "--drill").Run()).To(Succeed(), out.String())
	w.g.Expect(w.journal("drill-1")).To(Equal("Drill Succeeded"))
	again += out.String()
	canary.ScanAll(t, map[string]any{"the worker's words": again, "arguments": given})
	w.g.Expect(again).NotTo(ContainSubstring(w.store.Login(naming.RoleBackup).Password))
}

func TestABackupThatIsToldToStopTakesItsPartBack(t *testing.T) {
	w := newWorld(t)
	programs, _ := w.stalling()
	var out bytes.Buffer
	cmd := w.worker("nightly-1", &out, programs, "backup")
	w.g.Expect(cmd.Start()).To(Succeed())
	w.g.Eventually(func() ([]string, error) { return filepath.Glob(filepath.Join(w.dir(), "*"+partSuffix)) },
		30*time.Second, 20*time.Millisecond).ShouldNot(BeEmpty())

	w.g.Expect(cmd.Process.Signal(syscall.SIGTERM)).To(Succeed())

	w.g.Expect(cmd.Wait()).NotTo(Succeed())
	w.g.Expect(w.files()).To(BeEmpty())
	w.g.Expect(w.journal("nightly-1")).To(Equal("Backup Failed Interrupted"))
}

func TestWhatABackupRefuses(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		change func(*Job)
		code   Code
	}{
		"a server that is newer than pg_dump": {func(j *Job) { j.Clients.Major = 14 }, ServerNewer},
		"a recipient that is none": {func(j *Job) {
			j.Recipients = []string{"age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"}
		}, RecipientInvalid},
		"a secret key instead of a recipient": {func(j *Job) { j.Recipients = []string{w.identity.String()} }, RecipientInvalid},
		"no recipient at all":                 {func(j *Job) { j.Recipients = nil }, RecipientInvalid},
		"a pg_dump that fails":                {func(j *Job) { j.Clients.Dump = "/bin/false" }, DumpFailed},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			j := w.job(name)
			c.change(j)

			_, err := j.Backup(t.Context())

			g.Expect(code(g, err)).To(Equal(c.code))
			g.Expect(w.journal(name)).To(Equal("Backup Failed " + string(c.code)))
			g.Expect(w.files()).To(BeEmpty())
			g.Expect(err.Error()).NotTo(ContainSubstring("AGE-SECRET-KEY"))
		})
	}
}

func TestATableThatTheRoleMayNotReadIsNotLeftOutInSilence(t *testing.T) {
	w := newWorld(t)
	_, err := w.store.Admin().Exec(t.Context(), "REVOKE SELECT ON alumni.employment FROM "+naming.DatabaseRole(w.store.Database, naming.RoleBackup))
	w.g.Expect(err).NotTo(HaveOccurred())
	_, err = w.job("nightly-1").Backup(t.Context())
	w.g.Expect(code(w.g, err)).To(Equal(NotPermitted))

	_, err = w.store.Admin().Exec(t.Context(), "GRANT SELECT ON alumni.employment TO "+naming.DatabaseRole(w.store.Database, naming.RoleBackup)+
		"; CREATE TABLE alumni.dba_notes (n int)")
	w.g.Expect(err).NotTo(HaveOccurred())
	made, err := w.job("nightly-2").Backup(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred(), "a table of somebody else is not the network's")
	w.g.Expect(made.Manifest.Tables).NotTo(ContainElement(HaveField("Name", "alumni.dba_notes")))
}
