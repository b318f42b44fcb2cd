// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package survey

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/tracking"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

var testKey = bytes.Repeat([]byte{7}, KeySize)

func signer(t testing.TB, key []byte) *Signer {
	t.Helper()
	s, err := NewSigner(key)
	if err != nil {
		t.Fatalf("make a signer: %v", err)
	}
	return s
}

func TestATokenSaysWhatItWasMadeOfAndShowsNothingOfIt(t *testing.T) {
	s := signer(t, testKey)
	rapid.Check(t, func(t *rapid.T) {
		c := Claim{Member: uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "member")), Run: rapid.Int64().Draw(t, "run")}
		token := s.Token(c)
		if got, err := s.Parse(token); err != nil || got != c || len(token) != Length {
			t.Fatalf("%v of %d characters gives %v, %v", c, len(token), got, err)
		}
		raw, _ := base64.RawURLEncoding.DecodeString(token)
		if c.Member != (uuid.UUID{}) && bytes.Contains(raw, c.Member[:6]) {
			t.Fatal("the token shows the member")
		}
	})
}

func TestEveryChangedBitIsRefused(t *testing.T) {
	g := NewWithT(t)
	s := signer(t, testKey)
	raw, err := base64.RawURLEncoding.DecodeString(s.Token(Claim{Member: uuid.Max, Run: 3}))
	g.Expect(err).NotTo(HaveOccurred())
	for bit := range len(raw) * 8 {
		changed := bytes.Clone(raw)
		changed[bit/8] ^= 1 << (bit % 8)
		_, err := s.Parse(base64.RawURLEncoding.EncodeToString(changed))
		g.Expect(err).To(MatchError(ErrInvalid))
	}
}

func TestLinksOfOtherKindsAndNetworksAreNone(t *testing.T) {
	g := NewWithT(t)
	s, member := signer(t, testKey), uuid.Max
	stop, err := unsubscribe.NewSigner(testKey)
	g.Expect(err).NotTo(HaveOccurred())
	track, err := tracking.NewSigner(testKey)
	g.Expect(err).NotTo(HaveOccurred())
	for _, token := range []string{stop.Token(unsubscribe.Claim{Member: member, Purpose: "Surveys", Run: 3}), track.Reader(tracking.Reader{Member: member, Run: 3}),
		signer(t, bytes.Repeat([]byte{8}, KeySize)).Token(Claim{Member: member, Run: 3})} {
		_, err := s.Parse(token)
		g.Expect(err).To(MatchError(ErrInvalid))
	}
	_, err = track.ParseReader(s.Token(Claim{Member: member, Run: 3}))
	g.Expect(err).To(HaveOccurred())
	_, err = NewSigner(testKey[1:])
	g.Expect(err).To(HaveOccurred())
}

func FuzzParse(f *testing.F) {
	s := signer(f, testKey)
	f.Add(s.Token(Claim{Member: uuid.Max, Run: 1}))
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		if c, err := s.Parse(token); err == nil && s.Token(c) != token {
			t.Fatal("a token that we did not make")
		}
	})
}
