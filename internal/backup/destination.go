// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"time"
)

// Destination is a folder that belongs to one network's backups. Its errors are Failures.
type Destination interface {
	// Write stores all that content gives under a name. The object appears whole or not at all.
	Write(ctx context.Context, name string, content io.Reader) error
	// Open reads an object.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// List names what is there.
	List(ctx context.Context) ([]Entry, error)
	// Remove takes an object away; one that is not there is no error.
	Remove(ctx context.Context, name string) error
	// Sweep removes what writes that were cut off before a time have left behind.
	Sweep(ctx context.Context, before time.Time) error
}

// Entry is one object at a destination.
type Entry struct {
	Name     string
	Modified time.Time
}

// listing is what lies at a destination: complete backups, the newest first, and objects that are none.
type listing struct {
	backups []found
	stray   []Entry
}

// found is a complete backup.
type found struct {
	name  string // without suffix
	taken time.Time
}

// survey sorts entries. Objects whose names are none of ours are not looked at: somebody else put them there.
func survey(entries []Entry) listing {
	parts := map[string]int{}
	for _, e := range entries {
		if name, _ := cutSuffix(e.Name); name != "" {
			parts[name]++
		}
	}
	var l listing
	for _, e := range entries {
		name, dump := cutSuffix(e.Name)
		taken, ours := takenAt(name)
		switch {
		case !ours:
		case parts[name] < 2:
			l.stray = append(l.stray, e)
		case dump:
			l.backups = append(l.backups, found{name: name, taken: taken})
		}
	}
	slices.SortFunc(l.backups, func(a, b found) int {
		return cmp.Or(b.taken.Compare(a.taken), strings.Compare(b.name, a.name))
	})
	return l
}

// cutSuffix tells dumps and manifests apart; the name is empty for anything else.
func cutSuffix(object string) (name string, dump bool) {
	if name, ok := strings.CutSuffix(object, dumpSuffix); ok {
		return name, true
	}
	if name, ok := strings.CutSuffix(object, manifestSuffix); ok {
		return name, false
	}
	return "", false
}

// Closed is a destination that could not be opened: whatever is asked of it fails with the reason.
func Closed(reason error) Destination { return closed{reason} }

type closed struct{ reason error }

func (c closed) Write(context.Context, string, io.Reader) error      { return c.reason }
func (c closed) Open(context.Context, string) (io.ReadCloser, error) { return nil, c.reason }
func (c closed) List(context.Context) ([]Entry, error)               { return nil, c.reason }
func (c closed) Remove(context.Context, string) error                { return c.reason }
func (c closed) Sweep(context.Context, time.Time) error              { return c.reason }
