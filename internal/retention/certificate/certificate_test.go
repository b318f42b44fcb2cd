// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
)

func example() certificate.Certificate {
	return certificate.Certificate{
		Format:  certificate.Format,
		Network: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
		Policy:  certificate.Policy{UID: "u", Name: "group-default", Generation: 3, Digest: "ab", TimeZone: "Asia/Tokyo"},
		Run:     certificate.Run{Name: "group-default-hoshino-s-29000000", Kind: "Scheduled", AsOf: "2026-04-01T00:00:00Z", Starts: 1},
		Rules: []certificate.Rule{{Name: "leavers", Category: "Profile", Since: "Departed", After: "P5Y", Action: "Delete",
			LegalBasis: "個人情報の保護に関する法律 22", Due: certificate.Total{Members: 2, Rows: 11}, Erased: certificate.Total{Members: 2, Rows: 11}}},
		Sanitisation: certificate.Logical(),
	}
}

func key(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func public(t testing.TB, private ed25519.PrivateKey) ed25519.PublicKey {
	t.Helper()
	k, ok := private.Public().(ed25519.PublicKey)
	if !ok {
		t.Fatal("no Ed25519 key")
	}
	return k
}

func pemOf(t testing.TB, private any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestASignedCertificateIsReadBack(t *testing.T) {
	g := NewWithT(t)
	private := key(t)
	signed, err := certificate.Sign(example(), private)
	g.Expect(err).NotTo(HaveOccurred())

	text, err := signed.Encode()
	g.Expect(err).NotTo(HaveOccurred())
	again, err := certificate.Decode(text)
	g.Expect(err).NotTo(HaveOccurred())
	got, err := again.Verify(public(t, private))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(Equal(example()))
	g.Expect(again.Fingerprint()).To(HaveLen(64))
}

func TestAChangedCertificateIsRefused(t *testing.T) {
	private := key(t)
	cases := map[string]struct {
		change func(*certificate.Signed)
		want   error
	}{
		"a number was changed": {func(s *certificate.Signed) {
			s.Body = bytes.Replace(s.Body, []byte(`"members":2`), []byte(`"members":1`), 1)
		}, certificate.ErrSignature},
		"a signature was cut":    {func(s *certificate.Signed) { s.Signature = s.Signature[:63] }, certificate.ErrSignature},
		"a key was cut":          {func(s *certificate.Signed) { s.PublicKey = s.PublicKey[:31] }, certificate.ErrKey},
		"another key was put in": {func(s *certificate.Signed) { s.PublicKey = public(t, key(t)) }, certificate.ErrSignature},
		"somebody else signed it": {func(s *certificate.Signed) {
			other, err := certificate.Sign(example(), key(t))
			if err != nil {
				t.Fatal(err)
			}
			*s = other
		}, certificate.ErrSigner},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			signed, err := certificate.Sign(example(), private)
			g.Expect(err).NotTo(HaveOccurred())
			c.change(&signed)
			_, err = signed.Verify(public(t, private))
			g.Expect(err).To(MatchError(c.want))
		})
	}
}

func TestOnlyThisFormIsRead(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON": "x", "another format": `{"format":"v9"}`,
		"an unknown field": `{"format":"` + certificate.Format + `","person":"somebody"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := certificate.Parse([]byte(body))
			NewWithT(t).Expect(err).To(HaveOccurred())
		})
	}
	for name, text := range map[string]string{"no JSON": "x", "nothing in it": "{}", "no base64": `{"certificate":"%"}`} {
		t.Run("as a file: "+name, func(t *testing.T) {
			_, err := certificate.Decode([]byte(text))
			NewWithT(t).Expect(err).To(HaveOccurred())
		})
	}
}

func TestSigningKeys(t *testing.T) {
	g := NewWithT(t)
	private := key(t)
	got, err := certificate.ParsePrivateKey(pemOf(t, private))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(Equal(private))

	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	g.Expect(err).NotTo(HaveOccurred())
	for _, text := range [][]byte{nil, []byte("secret-canary"), pemOf(t, other), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret-canary")})} {
		_, err := certificate.ParsePrivateKey(text)
		g.Expect(err).To(MatchError(certificate.ErrKey))
		g.Expect(err.Error()).NotTo(ContainSubstring("secret-canary"))
	}

	der, err := x509.MarshalPKIXPublicKey(private.Public())
	g.Expect(err).NotTo(HaveOccurred())
	parsed, err := certificate.ParsePublicKey(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(parsed).To(Equal(private.Public()))
	_, err = certificate.ParsePublicKey([]byte("x"))
	g.Expect(err).To(MatchError(certificate.ErrKey))
}
