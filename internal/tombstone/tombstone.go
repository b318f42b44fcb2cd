// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tombstone

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
)

// Kind says what a fingerprint was made of. The words are those of the column alumni.tombstone.kind.
type Kind string

const (
	// Member is the opaque identifier of a member, in the usual text form of a UUID.
	Member Kind = "Member"
	// EmployeeNumber is HR's number of a person, as it stands in the roster.
	EmployeeNumber Kind = "EmployeeNumber"
	// Email is a mail address, compared without case.
	Email Kind = "Email"
)

// Kinds lists all kinds in a fixed order.
func Kinds() []Kind { return []Kind{Member, EmployeeNumber, Email} }

// MinPepper is the least number of bytes that a pepper must have. A shorter one could be guessed, and with it
// every employee number.
const MinPepper = 16

// ErrPepper tells that a pepper is too short to protect anything.
var ErrPepper = errors.New("the pepper of tombstones is too short")

// Keyer makes fingerprints under one network's pepper. Several goroutines may share it.
type Keyer struct {
	mu  sync.Mutex
	mac hash.Hash
}

// New returns a Keyer for a pepper of at least MinPepper bytes.
func New(pepper []byte) (*Keyer, error) {
	if len(pepper) < MinPepper {
		return nil, fmt.Errorf("%w: %d bytes, at least %d are needed", ErrPepper, len(pepper), MinPepper)
	}
	return &Keyer{mac: hmac.New(sha256.New, pepper)}, nil
}

// Key is HMAC-SHA-256(pepper, kind, 0, value). The value is normalised first, so that no caller can do it in
// a way of its own: space around it is removed, and an address is put into lower case.
func (k *Keyer) Key(kind Kind, value string) [sha256.Size]byte {
	value = strings.TrimSpace(value)
	if kind == Email {
		value = strings.ToLower(value)
	}
	message := make([]byte, 0, len(kind)+1+len(value))
	message = append(append(append(message, kind...), 0), value...)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.mac.Reset()
	k.mac.Write(message)
	var key [sha256.Size]byte
	k.mac.Sum(key[:0])
	return key
}

// Fingerprint tells peppers apart without giving one away: HMAC-SHA-256(pepper, "Fingerprint", 0), which is the key of
// no value.
func (k *Keyer) Fingerprint() [sha256.Size]byte { return k.Key("Fingerprint", "") }
