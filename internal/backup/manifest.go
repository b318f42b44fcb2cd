// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// manifestFormat changes when a reader of today could misread a manifest of tomorrow.
const manifestFormat = 1

// Manifest says what a backup holds. It is written last, and makes the backup one. It has numbers and digests only, and
// lies beside the backup in clear.
type Manifest struct {
	Format        int       `json:"format"`
	Name          string    `json:"name"` // without suffix
	Run           string    `json:"run"`
	Network       Network   `json:"network"`
	Database      string    `json:"database"`
	TakenAt       time.Time `json:"takenAt"` // of the snapshot
	FinishedAt    time.Time `json:"finishedAt"`
	SchemaVersion int64     `json:"schemaVersion"`
	ServerVersion string    `json:"serverVersion"`
	DumpMajor     int       `json:"dumpMajor"` // version of pg_dump; pg_restore must be no older
	Encrypted     Digest    `json:"encrypted"` // NAME.dump.age as it lies there
	Plain         Digest    `json:"plain"`     // what age gives back
	Rows          int64     `json:"rows"`      // of all tables
	Tables        []Table   `json:"tables"`
}

// Network is the claim of the network that was backed up.
type Network struct {
	Cluster   string `json:"cluster"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
}

// Digest is the length and SHA-256 of a stream.
type Digest struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Table is one table as the snapshot had it. The checksum does not depend on the order of rows: it is the sum of the
// first 60 bits of each row's SHA-256.
type Table struct {
	Name     string `json:"name"` // schema.table
	Rows     int64  `json:"rows"`
	Checksum string `json:"checksum"`
}

// maxManifest bounds what is read: a store has dozens of tables.
const maxManifest = 1 << 20

// readManifest reads one, and refuses a format that it does not know.
func readManifest(r io.Reader) (Manifest, error) {
	var m Manifest
	if err := json.NewDecoder(io.LimitReader(r, maxManifest)).Decode(&m); err != nil {
		return m, fail(BackupDamaged, "the manifest cannot be read")
	}
	if m.Format != manifestFormat {
		return m, fail(BackupDamaged, "the manifest has format %d, and this version reads %d", m.Format, manifestFormat)
	}
	return m, nil
}

// The names of a backup: when its snapshot was taken, in UTC, and the version of the schema.
const (
	nameTime       = "20060102T150405Z"
	dumpSuffix     = ".dump.age"
	manifestSuffix = ".json"
)

func backupName(taken time.Time, schema int64) string {
	return fmt.Sprintf("%s-%05d", taken.UTC().Format(nameTime), schema)
}

// takenAt reads the time out of a name; false means that the name is none of ours.
func takenAt(name string) (time.Time, bool) {
	if len(name) < len(nameTime)+2 || name[len(nameTime)] != '-' {
		return time.Time{}, false
	}
	t, err := time.Parse(nameTime, name[:len(nameTime)])
	return t, err == nil
}
