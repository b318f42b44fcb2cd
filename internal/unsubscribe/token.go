// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package unsubscribe

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"sync"

	"github.com/google/uuid"
)

// KeySize is the length of the key that NewSigner wants, in bytes.
const KeySize = 32

// Length is the number of characters of every token.
const Length = (rawSize*8 + 5) / 6

// The layout of a token before base64url: version, tag, encrypted payload.
const (
	version     = 1
	tagSize     = 16
	payloadSize = 1 + 16 + 8 // purpose, member, run
	rawSize     = 1 + tagSize + payloadSize
)

// AllMail is the purpose of a link that stops every mail, as in an invitation, which rests on no consent.
const AllMail = ""

// ErrInvalid is the answer to every token that was not made with this key. It does not say why.
var ErrInvalid = errors.New("unsubscribe token is not valid")

// purposes holds the number of each purpose in a token. Numbers are for ever: mails live long.
var purposes = [...]string{AllMail, "Network", "Newsletter", "Events", "Jobs", "Surveys",
	"Birthday", "WorkAnniversary", "DepartureAnniversary", "JoinedNetwork", "Inactive"}

// Claim is what a token says: this member asks to stop this kind of mail, with the link of this run.
type Claim struct {
	Member  uuid.UUID
	Purpose string // a consent purpose, an occasion, or AllMail
	Run     int64  // campaign_run.id
}

// Signer makes and checks tokens with one network's key. It is safe for concurrent use.
type Signer struct {
	block cipher.Block
	key   []byte // of tags
	macs  sync.Pool
}

// NewSigner takes the network's token key: KeySize random bytes.
func NewSigner(key []byte) (*Signer, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("the token key has %d bytes, want %d", len(key), KeySize)
	}
	encryption, err := hkdf.Key(sha256.New, key, nil, "alumni unsubscribe encryption", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the encryption key: %w", err)
	}
	authentication, err := hkdf.Key(sha256.New, key, nil, "alumni unsubscribe authentication", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the authentication key: %w", err)
	}
	block, err := aes.NewCipher(encryption)
	if err != nil {
		return nil, fmt.Errorf("set up the cipher: %w", err)
	}
	return &Signer{block: block, key: authentication}, nil
}

// Token makes the token of a claim: Length characters of base64url. A purpose that is none of
// those above is taken as AllMail, which is the side that stops more.
func (s *Signer) Token(c Claim) string {
	var raw [rawSize]byte
	raw[0] = version
	payload := raw[1+tagSize:]
	payload[0] = purposeNumber(c.Purpose)
	copy(payload[1:], c.Member[:])
	binary.BigEndian.PutUint64(payload[17:], uint64(c.Run))
	tag := s.tag(payload)
	copy(raw[1:], tag[:])
	s.crypt(payload, tag)
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// Parse reads a token. Whatever is wrong with one, the error is ErrInvalid.
func (s *Signer) Parse(token string) (Claim, error) {
	if len(token) != Length {
		return Claim{}, ErrInvalid
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != rawSize || raw[0] != version {
		return Claim{}, ErrInvalid
	}
	var tag [tagSize]byte
	copy(tag[:], raw[1:])
	payload := raw[1+tagSize:]
	s.crypt(payload, tag)
	want := s.tag(payload)
	if !hmac.Equal(want[:], tag[:]) || int(payload[0]) >= len(purposes) {
		return Claim{}, ErrInvalid
	}
	c := Claim{Purpose: purposes[payload[0]], Run: int64(binary.BigEndian.Uint64(payload[17:]))}
	copy(c.Member[:], payload[1:17])
	return c, nil
}

// tag authenticates version and clear payload. It also is the starting point of the key stream, so that two
// different claims never share one.
func (s *Signer) tag(payload []byte) [tagSize]byte {
	mac, ok := s.macs.Get().(hash.Hash)
	if !ok {
		mac = hmac.New(sha256.New, s.key)
	}
	defer s.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte{version})
	mac.Write(payload)
	var sum [sha256.Size]byte
	return [tagSize]byte(mac.Sum(sum[:0])[:tagSize])
}

// crypt encrypts or decrypts the payload in place.
func (s *Signer) crypt(payload []byte, tag [tagSize]byte) {
	cipher.NewCTR(s.block, tag[:]).XORKeyStream(payload, payload)
}

func purposeNumber(purpose string) byte {
	for i, p := range purposes {
		if p == purpose {
			return byte(i)
		}
	}
	return 0
}
