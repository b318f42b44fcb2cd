// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bounce

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
)

// The layout of a token: a tag of 72 bits, then the encrypted payload. 30 bytes are 48 letters of base32 without a rest,
// so that no claim has two tokens.
//
// 72 bits are enough because a guess costs a conversation with the receiver: at 10,000 guesses a second, one that is
// right takes thousands of millions of years, and then it names a member of whom the guesser knows nothing. The tag is also where
// the key stream begins; among a thousand million tokens of one key the chance that two share one is 1 in 10,000, and
// those two would tell no more than how their payloads differ.
const (
	tagSize    = 9
	runSize    = 5
	rawSize    = tagSize + 16 + runSize
	tokenChars = rawSize * 8 / 5
	maxRun     = 1<<(8*runSize) - 1
)

// MaxLocal is the longest local part of a bounce address: with "+" and a token it makes the 64 octets that a local part
// may have (RFC 5321, section 4.5.3.1.1).
const MaxLocal = 64 - 1 - tokenChars

// maxAddress is the longest address (RFC 5321, section 4.5.3.1.3, without its brackets).
const maxAddress = 254

// ErrInvalid is the answer to every address that was not made with this key. It does not say why.
var ErrInvalid = errors.New("not a bounce address of this network")

// ErrMailbox refuses an address that cannot carry tokens. It does not repeat it.
var ErrMailbox = fmt.Errorf("not an address for bounces: a plain one whose local part is at most %d characters without \"+\"", MaxLocal)

// lower is base32 (RFC 4648) in small letters, because servers may fold the case of a local part.
var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Claim is what an envelope sender says: the mail of this run for this member.
type Claim struct {
	Member uuid.UUID
	Run    int64 // campaign_run.id
}

// Sender makes and reads the envelope senders local+token@domain of one network. The same claim always gives the same
// address. It is safe for concurrent use.
type Sender struct {
	mailbox string // local@domain
	before  string // local+
	after   string // @domain
	block   cipher.Block
	key     []byte // of tags
	work    sync.Pool
}

// workspace is what one token needs, kept for the next.
type workspace struct {
	mac     hash.Hash
	sum     [sha256.Size]byte
	raw     [rawSize]byte
	in, out [aes.BlockSize]byte
	address []byte
}

// NewSender takes the network's bounce address and its token key.
func NewSender(address string, key []byte) (*Sender, error) {
	a, err := compose.ParseAddress(address)
	if err != nil || a.UTF8 {
		return nil, ErrMailbox
	}
	local, domain, _ := strings.Cut(a.Mailbox, "@")
	if len(local) > MaxLocal || len(a.Mailbox)+1+tokenChars > maxAddress || strings.Contains(local, "+") {
		return nil, ErrMailbox
	}
	encryption, err := hkdf.Key(sha256.New, key, nil, "alumni bounce address encryption", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the encryption key of bounce addresses: %w", err)
	}
	authentication, err := hkdf.Key(sha256.New, key, nil, "alumni bounce address authentication", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the authentication key of bounce addresses: %w", err)
	}
	block, err := aes.NewCipher(encryption)
	if err != nil {
		return nil, fmt.Errorf("set up the cipher of bounce addresses: %w", err)
	}
	s := &Sender{mailbox: a.Mailbox, before: local + "+", after: "@" + domain, block: block, key: authentication}
	s.work.New = func() any {
		return &workspace{mac: hmac.New(sha256.New, s.key), address: make([]byte, 0, len(s.before)+tokenChars+len(s.after))}
	}
	return s, nil
}

// Mailbox is the address without a token, to which complaints go.
func (s *Sender) Mailbox() string { return s.mailbox }

// Address is the envelope sender of a claim. A run number beyond 2^40, which no store reaches, goes without a token.
func (s *Sender) Address(c Claim) string {
	if c.Run < 0 || c.Run > maxRun {
		return s.mailbox
	}
	w := s.take()
	defer s.work.Put(w)
	copy(w.raw[tagSize:], c.Member[:])
	for i := range runSize {
		w.raw[rawSize-1-i] = byte(c.Run >> (8 * i))
	}
	s.tag(w)
	copy(w.raw[:tagSize], w.sum[:])
	s.crypt(w)
	w.address = append(w.address[:0], s.before...)
	w.address = lower.AppendEncode(w.address, w.raw[:])
	w.address = append(w.address, s.after...)
	return string(w.address)
}

// Parse reads an address, whatever its case. Whatever is wrong with one, the error is ErrInvalid.
func (s *Sender) Parse(address string) (Claim, error) {
	token, ok := s.token(address)
	if !ok {
		return Claim{}, ErrInvalid
	}
	return s.open(token)
}

// IsMailbox tells whether an address is the network's bounce address without a token.
func (s *Sender) IsMailbox(address string) bool { return strings.EqualFold(address, s.mailbox) }

// Find reads the first address of the network that stands anywhere in a text and was made with its key.
func (s *Sender) Find(text string) (Claim, bool) {
	length := len(s.before) + tokenChars + len(s.after)
	for i := 0; i+length <= len(text); i++ {
		plus := i + len(s.before) - 1
		if text[plus] != '+' {
			continue
		}
		if c, err := s.Parse(text[i : i+length]); err == nil {
			return c, true
		}
	}
	return Claim{}, false
}

// token cuts the token out of an address of the network.
func (s *Sender) token(address string) (string, bool) {
	end := len(s.before) + tokenChars
	if len(address) != end+len(s.after) || !strings.EqualFold(address[:len(s.before)], s.before) || !strings.EqualFold(address[end:], s.after) {
		return "", false
	}
	return address[len(s.before):end], true
}

func (s *Sender) open(token string) (Claim, error) {
	w := s.take()
	defer s.work.Put(w)
	w.address = append(w.address[:0], token...)
	for i, c := range w.address {
		if c >= 'A' && c <= 'Z' {
			w.address[i] = c + 'a' - 'A'
		}
	}
	if n, err := lower.Decode(w.raw[:], w.address); err != nil || n != rawSize {
		return Claim{}, ErrInvalid
	}
	s.crypt(w)
	s.tag(w)
	if !hmac.Equal(w.raw[:tagSize], w.sum[:tagSize]) {
		return Claim{}, ErrInvalid
	}
	c := Claim{Member: uuid.UUID(w.raw[tagSize : tagSize+16])}
	for _, b := range w.raw[tagSize+16:] {
		c.Run = c.Run<<8 | int64(b)
	}
	return c, nil
}

// take borrows a workspace.
func (s *Sender) take() *workspace {
	w, _ := s.work.Get().(*workspace)
	return w
}

// tag authenticates the clear payload.
func (s *Sender) tag(w *workspace) {
	w.mac.Reset()
	w.mac.Write(w.raw[tagSize:])
	w.mac.Sum(w.sum[:0])
}

// crypt encrypts or decrypts the payload in place: two blocks of a key stream that begins at the tag.
func (s *Sender) crypt(w *workspace) {
	clear(w.in[:])
	copy(w.in[:], w.raw[:tagSize])
	payload := w.raw[tagSize:]
	for i := 0; i < len(payload); i += aes.BlockSize {
		w.in[aes.BlockSize-1] = byte(i / aes.BlockSize)
		s.block.Encrypt(w.out[:], w.in[:])
		for j := i; j < min(i+aes.BlockSize, len(payload)); j++ {
			payload[j] ^= w.out[j-i]
		}
	}
}
