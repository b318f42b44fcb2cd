// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/backup"
	"github.com/alumni-operator/alumni-operator/internal/erasures"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// ledger is an erasure ledger in a folder of the test.
func (w *world) ledger() (l *erasures.Ledger, volume string) {
	w.t.Helper()
	volume = w.t.TempDir()
	destination, err := backup.OpenVolume(volume, "main/"+erasures.Folder)
	if err != nil {
		w.t.Fatal(err)
	}
	return &erasures.Ledger{Destination: destination, Network: backup.Network{Cluster: "test", Namespace: "hoshino", Name: "main", UID: "uid-1"}}, volume
}

// bound are the keys of people whom the ledger binds to stay erased.
func (w *world) bound(g *WithT, l *erasures.Ledger) map[[keyLength]byte]tombstone.Kind {
	names, err := l.Binding(w.t.Context(), time.Time{})
	g.Expect(err).NotTo(HaveOccurred())
	all := map[[keyLength]byte]tombstone.Kind{}
	for _, name := range names {
		in, err := l.Read(w.t.Context(), name)
		g.Expect(err).NotTo(HaveOccurred())
		for _, m := range in.Erased {
			key, _ := m.Bytes()
			all[key] = m.Kind
		}
	}
	return all
}

func (w *world) memberKey(id uuid.UUID) [keyLength]byte {
	return w.keys.Key(tombstone.Member, id.String())
}

func TestWhoIsErasedIsWrittenDownOutsideTheStore(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(
		someone{state: "Withdrawn", withdrawn: days(0), request: ago(time.Minute), children: true},
		someone{state: "Withdrawn", withdrawn: days(0), request: ago(time.Hour), children: true},
		someone{state: "Active", active: days(0)},
	)
	job := w.requests("one")
	ledger, volume := w.ledger()
	job.Ledger = ledger
	g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())

	g.Expect(w.members()).To(Equal(ids[2:]))
	bound := w.bound(g, ledger)
	g.Expect(bound).To(And(HaveKeyWithValue(w.memberKey(ids[0]), tombstone.Member), HaveKeyWithValue(w.memberKey(ids[1]), tombstone.Member)))
	g.Expect(bound).NotTo(HaveKey(w.memberKey(ids[2])))
	g.Expect(bound).To(HaveLen(6), "member, employee number and address of each")
	open, err := ledger.Open(t.Context(), time.Now().Add(time.Hour))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(open).To(BeEmpty(), "the outcome is noted")
	files, err := filepath.Glob(filepath.Join(volume, "main", erasures.Folder, "*"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(files).To(HaveLen(2))
	for _, file := range files {
		canary.ScanFile(t, file)
	}
}

// failing is a destination that takes no more than some entries.
type failing struct {
	backup.Destination
	left int
}

func (f *failing) Write(ctx context.Context, name string, content io.Reader) error {
	if f.left--; f.left < 0 {
		return errors.New("no room")
	}
	return f.Destination.Write(ctx, name, content)
}

func TestNothingIsErasedThatCannotBeWrittenDown(t *testing.T) {
	for name, c := range map[string]struct {
		destination func(backup.Destination) backup.Destination
		left        int
	}{
		"a ledger that cannot be reached":        {func(backup.Destination) backup.Destination { return backup.Closed(errors.New("not mounted")) }, 40},
		"a ledger that is full":                  {func(d backup.Destination) backup.Destination { return &failing{Destination: d} }, 40},
		"a ledger that gets full in the middle":  {func(d backup.Destination) backup.Destination { return &failing{Destination: d, left: 4} }, 20},
		"a ledger that takes an intent, no word": {func(d backup.Destination) backup.Destination { return &failing{Destination: d, left: 1} }, 30},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t)
			w.crowd(40)
			job := w.job("one", "Enforce", leavers)
			job.Policy.BatchMembers = 10
			job.Limits.Unsettled = time.Nanosecond
			ledger, _ := w.ledger()
			good := ledger.Destination
			ledger.Destination = c.destination(good)
			job.Ledger = ledger

			err := Run(t.Context(), w.pool, job)

			g.Expect(err).To(MatchError(ContainSubstring(FailureLedger)))
			g.Expect(err).NotTo(MatchError(ErrFinal), "another start may find it mended")
			g.Expect(w.members()).To(HaveLen(c.left))
			g.Expect(w.state("one")).NotTo(Equal("Certified"))
			g.Expect(queryOne[string](w, `SELECT failure FROM alumni.retention_run`)).To(Equal(FailureLedger))

			ledger.Destination = good
			g.Expect(Run(t.Context(), w.pool, job)).To(Succeed())
			g.Expect(w.members()).To(BeEmpty())
			g.Expect(queryOne[string](w, `SELECT state || failure FROM alumni.retention_run`)).To(Equal("Certified"))
			w.intact()
		})
	}
}

func TestWhoCouldNotBeErasedIsNotBoundByTheLedger(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.plant(someone{state: "Listed", left: days(9000)}, someone{state: "Listed", left: days(9000)})
	w.exec(`CREATE FUNCTION alumni.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'kept' USING ERRCODE = 'P0001'; END $$`)
	w.exec(`CREATE TRIGGER keep BEFORE DELETE ON alumni.member FOR EACH ROW WHEN (OLD.id = '` + ids[0].String() + `') EXECUTE FUNCTION alumni.keep()`)
	job := w.job("one", "Enforce", leavers)
	job.Limits.Tries = 1
	ledger, _ := w.ledger()
	job.Ledger = ledger
	_ = Run(t.Context(), w.pool, job)

	g.Expect(w.members()).To(Equal(ids[:1]))
	g.Expect(w.bound(g, ledger)).To(And(HaveKey(w.memberKey(ids[1])), Not(HaveKey(w.memberKey(ids[0])))))
}

// TestAWorkerKilledAtAnyMomentLeavesALedgerThatTellsTheTruth kills a run that works with a ledger, lets another run settle
// what was left open, and compares.
func TestAWorkerKilledAtAnyMomentLeavesALedgerThatTellsTheTruth(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.crowd(800)
	ledger, volume := w.ledger()
	job := w.job("one", "Enforce", leavers)
	job.Policy.BatchMembers = 10
	job.Policy.Ledger = &settings.Ledger{Cluster: "test", NetworkUID: "uid-1", Namespace: "hoshino", Name: "main", Folder: "main"}
	for range 6 {
		cmd := w.worker(job, new(bytes.Buffer))
		cmd.Args = append(cmd.Args, "--ledger-volume-dir", volume)
		g.Expect(cmd.Start()).To(Succeed())
		time.Sleep(w.afterSomeBatches(g))
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	}
	gone := len(ids) - len(w.members())
	g.Expect(gone).To(BeNumerically(">", 0), "it was killed in the middle")

	job.Limits.Unsettled, job.Ledger = time.Nanosecond, ledger
	book := &journal{pool: w.pool, job: job}
	book.job.Limits = job.Limits.withDefaults()
	settler := &Executor{planner: &Planner{pool: w.pool, keys: w.keys}, book: book, log: job.Log}
	g.Expect(settler.settleLedger(t.Context())).To(Succeed())

	still := map[uuid.UUID]bool{}
	for _, id := range w.members() {
		still[id] = true
	}
	bound := w.bound(g, ledger)
	for _, id := range ids {
		_, named := bound[w.memberKey(id)]
		g.Expect(named).To(Equal(!still[id]), "the ledger binds exactly those who are gone")
	}
}

func TestAReplayErasesWhoTheLedgerNamesAndNobodyElse(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t)
	ids := w.crowd(30)
	run := w.campaignRun("Finished", 10)
	w.deliver(run, ids[0], "Sent", days(1), 1)
	w.exec(`INSERT INTO alumni.erasure_request (id, member_id, source) VALUES (gen_random_uuid(), $1, 'Withdrawal')`, ids[0])
	erased := map[[keyLength]byte]tombstone.Kind{
		w.memberKey(ids[0]): tombstone.Member, w.memberKey(ids[7]): tombstone.Member,
		w.memberKey(uuid.New()): tombstone.Member, // somebody who came after the backup, and went
		w.keys.Key(tombstone.EmployeeNumber, queryOne[string](w, `SELECT employee_number FROM alumni.member WHERE id = $1`, ids[9])): tombstone.EmployeeNumber,
	}
	replay := Replay{RunName: "restore of b", Keys: w.keys, Erased: erased, Log: slog.New(slog.NewJSONHandler(w.log, nil))}
	pool := w.store.Pool(naming.RoleOwner)

	n, err := replay.Run(t.Context(), pool)

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(n).To(Equal(int64(2)))
	g.Expect(w.members()).To(HaveLen(28))
	g.Expect(w.members()).To(ContainElement(ids[9]), "a number may be somebody else's by now")
	for key := range erased {
		g.Expect(queryOne[int64](w, `SELECT count(*) FROM alumni.tombstone WHERE key = $1`, key[:])).To(Equal(int64(1)), "no roster brings them back")
	}
	g.Expect(queryOne[string](w, `SELECT kind || ' ' || state FROM alumni.retention_run`)).To(Equal("Replay Replayed"))
	g.Expect(queryOne[string](w, `SELECT state FROM alumni.erasure_request`)).To(Equal("Erased"))
	_, err = VerifyChain(t.Context(), w.pool)
	g.Expect(err).NotTo(HaveOccurred())
	n, err = replay.Run(t.Context(), pool)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(n).To(Equal(int64(2)), "the same replay again counts and erases nobody")
	canary.ScanAll(t, map[string]any{"the log": w.log.String()})

	other, err := tombstone.New([]byte("another pepper than the store was used with"))
	g.Expect(err).NotTo(HaveOccurred())
	_, err = Replay{RunName: "restore of c", Keys: other, Erased: erased, Log: replay.Log}.Run(t.Context(), pool)
	g.Expect(err).To(MatchError(ErrPepper))
}
