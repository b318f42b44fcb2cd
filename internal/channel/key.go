// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package channel

import (
	"encoding/binary"
	"strings"

	"github.com/google/uuid"
)

// keySpace is the name space (RFC 9562, version 5) of every key of this project. It is for ever: a new one would make
// new keys for what is on its way.
var keySpace = uuid.MustParse("6f0c5c1e-7a0b-5d7e-9a53-2b1f8c4de901")

// Send is one step of one run, and gives the keys under which providers and receivers know a message again. The
// same Send gives the same keys in every process, before and after a crash.
type Send struct {
	// Network is the network's UID: run names may repeat between networks that share an account.
	Network string
	// Run is the run's name: the campaign and its scheduled time.
	Run string
	// Step counts the steps of a sequence from 1; it is 1 for a campaign without steps.
	Step int
}

// MemberKey is the key of the message to one member.
func (s Send) MemberKey(member uuid.UUID) uuid.UUID { return s.key("member", member[:]) }

// ChunkKey is the key of the message to one chunk of members. Whoever is in the chunk must stay the same for ever,
// for the provider drops a second request with the key whoever it names.
func (s Send) ChunkKey(chunk int) uuid.UUID {
	return s.key("chunk", binary.BigEndian.AppendUint64(nil, uint64(chunk)))
}

// DestinationKey is the key of the post to one destination, by the name that it has in the network.
func (s Send) DestinationKey(destination string) uuid.UUID {
	return s.key("destination", []byte(destination))
}

// key hashes every part with its length in front, so that no two lists of parts are spelt alike.
func (s Send) key(kind string, id []byte) uuid.UUID {
	var name []byte
	for _, part := range [][]byte{[]byte(s.Network), []byte(s.Run), binary.BigEndian.AppendUint64(nil, uint64(s.Step)), []byte(kind), id} {
		name = append(binary.BigEndian.AppendUint32(name, uint32(len(part))), part...)
	}
	return uuid.NewSHA1(keySpace, name)
}

// Secret holds a token or a URL so that printing it, or anything around it, shows nothing.
type Secret struct{ reveal func() string }

// NewSecret hides a value, without the line end that a file leaves behind it.
func NewSecret(value string) Secret {
	value = strings.TrimRight(value, "\r\n")
	return Secret{func() string { return value }}
}

// Reveal is the value, for the request that needs it and for nothing else.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// String never is the value.
func (s Secret) String() string { return "(secret)" }
