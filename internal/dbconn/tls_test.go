// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dbconn_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

// authority is a CA that signs servers' certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.cert, a.key, a.pem = sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}, nil)
	return a
}

// server writes the certificate and key of a server into its data folder.
func (a *authority) server(t *testing.T, dir string, ip string, notAfter time.Time) {
	t.Helper()
	_, key, cert := sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: ip}, IPAddresses: []net.IP{net.ParseIP(ip)},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: notAfter, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	info, err := os.Stat(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"server.crt": cert, "server.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})} {
		path := filepath.Join(data, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		chownLike(t, path, info)
	}
}

func sign(t *testing.T, template *x509.Certificate, by *authority) (*x509.Certificate, *ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestTLSIsExactlyAsAskedFor meets a server with a certificate for 127.0.0.1, reached as 127.0.0.1 or localhost.
func TestTLSIsExactlyAsAskedFor(t *testing.T) {
	server := pg.New(t)
	ours, stranger := newAuthority(t), newAuthority(t)
	ours.server(t, filepath.Dir(server.LogFile()), "127.0.0.1", time.Now().Add(time.Hour))
	admin := server.Pool(t, server.AdminDSN())
	for _, sql := range []string{`ALTER SYSTEM SET ssl TO on`, `SELECT pg_reload_conf()`} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	NewWithT(t).Eventually(func() error {
		l := superuser(server)
		l.SSLMode = dbconn.SSLRequire
		_, err := dbconn.Connect(t.Context(), l, dbconn.Options{})
		return err
	}, 10*time.Second).Should(Succeed())
	for name, c := range map[string]struct {
		mode, host string
		ca         []byte
		encrypted  bool
		want       error
	}{
		"disable stays in clear":                     {dbconn.SSLDisable, "127.0.0.1", nil, false, nil},
		"require encrypts and asks nothing":          {dbconn.SSLRequire, "127.0.0.1", nil, true, nil},
		"require with the CA checks the issuer":      {dbconn.SSLRequire, "localhost", ours.pem, true, nil},
		"require with a stranger's CA refuses":       {dbconn.SSLRequire, "127.0.0.1", stranger.pem, false, dbconn.ErrTLS},
		"verify-ca takes any host name":              {dbconn.SSLVerifyCA, "localhost", ours.pem, true, nil},
		"verify-ca refuses a stranger":               {dbconn.SSLVerifyCA, "127.0.0.1", stranger.pem, false, dbconn.ErrTLS},
		"verify-ca without a CA trusts the system's": {dbconn.SSLVerifyCA, "127.0.0.1", nil, false, dbconn.ErrTLS},
		"verify-full takes the right name":           {dbconn.SSLVerifyFull, "127.0.0.1", ours.pem, true, nil},
		"verify-full refuses another name":           {dbconn.SSLVerifyFull, "localhost", ours.pem, false, dbconn.ErrTLS},
		"verify-full refuses a stranger":             {dbconn.SSLVerifyFull, "127.0.0.1", stranger.pem, false, dbconn.ErrTLS},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			l := superuser(server)
			l.Host, l.SSLMode, l.CA = c.host, c.mode, c.ca

			conn, err := dbconn.Connect(t.Context(), l, dbconn.Options{})

			if c.want != nil {
				g.Expect(err).To(MatchError(c.want))
				g.Expect(err.Error()).NotTo(ContainSubstring(server.Password))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			defer func() { _ = conn.Close(t.Context()) }()
			var encrypted bool
			g.Expect(conn.QueryRow(t.Context(), `SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`).Scan(&encrypted)).To(Succeed())
			g.Expect(encrypted).To(Equal(c.encrypted))
		})
	}
}
