// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pg_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

// childMode makes this test binary play a test process that is killed.
const childMode = "ALUMNI_PG_TEST_CHILD"

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

func TestStartSharesOneServer(t *testing.T) {
	g := NewWithT(t)

	first, second := pg.Start(t), pg.Start(t)

	g.Expect(first).To(BeIdenticalTo(second))
	g.Expect(first.Host).To(Equal("127.0.0.1"))
	g.Expect(first.BinDir()).To(BeADirectory())
}

func TestNewDatabaseIsEmptyAndOfItsOwn(t *testing.T) {
	g := NewWithT(t)
	server := pg.Start(t)

	var name string
	t.Run("while the test runs", func(t *testing.T) {
		g := NewWithT(t)
		one, two := server.Pool(t, server.NewDatabase(t)), server.Pool(t, server.NewDatabase(t))
		_, err := one.Exec(t.Context(), `CREATE TABLE only_here (id int)`)
		g.Expect(err).NotTo(HaveOccurred())
		_, err = two.Exec(t.Context(), `SELECT FROM only_here`)
		g.Expect(err).To(MatchError(ContainSubstring("does not exist")))
		g.Expect(one.QueryRow(t.Context(), `SELECT current_database()`).Scan(&name)).To(Succeed())
	})

	var left int
	admin := server.Pool(t, server.AdminDSN())
	g.Expect(admin.QueryRow(t.Context(), `SELECT count(*) FROM pg_database WHERE datname = $1`, name).Scan(&left)).To(Succeed())
	g.Expect(left).To(BeZero(), "the database is dropped when its test ends")
}

func TestServerAsksForPasswords(t *testing.T) {
	g := NewWithT(t)
	server := pg.Start(t)

	var method string
	admin := server.Pool(t, server.AdminDSN())
	g.Expect(admin.QueryRow(t.Context(), `SHOW password_encryption`).Scan(&method)).To(Succeed())
	g.Expect(method).To(Equal("scram-sha-256"))

	g.Expect(ping(t.Context(), server.DSN("postgres", "wrong", "postgres"))).
		To(MatchError(ContainSubstring("password authentication failed")))
}

func TestLogHoldsDDL(t *testing.T) {
	g := NewWithT(t)
	server := pg.Start(t)
	pool := server.Pool(t, server.NewDatabase(t))

	_, err := pool.Exec(t.Context(), `CREATE TABLE seen_in_the_log (id int)`)
	g.Expect(err).NotTo(HaveOccurred())

	g.Eventually(func() (string, error) {
		content, err := os.ReadFile(server.LogFile())
		return string(content), err
	}).Should(ContainSubstring("CREATE TABLE seen_in_the_log"))
}

func TestServerOfOneTestStopsAndRestarts(t *testing.T) {
	g := NewWithT(t)
	server := pg.New(t)
	g.Expect(server.Port).NotTo(Equal(pg.Start(t).Port))
	dsn := server.NewDatabase(t)
	pool := server.Pool(t, dsn)
	_, err := pool.Exec(t.Context(), `CREATE TABLE kept AS SELECT 7 AS answer`)
	g.Expect(err).NotTo(HaveOccurred())

	server.Stop(t)
	g.Expect(ping(t.Context(), dsn)).To(MatchError(ContainSubstring("connection refused")))

	server.Restart(t)
	var answer int
	g.Expect(server.Pool(t, dsn).QueryRow(t.Context(), `SELECT answer FROM kept`).Scan(&answer)).To(Succeed())
	g.Expect(answer).To(Equal(7))
}

// TestNothingIsLeftAfterSIGKILL starts a second test process that boots a
// server, kills it hard, and watches server and folder go away.
func TestNothingIsLeftAfterSIGKILL(t *testing.T) {
	g := NewWithT(t)
	child := exec.Command(os.Args[0], "-test.run", "^TestChildProcess$", "-test.v")
	child.Env = append(os.Environ(), childMode+"=1")
	output, err := child.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	_, err = child.StdinPipe() // what the child waits on
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(child.Start()).To(Succeed())

	var dsn, logFile string
	for lines := bufio.NewScanner(output); logFile == "" && lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "booted" {
			dsn, logFile = fields[1], fields[2]
		}
	}
	g.Expect(logFile).To(BeARegularFile())
	g.Expect(ping(t.Context(), dsn)).To(Succeed())

	g.Expect(child.Process.Kill()).To(Succeed())
	g.Expect(child.Wait()).To(MatchError(ContainSubstring("killed")))

	g.Eventually(func() error { return ping(t.Context(), dsn) }, 10*time.Second).Should(MatchError(ContainSubstring("connection refused")))
	g.Eventually(filepath.Dir(logFile), 10*time.Second).ShouldNot(BeAnExistingFile())
}

// TestChildProcess is the process that TestNothingIsLeftAfterSIGKILL kills. In
// an ordinary run it only shows that a server can be had.
func TestChildProcess(t *testing.T) {
	server := pg.Start(t)
	if os.Getenv(childMode) == "" {
		return
	}
	fmt.Println("booted", server.AdminDSN(), server.LogFile())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func ping(ctx context.Context, dsn string) error {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	return pool.Ping(ctx)
}
