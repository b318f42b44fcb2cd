// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/people"
	"github.com/alumni-operator/alumni-operator/internal/roster"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

func TestTheSameRunTwiceIsHarmless(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.write(heads + "\n1,Sato,,,,,,2021-03-31,,,\n")
	job := f.job()
	_, err := job.Run(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	f.write(heads + "\n1,Suzuki,,,,,,2021-03-31,,,\n")

	result, err := job.Run(t.Context())

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(result).To(Equal(roster.Result{Repeated: true}))
	g.Expect(f.member("family_name", "1")).To(Equal("Sato"))
	g.Expect(f.text("SELECT count(*) FROM alumni.roster_import")).To(Equal("1"))
}

func TestARunThatWasKilledIsSeenByTheNext(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.exec(`INSERT INTO alumni.roster_import (run_name, state) VALUES ('killed', 'Running'), ('alumni-roster-i', 'Running')`)
	f.take(heads, "1,Sato,,,,,,2021-03-31,,,")
	g.Expect(f.text(`SELECT string_agg(concat_ws(' ', run_name, state, nullif(failure, ''), finished_at IS NOT NULL), '; ' ORDER BY id) FROM alumni.roster_import`)).To(
		Equal("killed Failed Interrupted t; alumni-roster-i Succeeded t"))
}

func TestFailuresOfFileAndSourceAreRecorded(t *testing.T) {
	f := newFixture(t)
	for name, c := range map[string]struct {
		content string
		change  func(*roster.Job)
		want    string
	}{
		"a missing column":  {"EmployeeNumber,FamilyName\n", nil, "MissingColumn|LeftOn"},
		"another encoding":  {"EmployeeNumber,FamilyName,LeftOn\n1,\x8d\xb2\x93\xa1,2021-03-31\n", nil, "WrongEncoding|Shift_JIS"},
		"no file":           {"", func(j *roster.Job) { j.Source.Path = "missing.csv" }, "SourceNotFound|"},
		"a refused address": {"", func(j *roster.Job) { j.Source.URL = "https://127.0.0.1:1/" }, "AddressRefused|"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f.write(c.content)
			job := f.job()
			if c.change != nil {
				c.change(&job)
			}
			_, err := job.Run(t.Context())
			g.Expect(err).To(HaveOccurred())
			g.Expect(f.text(`SELECT concat_ws('|', failure, failure_field) FROM alumni.roster_import WHERE run_name = $1 AND state = 'Failed' AND finished_at IS NOT NULL`, job.RunName)).To(Equal(c.want))
			g.Expect(f.text(`SELECT count(*) FROM alumni.member`)).To(Equal("0"))
		})
	}
}

func TestImportsOfANetworkRunOneAfterTheOther(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.write(heads + "\n1,Sato,,,,,,2021-03-31,,,\n2,Ito,,,,,,2021-03-31,,,\n")
	ended := make(chan error, 4)
	for range cap(ended) {
		job := f.job()
		go func() {
			_, err := job.Run(t.Context())
			ended <- err
		}()
	}
	for range cap(ended) {
		g.Expect(<-ended).To(Succeed())
	}
	g.Expect(f.text(`SELECT concat_ws(' ', count(*), sum(inserted), sum(unchanged)) FROM alumni.roster_import WHERE state = 'Succeeded'`)).To(Equal("4 2 6"))
}

func TestAnImportThatFindsTheLockTakenGivesWay(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.write(heads + "\n1,Sato,,,,,,2021-03-31,,,\n")
	holder, err := f.Pool(naming.RoleRoster).Acquire(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	defer holder.Release()
	_, err = holder.Exec(t.Context(), "SELECT pg_advisory_lock($1)", 0x726f73746572)
	g.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()

	_, err = f.job().Run(ctx)

	g.Expect(err).To(HaveOccurred())
	g.Expect(f.text(`SELECT count(*) FROM alumni.roster_import`)).To(Equal("0"))
	_, err = holder.Exec(t.Context(), "SELECT pg_advisory_unlock_all()")
	g.Expect(err).NotTo(HaveOccurred())
}

// waitForLock returns when a session of the roster role waits for another's lock.
func (f *fixture) waitForLock(g Gomega) {
	g.Eventually(func() string {
		return f.text(`SELECT count(*) FROM pg_stat_activity WHERE usename LIKE '%roster' AND wait_event_type = 'Lock' AND datname = current_database()
			AND wait_event IN ('transactionid', 'tuple')`) // for what somebody else has written, and not for room in a table or the like
	}, 30*time.Second, 5*time.Millisecond).Should(Equal("1"))
}

// during runs an import, does something in another session before it and commits that in its middle.
func (f *fixture) during(g Gomega, sql string) (roster.Result, error) {
	tx, err := f.Admin().Begin(f.t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = tx.Rollback(context.WithoutCancel(f.t.Context())) }() // nothing may wait for it at the end
	_, err = tx.Exec(f.t.Context(), sql)
	g.Expect(err).NotTo(HaveOccurred())
	type outcome struct {
		result roster.Result
		err    error
	}
	ended := make(chan outcome, 1)
	job := f.job()
	go func() {
		result, err := job.Run(f.t.Context())
		ended <- outcome{result, err}
	}()
	f.waitForLock(g)
	g.Expect(tx.Commit(f.t.Context())).To(Succeed())
	o := <-ended
	return o.result, o.err
}

func TestWhatAMemberDecidesDuringAnImportWins(t *testing.T) {
	for name, c := range map[string]struct{ sql, query, want string }{
		"a withdrawn consent": {
			`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
			 SELECT id, 'Network', 'Withdrawn', 'v1', 'Portal', 'test', now() FROM alumni.member`,
			"SELECT string_agg(decision, ' ') FROM alumni.consent_state WHERE purpose = 'Network'", "Withdrawn",
		},
		"leaving the network": {
			`UPDATE alumni.member SET state = 'Withdrawn', withdrawn_at = now()`, "SELECT concat_ws(' ', state, family_name) FROM alumni.member", "Withdrawn Sato",
		},
		"an edited field": {`UPDATE alumni.member SET region = 'Osaka'`, "SELECT region FROM alumni.member", "Osaka"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := newFixture(t)
			f.take(heads, "1,Sato,,,Tokyo,,,2021-03-31,,,")
			f.write(heads + "\n1,Suzuki,,,Kyoto,,,2021-03-31,,2022-01-01,\n")
			_, err := f.during(g, c.sql)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(f.text(c.query)).To(Equal(c.want))
		})
	}
}

func TestAnAddressTakenDuringAnImportIsQuarantined(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.take(heads, "1,Sato,,a@b.example,,,,2021-03-31,,,")
	f.write(heads + "\n2,Ito,,taken@b.example,,,,2021-03-31,,,\n")
	result, err := f.during(g, `UPDATE alumni.contact SET address = 'taken@b.example', source = 'Member', verified_at = now()`)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(result.Quarantine).To(Equal([]roster.Bad{{Line: 2, Field: roster.Email, Reason: roster.DuplicateAddress}}))
	g.Expect(f.log.String()).To(ContainSubstring("Trying again after a clash"))
}

func TestAnErasedPersonDuringAnImportStaysErased(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.take(heads, "1,Sato,,,,,,2021-03-31,,,")
	f.write(heads + "\n1,Suzuki,,a@b.example,,IT,2024-04-01,,,2022-01-01,\n")
	tx, err := f.Pool(naming.RoleRetention).Begin(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	_, err = tx.Exec(t.Context(), `SELECT FROM alumni.member FOR UPDATE`)
	g.Expect(err).NotTo(HaveOccurred())
	job := f.job()
	ended := make(chan error, 1)
	go func() {
		_, err := job.Run(t.Context())
		ended <- err
	}()
	f.waitForLock(g)
	_, err = tx.Exec(t.Context(), `DELETE FROM alumni.employment`)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = tx.Exec(t.Context(), `DELETE FROM alumni.member`)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(tx.Commit(t.Context())).To(Succeed())

	g.Expect(<-ended).To(Succeed())
	g.Expect(f.text(`SELECT (SELECT count(*) FROM alumni.member) + (SELECT count(*) FROM alumni.contact) + (SELECT count(*) FROM alumni.consent)`)).To(Equal("0"))
}

func TestAnImportThatIsToldToStopSaysSo(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	f.take(heads, "1,Sato,,,,,,2021-03-31,,,")
	f.write(heads + "\n1,Suzuki,,,,,,2021-03-31,,,\n2,Ito,,,,,,2021-03-31,,,\n")
	tx, err := f.Admin().Begin(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = tx.Rollback(context.Background()) }()
	_, err = tx.Exec(t.Context(), `SELECT FROM alumni.member FOR UPDATE`)
	g.Expect(err).NotTo(HaveOccurred())
	ctx, stop := context.WithCancel(t.Context())
	job := f.job()
	ended := make(chan error, 1)
	go func() {
		_, err := job.Run(ctx)
		ended <- err
	}()
	f.waitForLock(g)
	stop()
	g.Expect(<-ended).To(MatchError(context.Canceled))
	g.Expect(f.text(`SELECT concat_ws(' ', state, failure) FROM alumni.roster_import WHERE run_name = $1`, job.RunName)).To(Equal("Failed Interrupted"))
	g.Expect(f.text(`SELECT string_agg(family_name, ' ') FROM alumni.member`)).To(Equal("Sato"))
}

// crashEnv makes the test binary run one import and exit, so that it can be killed. It holds the folder of the
// login and that of the file.
const crashEnv = "ROSTER_TEST_CRASH"

func crashChild(place string) int {
	login, volume, _ := strings.Cut(place, "|")
	pool, err := dbconn.Open(context.Background(), login, dbconn.Options{MaxConns: 2})
	if err != nil {
		return 1
	}
	f := &fixture{dir: volume}
	job := f.plainJob("crash")
	job.Pool = pool
	if _, err := job.Run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestAKilledImportLeavesAllOrNothing(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	const rows, kills = 3000, 12
	file, err := os.Create(filepath.Join(f.dir, "leavers.csv"))
	g.Expect(err).NotTo(HaveOccurred())
	_, err = people.Roster{Company: "hoshino-foods", Seed: 3, Count: rows, Headings: people.English, Encoding: people.UTF8}.Write(file)
	g.Expect(errors.Join(err, file.Close())).To(Succeed())
	login := f.Dir(naming.RoleRoster)
	child := func() *exec.Cmd {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), crashEnv+"="+login+"|"+f.dir)
		return command
	}
	length := 500 * time.Millisecond // of a whole run; learnt from those that were not hit
	killed := 0
	for try := 0; killed < kills; try++ {
		g.Expect(try).To(BeNumerically("<", 20*kills), "hardly any import was hit")
		command := child()
		begun := time.Now()
		g.Expect(command.Start()).To(Succeed())
		timer := time.AfterFunc(length*time.Duration(try%kills+1)/kills, func() { _ = command.Process.Signal(syscall.SIGKILL) })
		err := command.Wait()
		timer.Stop()
		g.Eventually(func() string { // the server notices the dead client, and rolls back
			return f.text(`SELECT count(*) FROM pg_stat_activity WHERE usename LIKE '%roster' AND datname = current_database()`)
		}, 30*time.Second, 10*time.Millisecond).Should(Equal("0"))
		counts := f.text(`SELECT concat_ws(' ', (SELECT count(*) FROM alumni.member), (SELECT count(*) FROM alumni.employment), (SELECT count(*) FROM alumni.roster_import WHERE state = 'Succeeded'))`)
		g.Expect(counts).To(Or(Equal("0 0 0"), Equal(fmt.Sprintf("%d %d 1", rows, rows))))
		if err != nil {
			killed++
		} else {
			length = time.Since(begun)
		}
		if counts != "0 0 0" {
			f.fresh(t)
		}
	}
	g.Expect(child().Run()).To(Succeed())
	g.Expect(f.text(`SELECT count(*) FROM alumni.member`)).To(Equal(fmt.Sprint(rows)))
	g.Expect(f.text(`SELECT concat_ws(' ', count(*), min(state), min(inserted)) FROM alumni.roster_import`)).To(Equal(fmt.Sprintf("1 Succeeded %d", rows)))
}

func TestNothingOfARowIsSeenOutsideTheStore(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	row := func(change func([]string)) string {
		cells := []string{
			canary.EmployeeNumber, canary.FamilyNameJa, canary.GivenNameJa, canary.Email, canary.Address, canary.Note, "2010-04-01", "2021-03-31", canary.FamilyNameEn, "2021-04-01", "",
		}
		change(cells)
		return strings.Join(cells, ",")
	}
	lines := []string{
		heads, row(func([]string) {}), row(func([]string) {}),
		row(func(c []string) { c[0] = "2" }), // the same address
		row(func(c []string) { c[0], c[3], c[7] = "3", "", canary.Birthday }),
		row(func(c []string) { c[0], c[3] = "4", canary.Phone }),
		row(func(c []string) { c[0], c[3], c[1] = "5", "", canary.NameEn+"\xff" }),
		row(func(c []string) { c[0], c[1] = "6", "\""+canary.NameJa }),
		row(func(c []string) { c[0], c[7] = "7", "" }) + "," + canary.Note,
		row(func(c []string) { c[0], c[3], c[2] = "8", "", canary.NameKana+strings.Repeat(canary.Token, 6000) }),
	}
	outputs := map[string]any{}
	result := f.take(lines...)
	g.Expect(result.Quarantined).To(Equal(int64(8)))
	outputs["result"] = fmt.Sprintf("%+v", result)
	outputs["import"] = f.text("SELECT string_agg(to_jsonb(t)::text, ' ') FROM alumni.roster_import t")
	outputs["quarantine"] = f.text("SELECT string_agg(to_jsonb(t)::text, ' ') FROM alumni.roster_quarantine t")

	// A store that refuses: the server quotes the row, and the import must not.
	f.exec(`ALTER TABLE alumni.member ADD CONSTRAINT nobody CHECK (region <> $$` + canary.Address + `$$) NOT VALID`)
	f.write(heads + "\n" + row(func(c []string) { c[0], c[3] = "9", "" }))
	_, err := f.job().Run(t.Context())
	g.Expect(err).To(MatchError(ContainSubstring("SQLSTATE 23514")))
	outputs["error"] = err.Error()
	f.write(strings.Join([]string{canary.NameJa, canary.Email, canary.Note}, ","))
	_, err = f.job().Run(t.Context())
	g.Expect(err).To(HaveOccurred())
	outputs["error of the headings"] = err.Error()
	outputs["log"] = f.log.String()
	outputs["import after failures"] = f.text("SELECT string_agg(to_jsonb(t)::text, ' ') FROM alumni.roster_import t")
	canary.ScanAll(t, outputs)
	canary.Require(t, "the store", f.text("SELECT string_agg(to_jsonb(t)::text, ' ') FROM alumni.member t"), canary.FamilyNameJa)
}

func TestTheImportAsksForNoMoreRightsThanItHas(t *testing.T) {
	g := NewWithT(t)
	f := newFixture(t)
	for _, sql := range []string{`DELETE FROM alumni.member`, `DELETE FROM alumni.consent`, `UPDATE alumni.consent SET decision = 'Given'`, `INSERT INTO alumni.tombstone VALUES ()`, `SELECT FROM alumni.delivery`} {
		_, err := f.Pool(naming.RoleRoster).Exec(t.Context(), sql)
		g.Expect(err).To(HaveOccurred(), sql)
	}
	_, err := f.Pool(naming.RoleRoster).Exec(t.Context(), `SELECT FROM alumni.consent`, pgx.QueryExecModeSimpleProtocol)
	g.Expect(err).NotTo(HaveOccurred())
}
