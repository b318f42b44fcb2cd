// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"
)

// The limits of a client that is not told otherwise.
const (
	DefaultConnectTimeout = 10 * time.Second
	DefaultTLSTimeout     = 10 * time.Second
	DefaultHeaderTimeout  = 30 * time.Second
	DefaultTotalTimeout   = time.Minute
	DefaultMaxBody        = 64 << 10
	DefaultConnections    = 16
)

const (
	maxHeader   = 64 << 10
	idleTimeout = 90 * time.Second
	userAgent   = "alumni-operator"
)

// Options are what a Client is made of. The zero value is strict and has the default limits.
type Options struct {
	Policy Policy
	// PlainHTTP allows http:// beside https://. Whoever can listen on the way then reads what is sent.
	PlainHTTP bool
	// Proxy, if there is one, is asked for every URL instead of the server itself; its own address must be public or
	// allowed. The proxy resolves names, so it is the proxy that must keep them from leading into the cluster:
	// only addresses that stand in a URL are judged here.
	Proxy *url.URL
	// Roots are the authorities that are trusted; nil means the system's.
	Roots *x509.CertPool
	// Resolver resolves names; nil means the system's.
	Resolver *net.Resolver
	// Limits; 0 means the default of the same name.
	ConnectTimeout, TLSTimeout, HeaderTimeout, TotalTimeout time.Duration
	// MaxBody is how much of an answer's body is kept, in bytes.
	MaxBody int64
	// Connections bounds the idle connections that are kept to one host.
	Connections int
}

// Client calls URLs within the bounds of its Options. It is safe for concurrent use.
type Client struct {
	http      *http.Client
	policy    Policy
	plainHTTP bool
	proxied   bool
	total     time.Duration
	maxBody   int64
}

// Request is what to send. Nothing of it is ever part of an error.
type Request struct {
	Method string // as http.MethodPost
	URL    string
	Header http.Header
	Body   []byte
}

// Answer is what a server said.
type Answer struct {
	Status int
	Header http.Header
	// Body is the beginning of the body, at most Options.MaxBody bytes; less when the connection broke off in it.
	Body []byte
}

// New makes a client with a connection pool of its own.
func New(o Options) *Client {
	c := &Client{policy: o.Policy, plainHTTP: o.PlainHTTP, proxied: o.Proxy != nil, total: or(o.TotalTimeout, DefaultTotalTimeout),
		maxBody: or(o.MaxBody, DefaultMaxBody)}
	dialer := &net.Dialer{Timeout: or(o.ConnectTimeout, DefaultConnectTimeout), Resolver: o.Resolver, Control: c.judge}
	transport := &http.Transport{
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		TLSHandshakeTimeout:   or(o.TLSTimeout, DefaultTLSTimeout),
		ResponseHeaderTimeout: or(o.HeaderTimeout, DefaultHeaderTimeout), MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost: or(o.Connections, DefaultConnections), IdleConnTimeout: idleTimeout,
		DisableCompression: true, ForceAttemptHTTP2: true,
	}
	if o.Proxy != nil {
		transport.Proxy = http.ProxyURL(o.Proxy)
	}
	c.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c
}

func or[T comparable](given, otherwise T) T {
	var zero T
	if given == zero {
		return otherwise
	}
	return given
}

// judge is called with the address of every connection just before it is made.
func (c *Client) judge(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return &Refused{Reserved}
	}
	return c.policy.Check(target.Addr())
}

// CheckURL tells whether a URL is one that this client would call, as far as that can be told without a network.
// Its error is an *Error that does not quote the URL.
func (c *Client) CheckURL(raw string) error {
	_, err := c.parse(raw)
	return err
}

func (c *Client) parse(raw string) (*url.URL, error) {
	target, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, invalid("the URL cannot be read")
	case target.Scheme == "http" && !c.plainHTTP:
		return nil, invalid("the URL must start with https://")
	case target.Scheme != "https" && target.Scheme != "http":
		return nil, invalid("the URL must start with https://")
	case target.Hostname() == "" || target.Opaque != "":
		return nil, invalid("the URL names no host")
	case target.User != nil:
		return nil, invalid("the URL must hold no user name or password")
	}
	if address, err := netip.ParseAddr(target.Hostname()); err == nil {
		if err := c.policy.Check(address); err != nil {
			return nil, &Error{Reason: AddressRefused, detail: err.Error(), cause: err}
		}
	}
	return target, nil
}

// Do sends a request and reads the answer, whatever its status. The error is an *Error.
func (c *Client) Do(ctx context.Context, r Request) (*Answer, error) {
	target, err := c.parse(r.URL)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, c.total)
	defer cancel()
	var sent atomic.Bool
	traced := httptrace.WithClientTrace(limited, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	request, err := http.NewRequestWithContext(traced, r.Method, target.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, invalid("the URL cannot be called")
	}
	// Without it the transport cannot send the body once more by itself, which it would do for some headers.
	request.GetBody = nil
	if r.Header != nil {
		request.Header = r.Header.Clone()
	}
	request.Header.Set("User-Agent", userAgent)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, explain(ctx, err, sent.Load())
	}
	defer func() { _ = response.Body.Close() }()
	// The status is the answer; a body that breaks off does not change it.
	body, _ := io.ReadAll(io.LimitReader(response.Body, c.maxBody))
	return &Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// CloseIdleConnections ends the connections that nobody uses. A later request resolves and is judged anew.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }
