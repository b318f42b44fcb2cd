// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package unsubscribe

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"
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

func TestTokenSaysWhatItWasMadeOf(t *testing.T) {
	s := signer(t, testKey)
	for name, c := range map[string]Claim{
		"a newsletter":       {Member: uuid.MustParse("01936d3e-0000-7000-8000-000000000001"), Purpose: "Newsletter", Run: 42},
		"an invitation":      {Member: uuid.MustParse("01936d3e-0000-7000-8000-000000000002"), Purpose: AllMail, Run: 1},
		"the largest run id": {Member: uuid.Max, Purpose: "Surveys", Run: 1<<63 - 1},
		"the zero claim":     {},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			token := s.Token(c)
			g.Expect(token).To(HaveLen(Length))
			g.Expect(token).To(MatchRegexp(`^[A-Za-z0-9_-]+$`))
			g.Expect(s.Token(c)).To(Equal(token), "the same claim gives the same token")
			got, err := s.Parse(token)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(got).To(Equal(c))
		})
	}
}

func TestTokenIsOpaque(t *testing.T) {
	g := NewWithT(t)
	member := uuid.MustParse("01936d3e-1234-7000-8000-00000000abcd")
	s := signer(t, testKey)
	raw, err := base64.RawURLEncoding.DecodeString(s.Token(Claim{Member: member, Purpose: "Jobs", Run: 9}))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(bytes.Contains(raw, member[:4])).To(BeFalse(), "a token must not show the member")
	other, err := base64.RawURLEncoding.DecodeString(s.Token(Claim{Member: member, Purpose: "Jobs", Run: 10}))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(other[1:]).NotTo(Equal(raw[1:]))
	same := 0
	for i := 1; i < len(raw); i++ {
		if raw[i] == other[i] {
			same++
		}
	}
	g.Expect(same).To(BeNumerically("<", 8), "tokens of one member have nothing in common")
}

func TestEveryChangedBitIsRefused(t *testing.T) {
	g := NewWithT(t)
	s := signer(t, testKey)
	raw, err := base64.RawURLEncoding.DecodeString(s.Token(Claim{Member: uuid.Max, Purpose: "Events", Run: 3}))
	g.Expect(err).NotTo(HaveOccurred())
	for i := range len(raw) * 8 {
		forged := bytes.Clone(raw)
		forged[i/8] ^= 1 << (i % 8)
		_, err := s.Parse(base64.RawURLEncoding.EncodeToString(forged))
		g.Expect(err).To(MatchError(ErrInvalid), "bit %d", i)
	}
}

func TestForeignTokensAreRefused(t *testing.T) {
	s := signer(t, testKey)
	token := s.Token(Claim{Member: uuid.Max, Purpose: "Events", Run: 3})
	for name, bad := range map[string]string{
		"nothing":                  "",
		"a cut token":              token[:Length-1],
		"a longer token":           token + "A",
		"not base64url":            strings.Repeat("*", Length),
		"standard base64":          strings.Repeat("+", Length),
		"a line end inside":        token[:10] + "\n" + token[11:],
		"made with another key":    signer(t, bytes.Repeat([]byte{8}, KeySize)).Token(Claim{Member: uuid.Max, Purpose: "Events", Run: 3}),
		"a token of zeros":         base64.RawURLEncoding.EncodeToString(make([]byte, rawSize)),
		"a token of another shape": base64.RawURLEncoding.EncodeToString(append([]byte{2}, make([]byte, rawSize-1)...)),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Parse(bad)
			NewWithT(t).Expect(err).To(MatchError(ErrInvalid))
		})
	}
}

func TestUnknownPurposeStopsAllMail(t *testing.T) {
	g := NewWithT(t)
	s := signer(t, testKey)
	c, err := s.Parse(s.Token(Claim{Purpose: "Horoscopes", Run: 1}))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.Purpose).To(Equal(AllMail))
}

func TestShortKeyIsRefused(t *testing.T) {
	_, err := NewSigner([]byte("short"))
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("5 bytes, want 32")))
}

func FuzzParse(f *testing.F) {
	s := signer(f, testKey)
	f.Add(s.Token(Claim{Member: uuid.Max, Purpose: "Events", Run: 3}))
	f.Add("")
	f.Add(strings.Repeat("A", Length))
	f.Fuzz(func(t *testing.T, token string) {
		c, err := s.Parse(token)
		if err == nil && s.Token(c) != token {
			t.Fatalf("two tokens for one claim")
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	s := signer(f, testKey)
	f.Add([]byte("0123456789abcdef"), byte(2), int64(5))
	f.Fuzz(func(t *testing.T, member []byte, purpose byte, run int64) {
		c := Claim{Purpose: purposes[int(purpose)%len(purposes)], Run: run}
		copy(c.Member[:], member)
		got, err := s.Parse(s.Token(c))
		if err != nil || got != c {
			t.Fatalf("lost on the way: %v", err)
		}
	})
}

func BenchmarkToken(b *testing.B) {
	s := signer(b, testKey)
	c := Claim{Member: uuid.Max, Purpose: "Newsletter", Run: 1}
	b.ReportAllocs()
	for b.Loop() {
		s.Token(c)
	}
}
