// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

// counter passes sessions on to a server and remembers how many were open at once.
type counter struct {
	port uint16

	mu         sync.Mutex
	open, most int
	all        int
}

func newCounter(t *testing.T, g Gomega, host string, port uint16) *counter {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	address, ok := listener.Addr().(*net.TCPAddr)
	g.Expect(ok).To(BeTrue())
	c := &counter{port: uint16(address.Port)}
	var running sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); running.Wait() })
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				c.pass(context.WithoutCancel(t.Context()), client, net.JoinHostPort(host, strconv.Itoa(int(port))))
			})
		}
	})
	return c
}

// pass counts a session until the client has closed it.
func (c *counter) pass(ctx context.Context, client net.Conn, server string) {
	defer func() { _ = client.Close() }()
	behind, err := (&net.Dialer{}).DialContext(ctx, "tcp", server)
	if err != nil {
		return
	}
	c.change(1)
	go func() { _, _ = io.Copy(client, behind); _ = client.Close() }()
	_, _ = io.Copy(behind, client)
	c.change(-1)
	_ = behind.Close()
}

func (c *counter) change(by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open += by
	c.most = max(c.most, c.open)
	c.all += max(0, by)
}

// total is how many sessions there were.
func (c *counter) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

// take gives the most sessions since the last time.
func (c *counter) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := c.most
	c.most = c.open
	return most
}

// TestNoWorkTakesMoreSessionsThanItSetsAside counts what each piece of work has open at once: a budget relies on it.
func TestNoWorkTakesMoreSessionsThanItSetsAside(t *testing.T) {
	g := NewWithT(t)
	w := newWorldOn(t, pg.New(t), false)
	t.Cleanup(w.dropTemplates)
	c := newCounter(t, g, w.admin.Host, w.admin.Port)
	w.admin.Port = c.port
	// A session that was closed a moment ago may still be counted: one more is within the truth.
	within := func(sessions int) {
		t.Helper()
		g.Expect(c.take()).To(BeNumerically("<=", sessions+1))
		g.Eventually(c.take).Should(BeZero(), "what was closed is not counted for what comes next")
	}

	w.another("zero").ensure()
	within(EnsureSessions)
	w.copy()
	within(EnsureSessions)
	g.Expect(Check(t.Context(), w.spec.Login(w.admin, naming.RoleMetrics), w.spec)).To(BeEmpty())
	within(CheckSessions)
	g.Expect(MakeScratch(t.Context(), w.admin, w.spec)).To(Succeed())
	g.Expect(DropScratch(t.Context(), w.admin, w.spec)).To(Succeed())
	within(ScratchSessions)
}

// TestAGlanceTakesOneSessionAndNoPassword looks at a store without the logins of the roles.
func TestAGlanceTakesOneSessionAndNoPassword(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	w := newWorld(t, false)
	w.ensure()
	glance, err := NewSpec(w.spec.Database, w.spec.Claim, nil)
	g.Expect(err).NotTo(HaveOccurred())
	counted := newCounter(t, g, w.admin.Host, w.admin.Port)
	metrics := w.spec.Login(w.admin, naming.RoleMetrics)
	metrics.Host, metrics.Port = w.admin.Host, counted.port

	w.exec("ALTER ROLE " + quote(naming.DatabaseRole(w.spec.Database, naming.RolePortal)) + " PASSWORD 'of somebody else'")
	g.Expect(Check(ctx, metrics, glance)).To(BeEmpty(), "a password cannot be seen")
	g.Expect(counted.total()).To(Equal(1))
	g.Expect(Check(ctx, metrics, w.spec)).To(HaveLen(1), "but it can be tried")
	g.Expect(counted.total()).To(Equal(1 + len(naming.Roles())))

	w.exec("ALTER ROLE " + quote(naming.DatabaseRole(w.spec.Database, naming.RolePortal)) + " NOLOGIN")
	g.Expect(Check(ctx, metrics, glance)).NotTo(BeEmpty(), "what stands in the catalogs is seen")
	_, err = Ensure(ctx, EnsureInput{Admin: w.admin, Spec: glance})
	g.Expect(err).To(MatchError(ContainSubstring("no passwords")))
}
