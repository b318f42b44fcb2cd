// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

const (
	// lookHolds is how long a store that was found in order is taken for it. A network that changes is looked at several times,
	// for each of its children tells when it changes too; its store needs one look only. The look of every resync is later.
	lookHolds = time.Minute
	// factsHold is how long the aggregates of a network at rest are taken for the newest. Whoever takes them looks again then.
	factsHold = 10 * time.Second
)

// Looks remembers which stores were found in order a moment ago, and for what, and what was read of them. It is safe for
// concurrent use, and nil remembers nothing.
type Looks struct {
	clock clock.PassiveClock

	mu     sync.Mutex
	last   map[types.NamespacedName]look
	admins map[types.NamespacedName][sha256.Size]byte
	// Aggregates are thrown away in whole maps, a while after they are too old.
	facts, olderFacts map[types.NamespacedName]factsRead
	turned            time.Time
}

// factsRead is what was read of a store, and when.
type factsRead struct {
	at    time.Time
	of    types.UID
	facts *stats.Network
}

type look struct {
	at    time.Time
	asked [sha256.Size]byte
}

// NewLooks tells the age of looks by a clock.
func NewLooks(clock clock.PassiveClock) *Looks {
	return &Looks{
		clock: clock, last: map[types.NamespacedName]look{}, admins: map[types.NamespacedName][sha256.Size]byte{},
		facts: map[types.NamespacedName]factsRead{},
	}
}

// asked is all that a look at a store depends on: whoever changes any of it, an annotation of the network included, wants
// the store to be looked at again. An edit of something else than the store wants no such look.
func (s *scope) asked() [sha256.Size]byte {
	h := sha256.New()
	add := func(part string) { _, _ = fmt.Fprintf(h, "%d %s", len(part), part) } // a hash takes everything
	n := s.network
	declared, _ := json.Marshal(n.Spec.Store) // it came as JSON
	for _, part := range append(s.adminParts(), string(n.UID), string(declared)) {
		add(part)
	}
	for _, role := range naming.Roles() {
		c := s.credentials[role]
		add(string(c.generation))
		add(string(c.found[:]))
	}
	add(fmt.Sprint(s.formerInUse))
	for _, key := range slices.Sorted(maps.Keys(n.Annotations)) {
		add(key)
		add(n.Annotations[key])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// adminParts is all that a session of the admin depends on: the Secret of its login, where the server is, and how it is guarded.
func (s *scope) adminParts() []string {
	found := s.note.found[useAdmin]
	return []string{string(found[:]), s.admin.Host, fmt.Sprint(s.admin.Port), s.admin.SSLMode, string(s.admin.CA)}
}

func (s *scope) adminDigest() [sha256.Size]byte {
	h := sha256.New()
	for _, part := range s.adminParts() {
		_, _ = fmt.Fprintf(h, "%d %s", len(part), part) // a hash takes everything
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// admitted says whether the server took this admin login when it was last used.
func (l *Looks) admitted(s *scope) bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known, there := l.admins[nameOf(s.network)]
	return there && known == s.adminDigest()
}

// admit remembers that the server took the admin login.
func (l *Looks) admit(s *scope) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.admins[nameOf(s.network)] = s.adminDigest()
}

// holds says whether the store was found in order a moment ago, as it is declared now.
func (l *Looks) holds(n *v1alpha1.AlumniNetwork, asked [sha256.Size]byte) bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	last, known := l.last[nameOf(n)]
	age := l.clock.Now().Sub(last.at)
	return known && last.asked == asked && age >= 0 && age < lookHolds
}

// keep remembers that the store is in order.
func (l *Looks) keep(n *v1alpha1.AlumniNetwork, asked [sha256.Size]byte) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last[nameOf(n)] = look{at: l.clock.Now(), asked: asked}
}

// remember keeps the aggregates that a look has read of a network at rest.
func (l *Looks) remember(n *v1alpha1.AlumniNetwork, read factsRead) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.clock.Now(); now.Sub(l.turned) >= factsHold {
		l.facts, l.olderFacts, l.turned = map[types.NamespacedName]factsRead{}, l.facts, now
	}
	l.facts[nameOf(n)] = read
}

// recall gives the aggregates of a network that was at rest a moment ago, and how long they may still be used; nil when there
// are none.
func (l *Looks) recall(n *v1alpha1.AlumniNetwork) (*stats.Network, time.Duration) {
	if l == nil {
		return nil, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	read, known := l.facts[nameOf(n)]
	if !known {
		read = l.olderFacts[nameOf(n)]
	}
	age := l.clock.Now().Sub(read.at)
	if read.of != n.UID || age < 0 || age >= factsHold {
		return nil, 0
	}
	return read.facts, factsHold - age
}

// forgetFacts makes the next look read the aggregates.
func (l *Looks) forgetFacts(n *v1alpha1.AlumniNetwork) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.facts, nameOf(n))
	delete(l.olderFacts, nameOf(n))
}

// forget drops what is known of a network's store.
func (l *Looks) forget(name types.NamespacedName) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.last, name)
}

// forgetAll drops all that is known of a network that is gone.
func (l *Looks) forgetAll(name types.NamespacedName) {
	if l == nil {
		return
	}
	l.forget(name)
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.admins, name)
	delete(l.facts, name)
	delete(l.olderFacts, name)
}

func nameOf(n *v1alpha1.AlumniNetwork) types.NamespacedName {
	return types.NamespacedName{Namespace: n.Namespace, Name: n.Name}
}
