// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dbconn_test

import (
	"io/fs"
	"os"
	"syscall"
	"testing"
)

// chownLike gives a file to the owner of another, for PostgreSQL reads no key that is not its own.
func chownLike(t *testing.T, path string, like fs.FileInfo) {
	t.Helper()
	stat, ok := like.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatal("no owner known")
	}
	if err := os.Chown(path, int(stat.Uid), int(stat.Gid)); err != nil {
		t.Fatal(err)
	}
}
