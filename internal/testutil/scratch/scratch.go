// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scratch

import (
	"os"
	"syscall"
)

const (
	memory = "/dev/shm"
	// leastFree is the room that three servers at once need, and as much again.
	leastFree = 4 << 30
	// tmpfsMagic is the type of a file system in memory, as statfs(2) tells it.
	tmpfsMagic = 0x01021994
)

// Dir is the folder to make folders in. Whoever sets TMPDIR gets that: benchmarks do, for their figures are those of a disk.
func Dir() string {
	if os.Getenv("TMPDIR") == "" && roomy(memory) {
		return memory
	}
	return os.TempDir()
}

func roomy(dir string) bool {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return false
	}
	return fs.Type == tmpfsMagic && fs.Bavail*uint64(fs.Bsize) >= leastFree
}
