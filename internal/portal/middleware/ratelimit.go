// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package middleware

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// maxClients bounds the memory of a limiter. When it is full, the clients that waited longest are forgotten.
	maxClients = 10_000
	// ipv6Client is the part of an IPv6 address that one customer is given: one bucket for all of it.
	ipv6Client = 64
)

// Limiter is a token bucket for each client address. It belongs to one process: with n replicas a client has at
// most n times as much.
type Limiter struct {
	every time.Duration
	burst int
	now   func() time.Time

	mu      sync.Mutex
	clients map[netip.Prefix]*bucket
}

type bucket struct {
	limiter *rate.Limiter
	seen    time.Time
}

// NewLimiter allows burst requests at once and then one in each period.
func NewLimiter(every time.Duration, burst int, now func() time.Time) *Limiter {
	return &Limiter{every: every, burst: burst, now: now, clients: map[netip.Prefix]*bucket{}}
}

// Allow takes one token of a client.
func (l *Limiter) Allow(client netip.Addr) bool {
	bits := client.BitLen()
	if client.Is6() {
		bits = ipv6Client
	}
	key, err := client.Prefix(bits)
	if err != nil {
		key = netip.Prefix{} // all clients that cannot be told apart share one bucket
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.clients[key]
	if b == nil {
		if len(l.clients) >= maxClients {
			l.forget(now)
		}
		b = &bucket{limiter: rate.NewLimiter(rate.Every(l.every), l.burst)}
		l.clients[key] = b
	}
	b.seen = now
	return b.limiter.AllowN(now, 1)
}

// Clients is how many clients the limiter remembers.
func (l *Limiter) Clients() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.clients)
}

// forget drops the clients whose bucket is full again anyway, and, under an attack from many addresses, everyone:
// a limiter must never be the thing that runs out of memory.
func (l *Limiter) forget(now time.Time) {
	full := l.every * time.Duration(l.burst)
	for key, b := range l.clients {
		if now.Sub(b.seen) >= full {
			delete(l.clients, key)
		}
	}
	if len(l.clients) >= maxClients {
		clear(l.clients)
	}
}

// RateLimit refuses requests to the routes in limited beyond what the limiter allows their client.
func RateLimit(l *Limiter, route RouteOf, limited map[string]bool, proxies []netip.Prefix, refuse Refuse) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if limited[route(r)] && !l.Allow(ClientIP(r, proxies)) {
				w.Header().Set("Retry-After", "60")
				refuse(w, r, http.StatusTooManyRequests)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
