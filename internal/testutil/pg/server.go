// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pg

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// statementLimit bounds each statement this package itself sends.
const statementLimit = 30 * time.Second

// Server is a running PostgreSQL server that only this test process knows.
type Server struct {
	// Host is the loopback address the server listens on.
	Host string
	// Port is free when the server boots and stays the same over Stop and Restart.
	Port int
	// Password is the random password of the superuser "postgres".
	Password string

	binDir, dir string
	keeper      *keeper
}

// shared is the one server of this process.
var shared struct {
	sync.Mutex
	server *Server
	err    error
}

// Start returns the server that all tests of this process share, and boots it
// when the first test asks for it. Roles are visible to all tests of the
// process, so tests give them random names or drop them; databases come from
// NewDatabase.
func Start(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = boot()
	}
	if shared.err != nil {
		t.Fatalf("start the shared PostgreSQL: %v", shared.err)
	}
	return shared.server
}

// Run runs the tests of a package and then stops the shared server, so that
// nothing is left when the process ends. Use it as
//
//	func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }
//
// Packages without a TestMain lose nothing but certainty about the moment: the
// keeper cleans up when it sees that the process is gone.
func Run(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		return code
	}
	if err := shared.server.keeper.dismiss(); err != nil {
		fmt.Fprintf(os.Stderr, "stop the shared PostgreSQL: %v\n", err)
		return max(code, 1)
	}
	shared.server = nil
	return code
}

// New boots a server for one test alone, which may stop it, change its roles
// and settings, and fill its disk. It is removed when the test ends.
func New(t testing.TB) *Server {
	t.Helper()
	s, err := boot()
	if err != nil {
		t.Fatalf("start a PostgreSQL of its own: %v", err)
	}
	t.Cleanup(func() {
		if err := s.keeper.dismiss(); err != nil {
			t.Errorf("remove the PostgreSQL of this test: %v", err)
		}
	})
	return s
}

// Stop stops the server, disconnects its clients and keeps its data and port.
// It is for servers made by New: the shared server belongs to other tests too.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.keeper.halt(); err != nil {
		t.Fatalf("stop PostgreSQL: %v", err)
	}
}

// Restart boots a server again that Stop has stopped.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.keeper.boot(); err != nil {
		t.Fatalf("start PostgreSQL again: %v", err)
	}
}

// AdminDSN is the connection string of the superuser to the database "postgres".
func (s *Server) AdminDSN() string { return s.DSN(superuser, s.Password, superuser) }

// DSN is the connection string for any role and database of this server.
func (s *Server) DSN(role, password, database string) string {
	dsn := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, password),
		Host:     net.JoinHostPort(s.Host, strconv.Itoa(s.Port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return dsn.String()
}

// LogFile is the file that holds everything the server logged, with every DDL
// statement in full: the place to search for passwords that leaked.
func (s *Server) LogFile() string { return filepath.Join(s.dir, logName) }

// BinDir is the folder of the PostgreSQL programs of this server's version
// (psql, pg_dump, …).
func (s *Server) BinDir() string { return s.binDir }

// NewDatabase creates an empty database with a random name, owned by the
// superuser, and drops it with all its connections when the test ends.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	s.admin(t, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	t.Cleanup(func() {
		t.Helper()
		s.admin(t, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
	})
	return s.DSN(superuser, s.Password, name)
}

// Pool opens a connection pool and closes it before the database is dropped.
func (s *Server) Pool(t testing.TB, dsn string) *pgxpool.Pool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), statementLimit)
	defer cancel()
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		t.Fatalf("open a pool: %v", err)
	}
	t.Cleanup(pool.Close)
	if err := pool.Ping(ctx); err != nil {
		t.Fatalf("reach the database: %v", err)
	}
	return pool
}

// admin runs one statement as the superuser. It makes a connection of its own
// because it also runs in clean-ups, when a test's context has ended.
func (s *Server) admin(t testing.TB, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), statementLimit)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.AdminDSN())
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
