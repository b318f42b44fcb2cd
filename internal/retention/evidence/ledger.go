// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/retention/audit"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
)

// The ends of the names of entries; see internal/erasures.
const (
	intentSuffix  = ".intent.json"
	doneSuffix    = ".done.json"
	droppedSuffix = ".dropped.json"
)

// entry is what an entry of the erasure ledger tells of a batch; see erasures.Intent.
type entry struct {
	Format int    `json:"format"`
	Run    string `json:"run"`
	Rule   string `json:"rule"`
	Erased []struct {
		Kind string `json:"kind"`
		Key  string `json:"key"`
	} `json:"erased"`
}

// formatOfEntries is the only one that can be read.
const formatOfEntries = 1

// kindMember is that of the tombstone which each person leaves once; see internal/tombstone.
const kindMember = "Member"

// batch is what chain and ledger must tell alike.
type batch struct {
	rule, root string
	members    int64
}

// batch is the one that an entry was written for.
func (e entry) batch() (batch, error) {
	b := batch{rule: e.Rule}
	keys := make([][32]byte, len(e.Erased))
	for i, m := range e.Erased {
		if n, err := hex.Decode(keys[i][:], []byte(m.Key[:min(len(m.Key), 64)])); err != nil || n != 32 || len(m.Key) != 64 {
			return b, errors.New("a key is not 64 hexadecimal digits")
		}
		if m.Kind == kindMember {
			b.members++
		}
	}
	b.root = audit.MerkleRoot(keys).String()
	return b, nil
}

// verifyLedger checks that the people whom the ledger names are those of the chain: for each batch of the run the root over the
// keyed hashes of its people.
func (r *Report) verifyLedger(c *certificate.Certificate, told *account, files map[string][]byte) {
	switch {
	case files == nil:
		r.add(LedgerAgrees, NotChecked, "no erasure ledger was given")
		return
	case told == nil:
		r.add(LedgerAgrees, NotChecked, "the ledger proves nothing without an audit chain that agrees with the certificate")
		return
	}
	want := map[batch]int{}
	for _, b := range told.batches {
		want[batch{b.Rule, b.TombstoneRoot, b.Members}]++
	}
	found, err := match(c.Run.Name, files, want)
	for b, n := range want {
		if err == nil && n > 0 {
			err = fmt.Errorf("no entry has the people of a batch of %d by rule %s", b.members, b.rule)
		}
	}
	r.settle(LedgerAgrees, err, "the keyed hashes of the people in %d batches have the roots that the chain names", found)
}

// match takes the batches of a run's entries off those that the chain tells of. An entry of a transaction that came to nothing has none.
func match(run string, files map[string][]byte, want map[batch]int) (found int, err error) {
	var names []string
	for name := range files {
		if strings.HasSuffix(name, intentSuffix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		var e entry
		if err := json.Unmarshal(files[name], &e); err != nil || e.Format != formatOfEntries {
			return found, fmt.Errorf("%s cannot be read", name)
		}
		if e.Run != run {
			continue
		}
		b, err := e.batch()
		if err != nil {
			return found, fmt.Errorf("%s: %w", name, err)
		}
		stem := strings.TrimSuffix(name, intentSuffix)
		_, done := files[stem+doneSuffix]
		_, dropped := files[stem+droppedSuffix]
		switch {
		case want[b] > 0:
			want[b]--
			found++
		case done && !dropped:
			return found, fmt.Errorf("the people in %s are not those of any batch in the chain", name)
		}
	}
	return found, nil
}
