// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

const (
	// heard bounds what is kept of a program's words.
	heard = 16 << 10
	// stopLimit is how long a program may take to end when its run is told to stop.
	stopLimit = 5 * time.Second
	// lockWait bounds the wait for a migration that holds a table.
	lockWait = "60s"
)

// dumpArguments are those of pg_dump.
func dumpArguments(snapshot string, foreign []string) []string {
	args := []string{
		"--format=custom", "--no-owner", "--no-password", "--encoding=UTF8",
		"--lock-wait-timeout=" + lockWait, "--snapshot=" + snapshot, "--exclude-table-data=" + journalTable,
	}
	for _, schema := range schemas() {
		args = append(args, "--schema="+schema)
	}
	for _, table := range foreign {
		args = append(args, "--exclude-table="+table)
	}
	return args
}

// restoreArguments are those of pg_restore, which reads the dump from its standard input. Owners and rights are left out:
// the roles may not be there, and provisioning gives every store the same. Schemas that are named are there already; without
// any, all are restored and made.
func restoreArguments(database string, only []string) []string {
	args := []string{
		"--format=custom", "--no-owner", "--no-privileges", "--no-password", "--exit-on-error", "--single-transaction",
		"--dbname=" + database,
	}
	for _, schema := range only {
		args = append(args, "--schema="+schema)
	}
	return args
}

// program is one of PostgreSQL's own, with the login in its environment and nowhere else.
type program struct {
	path string
	args []string
	env  []string
	code Code // of a failure that says nothing more
}

// run runs it to its end. Its words are looked through for a few sayings and go nowhere.
func (p program) run(ctx context.Context, in io.Reader, out io.Writer) error {
	words := &limited{left: heard}
	cmd := exec.CommandContext(ctx, p.path, p.args...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.env, in, out, words
	cmd.WaitDelay = stopLimit
	err := cmd.Run()
	if err == nil {
		return nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err // of what it reads or writes, or it did not start
	}
	return p.explain(words.String(), exit.ExitCode())
}

// explain knows the sayings that matter. Anything else is told by its exit code, for it may quote a row.
func (p program) explain(words string, exit int) error {
	for _, s := range []struct {
		saying string
		code   Code
	}{
		{"server version mismatch", ServerNewer},
		{"permission denied for", NotPermitted},
		{"could not connect", StoreUnreachable},
		{"connection to server", StoreUnreachable},
		{"server closed the connection", StoreUnreachable},
		{"password authentication failed", StoreUnreachable},
		{"canceling statement due to lock timeout", StoreFailed},
	} {
		if strings.Contains(words, s.saying) {
			return fail(s.code, "%s says: %s", filepath.Base(p.path), s.saying)
		}
	}
	return fail(p.code, "%s ended with code %s", filepath.Base(p.path), strconv.Itoa(exit))
}

// limited keeps the first bytes and takes the rest without a word.
type limited struct {
	bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	take := min(l.left, len(p))
	l.left -= take
	l.Buffer.Write(p[:take])
	return len(p), nil
}

// environment is what libpq reads instead of arguments. Nothing else of our own environment is handed on. The
// certificate of an authority is written to a file below dir.
func environment(login dbconn.Login, dir string) ([]string, error) {
	env := []string{
		"PGHOST=" + login.Host, "PGPORT=" + strconv.Itoa(int(login.Port)), "PGDATABASE=" + login.Database,
		"PGUSER=" + login.Username, "PGPASSWORD=" + login.Password, "PGSSLMODE=" + login.SSLMode,
		"PGGSSENCMODE=disable", "PGCONNECT_TIMEOUT=10", "PGAPPNAME=worker backup", "LC_ALL=C", "HOME=" + dir,
	}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH"} {
		if value := os.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	// Without a file libpq looks for one at home, and takes require for verify-ca when it finds it there.
	roots := filepath.Join(dir, "none")
	switch {
	case len(login.CA) > 0:
		roots = filepath.Join(dir, "ca.crt")
		if err := os.WriteFile(roots, login.CA, 0o600); err != nil {
			return nil, fail(StoreFailed, "the certificate of the server's authority cannot be written to %s", os.TempDir())
		}
	case login.SSLMode == dbconn.SSLVerifyCA, login.SSLMode == dbconn.SSLVerifyFull:
		roots = systemRoots()
	}
	return append(env, "PGSSLROOTCERT="+roots), nil
}

// systemRoots is the file that Go reads too.
func systemRoots() string {
	if file := os.Getenv("SSL_CERT_FILE"); file != "" {
		return file
	}
	return "/etc/ssl/certs/ca-certificates.crt"
}

// identifier quotes schema.table for SQL.
func identifier(table string) string { return pgx.Identifier(strings.SplitN(table, ".", 2)).Sanitize() }
