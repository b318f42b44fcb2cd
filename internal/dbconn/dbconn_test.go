// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dbconn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

func superuser(s *pg.Server) dbconn.Login {
	return dbconn.Login{Host: s.Host, Port: uint16(s.Port), Database: "postgres", Username: "postgres", Password: s.Password, SSLMode: dbconn.SSLDisable}
}

func TestFromDataFillsInWhatMayBeMissing(t *testing.T) {
	good := map[string]string{"host": "db.example", "username": "admin", "password": "secret-canary"}
	for name, c := range map[string]struct {
		change  map[string]string
		want    func(*dbconn.Login)
		problem string // key and problem
	}{
		"the least":                      {nil, func(*dbconn.Login) {}, ""},
		"everything":                     {map[string]string{"port": "6432", "dbname": "admin", "sslmode": "require"}, func(l *dbconn.Login) { l.Port, l.Database, l.SSLMode = 6432, "admin", "require" }, ""},
		"line breaks of a text editor":   {map[string]string{"password": "secret-canary\n", "port": "6432\r\n"}, func(l *dbconn.Login) { l.Port = 6432 }, ""},
		"no host":                        {map[string]string{"host": ""}, nil, "host is missing"},
		"no password":                    {map[string]string{"password": "\n"}, nil, "password is missing"},
		"a port in words":                {map[string]string{"port": "secret-canary"}, nil, "port is not a port number"},
		"a port too high":                {map[string]string{"port": "65536"}, nil, "port is not a port number"},
		"port zero":                      {map[string]string{"port": "0"}, nil, "port is not a port number"},
		"a fallback to clear text":       {map[string]string{"sslmode": "prefer"}, nil, "sslmode must be disable, require, verify-ca or verify-full"},
		"a CA that is none":              {map[string]string{"ca.crt": "secret-canary"}, nil, "ca.crt holds no PEM certificate"},
		"a host with a line break":       {map[string]string{"host": "a\nb"}, nil, "host has a line break"},
		"a user name with a zero byte":   {map[string]string{"username": "a\x00b"}, nil, "username has a line break or a zero byte"},
		"settings are no part of a host": {map[string]string{"host": "db.example dbname=x"}, func(l *dbconn.Login) { l.Host = "db.example dbname=x" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			data := map[string][]byte{}
			for _, source := range []map[string]string{good, c.change} {
				for key, value := range source {
					data[key] = []byte(value)
				}
			}

			got, err := dbconn.FromData(data)

			if c.problem != "" {
				problem := (*dbconn.LoginError)(nil)
				g.Expect(errors.As(err, &problem)).To(BeTrue(), "%v", err)
				g.Expect(err.Error()).To(ContainSubstring(c.problem))
				g.Expect(err.Error()).NotTo(ContainSubstring("canary"))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			want := dbconn.Login{Host: "db.example", Port: 5432, Database: "postgres", Username: "admin", Password: "secret-canary", SSLMode: "verify-full"}
			c.want(&want)
			g.Expect(got).To(Equal(want))
			again, err := dbconn.FromData(got.Data())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(again).To(Equal(got))
		})
	}
}

func TestALoginPrintsWithoutItsPassword(t *testing.T) {
	g := NewWithT(t)
	l := dbconn.Login{Host: "db.example", Port: 5432, Database: "alumni", Username: "portal", Password: "canary", SSLMode: "disable"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "login", l)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "login", l, "inside", struct{ L dbconn.Login }{l})
	encoded, err := json.Marshal(map[string]any{"login": l})
	g.Expect(err).NotTo(HaveOccurred())

	printed := fmt.Sprintf("%v %+v %#v %s", l, l, l, l) + fmt.Sprintf("%v %+v %#v", struct{ L dbconn.Login }{l}, []dbconn.Login{l}, &l) + log.String() + string(encoded)

	g.Expect(printed).NotTo(ContainSubstring("canary"))
	g.Expect(printed).To(ContainSubstring("portal@db.example:5432/alumni"))
}

func TestOpenTakesTheRotatedPasswordForItsNextConnection(t *testing.T) {
	g := NewWithT(t)
	server := pg.Start(t)
	admin := server.Pool(t, server.AdminDSN())
	role := "rotating_" + strings.ToLower(t.Name()[:8])
	for _, sql := range []string{"DROP ROLE IF EXISTS " + role, "CREATE ROLE " + role + " LOGIN PASSWORD 'first'"} {
		_, err := admin.Exec(t.Context(), sql)
		g.Expect(err).NotTo(HaveOccurred())
	}
	t.Cleanup(func() { _, _ = admin.Exec(context.Background(), "DROP ROLE "+role) })
	login := superuser(server)
	login.Username, login.Password = role, "first"
	dir := t.TempDir()
	g.Expect(login.Write(dir)).To(Succeed())
	pool, err := dbconn.Open(t.Context(), dir, dbconn.Options{MaxConns: 2})
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(pool.Close)
	held, err := pool.Acquire(t.Context())
	g.Expect(err).NotTo(HaveOccurred())

	_, err = admin.Exec(t.Context(), "ALTER ROLE "+role+" PASSWORD 'second'")
	g.Expect(err).NotTo(HaveOccurred())
	login.Password = "second"
	g.Expect(login.Write(dir)).To(Succeed())

	g.Expect(pool.Ping(t.Context())).To(Succeed(), "a new connection, for the first is held")
	g.Expect(held.Ping(t.Context())).To(Succeed(), "the old one goes on")
	held.Release()
	g.Expect(pool.Stat().TotalConns()).To(Equal(int32(2)))
}

func TestOpenNeedsNoServerButItsFiles(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	_, err := dbconn.Open(t.Context(), dir, dbconn.Options{})
	g.Expect(err).To(MatchError(ContainSubstring("host is missing")))

	g.Expect((dbconn.Login{Host: "127.0.0.1", Port: 1, Database: "x", Username: "x", Password: "x", SSLMode: "disable"}).Write(dir)).To(Succeed())
	pool, err := dbconn.Open(t.Context(), dir, dbconn.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	defer pool.Close()
	g.Expect(dbconn.Classify(pool.Ping(t.Context()))).To(MatchError(dbconn.ErrUnreachable))
}

// TestTheEnvironmentSaysNothing sets every variable of PostgreSQL's client to something else.
func TestTheEnvironmentSaysNothing(t *testing.T) {
	g := NewWithT(t)
	for key, value := range map[string]string{
		"PGHOST": "nowhere.invalid", "PGPORT": "1", "PGDATABASE": "nowhere", "PGUSER": "nobody", "PGPASSWORD": "wrong", "PGSSLMODE": "verify-full",
		"PGAPPNAME": "somebody else", "PGOPTIONS": "-c search_path=public", "PGTARGETSESSIONATTRS": "standby", "PGTZ": "Asia/Tokyo", "PGCONNECT_TIMEOUT": "1",
	} {
		t.Setenv(key, value)
	}
	conn, err := dbconn.Connect(t.Context(), superuser(pg.Start(t)), dbconn.Options{ApplicationName: "us"})
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(t.Context()) }()

	var path, zone, name, encoding string
	g.Expect(conn.QueryRow(t.Context(), `SELECT current_setting('search_path'), current_setting('timezone'), current_setting('application_name'), current_setting('client_encoding')`).
		Scan(&path, &zone, &name, &encoding)).To(Succeed())
	g.Expect([]string{path, zone, name, encoding}).To(Equal([]string{dbconn.SearchPath, "UTC", "us", "UTF8"}))
}

func TestASilentServerIsGivenUpInTime(t *testing.T) {
	g := NewWithT(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = listener.Close() })
	address, err := net.ResolveTCPAddr("tcp", listener.Addr().String())
	g.Expect(err).NotTo(HaveOccurred())
	login := dbconn.Login{Host: "127.0.0.1", Port: uint16(address.Port), Database: "x", Username: "x", Password: "x", SSLMode: "disable"}

	start := time.Now()
	_, err = dbconn.Connect(t.Context(), login, dbconn.Options{})

	g.Expect(err).To(MatchError(dbconn.ErrUnreachable))
	g.Expect(time.Since(start)).To(BeNumerically("~", dbconn.ConnectTimeout, 3*time.Second))
}

func TestReadNamesWhatItCannotRead(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	g.Expect(os.Mkdir(filepath.Join(dir, "host"), 0o755)).To(Succeed())
	_, err := dbconn.Read(dir)
	g.Expect(err).To(MatchError(ContainSubstring("read the database login")))
}
