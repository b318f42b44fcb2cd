// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// web is an HTTPS server on loopback with the folder that opens it.
type web struct {
	*httptest.Server
	secret string
}

func newWeb(t *testing.T, handler http.HandlerFunc) web {
	t.Helper()
	w := web{Server: httptest.NewUnstartedServer(handler), secret: t.TempDir()}
	w.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.StartTLS()
	t.Cleanup(w.Close)
	w.put(t, keyCA, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Certificate().Raw})))
	return w
}

func (w web) put(t *testing.T, key, value string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.secret, key), []byte(value), 0o600); err != nil {
		t.Fatal(err)
	}
}

// source reaches the server although it is on loopback.
func (w web) source() Source {
	return Source{URL: w.URL + "/leavers.csv?key=hidden", SecretDir: w.secret, Permit: func(string) error { return nil }, Idle: 5 * time.Second}
}

// fetch reads a source to its end.
func fetch(ctx context.Context, s Source) (string, error) {
	file, err := s.Open(ctx)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(file)
	return string(content), errors.Join(err, file.Close())
}

// expectFailure wants a code, and no secret in the text.
func expectFailure(g Gomega, err error, code Code, final bool) {
	failure, told := asFailure(err)
	g.Expect(told).To(BeTrue(), "%v", err)
	g.Expect(failure.Code).To(Equal(code), failure.Error())
	g.Expect(failure.Final()).To(Equal(final))
	g.Expect(err.Error()).NotTo(Or(ContainSubstring("hidden"), ContainSubstring("127.0.0.1"), ContainSubstring("leavers.csv")))
}

func TestHTTPSGivesTheFileToWhoeverIsAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		keys map[string]string
		want string
	}{
		"nobody in particular": {nil, ""},
		"a user":               {map[string]string{keyUsername: "hr", keyPassword: "pass word\n"}, "Basic aHI6cGFzcyB3b3Jk"},
		"a token":              {map[string]string{keyToken: "abc\n", keyUsername: "hr"}, "Bearer abc"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/leavers.csv" {
					http.Redirect(w, r, "/really.csv", http.StatusFound)
					return
				}
				_, _ = fmt.Fprint(w, r.Header.Get("Authorization"))
			})
			for key, value := range c.keys {
				w.put(t, key, value)
			}
			got, err := fetch(t.Context(), w.source())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(got).To(Equal(c.want), "also after a redirect on the same host")
		})
	}
}

func TestHTTPSFailures(t *testing.T) {
	other := newWeb(t, func(http.ResponseWriter, *http.Request) { t.Error("the other host was asked") })
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		change  func(t *testing.T, w web, s *Source)
		code    Code
		final   bool
	}{
		"the wrong password":         {status(401), nil, SourceForbidden, false},
		"no such file":               {status(404), nil, SourceNotFound, false},
		"a server in trouble":        {status(503), nil, SourceUnreachable, false},
		"a part of the file":         {status(206), nil, SourceUnreachable, false},
		"a redirect to another host": {redirect(other.URL + "/"), nil, RedirectRefused, true},
		"a redirect to clear text":   {redirect("http://leavers.example/"), nil, RedirectRefused, true},
		"a redirect with a password": {redirect("https://a:b@leavers.example/"), nil, RedirectRefused, true},
		"a redirect in a circle":     {redirect("/leavers.csv"), nil, RedirectRefused, false},
		"a loopback address":         {status(200), func(_ *testing.T, _ web, s *Source) { s.Permit = nil }, AddressRefused, true},
		"a name for loopback": {status(200), func(_ *testing.T, w web, s *Source) {
			s.Permit, s.URL = nil, strings.Replace(w.URL, "127.0.0.1", "localhost", 1)
		}, AddressRefused, true},
		"an unknown authority":        {status(200), func(_ *testing.T, _ web, s *Source) { s.SecretDir = "" }, SourceUnreachable, false},
		"a certificate for others":    {status(200), func(_ *testing.T, w web, s *Source) { s.URL = strings.Replace(w.URL, "127.0.0.1", "localhost", 1) }, SourceUnreachable, false},
		"a name that is none":         {status(200), func(_ *testing.T, _ web, s *Source) { s.URL = "https://leavers.invalid/hidden" }, SourceUnreachable, false},
		"clear text":                  {status(200), func(_ *testing.T, _ web, s *Source) { s.URL = "http://leavers.example/hidden" }, SourceInvalid, true},
		"a password in the URL":       {status(200), func(_ *testing.T, _ web, s *Source) { s.URL = "https://a:hidden@leavers.example/" }, SourceInvalid, true},
		"a file on this machine":      {status(200), func(_ *testing.T, _ web, s *Source) { s.URL = "file:///etc/hidden" }, SourceInvalid, true},
		"a port where nobody listens": {status(200), func(_ *testing.T, w web, s *Source) { w.Close() }, SourceUnreachable, false},
		"a token with a line break":   {status(200), func(t *testing.T, w web, _ *Source) { w.put(t, keyToken, "a\r\nhidden: b") }, SourceForbidden, true},
		"an authority that is none":   {status(200), func(t *testing.T, w web, _ *Source) { w.put(t, keyCA, "hidden") }, SourceForbidden, true},
		"a server that speaks HTTP":   {status(200), func(t *testing.T, _ web, s *Source) { s.URL = plainServer(t) }, SourceUnreachable, false},
		"a server with old TLS only":  {status(200), func(t *testing.T, w web, s *Source) { s.URL = oldServer(t, w) }, SourceUnreachable, false},
		"a file that breaks off":      {brokenOff, nil, SourceUnreachable, false},
		"a file that does not go on":  {stalled, func(_ *testing.T, _ web, s *Source) { s.Idle = 50 * time.Millisecond }, SourceUnreachable, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWeb(t, c.handler)
			s := w.source()
			if c.change != nil {
				c.change(t, w, &s)
			}
			_, err := fetch(t.Context(), s)
			expectFailure(NewWithT(t), err, c.code, c.final)
		})
	}
}

func brokenOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = fmt.Fprint(w, "EmployeeNumber")
}

func stalled(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprint(w, "EmployeeNumber")
	if http.NewResponseController(w).Flush() != nil {
		return
	}
	<-r.Context().Done()
}

func plainServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http://", "https://", 1)
}

func oldServer(t *testing.T, w web) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: w.TLS.Certificates, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if secure, ok := c.(*tls.Conn); ok {
				_ = secure.Handshake()
			}
			_ = c.Close()
		}
	}()
	return "https://" + l.Addr().String()
}

func TestHTTPSStopsWhenTold(t *testing.T) {
	g := NewWithT(t)
	w := newWeb(t, stalled)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := fetch(ctx, w.source())
	expectFailure(g, err, SourceUnreachable, false)
}

func TestGuardRefusesAddressesThatNoRosterHas(t *testing.T) {
	g := NewWithT(t)
	for _, address := range []string{
		"127.0.0.1:443", "127.8.9.1:443", "0.0.0.0:443", "169.254.169.254:80", "100.100.100.200:80", "168.63.129.16:80", "192.0.0.192:80", "224.0.0.1:1",
		"255.255.255.255:1", "[::]:1", "[::1]:1", "[fe80::1]:1", "[fe80::1%eth0]:1", "[ff02::1]:1", "[fd00:ec2::254]:80", "[::ffff:127.0.0.1]:1",
		"[::ffff:169.254.169.254]:80", "[64:ff9b::7f00:1]:1", "[64:ff9b::a9fe:a9fe]:1", "[2002:7f00:1::]:1", "[::127.0.0.1]:1", "hr.example:443", "",
	} {
		expectFailure(g, Permitted(address), AddressRefused, true)
	}
	for _, address := range []string{"10.1.2.3:443", "192.168.1.1:8443", "172.16.0.1:443", "93.184.216.34:443", "[2001:db8::1]:443", "[fd12::1]:443", "[64:ff9b::a01:203]:443"} {
		g.Expect(Permitted(address)).To(Succeed(), address)
	}
}

func TestVolume(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "hidden")
	volume := t.TempDir()
	for _, err := range []error{
		os.WriteFile(outside, []byte("x"), 0o600),
		os.WriteFile(filepath.Join(volume, "leavers.csv"), []byte("content"), 0o600),
		os.Mkdir(filepath.Join(volume, "folder"), 0o700),
		os.Symlink("leavers.csv", filepath.Join(volume, "latest.csv")),
		os.Symlink(outside, filepath.Join(volume, "leak.csv")),
		syscall.Mkfifo(filepath.Join(volume, "pipe"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		path  string
		code  Code
		final bool
	}{
		"a file":                       {"leavers.csv", "", false},
		"a link inside the volume":     {"latest.csv", "", false},
		"a path with a turn":           {"folder/../leavers.csv", "", false},
		"a file that is not there":     {"missing.csv", SourceNotFound, false},
		"a link that leads out":        {"leak.csv", SourceInvalid, true},
		"a path that leads out":        {"../hidden", SourceInvalid, true},
		"a path from the root":         {outside, SourceInvalid, true},
		"a folder":                     {"folder", SourceInvalid, true},
		"a pipe that nobody writes to": {"pipe", SourceInvalid, true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			content, err := fetch(t.Context(), Source{Volume: volume, Path: c.path})
			if c.code == "" {
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(content).To(Equal("content"))
				return
			}
			expectFailure(g, err, c.code, c.final)
		})
	}
	_, err := fetch(t.Context(), Source{Volume: filepath.Join(volume, "nowhere"), Path: "leavers.csv"})
	expectFailure(NewWithT(t), err, SourceNotFound, false)
}

func TestAFileLongerThanTheLimitIsRefused(t *testing.T) {
	b := &bounded{ReadCloser: io.NopCloser(strings.NewReader("0123456789")), left: 5}
	content, err := io.ReadAll(io.LimitReader(b, 5))
	g := NewWithT(t)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(content).To(HaveLen(5))
	b.left = 0
	_, err = b.Read(make([]byte, 1))
	expectFailure(g, err, TooLarge, true)
}

func TestCauseSaysNothingOfPlaces(t *testing.T) {
	g := NewWithT(t)
	for want, err := range map[string]error{
		"connection refused":                     &net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)}, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"timed out":                              fmt.Errorf("read hidden: %w", os.ErrDeadlineExceeded),
		"stopped":                                fmt.Errorf("read hidden: %w", context.Canceled),
		"the connection ended early":             fmt.Errorf("read hidden: %w", io.ErrUnexpectedEOF),
		"unexpected error (*errors.errorString)": fmt.Errorf("x: %w", errors.New("hidden")),
	} {
		g.Expect(cause(err)).To(Equal(want))
	}
}
