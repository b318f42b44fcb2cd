// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package egress_test

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/alumni-operator/alumni-operator/internal/egress"
)

// zone is a name server on loopback whose answers change as an attacker's do.
type zone struct {
	conn net.PacketConn

	mu      sync.Mutex
	answer  map[string][][]string // of each name: what each question gets; the last answer stays
	queries int
}

func newZone(t *testing.T) *zone {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	z := &zone{conn: conn, answer: map[string][][]string{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		z.serve()
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return z
}

// answers sets the addresses of a name, one list for each time that it is resolved: "a b" are two addresses at once.
func (z *zone) answers(name string, lists ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, list := range lists {
		z.answer[name+"."] = append(z.answer[name+"."], strings.Fields(list))
	}
}

func (z *zone) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", z.conn.LocalAddr().String())
	}}
}

func (z *zone) serve() {
	buffer := make([]byte, 1500)
	for {
		n, from, err := z.conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buffer[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		reply, err := z.reply(m)
		if err == nil {
			_, _ = z.conn.WriteTo(reply, from)
		}
	}
}

// reply gives the addresses of the question's family. A name is resolved by one question for each family, and moves
// on to its next list with the one for IPv4.
func (z *zone) reply(m dnsmessage.Message) ([]byte, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	q := m.Questions[0]
	m.Header.Response, m.Header.Authoritative, m.Additionals = true, true, nil
	lists, known := z.answer[strings.ToLower(q.Name.String())]
	if !known {
		m.Header.RCode = dnsmessage.RCodeNameError
		return m.Pack()
	}
	for _, word := range lists[0] {
		a := netip.MustParseAddr(word)
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: dnsmessage.ClassINET}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	if q.Type == dnsmessage.TypeA {
		z.queries++
		if len(lists) > 1 {
			z.answer[strings.ToLower(q.Name.String())] = lists[1:]
		}
	}
	return m.Pack()
}

func TestANameThatTurnsToAnotherAddressIsRefusedThere(t *testing.T) {
	g := NewWithT(t)
	good := tlsServer(t, "127.0.0.2:0", answer("outside"))
	inside := tlsServer(t, "127.0.0.1:"+port(good), func(http.ResponseWriter, *http.Request) { t.Error("the inside was asked") })
	roots := trusting(good)
	roots.AddCert(inside.Certificate())
	zone := newZone(t)
	zone.answers("example.com", "127.0.0.2", "127.0.0.1")
	c := egress.New(egress.Options{Policy: allow("127.0.0.2"), Roots: roots, Resolver: zone.resolver()})
	url := "https://example.com:" + port(good) + secretPath

	got, err := get(c, url)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(got.Body)).To(Equal("outside"))
	g.Expect(c.CheckURL(url)).To(Succeed(), "the URL itself is in order")

	_, err = get(c, url)
	g.Expect(err).NotTo(HaveOccurred(), "the connection was judged when it was made, and is kept")

	c.CloseIdleConnections()
	_, err = get(c, url)
	expectError(t, err, egress.AddressRefused, false)
	g.Expect(zone.queries).To(Equal(2))
}

func TestOfSeveralAddressesOnlyTheAllowedAreDialled(t *testing.T) {
	g := NewWithT(t)
	good := tlsServer(t, "127.0.0.2:0", answer("outside"))
	inside := tlsServer(t, "127.0.0.1:"+port(good), func(http.ResponseWriter, *http.Request) { t.Error("the inside was asked") })
	roots := trusting(good)
	roots.AddCert(inside.Certificate())
	zone := newZone(t)
	zone.answers("example.com", "127.0.0.1 ::1 ::ffff:127.0.0.1 169.254.169.254 127.0.0.2")
	c := egress.New(egress.Options{Policy: allow("127.0.0.2"), Roots: roots, Resolver: zone.resolver()})

	got, err := get(c, "https://example.com:"+port(good)+secretPath)

	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(got.Body)).To(Equal("outside"))
}

func TestNamesThatLeadInsideAreRefused(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1", "10.96.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1",
		"64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "::",
	} {
		t.Run(address, func(t *testing.T) {
			zone := newZone(t)
			zone.answers("example.com", address)
			_, err := get(egress.New(egress.Options{Resolver: zone.resolver()}), "https://example.com"+secretPath)
			expectError(t, err, egress.AddressRefused, false)
		})
	}
}
