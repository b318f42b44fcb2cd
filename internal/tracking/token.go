// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tracking

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
	"net/url"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// Paths of the portal.
const (
	ClickPath = "/c/"
	OpenPath  = "/o/"
	// TargetParameter of the query says where a link leads.
	TargetParameter = "to"
)

// The layout of tokens before base64url: version, tag, payload. That of a reader is encrypted.
const (
	version    = 1
	tagSize    = 16
	linkSize   = 8 + 2 + 1 // run, number, variant
	readerSize = 16 + 8    // member, run
)

const (
	// MaxTarget is the longest target of a link, in bytes; some mail programs cut longer addresses.
	MaxTarget = 1500
	// MaxNumber is the highest number of a link.
	MaxNumber = 1<<15 - 1
)

// ErrInvalid is the answer to every address that was not made with this key. It does not say why.
var ErrInvalid = errors.New("not a link of a mail of this network")

// Link is a link of a campaign's text.
type Link struct {
	Run     int64  // campaign_run.id
	Number  int    // its place in the text, from 1
	Variant string // of an A/B test, one letter; empty without one
	Target  string // https address where it leads
}

// Reader is the member in whose mail a link or an image stands.
type Reader struct {
	Member uuid.UUID
	Run    int64
}

// Signer makes and checks addresses with one network's key. It is safe for concurrent use.
type Signer struct {
	links, readers sync.Pool // of keyed hashes
	block          cipher.Block
}

// NewSigner takes the network's token key.
func NewSigner(key []byte) (*Signer, error) {
	if len(key) == 0 {
		return nil, errors.New("the token key is empty")
	}
	derived := map[string][]byte{}
	for _, purpose := range []string{"link authentication", "reader authentication", "reader encryption"} {
		var err error
		if derived[purpose], err = hkdf.Key(sha256.New, key, nil, "alumni tracking "+purpose, 32); err != nil {
			return nil, fmt.Errorf("derive the key of %s: %w", purpose, err)
		}
	}
	block, err := aes.NewCipher(derived["reader encryption"])
	if err != nil {
		return nil, fmt.Errorf("set up the cipher: %w", err)
	}
	s := &Signer{block: block}
	s.links.New = func() any { return hmac.New(sha256.New, derived["link authentication"]) }
	s.readers.New = func() any { return hmac.New(sha256.New, derived["reader authentication"]) }
	return s, nil
}

// Link makes the address of a link below the portal's own, in the two parts between which a reader goes. It is refused for what
// it cannot say: see MaxTarget and MaxNumber.
func (s *Signer) Link(portal string, l Link) (before, after string, ok bool) {
	if l.Number < 1 || l.Number > MaxNumber || len(l.Variant) > 1 || len(l.Target) > MaxTarget || !leads(l.Target) {
		return "", "", false
	}
	raw := make([]byte, 1+tagSize+linkSize)
	raw[0] = version
	payload := raw[1+tagSize:]
	binary.BigEndian.PutUint64(payload, uint64(l.Run))
	binary.BigEndian.PutUint16(payload[8:], uint16(l.Number))
	if l.Variant != "" {
		payload[10] = l.Variant[0]
	}
	copy(raw[1:], s.tag(&s.links, payload, l.Target))
	return portal + ClickPath + base64.RawURLEncoding.EncodeToString(raw), "?" + TargetParameter + "=" + url.QueryEscape(l.Target), true
}

// ParseLink reads the token of a link together with its target. Whatever is wrong with them, the error is ErrInvalid.
func (s *Signer) ParseLink(token, target string) (Link, error) {
	raw, ok := decode(token, linkSize)
	if !ok || len(target) > MaxTarget {
		return Link{}, ErrInvalid
	}
	payload := raw[1+tagSize:]
	if !hmac.Equal(raw[1:1+tagSize], s.tag(&s.links, payload, target)) || !leads(target) {
		return Link{}, ErrInvalid
	}
	l := Link{Run: int64(binary.BigEndian.Uint64(payload)), Number: int(binary.BigEndian.Uint16(payload[8:])), Target: target}
	if payload[10] != 0 {
		l.Variant = string(rune(payload[10]))
	}
	return l, nil
}

// leads admits only absolute https addresses without a user.
func leads(target string) bool {
	u, err := url.Parse(target)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && !strings.ContainsAny(target, "\r\n")
}

// Reader makes the token of a reader.
func (s *Signer) Reader(r Reader) string {
	var raw [1 + tagSize + readerSize]byte
	raw[0] = version
	payload := raw[1+tagSize:]
	copy(payload, r.Member[:])
	binary.BigEndian.PutUint64(payload[16:], uint64(r.Run))
	tag := s.tag(&s.readers, payload, "")
	copy(raw[1:], tag)
	cipher.NewCTR(s.block, tag).XORKeyStream(payload, payload) // the tag is where the key stream begins: no two readers share one
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// ParseReader reads the token of a reader. Whatever is wrong with it, the error is ErrInvalid.
func (s *Signer) ParseReader(token string) (Reader, error) {
	raw, ok := decode(token, readerSize)
	if !ok {
		return Reader{}, ErrInvalid
	}
	tag, payload := raw[1:1+tagSize], raw[1+tagSize:]
	cipher.NewCTR(s.block, tag).XORKeyStream(payload, payload)
	if !hmac.Equal(tag, s.tag(&s.readers, payload, "")) {
		return Reader{}, ErrInvalid
	}
	return Reader{Member: uuid.UUID(payload[:16]), Run: int64(binary.BigEndian.Uint64(payload[16:]))}, nil
}

// tag authenticates version, payload and what belongs to it.
func (s *Signer) tag(pool *sync.Pool, payload []byte, target string) []byte {
	mac, _ := pool.Get().(hash.Hash)
	defer pool.Put(mac)
	mac.Reset()
	mac.Write([]byte{version})
	mac.Write(payload)
	mac.Write([]byte(target))
	return mac.Sum(nil)[:tagSize]
}

func decode(token string, payload int) ([]byte, bool) {
	size := 1 + tagSize + payload
	if len(token) != base64.RawURLEncoding.EncodedLen(size) {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return raw, err == nil && len(raw) == size && raw[0] == version
}
