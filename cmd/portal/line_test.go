// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

// tellLINE sends an empty request of LINE's, as its console does to try the address.
func tellLINE(t *testing.T, address string) int {
	t.Helper()
	const body = `{"destination":"U","events":[]}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/line/events", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Line-Signature", portaltest.SignLINE(body))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

func TestThePortalServesWithoutTheSecretOfLINEAndTakesItWhenItComes(t *testing.T) {
	for name, secret := range map[string]string{"none": "", "one that cannot be": "canary-of-a-secret"} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w := portaltest.New(t)
			w.WithLINE()
			right := w.LINESecret(secret)
			p := w.Start()
			g.Expect(p.Log.String()).To(ContainSubstring("Linking no LINE accounts"), "it is told at the start")
			g.Expect([]int{tellLINE(t, p.Address), tellLINE(t, p.Address)}).To(Equal([]int{503, 503}))
			w.LINESecret(right)
			g.Expect(tellLINE(t, p.Address)).To(Equal(200))
			g.Expect(strings.Count(p.Log.String(), "Linking no LINE accounts")).To(Equal(1))
			g.Expect(p.Log.String()).NotTo(Or(ContainSubstring("canary-of-a-secret"), ContainSubstring(right)))
		})
	}
}
