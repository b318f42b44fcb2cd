// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package erasures

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/backup"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// Folder is the name of the ledger's folder, in that of the network's backups.
const Folder = "erasures"

// format changes when a reader of today could misread an entry of tomorrow.
const format = 1

// The names of entries: when they were written, in UTC, and a few random digits.
const (
	nameTime      = "20060102T150405.000Z"
	intentSuffix  = ".intent.json"
	doneSuffix    = ".done.json"
	droppedSuffix = ".dropped.json"
)

// maxEntry bounds what is read of one entry: a batch has at most ten thousand people.
const maxEntry = 8 << 20

// ErrUnavailable tells that the ledger could not be written or read. Nothing may be erased then.
var ErrUnavailable = errors.New("the erasure ledger cannot be reached")

// ErrDamaged tells that an entry is there and cannot be understood. Whoever it names is not known.
var ErrDamaged = errors.New("an entry of the erasure ledger cannot be read")

// Intent is what one transaction is about to erase.
type Intent struct {
	Format  int            `json:"format"`
	Network backup.Network `json:"network"`
	Run     string         `json:"run"`
	Rule    string         `json:"rule"`
	At      time.Time      `json:"at"`
	Pepper  string         `json:"pepper"` // fingerprint of the pepper of the keys, in hex
	Erased  []Mark         `json:"erased"`
}

// Mark is one keyed hash of a person, as it becomes a tombstone.
type Mark struct {
	Kind tombstone.Kind `json:"kind"`
	Key  string         `json:"key"` // in hex
}

// Bytes is the key itself; false means that it is none.
func (m Mark) Bytes() (key [32]byte, ok bool) {
	b, err := hex.DecodeString(m.Key)
	if err != nil || len(b) != len(key) {
		return key, false
	}
	return [32]byte(b), true
}

// Ledger is the erasure ledger of one network.
type Ledger struct {
	// Destination is the ledger's own folder.
	Destination backup.Destination
	// Network is whose erasures they are.
	Network backup.Network
}

// Intend writes an intent and returns its name when it is durable.
func (l *Ledger) Intend(ctx context.Context, in Intent) (name string, err error) {
	random := make([]byte, 6)
	_, _ = rand.Read(random) // it cannot fail
	in.Format, in.Network, in.At = format, l.Network, in.At.UTC()
	name = in.At.Format(nameTime) + "-" + hex.EncodeToString(random)
	return name, l.write(ctx, name+intentSuffix, in)
}

// outcome is what became of an intent. The name of its file says all; the content is for people.
type outcome struct {
	Format  int       `json:"format"`
	Outcome string    `json:"outcome"`
	At      time.Time `json:"at"`
}

// Done notes that the people of an intent are erased.
func (l *Ledger) Done(ctx context.Context, name string, at time.Time) error {
	return l.write(ctx, name+doneSuffix, outcome{Format: format, Outcome: "Done", At: at.UTC()})
}

// Dropped notes that the people of an intent are still there: its transaction came to nothing.
func (l *Ledger) Dropped(ctx context.Context, name string, at time.Time) error {
	return l.write(ctx, name+droppedSuffix, outcome{Format: format, Outcome: "Dropped", At: at.UTC()})
}

func (l *Ledger) write(ctx context.Context, name string, entry any) error {
	content, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("encode an entry of the erasure ledger: %w", err)
	}
	if err := l.Destination.Write(ctx, name, bytes.NewReader(content)); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

// Open names the intents from before a moment of which nobody noted the outcome, the oldest first.
func (l *Ledger) Open(ctx context.Context, before time.Time) ([]string, error) {
	all, err := l.list(ctx)
	if err != nil {
		return nil, err
	}
	var open []string
	for _, e := range all {
		if !e.done && !e.dropped && e.at.Before(before) {
			open = append(open, e.name)
		}
	}
	return open, nil
}

// Binding names the intents from a moment on that were carried out, or may have been, the oldest first.
func (l *Ledger) Binding(ctx context.Context, since time.Time) ([]string, error) {
	all, err := l.list(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range all {
		if (e.done || !e.dropped) && !e.at.Before(since) {
			names = append(names, e.name)
		}
	}
	return names, nil
}

// listed is an intent with what is known of its outcome.
type listed struct {
	name          string
	at            time.Time
	done, dropped bool
}

func (l *Ledger) list(ctx context.Context) ([]listed, error) {
	entries, err := l.Destination.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	outcomes := map[string]bool{}
	for _, e := range entries {
		outcomes[e.Name] = true
	}
	var all []listed
	for _, e := range entries {
		name, ours := strings.CutSuffix(e.Name, intentSuffix)
		if !ours {
			continue
		}
		stamp, _, _ := strings.Cut(name, "-")
		at, err := time.Parse(nameTime, stamp)
		if err != nil {
			return nil, fmt.Errorf("%w: its name has no time", ErrDamaged)
		}
		all = append(all, listed{name: name, at: at, done: outcomes[name+doneSuffix], dropped: outcomes[name+droppedSuffix]})
	}
	slices.SortFunc(all, func(a, b listed) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

// Read reads an intent. One that is not whole, or is another network's, is ErrDamaged.
func (l *Ledger) Read(ctx context.Context, name string) (Intent, error) {
	var in Intent
	file, err := l.Destination.Open(ctx, name+intentSuffix)
	if err != nil {
		return in, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxEntry))
	if err != nil {
		return in, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if json.Unmarshal(content, &in) != nil || in.Format != format || len(in.Erased) == 0 || !l.own(in.Network) {
		return in, ErrDamaged
	}
	for _, m := range in.Erased {
		if _, ok := m.Bytes(); !ok || !slices.Contains(tombstone.Kinds(), m.Kind) {
			return in, ErrDamaged
		}
	}
	return in, nil
}

// own compares all but the UID, which a network that is declared again has a new one of.
func (l *Ledger) own(n backup.Network) bool {
	n.UID = l.Network.UID
	return n == l.Network
}
