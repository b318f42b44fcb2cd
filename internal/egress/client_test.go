// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package egress_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/egress"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

// tlsServer is an HTTPS server at an address of loopback, with a certificate for example.com and 127.0.0.1.
func tlsServer(t *testing.T, address string, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}}
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func trusting(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

func allow(prefixes ...string) egress.Policy {
	p, err := egress.ParsePrefixes(prefixes)
	if err != nil {
		panic(err)
	}
	return egress.Policy{Allow: p}
}

func answer(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func get(c *egress.Client, url string) (*egress.Answer, error) {
	return c.Do(context.Background(), egress.Request{Method: http.MethodGet, URL: url})
}

// secretPath is in every URL of these tests, and in no error.
const secretPath = "/" + canary.WebhookPath + "?sig=" + canary.Token

func expectError(t *testing.T, err error, reason egress.Reason, sent bool) {
	t.Helper()
	g := NewWithT(t)
	var e *egress.Error
	g.Expect(errors.As(err, &e)).To(BeTrue(), "%v", err)
	g.Expect(e.Reason).To(Equal(reason), e.Error())
	g.Expect(e.Sent).To(Equal(sent))
	g.Expect(e.Error()).NotTo(BeEmpty())
	canary.Scan(t, "the error", fmt.Sprintf("%v %+v %#v", err, err, err))
	g.Expect(fmt.Sprintf("%v %+v", err, err)).NotTo(Or(ContainSubstring("127.0.0."), ContainSubstring("example.com"), ContainSubstring("/hooks")))
}

func TestAnAnswerComesBackWhateverItsStatus(t *testing.T) {
	g := NewWithT(t)
	s := tlsServer(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Method+" "+r.Header.Get("X-Mine")+" "+string(body)+" "+r.UserAgent())
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, strings.Repeat("x", 5000))
	})
	c := egress.New(egress.Options{Policy: allow("127.0.0.0/8"), Roots: trusting(s), MaxBody: 1000})

	got, err := c.Do(t.Context(), egress.Request{Method: http.MethodPost, URL: s.URL + secretPath, Header: http.Header{"X-Mine": {"yes"}}, Body: []byte("hello")})

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got.Status).To(Equal(http.StatusTeapot))
	g.Expect(got.Header.Get("X-Seen")).To(Equal("POST yes hello alumni-operator"))
	g.Expect(got.Body).To(HaveLen(1000), "no more is kept")
}

func TestURLsThatAreNotCalled(t *testing.T) {
	c := egress.New(egress.Options{})
	for name, c2 := range map[string]struct {
		url    string
		reason egress.Reason
	}{
		"clear text":                           {"http://example.com" + secretPath, egress.InvalidURL},
		"a file":                               {"file:///etc" + secretPath, egress.InvalidURL},
		"no scheme":                            {"example.com" + secretPath, egress.InvalidURL},
		"no host":                              {"https://" + secretPath, egress.InvalidURL},
		"a port alone":                         {"https://:443" + secretPath, egress.InvalidURL},
		"a password":                           {"https://user:" + canary.Password + "@example.com/", egress.InvalidURL},
		"no URL":                               {"https://exa mple.com" + secretPath, egress.InvalidURL},
		"a control character":                  {"https://example.com/\n" + canary.Token, egress.InvalidURL},
		"loopback":                             {"https://127.0.0.1" + secretPath, egress.AddressRefused},
		"loopback in IPv6":                     {"https://[::1]" + secretPath, egress.AddressRefused},
		"loopback in mapped form":              {"https://[::ffff:127.0.0.1]" + secretPath, egress.AddressRefused},
		"the metadata service":                 {"https://169.254.169.254" + secretPath, egress.AddressRefused},
		"the metadata service through NAT64":   {"https://[64:ff9b::a9fe:a9fe]" + secretPath, egress.AddressRefused},
		"a link-local address with its zone":   {"https://[fe80::1%25lo]" + secretPath, egress.AddressRefused},
		"a service of the cluster":             {"https://10.96.0.1" + secretPath, egress.AddressRefused},
		"a name that the machine itself knows": {"https://localhost" + secretPath, egress.AddressRefused},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(c, c2.url)
			expectError(t, err, c2.reason, false)
			if name != "a name that the machine itself knows" {
				expectError(t, c.CheckURL(c2.url), c2.reason, false)
			}
		})
	}
	NewWithT(t).Expect(c.CheckURL("https://hooks.example.com/x")).To(Succeed())
	NewWithT(t).Expect(egress.New(egress.Options{PlainHTTP: true}).CheckURL("http://hooks.example.com/x")).To(Succeed())
}

func TestARedirectIsAnAnswerAndIsNotFollowed(t *testing.T) {
	other := tlsServer(t, "127.0.0.1:0", func(http.ResponseWriter, *http.Request) { t.Error("the other server was asked") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		g := NewWithT(t)
		s := tlsServer(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+"/inside", status) })
		c := egress.New(egress.Options{Policy: allow("127.0.0.1"), Roots: trusting(s)})
		got, err := c.Do(t.Context(), egress.Request{Method: http.MethodPost, URL: s.URL + secretPath, Body: []byte("x")})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(got.Status).To(Equal(status))
	}
}

func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	g := NewWithT(t)
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	t.Cleanup(proxy.Close)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	s := tlsServer(t, "127.0.0.1:0", answer("direct"))
	zone := newZone(t)
	zone.answers("example.com", "127.0.0.1")
	c := egress.New(egress.Options{Policy: allow("127.0.0.1"), Roots: trusting(s), Resolver: zone.resolver()})

	got, err := get(c, "https://example.com:"+port(s)+secretPath)

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(got.Body)).To(Equal("direct"))
}

func TestAProxyThatWasToldIsUsedAndJudged(t *testing.T) {
	g := NewWithT(t)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "for "+r.URL.Host) }))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	g.Expect(err).NotTo(HaveOccurred())

	got, err := get(egress.New(egress.Options{Policy: allow("127.0.0.1"), PlainHTTP: true, Proxy: address}), "http://hooks.example/x")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(got.Body)).To(Equal("for hooks.example"))

	_, err = get(egress.New(egress.Options{Policy: allow("127.0.0.1"), PlainHTTP: true, Proxy: address}), "http://10.0.0.1"+secretPath)
	expectError(t, err, egress.AddressRefused, false)
	_, err = get(egress.New(egress.Options{PlainHTTP: true, Proxy: address}), "http://hooks.example/x")
	expectError(t, err, egress.AddressRefused, false)
}

func TestFailuresTellWhetherTheServerMayHaveSeenTheRequest(t *testing.T) {
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	never := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		change  func(o *egress.Options, url *string, s *httptest.Server)
		reason  egress.Reason
		sent    bool
	}{
		"a name that is none":       {answer(""), func(_ *egress.Options, url *string, _ *httptest.Server) { *url = "https://nobody.example/" }, egress.NameUnknown, false},
		"nobody listens":            {answer(""), func(_ *egress.Options, _ *string, s *httptest.Server) { s.Close() }, egress.Unreachable, false},
		"an authority nobody knows": {answer(""), func(o *egress.Options, _ *string, _ *httptest.Server) { o.Roots = x509.NewCertPool() }, egress.Certificate, false},
		"a certificate for others":  {answer(""), func(_ *egress.Options, url *string, s *httptest.Server) { *url = "https://other.example:" + port(s) }, egress.Certificate, false},
		"old TLS":                   {answer(""), func(_ *egress.Options, _ *string, s *httptest.Server) { s.TLS.MaxVersion = tls.VersionTLS11 }, egress.TLSFailed, false},
		"no TLS":                    {answer(""), func(o *egress.Options, url *string, _ *httptest.Server) { *url = plain(t) }, egress.TLSFailed, false},
		"a server that says nothing": {answer(""), func(o *egress.Options, url *string, _ *httptest.Server) {
			*url, o.TLSTimeout = silent(t), 50*time.Millisecond
		}, egress.TimedOut, false},
		"a connection that is cut":     {cut, nil, egress.BrokenOff, true},
		"headers that do not come":     {never, func(o *egress.Options, _ *string, _ *httptest.Server) { o.HeaderTimeout = 50 * time.Millisecond }, egress.TimedOut, true},
		"an answer that does not come": {never, func(o *egress.Options, _ *string, _ *httptest.Server) { o.TotalTimeout = 50 * time.Millisecond }, egress.TimedOut, true},
		"headers without an end": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Big", strings.Repeat("x", 1<<17)) },
			nil, egress.BrokenOff, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := tlsServer(t, "127.0.0.1:0", c.handler)
			zone := newZone(t)
			zone.answers("other.example", "127.0.0.1")
			o := egress.Options{Policy: allow("127.0.0.1"), Roots: trusting(s), Resolver: zone.resolver()}
			target := s.URL
			if c.change != nil {
				c.change(&o, &target, s)
			}
			_, err := get(egress.New(o), target+secretPath)
			expectError(t, err, c.reason, c.sent)
		})
	}
}

func TestACallerWhoGivesUpIsToldSo(t *testing.T) {
	arrived := make(chan struct{})
	s := tlsServer(t, "127.0.0.1:0", func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	c := egress.New(egress.Options{Policy: allow("127.0.0.1"), Roots: trusting(s)})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := c.Do(ctx, egress.Request{Method: http.MethodPost, URL: s.URL + secretPath})
	expectError(t, err, egress.Canceled, true)
	NewWithT(t).Expect(err).To(MatchError(context.Canceled))

	_, err = c.Do(ctx, egress.Request{Method: http.MethodPost, URL: "https://127.0.0.1:1" + secretPath})
	expectError(t, err, egress.Canceled, false)
}

func TestABodyThatBreaksOffDoesNotChangeTheStatus(t *testing.T) {
	g := NewWithT(t)
	s := tlsServer(t, "127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	got, err := get(egress.New(egress.Options{Policy: allow("127.0.0.1"), Roots: trusting(s)}), s.URL)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got.Status).To(Equal(http.StatusOK))
}

func TestNothingIsSentTwiceByItself(t *testing.T) {
	g := NewWithT(t)
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 1 {
			panic(http.ErrAbortHandler) // the connection was kept, and dies after the request came
		}
	}))
	t.Cleanup(s.Close)
	c := egress.New(egress.Options{Policy: allow("127.0.0.1"), PlainHTTP: true})
	send := func() error {
		_, err := c.Do(t.Context(), egress.Request{Method: http.MethodPost, URL: s.URL, Header: http.Header{"Idempotency-Key": {"k"}}, Body: []byte("x")})
		return err
	}

	g.Expect(send()).To(Succeed())
	expectError(t, send(), egress.BrokenOff, true)

	g.Expect(asked.Load()).To(BeEquivalentTo(2))
}

func port(s *httptest.Server) string {
	return fmt.Sprint(netip.MustParseAddrPort(s.Listener.Addr().String()).Port())
}

// plain is an HTTPS URL of a server that speaks clear text.
func plain(t *testing.T) string {
	s := httptest.NewServer(answer("hello"))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http:", "https:", 1)
}

// silent is an HTTPS URL where connections are taken and nothing is said.
func silent(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "https://" + l.Addr().String()
}
