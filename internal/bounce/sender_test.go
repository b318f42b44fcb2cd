// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bounce

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
)

var (
	testKey   = bytes.Repeat([]byte{7}, 32)
	testClaim = Claim{Member: uuid.MustParse("01936d3e-1234-7000-8000-00000000abcd"), Run: 42}
)

func sender(t testing.TB) *Sender {
	t.Helper()
	return named(t, "bounces@hoshino.example", testKey)
}

func named(t testing.TB, address string, key []byte) *Sender {
	t.Helper()
	s, err := NewSender(address, key)
	if err != nil {
		t.Fatalf("make a sender: %v", err)
	}
	return s
}

func TestAnAddressSaysWhatItWasMadeOfWhateverServersDoToItsCase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		local := rapid.StringMatching("[a-zA-Z0-9-]{1,15}").Draw(t, "local")
		s, err := NewSender(local+"@Hoshino.example", rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
		if err != nil {
			t.Fatal(err)
		}
		c := Claim{Member: uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "member")), Run: rapid.Int64Range(0, maxRun).Draw(t, "run")}
		address := s.Address(c)
		if _, err := compose.ParseAddress(address); err != nil || strings.Index(address, "@") > 64 {
			t.Fatalf("%q is no address for an envelope", address)
		}
		if s.Address(c) != address {
			t.Fatal("the same claim gives the same address")
		}
		for _, form := range []string{address, strings.ToLower(address), strings.ToUpper(address)} {
			if got, err := s.Parse(form); err != nil || got != c {
				t.Fatalf("lost on the way: %v", err)
			}
			if got, found := s.Find("rfc822;<" + form + "> and more"); !found || got != c {
				t.Fatal("not found in a text")
			}
		}
		at := rapid.IntRange(len(local)+1, len(local)+tokenChars).Draw(t, "at")
		if other := rapid.SampledFrom([]byte("abcdefghijklmnopqrstuvwxyz234567")).Draw(t, "other"); other != address[at] {
			if _, err := s.Parse(address[:at] + string(other) + address[at+1:]); err == nil {
				t.Fatal("a changed letter is not noticed")
			}
		}
	})
}

func TestAnAddressTellsNothing(t *testing.T) {
	g := NewWithT(t)
	s := sender(t)
	raw := func(c Claim) []byte {
		token, ok := s.token(s.Address(c))
		g.Expect(ok).To(BeTrue())
		b, err := lower.DecodeString(token)
		g.Expect(err).NotTo(HaveOccurred())
		return b
	}
	one, next := raw(testClaim), raw(Claim{Member: testClaim.Member, Run: testClaim.Run + 1})
	g.Expect(bytes.Contains(one, testClaim.Member[:4])).To(BeFalse())
	same := 0
	for i := range one {
		if one[i] == next[i] {
			same++
		}
	}
	g.Expect(same).To(BeNumerically("<", 6), "addresses of one member have nothing in common")
}

func TestForeignAddressesAreRefused(t *testing.T) {
	s := sender(t)
	address := s.Address(testClaim)
	for name, bad := range map[string]string{
		"nothing":                "",
		"the mailbox itself":     s.Mailbox(),
		"no token":               "bounces+@hoshino.example",
		"a cut token":            strings.Replace(address, "@", "", 1)[:len(address)-1],
		"another domain":         strings.Replace(address, "hoshino", "hoshina", 1),
		"another mailbox":        strings.Replace(address, "bounces", "bouncer", 1),
		"not base32":             "bounces+" + strings.Repeat("1", tokenChars) + "@hoshino.example",
		"a line end inside":      address[:20] + "\n" + address[21:],
		"zeros":                  "bounces+" + strings.Repeat("a", tokenChars) + "@hoshino.example",
		"made with another key":  named(t, "bounces@hoshino.example", bytes.Repeat([]byte{8}, 32)).Address(testClaim),
		"a run beyond the range": s.Address(Claim{Member: testClaim.Member, Run: maxRun + 1}),
		"a run below the range":  s.Address(Claim{Member: testClaim.Member, Run: -1}),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := s.Parse(bad)
			g.Expect(err).To(MatchError(ErrInvalid))
			_, found := s.Find(bad)
			g.Expect(found).To(BeFalse())
		})
	}
}

func TestAnAddressWithoutRoomForATokenIsRefused(t *testing.T) {
	for _, bad := range []string{"", "bounces", "a+b@hoshino.example", strings.Repeat("a", MaxLocal+1) + "@hoshino.example", "a@" + strings.Repeat("b.", 110) + "example", "跳@hoshino.example", "a@b@c"} {
		_, err := NewSender(bad, testKey)
		NewWithT(t).Expect(err).To(MatchError(ErrMailbox), bad)
	}
	NewWithT(t).Expect(MaxLocal).To(Equal(15), "the API says so")
}

func FuzzFind(f *testing.F) {
	s := sender(f)
	f.Add(s.Address(testClaim))
	f.Add("<" + strings.ToUpper(s.Address(testClaim)) + ">")
	f.Add("bounces+" + strings.Repeat("a", tokenChars) + "@hoshino.example")
	f.Fuzz(func(t *testing.T, text string) {
		c, found := s.Find(text)
		if found && !strings.Contains(strings.ToLower(text), s.Address(c)) {
			t.Fatal("two addresses for one claim")
		}
	})
}

func BenchmarkAddress(b *testing.B) {
	s := sender(b)
	b.ReportAllocs()
	for b.Loop() {
		s.Address(testClaim)
	}
}
