// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// TestWhatArrivesIsSigned sends a run, and a mail as the portal does, to a server, and verifies what it took.
func TestWhatArrivesIsSigned(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 20)
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	der, err := x509.MarshalPKCS8PrivateKey(key)
	g.Expect(err).NotTo(HaveOccurred())
	dir := t.TempDir()
	g.Expect(os.WriteFile(filepath.Join(dir, mail.SigningKeyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)).To(Succeed())
	email := *r.job.Network.Email
	email.DKIM = &settings.DKIM{Domain: "hoshino.example", Selector: "alumni"}
	r.job.Mail, err = mail.LoadConfig(email, mail.Folders{DKIM: dir}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	r.job.Campaign.Locales[0].Body = "Dear {{ .Member.DisplayName }},\n\n. a line with a dot\n\nnews." // which SMTP doubles on the way
	r.mustRun()
	g.Expect(mail.Send(t.Context(), r.job.Mail, mail.Message{FromAddress: email.FromAddress, To: "a@mail.example", Subject: "ログイン", Text: ".\nhello\n"})).To(Succeed())

	messages := r.smtp.Messages()
	g.Expect(messages).To(HaveLen(21))
	for _, m := range messages {
		found, err := dkim.VerifyWithOptions(bytes.NewReader(m.Data), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
			g.Expect(name).To(Equal("alumni._domainkey.hoshino.example"))
			return []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(key[32:])}, nil
		}})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(found).To(HaveLen(1))
		g.Expect(found[0].Err).NotTo(HaveOccurred())
	}
}
