// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"encoding/json"
	"time"
)

// CopiedRow is one row that the store holds of a person.
type CopiedRow struct {
	Category string          // as docs/categories.md names it
	Table    string          // without its schema
	Row      json.RawMessage // its columns by name; what tells of somebody else, and hashes of keys, are left out
}

// CopiedTable is one table with how many rows it holds of a person.
type CopiedTable struct {
	Category string
	Table    string
	Rows     int
}

// DataCopy is what the store holds of one person as it was at one moment. It is good until the function ends that was given it.
type DataCopy struct {
	TakenAt time.Time
	Tables  []CopiedTable // in the order of categories and tables; those without rows are not named
	// Each calls do with every row in the order of Tables, and may be called again. It ends with the first error.
	Each func(do func(CopiedRow) error) error
}

// AccessService lets people have a copy of everything that is held of them (GDPR art. 15 and 20; APPI art. 33).
type AccessService interface {
	// CopyOf hands do the viewer's copy. Nothing of it is kept. CodeForbidden: that person no longer takes part.
	CopyOf(ctx context.Context, viewer Viewer, do func(DataCopy) error) error
}
