// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tombstone_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

func pepper(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func keyer(t testing.TB, b byte) *tombstone.Keyer {
	t.Helper()
	k, err := tombstone.New(pepper(b))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeyIsTheHMACOfKindAndValue(t *testing.T) {
	g := NewWithT(t)
	mac := hmac.New(sha256.New, pepper(7))
	mac.Write([]byte("Email\x00hana@mail.example"))
	key := keyer(t, 7).Key(tombstone.Email, "hana@mail.example")
	g.Expect(key[:]).To(Equal(mac.Sum(nil)))
}

func TestKeyNormalisesWhatItIsGiven(t *testing.T) {
	k := keyer(t, 1)
	same := map[string]struct {
		kind tombstone.Kind
		a, b string
	}{
		"an address in capitals is the same address":       {tombstone.Email, "Hana@Mail.Example", "hana@mail.example"},
		"an address with space around it is the same":      {tombstone.Email, " hana@mail.example\n", "hana@mail.example"},
		"an employee number with space around it the same": {tombstone.EmployeeNumber, " 0042 ", "0042"},
	}
	for name, c := range same {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(k.Key(c.kind, c.a)).To(Equal(k.Key(c.kind, c.b)))
		})
	}
	t.Run("an employee number keeps its case and its zeros", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(k.Key(tombstone.EmployeeNumber, "a1")).NotTo(Equal(k.Key(tombstone.EmployeeNumber, "A1")))
		g.Expect(k.Key(tombstone.EmployeeNumber, "01")).NotTo(Equal(k.Key(tombstone.EmployeeNumber, "1")))
	})
}

func TestKeysOfDifferentKindsPeppersAndValuesDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringMatching(`[a-z0-9@.]{1,20}`).Draw(t, "a"), rapid.StringMatching(`[a-z0-9@.]{1,20}`).Draw(t, "b")
		one, other := keyerOf(t, 1), keyerOf(t, 2)
		seen := map[[32]byte]string{}
		for _, kind := range tombstone.Kinds() {
			seen[one.Key(kind, a)] = "one"
			seen[other.Key(kind, a)] = "other"
		}
		if len(seen) != 2*len(tombstone.Kinds()) {
			t.Fatalf("%d different keys", len(seen))
		}
		if (a == b) != (one.Key(tombstone.Email, a) == one.Key(tombstone.Email, b)) {
			t.Fatal("keys and values do not agree")
		}
	})
}

func keyerOf(t *rapid.T, b byte) *tombstone.Keyer {
	k, err := tombstone.New(pepper(b))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAShortPepperIsRefused(t *testing.T) {
	g := NewWithT(t)
	_, err := tombstone.New([]byte("short"))
	g.Expect(err).To(MatchError(tombstone.ErrPepper))
	_, err = tombstone.New(nil)
	g.Expect(err).To(MatchError(tombstone.ErrPepper))
}

func BenchmarkKey(b *testing.B) {
	k := keyer(b, 1)
	for b.Loop() {
		k.Key(tombstone.Email, "hana.yamada@mail.example")
	}
}
