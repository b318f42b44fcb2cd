// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package s3test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// startLimit bounds the start of a server that is built already.
const startLimit = 30 * time.Second

// Server is a running server.
type Server struct {
	// Endpoint is its URL.
	Endpoint string
	// AccessKeyID and SecretAccessKey open every bucket.
	AccessKeyID, SecretAccessKey string
	// CA vouches for its certificate, in PEM.
	CA []byte
	// Dir holds a folder for each bucket, and in it a file for each object.
	Dir string
}

// program is the path of the server's program.
var program = sync.OnceValues(func() (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(filepath.Join(root, "hack", "tool.sh"), "versitygw")
	cmd.Stderr = os.Stderr
	path, err := cmd.Output()
	return strings.TrimSpace(string(path)), err
})

// repository is the folder of go.mod.
func repository() (string, error) {
	output, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(output))), nil
}

// Start starts a server with empty buckets for one test.
func Start(t testing.TB, buckets ...string) *Server {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatalf("build the S3 server: %v", err)
	}
	s := &Server{AccessKeyID: "test-" + rand.Text()[:8], SecretAccessKey: rand.Text(), Dir: t.TempDir()}
	for _, bucket := range buckets {
		if err := os.Mkdir(filepath.Join(s.Dir, bucket), 0o700); err != nil {
			t.Fatalf("make a bucket: %v", err)
		}
	}
	keys := t.TempDir()
	s.certify(t, keys)
	address := freeAddress(t)
	s.Endpoint = "https://" + address
	s.run(t, path, "--port", address, "--cert", filepath.Join(keys, "cert.pem"), "--key", filepath.Join(keys, "key.pem"),
		"posix", "--sidecar", t.TempDir(), s.Dir)
	s.await(t, address)
	return s
}

// run starts the program below a shell that ends it when its own input ends: by the test's clean-up, or because the test
// process is gone.
func (s *Server) run(t testing.TB, path string, args ...string) {
	t.Helper()
	const keeper = `"$@" <&- & pid=$!; cat >/dev/null; kill -9 "$pid"; wait "$pid" 2>/dev/null; exit 0`
	cmd := exec.Command("/bin/sh", append([]string{"-c", keeper, "keeper", path}, args...)...)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.AccessKeyID, "ROOT_SECRET_KEY="+s.SecretAccessKey)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("start the S3 server: %v", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the S3 server: %v", err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the S3 server said:\n%s", output.String())
		}
	})
}

// await waits until the server answers.
func (s *Server) await(t testing.TB, address string) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CA)
	dialer := &tls.Dialer{Config: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("wait for the S3 server: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// certify writes a certificate for the loopback address that only CA vouches for.
func (s *Server) certify(t testing.TB, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("make a key: %v", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "s3test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatalf("make a certificate: %v", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatalf("encode a key: %v", err)
	}
	s.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, content := range map[string][]byte{
		"cert.pem": s.CA, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatalf("write a certificate: %v", err)
		}
	}
}

// freeAddress is a loopback address with a port that was free a moment ago.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
