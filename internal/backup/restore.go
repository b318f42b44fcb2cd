// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// drill restores the newest backup into the scratch database. It begins and ends with an empty one, so that no copy of
// the store lies about, whatever happened to the drill before.
func (j *Job) drill(ctx context.Context) (Result, error) {
	identities, err := parseIdentity(j.Identity)
	if err != nil {
		return Result{}, err
	}
	m, err := j.find(ctx, "")
	if err != nil {
		return Result{}, err
	}
	scratch := j.Login.As(j.Login.Username, j.Login.Password, j.Scratch)
	if err := empty(ctx, scratch); err != nil {
		return Result{Manifest: m}, err
	}
	err = j.restoreInto(ctx, scratch, identities, m, nil)
	return Result{Manifest: m}, errors.Join(err, empty(context.WithoutCancel(ctx), scratch))
}

// Restore brings a backup back into an empty database, in one transaction, and compares it with the manifest. Without a
// name it is the newest. Everything belongs to the role of the target's login then.
func (j *Job) Restore(ctx context.Context, name string, target dbconn.Login) (Result, error) {
	m, err := j.restore(ctx, name, target)
	if err != nil {
		return Result{Manifest: m}, asFailure(ctx, err, RestoreFailed)
	}
	return Result{Manifest: m}, nil
}

func (j *Job) restore(ctx context.Context, name string, target dbconn.Login) (Manifest, error) {
	identities, err := parseIdentity(j.Identity)
	if err != nil {
		return Manifest{}, err
	}
	m, err := j.find(ctx, name)
	if err != nil {
		return m, err
	}
	if err := checkEmpty(ctx, target); err != nil {
		return m, err
	}
	return m, j.restoreInto(ctx, target, identities, m, nil)
}

// Find reads the manifest of a backup; without a name, of the newest. Its errors are Failures.
func (j *Job) Find(ctx context.Context, name string) (Manifest, error) {
	m, err := j.find(ctx, name)
	if err != nil {
		return m, asFailure(ctx, err, DestinationFailed)
	}
	return m, nil
}

// TakeIn restores a backup into a database that provisioning has claimed and nobody has used, and compares it with the
// manifest. What lies in the schemas of people and aggregates is thrown away first, for it is what a run before this one has
// left; the claim stays the database's own. The caller answers for it that the database was never opened.
func (j *Job) TakeIn(ctx context.Context, m Manifest, target dbconn.Login) error {
	identities, err := parseIdentity(j.Identity)
	if err != nil {
		return err
	}
	if err := renew(ctx, target); err != nil {
		return asFailure(ctx, err, RestoreFailed)
	}
	if err := j.restoreInto(ctx, target, identities, m, taken()); err != nil {
		return asFailure(ctx, err, RestoreFailed)
	}
	return nil
}

// taken are the schemas that TakeIn restores: all but that of the claim.
func taken() []string { return []string{"alumni", "alumni_stats"} }

// renew leaves the schemas of people and aggregates empty.
func renew(ctx context.Context, target dbconn.Login) error {
	return inDatabase(ctx, target, func(tx pgx.Tx) error {
		for _, schema := range taken() {
			name := pgx.Identifier{schema}.Sanitize()
			if _, err := tx.Exec(ctx, "DROP SCHEMA IF EXISTS "+name+" CASCADE"); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "CREATE SCHEMA "+name); err != nil {
				return err
			}
		}
		return nil
	})
}

func parseIdentity(file []byte) ([]age.Identity, error) {
	all, err := age.ParseIdentities(bytes.NewReader(file))
	if err != nil {
		return nil, fail(IdentityInvalid, "the identity is no age secret key")
	}
	return all, nil
}

// find reads the manifest of a backup; without a name, of the newest.
func (j *Job) find(ctx context.Context, name string) (Manifest, error) {
	entries, err := j.Destination.List(ctx)
	if err != nil {
		return Manifest{}, err
	}
	backups := survey(entries).backups
	i := slices.IndexFunc(backups, func(b found) bool { return name == "" || b.name == name })
	if i < 0 {
		return Manifest{}, fail(NoBackup, "the destination holds no complete backup of that name")
	}
	file, err := j.Destination.Open(ctx, backups[i].name+manifestSuffix)
	if err != nil {
		return Manifest{}, err
	}
	defer func() { _ = file.Close() }()
	m, err := readManifest(file)
	if err == nil && m.Name != backups[i].name {
		err = fail(BackupDamaged, "the manifest is that of another backup")
	}
	return m, err
}

// restoreInto streams: the destination to age to pg_restore. Then it counts. Without schemas it restores all.
func (j *Job) restoreInto(ctx context.Context, target dbconn.Login, identities []age.Identity, m Manifest, only []string) error {
	if m.DumpMajor > j.Clients.Major {
		return fail(ServerNewer, "the backup was made by pg_dump %d, and pg_restore is of %d; name a newer image", m.DumpMajor, j.Clients.Major)
	}
	err := withFolder(func(dir string) error {
		env, err := environment(target, dir)
		if err != nil {
			return err
		}
		file, err := j.Destination.Open(ctx, m.Name+dumpSuffix)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		encrypted, plain := newMeter(), newMeter()
		source := &watched{from: file}
		opened, err := age.Decrypt(io.TeeReader(source, encrypted), identities...)
		if err != nil {
			return errors.Join(source.err, cannotOpen(err))
		}
		content := &withheld{from: io.TeeReader(opened, plain), check: func() error {
			if plain.digest() != m.Plain || encrypted.digest() != m.Encrypted {
				return fail(BackupDamaged, "its digests are not those of the manifest")
			}
			return nil
		}}
		restore := program{path: j.Clients.Restore, args: restoreArguments(target.Database, only), env: env, code: RestoreFailed}
		err = restore.run(ctx, content, io.Discard)
		switch {
		case source.err != nil:
			return source.err
		case content.err != nil:
			return content.err // pg_restore only saw its input end
		case err == nil && !content.ended:
			return fail(BackupDamaged, "something follows the dump")
		}
		return err
	})
	if err != nil {
		return err
	}
	return compare(ctx, target, m, only)
}

func cannotOpen(err error) error {
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return fail(IdentityInvalid, "the identity opens none of the backup's recipients")
	}
	return fail(BackupDamaged, "it does not begin as age writes")
}

// watched remembers why a source could not be read, for what reads it may call that damage.
type watched struct {
	from io.Reader
	err  error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = fail(DestinationUnreachable, "reading the backup broke off")
		return n, w.err
	}
	return n, err
}

// heldBack is how many bytes a reader gets only after the check. A dump in custom format ends with the end of its last
// table: without its last bytes pg_restore cannot commit.
const heldBack = 64 << 10

// withheld gives the last bytes of a stream away only when a check at its end succeeds.
type withheld struct {
	from  io.Reader
	check func() error
	kept  []byte
	ended bool
	err   error // why the stream broke off
}

func (w *withheld) Read(p []byte) (int, error) {
	for !w.ended && len(w.kept) <= heldBack {
		if err := w.fill(); err != nil {
			w.err = err
			return 0, err
		}
	}
	free := len(w.kept)
	if !w.ended {
		free -= heldBack
	}
	if free == 0 {
		return 0, io.EOF
	}
	n := copy(p, w.kept[:free])
	w.kept = w.kept[n:]
	return n, nil
}

func (w *withheld) fill() error {
	chunk := make([]byte, heldBack)
	n, err := io.ReadFull(w.from, chunk)
	w.kept = append(w.kept, chunk[:n]...)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && n > 0 && isEnd(w.from):
		w.ended = true
		return w.check()
	default:
		var told *Failure
		if errors.As(err, &told) {
			return told
		}
		return fail(BackupDamaged, "it cannot be read to its end")
	}
}

// isEnd tells the end of a stream from one that broke off: only the first repeats itself as a plain end.
func isEnd(r io.Reader) bool {
	n, err := r.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, io.EOF)
}

// checkEmpty refuses a database that holds any of our schemas.
func checkEmpty(ctx context.Context, target dbconn.Login) error {
	return inDatabase(ctx, target, func(tx pgx.Tx) error {
		var there bool
		err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = ANY ($1))", schemas()).Scan(&there)
		if err == nil && there {
			return fail(TargetNotEmpty, "the database has schemas of a network already; restore into an empty one")
		}
		return err
	})
}

// empty removes our schemas from the scratch database.
func empty(ctx context.Context, scratch dbconn.Login) error {
	return inDatabase(ctx, scratch, func(tx pgx.Tx) error {
		for _, schema := range schemas() {
			if _, err := tx.Exec(ctx, "DROP SCHEMA IF EXISTS "+pgx.Identifier{schema}.Sanitize()+" CASCADE"); err != nil {
				return err
			}
		}
		return nil
	})
}

// compare counts what was restored and holds it against the manifest: the tables of the named schemas, or all.
func compare(ctx context.Context, target dbconn.Login, m Manifest, only []string) error {
	return inDatabase(ctx, target, func(tx pgx.Tx) error {
		got, _, err := listTables(ctx, tx, sqlRestored)
		if err != nil {
			return err
		}
		got = within(got, only)
		if _, err := count(ctx, tx, got); err != nil {
			return err
		}
		return difference(within(m.Tables, only), got)
	})
}

// within are the tables of the named schemas; without names, all.
func within(tables []Table, schemas []string) []Table {
	if schemas == nil {
		return tables
	}
	return slices.DeleteFunc(slices.Clone(tables), func(t Table) bool {
		schema, _, _ := strings.Cut(t.Name, ".")
		return !slices.Contains(schemas, schema)
	})
}

// difference names the first table that is not as it was.
func difference(want, got []Table) error {
	for _, w := range want {
		i := slices.IndexFunc(got, func(t Table) bool { return t.Name == w.Name })
		switch {
		case i < 0:
			return fail(ContentDiffers, "table %s is missing", w.Name)
		case got[i].Rows != w.Rows:
			return fail(ContentDiffers, "table %s has %d rows, and had %d", w.Name, got[i].Rows, w.Rows)
		case got[i].Checksum != w.Checksum:
			return fail(ContentDiffers, "table %s has another content", w.Name)
		}
	}
	if len(got) != len(want) {
		return fail(ContentDiffers, "there are %d tables, and there were %d", len(got), len(want))
	}
	return nil
}

// inDatabase runs statements in one transaction.
func inDatabase(ctx context.Context, login dbconn.Login, do func(pgx.Tx) error) error {
	conn, err := dbconn.Connect(ctx, login, dbconn.Options{ApplicationName: "worker restore"})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	// A role has bounds for its daily work; to count a large table takes longer.
	if _, err := conn.Exec(ctx, "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0", pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("look at the restored database: %w", dbconn.Classify(err))
	}
	if err := pgx.BeginFunc(ctx, conn, do); err != nil {
		return fmt.Errorf("look at the restored database: %w", dbconn.Classify(err))
	}
	return nil
}
