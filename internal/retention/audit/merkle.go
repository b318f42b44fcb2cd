// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"crypto/sha256"
	"slices"
)

// Leaves and nodes are hashed with different first bytes, so that no node can be shown as a leaf (RFC 6962).
const (
	leafPrefix = 0
	nodePrefix = 1
)

// MerkleRoot is one hash for a set of keys, in whatever order they come. With it somebody who knows one key can
// later be shown that it was among them, without the others. The root of no keys is the hash of nothing.
func MerkleRoot(keys [][sha256.Size]byte) Hash {
	if len(keys) == 0 {
		return sha256.Sum256(nil)
	}
	sorted := slices.Clone(keys)
	slices.SortFunc(sorted, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	level := make([]Hash, len(sorted))
	for i, key := range sorted {
		level[i] = sha256.Sum256(append([]byte{leafPrefix}, key[:]...))
	}
	for len(level) > 1 {
		var up []Hash
		for i := 0; i < len(level); i += 2 {
			if i+1 == len(level) {
				up = append(up, level[i])
				continue
			}
			pair := append(append([]byte{nodePrefix}, level[i][:]...), level[i+1][:]...)
			up = append(up, sha256.Sum256(pair))
		}
		level = up
	}
	return level[0]
}
