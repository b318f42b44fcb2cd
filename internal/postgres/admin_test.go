// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"crypto/rand"
	"os"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

func TestAnAdminGetsItsNextPasswordAndACrashInBetweenLosesNothing(t *testing.T) {
	g, ctx, w := NewWithT(t), t.Context(), newWorld(t, false)
	w.exec("ALTER ROLE " + quote(w.admin.Username) + " SET log_statement TO 'all'")
	next := "canary-" + rand.Text()

	renewed, err := RenewAdmin(ctx, w.admin, next)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(TryLogin(ctx, renewed)).To(Succeed())
	g.Expect(TryLogin(ctx, w.admin)).To(MatchError(ErrAuthentication), "the former password is no longer taken")
	log, err := os.ReadFile(pg.Start(t).LogFile())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(log)).To(And(ContainSubstring("ALTER ROLE "+quote(w.admin.Username)+" PASSWORD"), Not(ContainSubstring(next))))

	again, err := RenewAdmin(ctx, w.admin, next)
	g.Expect(err).NotTo(HaveOccurred(), "the operator was killed before it wrote down that the server has it")
	g.Expect(again).To(Equal(renewed))

	_, err = RenewAdmin(ctx, w.admin, rand.Text())
	g.Expect(err).To(MatchError(ErrAuthentication), "the server takes neither")
	_, err = RenewAdmin(ctx, renewed, "short")
	g.Expect(err).To(MatchError(ErrUnfitPassword))
	g.Expect(TryLogin(ctx, renewed)).To(Succeed(), "what cannot be a password leaves the present one")
}
