// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/alumni-operator/alumni-operator/internal/retention/canonical"
)

// Hash is a link of the chain.
type Hash [sha256.Size]byte

// String writes the hash in hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Kind says what a record tells of. The words are those of the column alumni.audit_record.kind.
type Kind string

// The kinds of records. A run that was interrupted has a RunStarted for each time it went on.
const (
	RunStarted  Kind = "RunStarted"
	Batch       Kind = "Batch"
	RunFinished Kind = "RunFinished"
)

// Head is the newest link: how many records there are, and the hash of the last. The zero Head is the beginning.
type Head struct {
	Seq  int64
	Hash Hash
}

// Record is one link as it is stored.
type Record struct {
	Seq  int64
	Kind Kind
	Run  string // name of the run
	Body []byte // canonical JSON; holds Seq, Kind and Run too
	Prev Hash
	Hash Hash
}

// Body is what a record says, as canonical JSON. Empty parts are left out.
type Body struct {
	Seq        int64  `json:"seq"`
	Kind       Kind   `json:"kind"`
	Run        string `json:"run"`
	Policy     string `json:"policy"`
	Generation int64  `json:"generation"`
	Epoch      int64  `json:"epoch"`
	At         string `json:"at"`

	PolicyDigest string `json:"policyDigest,omitempty"` // RunStarted: of the rules as they were read
	PlanHash     string `json:"planHash,omitempty"`

	Rule          string `json:"rule,omitempty"` // Batch
	Category      string `json:"category,omitempty"`
	Members       int64  `json:"members,omitempty"`
	Rows          int64  `json:"rows,omitempty"`
	Changed       int64  `json:"changed,omitempty"`
	TombstoneRoot string `json:"tombstoneRoot,omitempty"`

	Outcome []Count `json:"outcome,omitempty"` // RunFinished
	Checks  *Checks `json:"checks,omitempty"`
}

// Count is a number of members and rows for one rule and outcome.
type Count struct {
	Rule     string `json:"rule"`
	Category string `json:"category"`
	Outcome  string `json:"outcome"`
	Members  int64  `json:"members"`
	Rows     int64  `json:"rows"`
}

// Checks are what was looked for after a run. All of it is zero, or equal, when the run did its work.
type Checks struct {
	DueLeft         int64 `json:"dueLeft"`         // people and log rows still due and not set aside as failed
	Tombstones      int64 `json:"tombstones"`      // of erased people in this run
	TombstonesWant  int64 `json:"tombstonesWant"`  // people erased in this run
	ErasedKeysFound int64 `json:"erasedKeysFound"` // members whose keys this run has made tombstones of
	ChainVerified   int64 `json:"chainVerified"`   // records checked before this one
}

// Clean says whether nothing was found that should not be there.
func (c Checks) Clean() bool {
	return c.DueLeft == 0 && c.ErasedKeysFound == 0 && c.Tombstones == c.TombstonesWant
}

// Append makes the record that follows a head. Seq and Kind of the body are set here.
func Append(head Head, kind Kind, body Body) (Record, error) {
	body.Seq, body.Kind = head.Seq+1, kind
	text, err := canonical.Marshal(body)
	if err != nil {
		return Record{}, fmt.Errorf("make audit record %d: %w", body.Seq, err)
	}
	return Record{
		Seq: body.Seq, Kind: kind, Run: body.Run, Body: text,
		Prev: head.Hash, Hash: link(head.Hash, text),
	}, nil
}

func link(prev Hash, body []byte) Hash {
	h := sha256.New()
	h.Write(prev[:])
	h.Write(body)
	return Hash(h.Sum(nil))
}

// Head is the head of a chain that ends with this record.
func (r Record) Head() Head { return Head{Seq: r.Seq, Hash: r.Hash} }

// ErrBroken tells that a chain is not what was written.
var ErrBroken = errors.New("the audit chain is broken")

// Verifier checks a chain record by record, so that a chain of any length needs no memory.
type Verifier struct{ head Head }

// NewVerifier starts after a head that is already trusted; the zero Head starts at the beginning.
func NewVerifier(trusted Head) *Verifier { return &Verifier{head: trusted} }

// Head is the last record that was found good.
func (v *Verifier) Head() Head { return v.head }

// Add checks the next record against everything before it.
func (v *Verifier) Add(r Record) error {
	broken := func(what string) error { return fmt.Errorf("%w at record %d: %s", ErrBroken, v.head.Seq+1, what) }
	switch {
	case r.Seq != v.head.Seq+1:
		return broken(fmt.Sprintf("record %d stands in its place", r.Seq))
	case r.Prev != v.head.Hash:
		return broken("it does not name the record before it")
	case r.Hash != link(r.Prev, r.Body):
		return broken("its content does not have its hash")
	}
	var body Body
	if err := json.Unmarshal(r.Body, &body); err != nil || canonical.Check(r.Body) != nil {
		return broken("its content is not canonical JSON")
	}
	if body.Seq != r.Seq || body.Kind != r.Kind || body.Run != r.Run {
		return broken("its content speaks of another record")
	}
	v.head = r.Head()
	return nil
}

// Verify checks a whole export from the beginning and returns its head.
func Verify(records []Record) (Head, error) {
	v := NewVerifier(Head{})
	for _, r := range records {
		if err := v.Add(r); err != nil {
			return v.Head(), err
		}
	}
	return v.Head(), nil
}
