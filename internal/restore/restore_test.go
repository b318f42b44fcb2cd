// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package restore

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/backup"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/retention"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

var errDied = errors.New("died")

// dying is a job that dies when it is about to reach a state.
func (x *target) dying(before postgres.RestoreState) *Job {
	job := x.job()
	job.afterStep = func(next postgres.RestoreState) error {
		if next == before {
			return errDied
		}
		return nil
	}
	return job
}

// code is the code of an error.
func code(g *WithT, err error) backup.Code {
	g.THelper()
	var f *backup.Failure
	g.Expect(errors.As(err, &f)).To(BeTrue(), "%v", err)
	return f.Code
}

func TestANetworkComesBackAndWhoWasErasedDoesNot(t *testing.T) {
	w := newWorld(t)
	manifest, before := w.backUp()
	erased := w.erase(w.ledger())
	x := w.target()
	w.g.Expect(x.mark().State).To(Equal(postgres.RestoreEmpty))
	w.g.Expect(x.shut()).To(BeTrue())

	_, err := x.dying(postgres.RestoreRestored).Run(t.Context())
	w.g.Expect(err).To(HaveOccurred())
	w.g.Expect(w.content(x.spec.Database)).To(Equal(before), "every row is as it was, the erased among them")
	w.g.Expect(x.mark().State).To(Equal(postgres.RestoreRestored))
	w.g.Expect(x.mark().Rows).To(Equal(manifest.Rows))
	w.g.Expect(x.ensure().Restoring).To(BeTrue(), "provisioning opens nothing meanwhile")
	w.g.Expect(x.shut()).To(BeTrue())

	_, err = x.dying(postgres.RestoreDone).Run(t.Context())
	w.g.Expect(err).To(HaveOccurred())
	w.g.Expect(x.mark().State).To(Equal(postgres.RestoreRestored))
	w.g.Expect(x.shut()).To(BeTrue(), "the replay alone opens nothing")
	result, err := x.job().Run(t.Context())

	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(result).To(Equal(Result{Backup: manifest.Name, Erased: erasing}))
	name := x.spec.Database
	w.g.Expect(ask[int](w, name, `SELECT count(*) FROM alumni.member WHERE id = ANY ($1)`, erased)).To(BeZero())
	w.g.Expect(ask[int](w, name, `SELECT count(*) FROM alumni.member`)).To(Equal(crowd - erasing))
	w.g.Expect(ask[int](w, name, `SELECT count(*) FROM alumni.tombstone WHERE kind = 'Member'`)).To(Equal(erasing))
	w.g.Expect(ask[int](w, name, `SELECT (SELECT count(*) FROM alumni.session) + (SELECT count(*) FROM alumni.sign_in_link) + (SELECT count(*) FROM alumni.address_change)
		+ (SELECT count(*) FROM alumni.staff_session) + (SELECT count(*) FROM alumni.staff_link)`)).
		To(BeZero(), "everybody signs in anew, and confirms a new address anew")
	w.g.Expect(ask[int](w, name, `SELECT count(*) FROM alumni.portal_mail WHERE state = 'Waiting'`)).To(BeZero())
	w.g.Expect(ask[int](w, name, `SELECT count(*) FROM alumni.delivery WHERE state IN ('Planned', 'Deferred', 'Claimed')`)).To(BeZero(), "nothing is sent twice")
	w.g.Expect(ask[int](w, name, `SELECT count(*) FROM alumni.delivery WHERE state = 'Unknown' AND reason = 'Restored' AND lease_owner IS NULL`)).To(BeNumerically(">", crowd/2))
	w.g.Expect(ask[string](w, name, `SELECT state || ' ' || failure FROM alumni.campaign_run`)).To(Equal("Failed Restored"))
	w.g.Expect(ask[string](w, name, `SELECT namespace || '/' || name FROM alumni_operator.claim`)).To(Equal("hoshino/"+name), "the claim is the new network's")

	w.g.Expect(x.ensure().Restoring).To(BeFalse())
	w.g.Expect(x.shut()).To(BeFalse())
	steps, err := postgres.Check(t.Context(), x.login(naming.RoleMetrics), x.spec)
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(steps).To(BeEmpty())
	pool, err := dbconn.OpenLogin(t.Context(), x.login(naming.RoleRetention), dbconn.Options{})
	w.g.Expect(err).NotTo(HaveOccurred())
	defer pool.Close()
	_, err = retention.VerifyChain(t.Context(), pool)
	w.g.Expect(err).NotTo(HaveOccurred())
	again, err := x.job().Run(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(again.Repeated).To(BeTrue(), "a store in use is never restored into")
	_, err = w.backupJob(x.login(naming.RoleBackup), "nightly-2").Backup(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred(), "and it can be backed up")
	canary.ScanAll(t, map[string]any{"the log": w.words.String()})

	x.spec.Restore = false
	steps, err = postgres.Check(t.Context(), x.login(naming.RoleMetrics), x.spec)
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(steps).To(BeEmpty())
}

func TestARestoreThatIsCutOffBeginsAnew(t *testing.T) {
	w := newWorld(t)
	manifest, before := w.backUp()
	x := w.target()
	job := x.job()
	w.g.Expect(job.Backup.TakeIn(t.Context(), manifest, x.login(naming.RoleOwner))).To(Succeed()) // and the mark does not know
	_, err := w.exec(x, "DELETE FROM alumni.employment; DELETE FROM alumni.contact")
	w.g.Expect(err).NotTo(HaveOccurred())

	_, err = x.dying(postgres.RestoreRestored).Run(t.Context())
	w.g.Expect(err).To(HaveOccurred())
	w.g.Expect(w.content(x.spec.Database)).To(Equal(before))
	_, err = x.job().Run(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred())
}

// exec runs a statement in the target as its superuser.
func (w *world) exec(x *target, sql string) (any, error) {
	conn, err := pgx.Connect(w.t.Context(), w.store.Server().DSN("postgres", w.store.Server().Password, x.spec.Database))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(w.t.Context()) }()
	return conn.Exec(w.t.Context(), sql)
}

func TestWhatKeepsARestoredStoreShut(t *testing.T) {
	w := newWorld(t)
	manifest, _ := w.backUp()
	w.erase(w.ledger())
	entries, err := filepath.Glob(filepath.Join(w.volume, folder, "erasures", "*.intent.json"))
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(entries).NotTo(BeEmpty())
	for name, c := range map[string]struct {
		spoil func(*WithT, *Job) (mend func())
		code  backup.Code
		state postgres.RestoreState
	}{
		"another pepper": {func(_ *WithT, j *Job) func() {
			j.Keys = w.keys([]byte("not the pepper of the backed-up network"))
			return func() {}
		}, backup.PepperMismatch, postgres.RestoreRestored},
		"an entry of the ledger that is damaged": {func(g *WithT, _ *Job) func() {
			return edit(g, entries[0], func(b []byte) []byte { return b[:len(b)/2] })
		}, backup.LedgerDamaged, postgres.RestoreRestored},
		"an entry of another network": {func(g *WithT, _ *Job) func() {
			return edit(g, entries[0], func(b []byte) []byte { return bytes.Replace(b, []byte(`"hoshino"`), []byte(`"other"`), 1) })
		}, backup.LedgerDamaged, postgres.RestoreRestored},
		"a ledger that cannot be reached": {func(_ *WithT, j *Job) func() {
			j.Ledger.Destination = backup.Closed(backup.Fail(backup.DestinationUnreachable, "no answer"))
			return func() {}
		}, backup.DestinationUnreachable, postgres.RestoreRestored},
		"a backup of a newer operator": {func(g *WithT, _ *Job) func() {
			return edit(g, filepath.Join(w.volume, folder, manifest.Name+".json"), func(b []byte) []byte {
				return bytes.Replace(b, []byte(`"schemaVersion": `), []byte(`"schemaVersion": 9`), 1)
			})
		}, backup.SchemaNewer, postgres.RestoreEmpty},
		"a backup that is not there": {func(_ *WithT, j *Job) func() {
			j.Name = "20200101T000000Z-00001"
			return func() {}
		}, backup.NoBackup, postgres.RestoreEmpty},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			x := w.target()
			job := x.job()
			mend := c.spoil(g, job)

			_, err := job.Run(t.Context())

			mend()
			g.Expect(code(g, err)).To(Equal(c.code))
			g.Expect(x.mark().State).To(Equal(c.state))
			g.Expect(x.mark().Failure).To(Equal(string(c.code)))
			g.Expect(x.shut()).To(BeTrue())
			g.Expect(x.ensure().Restoring).To(BeTrue())
			result, err := x.job().Run(t.Context())
			g.Expect(err).NotTo(HaveOccurred(), "once it is mended it goes on")
			g.Expect(result.Erased).To(Equal(int64(erasing)))
			g.Expect(x.mark().Failure).To(BeEmpty())
		})
	}
}

// TestPeopleOfARehearsalAreNotRestoredAmongRealOnes backs a trial up as any network, and restores it into none.
func TestPeopleOfARehearsalAreNotRestoredAmongRealOnes(t *testing.T) {
	w := newWorld(t)
	w.store = store.New(t, store.Trial)
	w.fill()
	w.backUp()
	x := w.target()

	_, err := x.job().Run(t.Context())

	w.g.Expect(code(w.g, err)).To(Equal(backup.BackupOfTrial))
	w.g.Expect(x.mark().State).To(Equal(postgres.RestoreEmpty))
	w.g.Expect(x.shut()).To(BeTrue())
}

// edit changes a file, and returns what puts it back.
func edit(g *WithT, path string, change func([]byte) []byte) func() {
	content, err := os.ReadFile(path)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(os.WriteFile(path, change(bytes.Clone(content)), 0o600)).To(Succeed())
	return func() { g.Expect(os.WriteFile(path, content, 0o600)).To(Succeed()) }
}

func TestAStoreInUseIsNotRestoredOver(t *testing.T) {
	w := newWorld(t)
	w.backUp()
	before := w.content(w.store.Database)
	x := &target{w: w}
	job := &Job{
		Backup: w.backupJob(w.store.Login(naming.RoleOwner), "r"), Target: w.store.Login(naming.RoleOwner), Ledger: w.ledger(),
		Keys: w.keys(w.pepper), RunName: "r", Log: w.log,
	}
	_, err := job.Run(t.Context())
	w.g.Expect(code(w.g, err)).To(Equal(backup.TargetNotEmpty))

	passwords := map[naming.Role]string{}
	for _, role := range naming.Roles() {
		passwords[role] = w.store.Login(role).Password
	}
	x.spec, err = postgres.NewSpec(w.store.Database, postgres.Claim{ClusterID: "test", Namespace: "test", Name: w.store.Database, NetworkUID: w.store.Database}, passwords)
	w.g.Expect(err).NotTo(HaveOccurred())
	x.spec.Restore = true
	_, err = postgres.Ensure(t.Context(), postgres.EnsureInput{Admin: x.admin(), Spec: x.spec})
	w.g.Expect(err).To(MatchError(postgres.ErrNotForRestore))
	w.g.Expect(w.content(w.store.Database)).To(Equal(before))
}

func TestARestoreThatWasNeverFinishedIsNotOpenedByANetworkWithoutOne(t *testing.T) {
	w := newWorld(t)
	w.backUp()
	x := w.target()
	_, err := x.dying(postgres.RestoreRestored).Run(t.Context())
	w.g.Expect(err).To(HaveOccurred())

	x.spec.Restore = false
	_, err = postgres.Check(t.Context(), x.login(naming.RoleMetrics), x.spec)
	w.g.Expect(err).To(MatchError(postgres.ErrRestoreUnfinished))
	_, err = postgres.Ensure(t.Context(), postgres.EnsureInput{Admin: x.admin(), Spec: x.spec})
	w.g.Expect(err).To(MatchError(postgres.ErrRestoreUnfinished))
	w.g.Expect(x.shut()).To(BeTrue())
}

func TestAnotherBackupTakesThePlaceOfOneThatWasNeverOpened(t *testing.T) {
	w := newWorld(t)
	older, before := w.backUp()
	time.Sleep(time.Second) // a backup has a second to its name
	_, err := w.store.Admin().Exec(t.Context(), "DELETE FROM alumni.portal_mail")
	w.g.Expect(err).NotTo(HaveOccurred())
	newer, _ := w.backUp()
	x := w.target()
	_, err = x.dying(postgres.RestoreRestored).Run(t.Context())
	w.g.Expect(err).To(HaveOccurred())
	w.g.Expect(x.mark().Backup).To(Equal(newer.Name))

	job := x.dying(postgres.RestoreRestored)
	job.Name = older.Name
	_, err = job.Run(t.Context())
	w.g.Expect(err).To(HaveOccurred())
	w.g.Expect(x.mark().Backup).To(Equal(older.Name))
	w.g.Expect(w.content(x.spec.Database)).To(Equal(before))
}

func TestTwoRestoresAtOnceDoNotMeet(t *testing.T) {
	w := newWorld(t)
	w.backUp()
	x := w.target()
	first := x.job()
	var second error
	first.afterStep = func(next postgres.RestoreState) error {
		if next == postgres.RestoreRestored {
			_, second = x.job().Run(t.Context())
		}
		return nil
	}
	_, err := first.Run(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(code(w.g, second)).To(Equal(backup.RestoreBusy))
	w.g.Expect(x.mark().Failure).To(BeEmpty())
}

// TestABackupOfAnOlderSchemaIsBroughtUpToDate takes the last migration back before the backup is made.
func TestABackupOfAnOlderSchemaIsBroughtUpToDate(t *testing.T) {
	w := newWorld(t)
	_, err := w.store.Admin().Exec(t.Context(), `ALTER TABLE alumni.retention_run DROP CONSTRAINT retention_run_kind_check, DROP CONSTRAINT retention_run_state_check,
			ADD CONSTRAINT retention_run_kind_check CHECK (kind IN ('Scheduled', 'Requests')),
			ADD CONSTRAINT retention_run_state_check CHECK (state IN ('Planned', 'Executing', 'Verifying', 'Certified', 'Previewed', 'Failed'));
		DELETE FROM alumni.schema_migration WHERE version_id >= 6`)
	w.g.Expect(err).NotTo(HaveOccurred())
	manifest, _ := w.backUp()
	w.g.Expect(strings.HasSuffix(manifest.Name, "-00005")).To(BeTrue())
	x := w.target()

	_, err = x.job().Run(t.Context())

	w.g.Expect(err).NotTo(HaveOccurred())
	result := x.ensure()
	w.g.Expect(result.Restoring).To(BeFalse())
	w.g.Expect(result.SchemaVersion).To(Equal(pgstore.LatestVersion()))
}

// workerDir holds the compiled worker, until TestMain removes it.
var workerDir string

// buildWorker compiles the real worker, once for all tests of the package.
var buildWorker = sync.OnceValues(func() (string, error) {
	var err error
	if workerDir, err = os.MkdirTemp("", "alumni-worker-"); err != nil {
		return "", err
	}
	path := filepath.Join(workerDir, "worker")
	cmd := exec.Command("go", "build", "-o", path, "../../cmd/worker")
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
})

// worker makes a process of the real worker, with the folders that the operator would mount.
func (x *target) worker(programs string, out *bytes.Buffer) *exec.Cmd {
	g, dir := x.w.g, x.w.t.TempDir()
	binary, err := buildWorker()
	g.Expect(err).NotTo(HaveOccurred())
	told, err := json.Marshal(settings.Backup{
		Cluster: "test", Namespace: "hoshino", Name: "main", NetworkUID: "uid-1", TimeZone: "UTC", Folder: folder, KeepCount: 1,
	})
	g.Expect(err).NotTo(HaveOccurred())
	for name, content := range map[string][]byte{
		settings.BackupFile: told, settings.BackupIdentityFile: []byte(x.w.identity.String()), settings.PepperFile: x.w.pepper,
	} {
		g.Expect(os.WriteFile(filepath.Join(dir, name), content, 0o600)).To(Succeed())
	}
	g.Expect(x.login(naming.RoleOwner).Write(dir)).To(Succeed())
	cmd := exec.Command(binary, "restore", "--network", "--backup-dir", dir, "--identity-dir", dir, "--pepper-dir", dir, "--database-dir", dir,
		"--volume-dir", x.w.volume, "--program-dir", programs)
	cmd.Env = append(os.Environ(), settings.EnvRunName+"=new-restore")
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// TestAWorkerKilledAfterPgRestoreLeavesAStoreThatStaysShut kills the real worker when every row is there and the mark does
// not say so yet.
func TestAWorkerKilledAfterPgRestoreLeavesAStoreThatStaysShut(t *testing.T) {
	w := newWorld(t)
	w.backUp()
	erased := w.erase(w.ledger())
	x := w.target()
	programs, stalling := pg.Start(t).BinDir(), t.TempDir()
	w.g.Expect(os.Symlink(filepath.Join(programs, "pg_dump"), filepath.Join(stalling, "pg_dump"))).To(Succeed())
	w.g.Expect(os.WriteFile(filepath.Join(stalling, "pg_restore"), []byte("#!/bin/sh\n"+programs+"/pg_restore \"$@\" || exit\ncase $1 in --version) exit ;; esac\nsleep 600\n"), 0o755)).To(Succeed())
	var out bytes.Buffer
	cmd := x.worker(stalling, &out)
	w.g.Expect(cmd.Start()).To(Succeed())
	w.g.Eventually(func() bool {
		return ask[bool](w, x.spec.Database, "SELECT to_regclass('alumni.retention_certificate') IS NOT NULL")
	}, 60*time.Second, 50*time.Millisecond).Should(BeTrue(), "pg_restore has committed")
	w.g.Expect(syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)).To(Succeed())
	w.g.Expect(cmd.Wait()).NotTo(Succeed())

	w.g.Expect(x.mark().State).To(Equal(postgres.RestoreEmpty))
	w.g.Expect(x.ensure().Restoring).To(BeTrue())
	w.g.Expect(x.shut()).To(BeTrue())
	out.Reset()
	w.g.Eventually(func() error { return x.worker(programs, &out).Run() }, 60*time.Second, time.Second).Should(Succeed(), "once the server has noticed")
	w.g.Expect(x.mark().State).To(Equal(postgres.RestoreDone))
	w.g.Expect(ask[int](w, x.spec.Database, `SELECT count(*) FROM alumni.member WHERE id = ANY ($1)`, erased)).To(BeZero())
	w.g.Expect(out.String()).To(ContainSubstring(`"erasedAgain":25`))
	canary.ScanAll(t, map[string]any{"the worker's words": out.String()})
}
