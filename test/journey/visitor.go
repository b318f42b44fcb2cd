// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package journey

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Visitor is one person's browser at one portal.
type Visitor struct {
	// Portal is host and port at which the portal answers; with a Host, the address of what exposes it, without a port.
	Portal string
	// Host is what the visitor asks for there, over TLS and trusting Roots alone. Empty: the portal itself, without TLS.
	Host    string
	Roots   *x509.CertPool
	cookies map[string]string
}

// Page is what the portal answered.
type Page struct {
	Status int
	Header http.Header
	Body   string
}

// Get opens a page. Redirects are followed by hand, so that each answer is seen.
func (v *Visitor) Get(ctx context.Context, path string) (Page, error) {
	return v.do(ctx, http.MethodGet, path, "", "")
}

// Post sends a form and follows the redirect after it.
func (v *Visitor) Post(ctx context.Context, path string, form url.Values) (Page, error) {
	page, err := v.do(ctx, http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode())
	if err == nil && page.Status == http.StatusSeeOther {
		return v.Get(ctx, page.Header.Get("Location"))
	}
	return page, err
}

func (v *Visitor) do(ctx context.Context, method, path, contentType, body string) (Page, error) {
	origin := "http://" + v.Portal
	if v.Host != "" {
		origin = "https://" + v.Host
	}
	req, err := http.NewRequestWithContext(ctx, method, origin+path, strings.NewReader(body))
	if err != nil {
		return Page{}, err
	}
	req.Close = true // a connection of its own for each request
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for name, value := range v.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	client := http.Client{
		Timeout:       20 * time.Second,
		Transport:     v.transport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		return Page{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return Page{}, err
	}
	// Kept by hand: a cookie jar would not send a Secure cookie over the forwarded port.
	for _, c := range res.Cookies() {
		if v.cookies == nil {
			v.cookies = map[string]string{}
		}
		v.cookies[c.Name] = c.Value
	}
	return Page{Status: res.StatusCode, Header: res.Header, Body: string(text)}, nil
}

// transport reaches the portal by its address, whatever its host resolves to.
func (v *Visitor) transport() *http.Transport {
	if v.Host == "" {
		return &http.Transport{}
	}
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: v.Roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(v.Portal, "443"))
		},
	}
}

// link finds a sign-in link in a mail and gives its path.
var link = regexp.MustCompile(`https?://[^\s/]+(/sign-in/[A-Za-z0-9_-]+)`)

// Inbox is where the mail of one network can be read.
type Inbox interface {
	// Mails reads the mails to one recipient, newest first.
	Mails(ctx context.Context, to string) ([]Mail, error)
}

// SignIn asks for a link by mail, waits for it in the inbox, and opens it.
func (v *Visitor) SignIn(ctx context.Context, box Inbox, address string) error {
	earlier, err := box.Mails(ctx, address)
	if err != nil {
		return err
	}
	page, err := v.Post(ctx, "/sign-in", url.Values{"address": {address}})
	if err != nil {
		return err
	}
	if page.Status != http.StatusOK {
		return fmt.Errorf("ask for a sign-in link: the portal answered %d", page.Status)
	}
	path, err := waitForLink(ctx, box, address, earlier)
	if err != nil {
		return err
	}
	if page, err = v.Get(ctx, path); err != nil || page.Status != http.StatusOK {
		return errors.Join(err, fmt.Errorf("open the sign-in link: the portal answered %d", page.Status))
	}
	if page, err = v.Post(ctx, path, url.Values{}); err != nil || page.Status != http.StatusOK {
		return errors.Join(err, fmt.Errorf("use the sign-in link: the portal answered %d", page.Status))
	}
	if page, err = v.Get(ctx, "/me"); err != nil || page.Status != http.StatusOK {
		return errors.Join(err, fmt.Errorf("open the own page: the portal answered %d", page.Status))
	}
	return nil
}

// waitForLink waits for a sign-in link in a mail that is not one of the earlier.
func waitForLink(ctx context.Context, box Inbox, address string, earlier []Mail) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		mails, err := box.Mails(ctx, address)
		if err != nil {
			return "", err
		}
		for _, m := range mails {
			known := slices.ContainsFunc(earlier, func(e Mail) bool { return e.ID == m.ID })
			if found := link.FindStringSubmatch(m.Text); found != nil && !known {
				return found[1], nil
			}
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("no sign-in link arrived: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// Leave withdraws from the network: the page that explains, the form, the confirmation.
func (v *Visitor) Leave(ctx context.Context) error {
	for _, path := range []string{"/me/leave", "/me/leave/confirm"} {
		if page, err := v.Get(ctx, path); err != nil || page.Status != http.StatusOK {
			return errors.Join(err, fmt.Errorf("open %s: the portal answered %d", path, page.Status))
		}
	}
	page, err := v.Post(ctx, "/me/leave/confirm", url.Values{"understood": {"yes"}})
	if err != nil || page.Status != http.StatusOK {
		return errors.Join(err, fmt.Errorf("leave the network: the portal answered %d", page.Status))
	}
	return nil
}
