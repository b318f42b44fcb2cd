// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// encodeKey writes a private key as a Secret holds it.
func encodeKey(key any) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))})
}

// record is what DNS says of a key.
func record(key crypto.Signer) string {
	if public, ok := key.Public().(ed25519.PublicKey); ok {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(must(x509.MarshalPKIXPublicKey(key.Public())))
}

// verify checks the signatures of a mail against a DNS that knows one name.
func verify(mail []byte, name, record string) ([]*dkim.Verification, error) {
	return dkim.VerifyWithOptions(bytes.NewReader(mail), &dkim.VerifyOptions{LookupTXT: func(asked string) ([]string, error) {
		if asked != name {
			return nil, os.ErrNotExist
		}
		return []string{record}, nil
	}})
}

// signedBy loads a key from a folder, as a workload does, and signs a mail with it.
func signedBy(t testing.TB, key any, mail []byte) []byte {
	t.Helper()
	g := NewWithT(t)
	dir := t.TempDir()
	g.Expect(os.WriteFile(filepath.Join(dir, SigningKeyFile), encodeKey(key), 0o600)).To(Succeed())
	c, err := LoadConfig(settings.Email{Host: "h", FromAddress: "alumni@news.hoshino.example", DKIM: &settings.DKIM{Domain: "hoshino.example", Selector: "alumni"}},
		Folders{DKIM: dir}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	signed, err := c.Sign(mail)
	g.Expect(err).NotTo(HaveOccurred())
	return signed
}

// newsletter is a mail as the portal and the worker make them.
func newsletter(headers ...[2]string) []byte {
	from, to := must(compose.ParseAddress("alumni@news.hoshino.example")), must(compose.ParseAddress("a@mail.example"))
	return Message{FromName: "ほしの食品アルムナイ", Subject: "今月のお知らせ", Text: "Hello,\n\n..\n見学会を開きます。\n", HTML: "<p>Hello</p>", Headers: headers}.build(from, to)
}

var unsubscribe = [][2]string{{"List-Unsubscribe", "<https://alumni.hoshino.example/u/AAAA>"}, {"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"}}

// elsewhere changes the link of a mail, or adds one.
func elsewhere(mail []byte) []byte {
	if forged := bytes.Replace(mail, []byte("<https://alumni.hoshino.example/"), []byte("<https://evil.example/"), 1); !bytes.Equal(forged, mail) {
		return forged
	}
	return append([]byte("List-Unsubscribe: <https://evil.example/>\r\n"), mail...)
}

func TestSignaturesVerifyAndCoverWhatTheyMust(t *testing.T) {
	for name, key := range map[string]crypto.Signer{
		"RSA with 2048 bits": must(rsa.GenerateKey(rand.Reader, 2048)),
		"Ed25519":            ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)),
	} {
		for kind, headers := range map[string][][2]string{"a campaign's": unsubscribe, "the portal's": nil} {
			t.Run(name+", "+kind, func(t *testing.T) {
				g := NewWithT(t)
				mail := signedBy(t, key, newsletter(headers...))
				found, err := verify(mail, "alumni._domainkey.hoshino.example", record(key))
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(found).To(HaveLen(1))
				g.Expect(found[0].Err).NotTo(HaveOccurred())
				g.Expect(found[0].Domain).To(Equal("hoshino.example"))
				g.Expect(found[0].HeaderKeys).To(ConsistOf("From", "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
					"List-Unsubscribe", "List-Unsubscribe-Post"))
				for what, forged := range map[string][]byte{
					"a second From":       append([]byte("From: boss@hoshino.example\r\n"), mail...),
					"another subject":     bytes.Replace(mail, []byte("Subject: "), []byte("Subject: x"), 1),
					"another body":        append(bytes.Clone(mail), "more\r\n"...),
					"a link to elsewhere": elsewhere(mail),
				} {
					found, err := verify(forged, "alumni._domainkey.hoshino.example", record(key))
					g.Expect(err).NotTo(HaveOccurred())
					g.Expect(found[0].Err).To(HaveOccurred(), what)
				}
			})
		}
	}
}

func TestAKeyThatCannotSignSaysWhy(t *testing.T) {
	g := NewWithT(t)
	t.Setenv("GODEBUG", "rsa1024min=0")
	short := must(rsa.GenerateKey(rand.Reader, 1024))
	curve := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	for words, encoded := range map[string][]byte{
		"1024 bits":                     encodeKey(short),
		"neither an RSA nor an Ed25519": encodeKey(curve),
		"not PEM":                       []byte("canary-key"),
		"no private key in PEM":         pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("canary-key")}),
		"damaged":                       pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("canary-key")}),
	} {
		_, err := ParseSigningKey(encoded)
		g.Expect(err).To(MatchError(ContainSubstring(words)))
		g.Expect(err.Error()).NotTo(ContainSubstring("canary"))
	}
	key := must(rsa.GenerateKey(rand.Reader, 2048))
	_, err := ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	g.Expect(err).NotTo(HaveOccurred())
}

func TestWithoutAKeyNothingIsSignedAndWithoutItsFileNothingIsSent(t *testing.T) {
	g := NewWithT(t)
	e := settings.Email{Host: "h", FromAddress: "a@hoshino.example"}
	c, err := LoadConfig(e, Folders{}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	mail := newsletter()
	signed, err := c.Sign(mail)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(signed).To(Equal(mail))
	e.DKIM = &settings.DKIM{Domain: "hoshino.example", Selector: "alumni"}
	_, err = LoadConfig(e, Folders{DKIM: t.TempDir()}, nil)
	g.Expect(err).To(MatchError(ContainSubstring("DKIM key")))
}

// BenchmarkSign tells what a signature costs for a mail of 4 KB.
func BenchmarkSign(b *testing.B) {
	from, to := must(compose.ParseAddress("alumni@hoshino.example")), must(compose.ParseAddress("a@mail.example"))
	mail := Message{Subject: "News", Text: strings.Repeat("The new hall is open.\n", 180), Headers: unsubscribe}.build(from, to)
	for name, key := range map[string]crypto.Signer{
		"RSA-2048": must(rsa.GenerateKey(rand.Reader, 2048)), "Ed25519": ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
	} {
		b.Run(name, func(b *testing.B) {
			c := Config{signer: &Signer{domain: "hoshino.example", selector: "alumni", key: key}}
			for b.Loop() {
				must(c.Sign(mail))
			}
		})
	}
}
