// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pg

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/testutil/scratch"
)

const (
	dirPrefix = "alumni-pg-"
	logName   = "server.log"
	lockName  = "lock"
	superuser = "postgres"
	loopback  = "127.0.0.1"

	// bootTries covers the moment between choosing a free port and using it.
	bootTries = 3
	// sweepAge spares folders whose owner has not taken the lock yet.
	sweepAge = time.Minute
)

// settings make the server fast, because its data need not survive a crash,
// and let it write every DDL statement to its log, so that tests can search the
// log for passwords.
const settings = `
listen_addresses = '127.0.0.1'
max_connections = 200
shared_buffers = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
logging_collector = off
log_destination = 'stderr'
log_statement = 'ddl'
log_line_prefix = '%m [%p] %q%u@%d '
log_timezone = 'UTC'
timezone = 'UTC'
`

// boot makes a data folder and runs a server in it.
func boot() (*Server, error) {
	binDir, err := findPrograms()
	if err != nil {
		return nil, err
	}
	who, err := serverAccount()
	if err != nil {
		return nil, err
	}
	sweep(scratch.Dir(), time.Now())
	dir, lock, err := makeDir(who)
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Close() }() // the keeper holds it from now on
	s := &Server{Password: rand.Text(), Host: loopback, binDir: binDir, dir: dir}
	if err := s.initialise(who, lock); err != nil {
		if s.keeper != nil {
			err = errors.Join(err, s.keeper.dismiss())
		}
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// makeDir creates the server's private folder and locks it against sweep.
func makeDir(who account) (string, *os.File, error) {
	dir, err := os.MkdirTemp(scratch.Dir(), dirPrefix)
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	if err := os.Chown(dir, who.uid, who.gid); err != nil {
		return "", nil, fmt.Errorf("give the folder to PostgreSQL's user: %w", err)
	}
	lock, err := os.Create(filepath.Join(dir, lockName))
	if err != nil {
		return "", nil, fmt.Errorf("make the lock file: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", nil, fmt.Errorf("lock the PostgreSQL folder: %w", errors.Join(err, lock.Close()))
	}
	return dir, lock, nil
}

// initialise fills the data folder and boots the server on a free port.
func (s *Server) initialise(who account, lock *os.File) error {
	if err := initdb(s.binDir, s.dir, s.Password, who); err != nil {
		return err
	}
	var err error
	if s.keeper, err = startKeeper(s.dir, s.binDir, who, lock); err != nil {
		return err
	}
	for range bootTries {
		if s.Port, err = freePort(); err != nil {
			return err
		}
		if err = s.configure(); err != nil {
			return err
		}
		if err = s.keeper.boot(); err == nil {
			return nil
		}
	}
	return err
}

// configure writes the settings that initdb does not know. The file wins over
// postgresql.conf and is written anew for each port that is tried.
func (s *Server) configure() error {
	text := settings + fmt.Sprintf("port = %d\nunix_socket_directories = '%s'\n", s.Port, s.dir)
	path := filepath.Join(s.dir, "data", "postgresql.auto.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the PostgreSQL settings: %w", err)
	}
	return nil
}

// initdb creates the data folder; the password goes through a file that only
// the server's user can read, never through the command line.
func initdb(binDir, dir, password string, who account) error {
	pwFile := filepath.Join(dir, "password")
	if err := os.WriteFile(pwFile, []byte(password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the superuser's password: %w", err)
	}
	if err := os.Chown(pwFile, who.uid, who.gid); err != nil {
		return fmt.Errorf("give the password file to PostgreSQL's user: %w", err)
	}
	cmd := exec.Command(filepath.Join(binDir, "initdb"), "--pgdata", filepath.Join(dir, "data"),
		"--username", superuser, "--pwfile", pwFile, "--auth", "scram-sha-256",
		"--locale", "C.UTF-8", "--encoding", "UTF8", "--no-sync", "--no-instructions")
	cmd.Dir = dir
	cmd.SysProcAttr = who.processAttributes()
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w:\n%s", err, output)
	}
	if err := os.Remove(pwFile); err != nil {
		return fmt.Errorf("remove the password file: %w", err)
	}
	return nil
}

// freePort asks the kernel for a port that nobody uses right now.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", errors.Join(err, listener.Close()))
	}
	if err := listener.Close(); err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return strconv.Atoi(port)
}

// sweep removes folders that a crash of the machine left behind: those whose
// lock nobody holds. Folders that cannot be removed belong to somebody else
// and are left alone.
func sweep(root string, now time.Time) {
	dirs, err := filepath.Glob(filepath.Join(root, dirPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || now.Sub(info.ModTime()) < sweepAge {
			continue
		}
		if abandoned(filepath.Join(dir, lockName)) {
			_ = os.RemoveAll(dir)
		}
	}
}

// abandoned tells whether no living process holds the lock file.
func abandoned(path string) bool {
	lock, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return true
	}
	if err != nil {
		return false
	}
	defer func() { _ = lock.Close() }()
	return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
