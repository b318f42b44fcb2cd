// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// The files of a roster's Secret, all optional.
const (
	keyUsername = "username"
	keyPassword = "password"
	keyToken    = "token"
	keyCA       = "ca.crt"
)

const (
	dialLimit    = 10 * time.Second
	headerLimit  = 30 * time.Second
	idleLimit    = time.Minute
	maxRedirects = 5
	userAgent    = "alumni-operator-roster"
)

// openHTTPS asks a web server for the file: TLS 1.2 or later, no proxy, redirects on the same host only, bounds on
// every wait, and each address judged when it is dialled, so that no name can be turned to another address later.
func (s Source) openHTTPS(ctx context.Context) (io.ReadCloser, error) {
	target, err := url.Parse(s.URL)
	if err != nil || target.Scheme != "https" || target.Host == "" || target.User != nil {
		return nil, finally(SourceInvalid, "", "the URL must start with https:// and hold no user name or password")
	}
	access, err := readAccess(s.SecretDir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		cancel(nil)
		return nil, finally(SourceInvalid, "", "the URL cannot be asked for")
	}
	request.Header.Set("User-Agent", userAgent)
	access.authorise(request)
	client := s.client(access.roots)
	response, err := client.Do(request)
	if err != nil {
		cancel(nil)
		return nil, unreachable(err)
	}
	if err := judge(response.StatusCode); err != nil {
		cancel(nil)
		return nil, errors.Join(err, response.Body.Close())
	}
	limit := s.Idle
	if limit == 0 {
		limit = idleLimit
	}
	body := &impatient{ctx: ctx, body: response.Body, limit: limit, cancel: cancel, cleanUp: client.CloseIdleConnections, late: make(chan struct{})}
	body.timer = time.AfterFunc(limit, func() {
		close(body.late)
		cancel(os.ErrDeadlineExceeded)
	})
	return body, nil
}

// client has the limits of this package and nothing of the environment.
func (s Source) client(roots *x509.CertPool) *http.Client {
	permit := s.Permit
	if permit == nil {
		permit = Permitted
	}
	dialer := &net.Dialer{Timeout: dialLimit, Control: func(_, address string, _ syscall.RawConn) error { return permit(address) }}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialLimit, ResponseHeaderTimeout: headerLimit,
			TLSClientConfig:    &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			DisableCompression: true, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 1 << 16,
		},
		CheckRedirect: func(request *http.Request, via []*http.Request) error {
			if request.URL.Scheme != "https" || request.URL.Host != via[0].URL.Host || request.URL.User != nil {
				return finally(RedirectRefused, "", "the server redirects to another host; name that host in the URL")
			}
			if len(via) > maxRedirects {
				return forNow(RedirectRefused, "the server redirects in a circle")
			}
			return nil
		},
	}
}

// access is what opens a server.
type access struct {
	username, password, token string
	roots                     *x509.CertPool
}

// readAccess reads the mounted Secret; without a folder there is none.
func readAccess(dir string) (access, error) {
	if dir == "" {
		return access{}, nil
	}
	var a access
	var authority string
	for key, target := range map[string]*string{keyUsername: &a.username, keyPassword: &a.password, keyToken: &a.token, keyCA: &authority} {
		content, err := os.ReadFile(filepath.Join(dir, key))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return access{}, forNow(SourceForbidden, "the key %s of the roster's Secret cannot be read", key)
		}
		*target = strings.TrimRight(string(content), "\r\n")
	}
	if strings.ContainsFunc(a.token+a.username+a.password, func(r rune) bool { return r < ' ' || r == 0x7F }) {
		return access{}, finally(SourceForbidden, "", "the roster's Secret holds a control character")
	}
	if authority == "" {
		return a, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM([]byte(authority)) {
		return access{}, finally(SourceForbidden, "", "the key %s of the roster's Secret is no PEM certificate", keyCA)
	}
	a.roots = roots
	return a, nil
}

// authorise sets the header. The client sends it again after a redirect on the same host, and to no other.
func (a access) authorise(request *http.Request) {
	switch {
	case a.token != "":
		request.Header.Set("Authorization", "Bearer "+a.token)
	case a.username != "" || a.password != "":
		request.SetBasicAuth(a.username, a.password)
	}
}

// judge reads the status of an answer.
func judge(status int) error {
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return forNow(SourceForbidden, "the server answers %d: check the Secret named by secretRef", status)
	case status == http.StatusNotFound, status == http.StatusGone:
		return forNow(SourceNotFound, "the server answers %d", status)
	}
	return forNow(SourceUnreachable, "the server answers %d", status)
}

// unreachable turns a client's error, which quotes the URL, into one that does not.
func unreachable(err error) error {
	if f, told := asFailure(err); told {
		return f
	}
	var (
		dns      *net.DNSError
		verify   *tls.CertificateVerificationError
		header   tls.RecordHeaderError
		alert    tls.AlertError
		protocol = strings.Contains(err.Error(), "tls: ")
	)
	switch {
	case errors.As(err, &dns):
		return forNow(SourceUnreachable, "the server's name cannot be resolved")
	case errors.As(err, &verify):
		return forNow(SourceUnreachable, "the server's certificate is not trusted: %s", certificateTrouble(verify.Err))
	case errors.As(err, &header), errors.As(err, &alert), protocol:
		return forNow(SourceUnreachable, "no TLS 1.2 or later with the server")
	}
	return forNow(SourceUnreachable, "the server cannot be reached: %s", cause(err))
}

func certificateTrouble(err error) string {
	var (
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &authority):
		return "its authority is unknown; put it into the key ca.crt of the roster's Secret"
	case errors.As(err, &hostname):
		return "it is for another host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired or is not valid yet"
	}
	return "it is not valid"
}

// impatient ends a body that gives nothing for too long.
type impatient struct {
	ctx     context.Context //nolint:containedctx // the request's own: the body lives as long as it
	body    io.ReadCloser
	limit   time.Duration
	timer   *time.Timer
	cancel  context.CancelCauseFunc
	cleanUp func()
	late    chan struct{}
}

// Read starts the clock for as long as it waits. An end that comes after the request was given up is not believed:
// a server that sees the connection close may end its answer in good order.
func (i *impatient) Read(p []byte) (int, error) {
	i.timer.Reset(i.limit)
	n, err := i.body.Read(p)
	i.timer.Stop()
	if err == nil {
		return n, nil
	}
	select {
	case <-i.late:
		return n, fmt.Errorf("read the roster: %w", os.ErrDeadlineExceeded)
	case <-i.ctx.Done():
		return n, fmt.Errorf("read the roster: %w", context.Canceled)
	default:
		return n, err
	}
}

// Close ends the request.
func (i *impatient) Close() error {
	i.timer.Stop()
	i.cancel(nil)
	err := i.body.Close()
	i.cleanUp()
	return err
}
