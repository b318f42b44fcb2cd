// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package survey

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

	"github.com/google/uuid"
)

// KeySize is the length of the key that NewSigner wants, in bytes.
const KeySize = 32

// Length is the number of characters of every token.
const Length = (rawSize*8 + 5) / 6

// Path is where the links of surveys begin on the portal.
const Path = "/s/"

// The layout of a token before base64url: version, tag, encrypted payload.
const (
	version     = 1
	tagSize     = 16
	payloadSize = 16 + 8 // member, run
	rawSize     = 1 + tagSize + payloadSize
)

// ErrInvalid is the answer to every token that was not made with this key. It does not say why.
var ErrInvalid = errors.New("survey token is not valid")

// Claim is what a token says: this member was asked by the campaign of this run. A mail that people look over claims neither.
type Claim struct {
	Member uuid.UUID
	Run    int64 // campaign_run.id
}

// Signer makes and checks tokens with one network's key. It is safe for concurrent use.
type Signer struct {
	block cipher.Block
	key   []byte // of tags
}

// NewSigner takes the network's token key: KeySize random bytes. Keys are derived for surveys alone, so that no token of another kind of
// link is one of these.
func NewSigner(key []byte) (*Signer, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("the token key has %d bytes, want %d", len(key), KeySize)
	}
	encryption, err := hkdf.Key(sha256.New, key, nil, "alumni survey encryption", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the encryption key: %w", err)
	}
	authentication, err := hkdf.Key(sha256.New, key, nil, "alumni survey authentication", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the authentication key: %w", err)
	}
	block, err := aes.NewCipher(encryption)
	if err != nil {
		return nil, fmt.Errorf("set up the cipher: %w", err)
	}
	return &Signer{block: block, key: authentication}, nil
}

// Token makes the token of a claim: Length characters of base64url, the same each time.
func (s *Signer) Token(c Claim) string {
	var raw [rawSize]byte
	raw[0] = version
	payload := raw[1+tagSize:]
	copy(payload, c.Member[:])
	binary.BigEndian.PutUint64(payload[16:], uint64(c.Run))
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
	tag, payload := [tagSize]byte(raw[1:1+tagSize]), raw[1+tagSize:]
	s.crypt(payload, tag)
	if want := s.tag(payload); !hmac.Equal(want[:], tag[:]) {
		return Claim{}, ErrInvalid
	}
	return Claim{Member: uuid.UUID(payload[:16]), Run: int64(binary.BigEndian.Uint64(payload[16:]))}, nil
}

// tag authenticates version and clear payload. It also is the starting point of the key stream, so that two different claims never share
// one.
func (s *Signer) tag(payload []byte) [tagSize]byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte{version})
	mac.Write(payload)
	return [tagSize]byte(mac.Sum(nil)[:tagSize])
}

// crypt encrypts or decrypts the payload in place.
func (s *Signer) crypt(payload []byte, tag [tagSize]byte) {
	cipher.NewCTR(s.block, tag[:]).XORKeyStream(payload, payload)
}
