// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/retention/audit"
)

func chain(t testing.TB, n int) []audit.Record {
	t.Helper()
	var records []audit.Record
	var head audit.Head
	for i := range n {
		r, err := audit.Append(head, audit.Batch, audit.Body{Run: "group-default-hoshino-s-1", Policy: "uid", Members: int64(i)})
		if err != nil {
			t.Fatal(err)
		}
		records, head = append(records, r), r.Head()
	}
	return records
}

func TestAChainThatNobodyTouchedIsGood(t *testing.T) {
	g := NewWithT(t)
	records := chain(t, 5)
	g.Expect(records[0].Prev).To(Equal(audit.Hash{}), "32 zero bytes stand before the first")
	sum := sha256.Sum256(append(make([]byte, 32), records[0].Body...))
	g.Expect(records[0].Hash).To(Equal(audit.Hash(sum)))
	head, err := audit.Verify(records)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(head).To(Equal(records[4].Head()))
	g.Expect(audit.Verify(nil)).To(Equal(audit.Head{}))
}

func TestEveryChangeOfAChainIsSeen(t *testing.T) {
	changes := map[string]func([]audit.Record) []audit.Record{
		"a number in a record": func(r []audit.Record) []audit.Record {
			r[2].Body = bytes.Replace(r[2].Body, []byte(`"members":2`), []byte(`"members":3`), 1)
			return r
		},
		"a record taken out":       func(r []audit.Record) []audit.Record { return slices.Delete(r, 2, 3) },
		"the first record taken":   func(r []audit.Record) []audit.Record { return r[1:] },
		"two records swapped":      func(r []audit.Record) []audit.Record { r[1], r[2] = r[2], r[1]; return r },
		"a record told twice":      func(r []audit.Record) []audit.Record { return slices.Insert(r, 2, r[1]) },
		"a hash of another record": func(r []audit.Record) []audit.Record { r[4].Hash[0]++; return r },
		"another kind":             func(r []audit.Record) []audit.Record { r[1].Kind = audit.RunFinished; return r },
		"another run":              func(r []audit.Record) []audit.Record { r[1].Run = "another"; return r },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			_, err := audit.Verify(change(chain(t, 5)))
			NewWithT(t).Expect(err).To(MatchError(audit.ErrBroken))
		})
	}
	t.Run("a cut-off end is seen by its head", func(t *testing.T) {
		g := NewWithT(t)
		records := chain(t, 5)
		head, err := audit.Verify(records[:4])
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(head).NotTo(Equal(records[4].Head()))
	})
}

func TestAnyFlippedBitIsSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := make([]audit.Record, 0, 4)
		var head audit.Head
		for range 4 {
			r, err := audit.Append(head, audit.Batch, audit.Body{Run: "r", Rows: 7})
			if err != nil {
				t.Fatal(err)
			}
			records, head = append(records, r), r.Head()
		}
		r := &records[rapid.IntRange(0, 3).Draw(t, "record")]
		parts := [][]byte{r.Body, r.Prev[:], r.Hash[:]}
		part := parts[rapid.IntRange(0, 2).Draw(t, "part")]
		part[rapid.IntRange(0, len(part)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := audit.Verify(records); err == nil {
			t.Fatal("not seen")
		}
	})
}

func TestMerkleRootIsOfTheSetAndNotOfItsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "keys")
		keys := make([][32]byte, n)
		for i := range keys {
			keys[i] = sha256.Sum256([]byte{byte(i)})
		}
		root := audit.MerkleRoot(keys)
		shuffled := slices.Clone(keys)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if audit.MerkleRoot(shuffled) != root {
			t.Fatal("the order changes the root")
		}
		if n > 0 && audit.MerkleRoot(keys[:n-1]) == root {
			t.Fatal("a missing key does not change the root")
		}
	})
}
