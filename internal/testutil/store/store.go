// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

// setupLimit bounds everything this package does for one test.
const setupLimit = 60 * time.Second

// Store is a network's database that belongs to one test.
type Store struct {
	// Database is its name.
	Database string

	t      testing.TB
	server *pg.Server
	logins map[naming.Role]dbconn.Login
	spec   postgres.Spec
	turned map[naming.Role]postgres.Logins

	mu    sync.Mutex
	pools map[naming.Role]*pgxpool.Pool
	admin *pgxpool.Pool
}

// New provisions and migrates a database for this test and drops it, with its roles, when the test ends. A change makes it
// another one than a network for real people has.
func New(t testing.TB, change ...func(*postgres.Spec)) *Store {
	t.Helper()
	s := &Store{
		Database: "net_" + strings.ToLower(rand.Text())[:12], t: t, server: pg.Start(t),
		logins: map[naming.Role]dbconn.Login{}, pools: map[naming.Role]*pgxpool.Pool{},
	}
	ctx, cancel := context.WithTimeout(context.Background(), setupLimit)
	defer cancel()
	passwords := map[naming.Role]string{}
	for _, role := range naming.Roles() {
		passwords[role] = rand.Text()
	}
	claim := postgres.Claim{ClusterID: "test", Namespace: "test", Name: s.Database, NetworkUID: s.Database}
	spec, err := postgres.NewSpec(s.Database, claim, passwords)
	if err != nil {
		t.Fatalf("describe a test store: %v", err)
	}
	for _, c := range change {
		c(&spec)
	}
	s.spec = spec
	for _, role := range naming.Roles() {
		s.logins[role] = spec.Login(s.adminLogin(), role)
	}
	t.Cleanup(s.drop)
	if _, err := postgres.Ensure(ctx, postgres.EnsureInput{Admin: s.adminLogin(), Spec: spec}); err != nil {
		t.Fatalf("provision a test store: %v", err)
	}
	return s
}

// Login is the login of one role.
func (s *Store) Login(role naming.Role) dbconn.Login { return s.logins[role] }

// Dir is a folder with the login of one role, as the operator mounts it for dbconn.Open and the real binaries.
func (s *Store) Dir(role naming.Role) string {
	s.t.Helper()
	dir := s.t.TempDir()
	if err := s.logins[role].Write(dir); err != nil {
		s.t.Fatalf("write the login of %s: %v", role, err)
	}
	return dir
}

// Pool connects as one role, with that role's rights alone.
func (s *Store) Pool(role naming.Role) *pgxpool.Pool {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pools[role] == nil {
		s.pools[role] = s.open(s.logins[role])
	}
	return s.pools[role]
}

// Admin connects as the superuser: for setting up and looking, never for the thing under test.
func (s *Store) Admin() *pgxpool.Pool {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admin == nil {
		login := s.adminLogin()
		login.Database = s.Database
		s.admin = s.open(login)
	}
	return s.admin
}

// Server is the PostgreSQL server underneath, for its log and its programs.
func (s *Store) Server() *pg.Server { return s.server }

func (s *Store) open(login dbconn.Login) *pgxpool.Pool {
	s.t.Helper()
	pool, err := dbconn.OpenLogin(context.Background(), login, dbconn.Options{MaxConns: 8, ApplicationName: "test"})
	if err != nil {
		s.t.Fatalf("open a pool for %s: %v", login.Username, err)
	}
	s.t.Cleanup(pool.Close)
	return pool
}

func (s *Store) adminLogin() dbconn.Login {
	return dbconn.Login{
		Host: s.server.Host, Port: uint16(s.server.Port), Database: "postgres",
		Username: "postgres", Password: s.server.Password, SSLMode: dbconn.SSLDisable,
	}
}

func (s *Store) run(ctx context.Context, login dbconn.Login, statements []string) error {
	conn, err := dbconn.Connect(ctx, login, dbconn.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// drop removes database and roles. Pools were closed before, for they were opened later.
func (s *Store) drop() {
	ctx, cancel := context.WithTimeout(context.Background(), setupLimit)
	defer cancel()
	statements := []string{"DROP DATABASE IF EXISTS " + pgx.Identifier{s.Database}.Sanitize() + " WITH (FORCE)"}
	for _, r := range naming.Roles() {
		for _, g := range []naming.Generation{naming.GenerationA, naming.GenerationB} {
			statements = append(statements, "DROP ROLE IF EXISTS "+pgx.Identifier{naming.DatabaseLogin(s.Database, r, g)}.Sanitize())
		}
	}
	if err := s.run(ctx, s.adminLogin(), statements); err != nil {
		s.t.Errorf("drop the test store: %v", err)
	}
}
