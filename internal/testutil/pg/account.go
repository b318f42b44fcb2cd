// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pg

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is the operating system user that runs the server. PostgreSQL
// refuses to run as root, so tests that run as root give it another one.
type account struct {
	uid, gid   int
	credential *syscall.Credential
}

// serverAccount returns the current user, or an unprivileged one for root.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if uidErr != nil || gidErr != nil {
			continue
		}
		return account{
			uid: int(uid), gid: int(gid),
			credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)},
		}, nil
	}
	return account{}, fmt.Errorf("run PostgreSQL as root is not possible and neither the user postgres nor nobody exists")
}

// processAttributes puts a child into a process group of its own, so that
// Ctrl-C in a terminal reaches the test process and not the server.
func (a account) processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: a.credential, Setpgid: true}
}
