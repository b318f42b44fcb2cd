// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

// slowLine passes what is sent to a server on after a pause for each piece.
type slowLine struct {
	listener net.Listener
	pause    atomic.Int64
}

func newSlowLine(t *testing.T, g Gomega, server *pg.Server) *slowLine {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	l := &slowLine{listener: listener}
	var open sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); open.Wait() })
	open.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			behind, err := (&net.Dialer{}).DialContext(context.WithoutCancel(t.Context()), "tcp", net.JoinHostPort(server.Host, strconv.Itoa(server.Port)))
			if err != nil {
				_ = client.Close()
				continue
			}
			open.Go(func() { l.pass(behind, client) })
			open.Go(func() { l.pass(client, behind) })
		}
	})
	return l
}

func (l *slowLine) pass(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			time.Sleep(time.Duration(l.pause.Load()))
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// port is where the line begins.
func (l *slowLine) port() string {
	_, port, _ := net.SplitHostPort(l.listener.Addr().String())
	return port
}

// ownServer is a PostgreSQL for one test alone, and what the Secret that names its superuser holds.
func ownServer(t *testing.T) (*pg.Server, map[string][]byte) {
	server := pg.New(t)
	return server, map[string][]byte{
		"host": []byte(server.Host), "port": []byte(strconv.Itoa(server.Port)), "username": []byte("postgres"),
		"password": []byte(server.Password), "sslmode": []byte("disable"),
	}
}

// on runs statements as the superuser of a server.
func on(ctx context.Context, g Gomega, server *pg.Server, statements ...string) {
	conn, err := pgx.Connect(ctx, server.AdminDSN())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	for _, s := range statements {
		_, err = conn.Exec(ctx, s)
		g.Expect(err).NotTo(HaveOccurred(), s)
	}
}

// TestWhatTroublesAServerIsTold takes one server through every trouble, and shows each time that the network heals by
// itself afterwards.
func TestWhatTroublesAServerIsTold(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	server, admin := ownServer(t)
	line := newSlowLine(t, g, server)
	admin["port"] = []byte(line.port())
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", admin)
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	healed := func() {
		s.poke(ctx, g, n)
		s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonProvisioned)
	}

	line.pause.Store(int64(60 * time.Millisecond))
	s.poke(ctx, g, n)
	message := s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonServerSlow)
	g.Expect(message).To(ContainSubstring("takes longer than 3s"))
	s.ready(ctx, g, n)
	line.pause.Store(0)
	healed()

	on(ctx, g, server, "ALTER SYSTEM SET default_transaction_read_only TO on", "SELECT pg_reload_conf()")
	s.poke(ctx, g, n)
	message = s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonReadOnly)
	g.Expect(message).To(ContainSubstring("default_transaction_read_only"))
	on(ctx, g, server, "SET default_transaction_read_only TO off", "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
	healed()

	on(ctx, g, server, "ALTER SYSTEM SET max_connections TO 8", "ALTER SYSTEM SET superuser_reserved_connections TO 3",
		"ALTER SYSTEM SET max_wal_senders TO 0")
	server.Stop(t)
	server.Restart(t)
	leave := takeEverySlot(ctx, g, server)
	s.poke(ctx, g, n)
	message = s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonTooManyConnections)
	g.Expect(message).To(ContainSubstring("max_connections"))
	leave()
	healed()

	// A smart shutdown waits for the session that is open, and lets nobody else in.
	last, err := pgx.Connect(ctx, server.AdminDSN())
	g.Expect(err).NotTo(HaveOccurred())
	stopSmart(g, server)
	s.poke(ctx, g, n)
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonServerStarting)
	g.Expect(last.Close(ctx)).To(Succeed())
	server.Stop(t)

	standby := filepath.Join(filepath.Dir(server.LogFile()), "data", "standby.signal")
	g.Expect(os.WriteFile(standby, nil, 0o644)).To(Succeed())
	server.Restart(t)
	s.poke(ctx, g, n)
	message = s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonInRecovery)
	g.Expect(message).To(ContainSubstring("name the primary"))
	server.Stop(t)
	g.Expect(os.Remove(standby)).To(Succeed())
	server.Restart(t)
	healed()
}

// takeEverySlot opens sessions until the server takes no more.
func takeEverySlot(ctx context.Context, g Gomega, server *pg.Server) (leave func()) {
	var held []*pgx.Conn
	for range 50 {
		conn, err := pgx.Connect(ctx, server.AdminDSN())
		if err != nil {
			break
		}
		held = append(held, conn)
	}
	g.Expect(len(held)).To(BeNumerically("<", 50))
	return func() {
		for _, conn := range held {
			_ = conn.Close(ctx)
		}
	}
}

// stopSmart tells the server's first process to end when its last client has gone.
func stopSmart(g Gomega, server *pg.Server) {
	content, err := os.ReadFile(filepath.Join(filepath.Dir(server.LogFile()), "data", "postmaster.pid"))
	g.Expect(err).NotTo(HaveOccurred())
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(syscall.Kill(pid, syscall.SIGTERM)).To(Succeed())
}

// TestAFullDiskIsTold puts the database that PostgreSQL copies for every new one onto a disk with room for little more.
func TestAFullDiskIsTold(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("making a small disk needs root")
	}
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	server, admin := ownServer(t)
	disk := filepath.Join(filepath.Dir(server.LogFile()), "disk")
	g.Expect(os.Mkdir(disk, 0o700)).To(Succeed())
	info, err := os.Stat(filepath.Join(filepath.Dir(disk), "data"))
	g.Expect(err).NotTo(HaveOccurred())
	owner, ok := info.Sys().(*syscall.Stat_t)
	g.Expect(ok).To(BeTrue())
	run := func(args ...string) error {
		out, err := exec.CommandContext(context.WithoutCancel(ctx), args[0], args[1:]...).CombinedOutput()
		if err != nil {
			return errors.Join(err, errors.New(string(out)))
		}
		return nil
	}
	g.Expect(run("mount", "-t", "tmpfs", "-o", "size=8m,mode=0700,uid="+strconv.Itoa(int(owner.Uid)), "tmpfs", disk)).To(Succeed())
	t.Cleanup(func() {
		if err := run("umount", "-l", disk); err != nil {
			t.Error(err)
		}
	})
	on(ctx, g, server, "CREATE TABLESPACE small LOCATION '"+disk+"'", "ALTER DATABASE template0 SET TABLESPACE small")
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", admin)
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonDiskFull)
	g.Expect(message).To(ContainSubstring("give it more room"))

	g.Expect(run("mount", "-o", "remount,size=100m", disk)).To(Succeed())
	s.ready(ctx, g, n)
}
