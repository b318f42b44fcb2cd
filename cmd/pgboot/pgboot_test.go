// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

const patience = 60 * time.Second

// program is the real pgboot, built once for all tests of this package.
var program string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pgboot-test-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { // the server's user must reach the program
		panic(err)
	}
	program = filepath.Join(dir, "pgboot")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build pgboot: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}

// volume is a store's volume with its admin Secret, as a pod would have them.
type volume struct {
	t        *testing.T
	root     string
	data     string
	adminDir string
	password string
	port     int
}

func newVolume(t *testing.T) *volume {
	t.Helper()
	root, err := os.MkdirTemp("", "pgboot-volume-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	v := &volume{t: t, root: root, data: filepath.Join(root, "pgdata"), adminDir: filepath.Join(root, "admin"), password: "canary-" + rand.Text()}
	v.must(os.Mkdir(v.adminDir, 0o755))
	v.must(os.WriteFile(filepath.Join(v.adminDir, passwordFile), []byte(v.password+"\n"), 0o644))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	v.must(err)
	address, err := net.ResolveTCPAddr("tcp", listener.Addr().String())
	v.must(err)
	v.port = address.Port
	v.must(listener.Close())
	v.give(root)
	return v
}

func (v *volume) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// unprivileged is nobody when the test runs as root: PostgreSQL refuses root.
func unprivileged() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	return attr
}

// give makes a file or folder the server's own.
func (v *volume) give(path string) {
	v.t.Helper()
	if attr := unprivileged(); attr.Credential != nil {
		v.must(os.Chown(path, int(attr.Credential.Uid), int(attr.Credential.Gid)))
	}
}

// process is one run of pgboot and its output.
type process struct {
	cmd    *exec.Cmd
	mu     sync.Mutex
	output bytes.Buffer
	ended  chan struct{}
	err    error
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// start runs pgboot run on the volume and ends it with the test.
func (v *volume) start(args ...string) *process {
	v.t.Helper()
	p := &process{ended: make(chan struct{})}
	base := []string{"run", "--data", v.data, "--admin-dir", v.adminDir, "--listen", "127.0.0.1", "--port", strconv.Itoa(v.port), "--shared-buffers", "16MB"}
	p.cmd = exec.Command(program, append(base, args...)...)
	p.cmd.Dir, p.cmd.SysProcAttr = "/", unprivileged()
	p.cmd.Stdout, p.cmd.Stderr = p, p
	v.must(p.cmd.Start())
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	v.t.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		<-p.ended
	})
	return p
}

// wait returns the exit code.
func (p *process) wait(g *WithT) int {
	g.Eventually(p.ended, patience).Should(BeClosed())
	return p.cmd.ProcessState.ExitCode()
}

func (v *volume) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(v.port)) }

func (v *volume) waitReady(g *WithT, p *process) {
	v.t.Helper()
	g.Eventually(func() error {
		select {
		case <-p.ended:
			return StopTrying("pgboot ended: " + p.log())
		default:
			return ready(v.address(), time.Second)
		}
	}, patience, 50*time.Millisecond).Should(Succeed())
}

// connect opens a session as the superuser.
func (v *volume) connect(g *WithT, password string) (*pgx.Conn, error) {
	conn, err := dbconn.Connect(v.t.Context(), dbconn.Login{Host: "127.0.0.1", Port: uint16(v.port), Database: "postgres",
		Username: "postgres", Password: password, SSLMode: dbconn.SSLDisable}, dbconn.Options{})
	if err == nil {
		v.t.Cleanup(func() { _ = conn.Close(v.t.Context()) })
	}
	return conn, err
}

func (v *volume) session(g *WithT) *pgx.Conn {
	conn, err := v.connect(g, v.password)
	g.Expect(err).NotTo(HaveOccurred())
	return conn
}

func setting(v *volume, g *WithT, conn *pgx.Conn, name string) string {
	var value string
	g.Expect(conn.QueryRow(v.t.Context(), `SELECT current_setting($1)`, name).Scan(&value)).To(Succeed())
	return value
}

func TestRunMakesAClusterAndServesIt(t *testing.T) {
	g := NewWithT(t)
	v := newVolume(t)
	p := v.start()
	v.waitReady(g, p)

	conn := v.session(g)
	for name, want := range map[string]string{
		"data_checksums": "on", "server_encoding": "UTF8", "lc_collate": "C", "password_encryption": "scram-sha-256",
		"unix_socket_directories": "", "log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0",
		"log_min_error_statement": "panic", "log_min_messages": "log", "shared_buffers": "16MB", "TimeZone": "UTC",
	} {
		if name == "lc_collate" {
			var collate string
			g.Expect(conn.QueryRow(t.Context(), `SELECT datcollate FROM pg_database WHERE datname = 'template0'`).Scan(&collate)).To(Succeed())
			g.Expect(collate).To(Equal(want))
			continue
		}
		g.Expect(setting(v, g, conn, name)).To(Equal(want), name)
	}
	var lowered string
	g.Expect(conn.QueryRow(t.Context(), `SELECT lower('ÄÉ')`).Scan(&lowered)).To(Succeed())
	g.Expect(lowered).To(Equal("äé"), "letters are Unicode's")

	_, err := v.connect(g, "wrong-canary")
	g.Expect(err).To(MatchError(dbconn.ErrAuthentication))
	g.Expect(p.log()).NotTo(ContainSubstring("canary"))
	g.Expect(exec.Command("grep", "-rlF", v.password, v.data).Run()).NotTo(Succeed(), "the password is nowhere in the cluster")
}

func TestTheServerLogsNothingOfWhatClientsSend(t *testing.T) {
	g := NewWithT(t)
	v := newVolume(t)
	p := v.start()
	v.waitReady(g, p)
	conn := v.session(g)

	_, err := conn.Exec(t.Context(), `CREATE TABLE public.person (address text PRIMARY KEY, born date)`)
	g.Expect(err).NotTo(HaveOccurred())
	for _, sql := range []string{
		`INSERT INTO public.person VALUES ('canary@people.example', now()), ('canary@people.example', now())`,
		`SELECT 'canary'::date`, `SELECT canary`, `DO $$ BEGIN RAISE EXCEPTION 'canary'; END $$`, `DO $$ BEGIN RAISE WARNING 'canary'; END $$`,
	} {
		_, _ = conn.Exec(t.Context(), sql)
	}
	_, err = conn.Exec(t.Context(), `INSERT INTO public.person VALUES ($1, $2)`, "canary@people.example", "canary")
	g.Expect(err).To(HaveOccurred())
	_, err = conn.Exec(t.Context(), `DO $$ BEGIN RAISE LOG 'the end of the test'; END $$`)
	g.Expect(err).NotTo(HaveOccurred())

	g.Eventually(p.log, patience).Should(ContainSubstring("the end of the test"))
	g.Expect(p.log()).NotTo(ContainSubstring("canary"))
}

func TestSIGTERMIsAFastShutdownAndTheDataStays(t *testing.T) {
	g := NewWithT(t)
	v := newVolume(t)
	p := v.start()
	v.waitReady(g, p)
	conn := v.session(g) // stays open: a smart shutdown would wait for it
	_, err := conn.Exec(t.Context(), `CREATE TABLE public.kept AS SELECT 7 AS answer`)
	g.Expect(err).NotTo(HaveOccurred())

	g.Expect(p.cmd.Process.Signal(syscall.SIGTERM)).To(Succeed())
	g.Expect(p.wait(g)).To(Equal(0), p.log)
	g.Expect(p.log()).To(And(ContainSubstring("received fast shutdown request"), ContainSubstring("database system is shut down")))

	// A volume with an fsGroup opens the folder to the group at each mount.
	g.Expect(os.Chmod(v.data, os.ModeSetgid|0o770)).To(Succeed())
	p = v.start("--shared-buffers", "32MB")
	v.waitReady(g, p)
	conn = v.session(g)
	g.Expect(setting(v, g, conn, "shared_buffers")).To(Equal("32MB"))
	var answer int
	g.Expect(conn.QueryRow(t.Context(), `SELECT answer FROM public.kept`).Scan(&answer)).To(Succeed())
	g.Expect(answer).To(Equal(7))
	g.Expect(p.log()).NotTo(ContainSubstring("Making the cluster"))
}

func TestTheExitCodeIsTheServers(t *testing.T) {
	g := NewWithT(t)
	v := newVolume(t)
	p := v.start()
	v.waitReady(g, p)
	pid, err := serverPID(v)
	g.Expect(err).NotTo(HaveOccurred())

	g.Expect(syscall.Kill(pid, syscall.SIGKILL)).To(Succeed())

	g.Expect(p.wait(g)).To(Equal(128 + int(syscall.SIGKILL)))
}

// serverPID reads the server's process id from its own file.
func serverPID(v *volume) (int, error) {
	content, err := os.ReadFile(filepath.Join(v.data, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(content), "\n")
	return strconv.Atoi(first)
}

func TestKillingPgbootTakesTheServerAlong(t *testing.T) {
	g := NewWithT(t)
	v := newVolume(t)
	p := v.start()
	v.waitReady(g, p)

	g.Expect(p.cmd.Process.Kill()).To(Succeed())
	g.Expect(p.wait(g)).To(Equal(-1))

	g.Eventually(func() error { return ready(v.address(), time.Second) }, patience).ShouldNot(Succeed())
	g.Eventually(func() bool { _, err := serverPID(v); return os.IsNotExist(err) }, patience).Should(BeTrue(), "it shut down in order")
	v.waitReady(g, v.start())
}

// TestACrashWhileMakingTheClusterLeavesNothingBehind kills pgboot at moments spread over the making: before,
// within and just after initdb. Whatever the moment, the next start serves.
func TestACrashWhileMakingTheClusterLeavesNothingBehind(t *testing.T) {
	g := NewWithT(t)
	v := newVolume(t)
	marks := []string{"", "PG_VERSION", "global", "base/1", "pg_wal", "base/5"}
	swept := 0
	for _, mark := range marks {
		p := v.start()
		g.Eventually(func() bool { return reached(v, p, mark) }, patience, time.Millisecond).Should(BeTrue(), mark)
		// A container ends with all its processes.
		g.Expect(syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)).To(Succeed())
		p.wait(g)
		swept += strings.Count(p.log(), "Removed an unfinished cluster")
	}
	g.Expect(swept).To(BeNumerically(">=", 3), "the moments lie within the making")

	p := v.start()
	v.waitReady(g, p)
	v.session(g)
	left, err := filepath.Glob(v.data + unfinished + "*")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(left).To(BeEmpty())
}

// reached tells whether this process has come to a mark in the making: its start, or a file in the unfinished folder.
func reached(v *volume, p *process, mark string) bool {
	if !strings.Contains(p.log(), "Making the cluster") { // what an earlier run left is swept before this
		return false
	}
	if mark == "" {
		return true
	}
	found, err := filepath.Glob(filepath.Join(v.data+unfinished+"*", mark))
	if err == nil && len(found) > 0 {
		return true
	}
	_, err = os.Stat(filepath.Join(v.data, mark)) // already in place: later than hoped, and as good
	return err == nil
}

func TestRunRefusesWhatItMustNotTouch(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*testing.T, *volume)
		want    string
	}{
		"data of another major version": {func(t *testing.T, v *volume) {
			put(t, v, "PG_VERSION", "9\n")
		}, "the data is of PostgreSQL 9 and this image has PostgreSQL"},
		"a folder with something else in it": {func(t *testing.T, v *volume) {
			put(t, v, "photographs", "")
		}, "is not empty and holds no PostgreSQL cluster"},
		"an empty password": {func(t *testing.T, v *volume) {
			v.must(os.WriteFile(filepath.Join(v.adminDir, passwordFile), []byte("\n"), 0o644))
		}, "the superuser's password is empty"},
		"no password": {func(t *testing.T, v *volume) {
			v.must(os.Remove(filepath.Join(v.adminDir, passwordFile)))
		}, "read the superuser's password"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			v := newVolume(t)
			c.prepare(t, v)

			p := v.start()

			g.Expect(p.wait(g)).To(Equal(1))
			g.Expect(p.log()).To(ContainSubstring(c.want))
			if _, err := os.Stat(filepath.Join(v.data, "photographs")); strings.Contains(name, "something else") {
				g.Expect(err).NotTo(HaveOccurred())
			}
		})
	}
}

func put(t *testing.T, v *volume, name, content string) {
	t.Helper()
	if err := os.MkdirAll(v.data, 0o700); err != nil {
		t.Fatal(err)
	}
	v.give(v.data)
	if err := os.WriteFile(filepath.Join(v.data, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestASecondServerOnTheSameVolumeIsRefused(t *testing.T) {
	g := NewWithT(t)
	v := newVolume(t)
	v.waitReady(g, v.start())

	second := v.start()

	g.Expect(second.wait(g)).To(Equal(1))
	g.Expect(second.log()).To(ContainSubstring("another server uses this data folder"))
	v.session(g)
}

func TestCopyPutsARunnableProgram(t *testing.T) {
	g := NewWithT(t)
	dest := filepath.Join(t.TempDir(), "pgboot")

	for range 2 { // a restarted init container copies over the first copy
		g.Expect(exec.Command(program, "copy", dest).Run()).To(Succeed())
	}

	want, err := os.ReadFile(program)
	g.Expect(err).NotTo(HaveOccurred())
	got, err := os.ReadFile(dest)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(bytes.Equal(got, want)).To(BeTrue())
	output, err := exec.Command(dest).CombinedOutput()
	g.Expect(err).To(MatchError("exit status 2"))
	g.Expect(string(output)).To(ContainSubstring("usage: pgboot"))
	left, err := os.ReadDir(filepath.Dir(dest))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(left).To(HaveLen(1))
}
