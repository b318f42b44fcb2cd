// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pepper_test

import (
	"bytes"
	"os"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
	"github.com/alumni-operator/alumni-operator/internal/tombstone/pepper"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

func TestAStoreKnowsThePepperThatItWasTakenUpWith(t *testing.T) {
	g := NewWithT(t)
	s := store.New(t)
	keys := func(b byte) *tombstone.Keyer {
		k, err := tombstone.New(bytes.Repeat([]byte{b}, 32))
		g.Expect(err).NotTo(HaveOccurred())
		return k
	}
	roster, retention := s.Pool(naming.RoleRoster), s.Pool(naming.RoleRetention)
	g.Expect(pepper.Check(t.Context(), roster, keys(1))).To(Succeed(), "the first one is noted")
	g.Expect(pepper.Check(t.Context(), retention, keys(1))).To(Succeed())
	g.Expect(pepper.Check(t.Context(), retention, keys(2))).To(MatchError(pepper.ErrOther))
	g.Expect(pepper.Check(t.Context(), roster, keys(2))).To(MatchError(pepper.ErrOther))
	_, err := roster.Exec(t.Context(), `UPDATE alumni.pepper SET fingerprint = sha256('x')`)
	g.Expect(err).To(MatchError(ContainSubstring("permission denied")), "nobody replaces it in passing")
}
