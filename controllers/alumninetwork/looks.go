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
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

const (
	// lookHolds is how long a store that was found in order is taken for it, and what was read of it for the newest: until the next
	// resync. A network that changes is looked at several times, for each of its children tells when it changes too; its store
	// needs no look for that.
	lookHolds = outcome.Resync
	// A portal that does not serve may lack what somebody did to the store, or the whole server: then the store is looked at again
	// after the first of these pauses, and read after the second.
	troubledLookHolds = time.Minute
	troubledReadHolds = outcome.Poll
	// loginsHold is how long the logins that the operator does not use itself are taken to work. To try them is a session each,
	// and only somebody who changes a password past the operator makes one fail.
	loginsHold = time.Hour
)

// Looks remembers which stores were found in order a moment ago, and for what, and what was read of them. It is safe for
// concurrent use, and nil remembers nothing.
type Looks struct {
	clock clock.PassiveClock

	mu sync.Mutex
	of map[types.NamespacedName]*looked
}

// digest is of all that something depends on.
type digest [16]byte

// looked is what is known of one network's store. Times are Unix nanoseconds; 0 for never.
type looked struct {
	uid     types.UID
	asked   digest // for which the store was found in order
	foundAt int64
	triedAt int64  // when its logins were tried, for what was asked then
	tried   digest // what that was
	admin   digest // the admin login that the server took
	stirs   uint32 // how often something has happened that changes what can be read
	facts   *stats.Network
	readAt  int64 // of facts
	fails   int64 // since when the pods of the portal are there and do not serve
}

// NewLooks tells the age of looks by a clock.
func NewLooks(clock clock.PassiveClock) *Looks {
	return &Looks{clock: clock, of: map[types.NamespacedName]*looked{}}
}

// about calls use with what is known of a network's store. One that was declared anew is not known.
func (l *Looks) about(n *v1alpha1.AlumniNetwork, use func(*looked)) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.of[nameOf(n)]
	if known == nil || known.uid != n.UID {
		known = &looked{uid: n.UID}
		l.of[nameOf(n)] = known
	}
	use(known)
}

// left is how much of a time that began then is left; 0 when it is over, or when the clock went back.
func (l *Looks) left(begun int64, hold time.Duration) time.Duration {
	age := l.clock.Now().Sub(time.Unix(0, begun))
	if begun == 0 || age < 0 {
		return 0
	}
	return max(0, hold-age)
}

// asked is all that a look at a store depends on: whoever changes any of it, an annotation of the network included, wants
// the store to be looked at again. An edit of something else than the store wants no such look.
func (s *scope) asked() digest {
	n := s.network
	declared, _ := json.Marshal(n.Spec.Store) // it came as JSON
	parts := append(s.adminParts(), string(n.UID), string(declared))
	for _, role := range naming.Roles() {
		c := s.credentials[role]
		parts = append(parts, string(c.generation), string(c.found[:]))
	}
	parts = append(parts, fmt.Sprint(s.formerInUse))
	for _, key := range slices.Sorted(maps.Keys(n.Annotations)) {
		parts = append(parts, key, n.Annotations[key])
	}
	return digestOf(parts)
}

// adminParts is all that a session of the admin depends on: the Secret of its login, where the server is, and how it is guarded.
func (s *scope) adminParts() []string {
	found := s.note.found[useAdmin]
	return []string{string(found[:]), s.admin.Host, fmt.Sprint(s.admin.Port), s.admin.SSLMode, string(s.admin.CA)}
}

func digestOf(parts []string) digest {
	h := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d %s", len(part), part) // a hash takes everything
	}
	return digest(h.Sum(nil)[:len(digest{})])
}

// admitted says whether the server took this admin login when it was last used.
func (l *Looks) admitted(s *scope) (yes bool) {
	l.about(s.network, func(k *looked) { yes = k.admin == digestOf(s.adminParts()) })
	return yes
}

// admit remembers that the server took the admin login.
func (l *Looks) admit(s *scope) {
	l.about(s.network, func(k *looked) { k.admin = digestOf(s.adminParts()) })
}

// holds says whether the store was found in order a while ago, as it is declared now.
// It tells how long that still holds; 0 when it does not.
func (l *Looks) holds(n *v1alpha1.AlumniNetwork, asked digest) (left time.Duration) {
	l.about(n, func(k *looked) {
		hold := lookHolds
		if l.troubled(k) {
			hold = troubledLookHolds
		}
		if k.asked == asked {
			left = l.left(k.foundAt, hold)
		}
	})
	return left
}

// trusts says whether the logins of the store need not be tried in this look.
func (l *Looks) trusts(n *v1alpha1.AlumniNetwork, asked digest) (yes bool) {
	l.about(n, func(k *looked) { yes = !l.troubled(k) && k.tried == asked && l.left(k.triedAt, loginsHold) > 0 })
	return yes
}

// troubled says that a portal that should serve has not done so for longer than it takes to start.
func (l *Looks) troubled(k *looked) bool {
	return k.fails != 0 && l.left(k.fails, troubledReadHolds) == 0
}

// serves notes whether the portal does what its pods are there for.
func (l *Looks) serves(n *v1alpha1.AlumniNetwork, yes bool) {
	l.about(n, func(k *looked) {
		switch {
		case yes:
			k.fails = 0
		case k.fails == 0:
			k.fails = l.clock.Now().UnixNano()
		}
	})
}

// keep remembers that the store is in order, and when its logins were tried in that look, that they work.
func (l *Looks) keep(n *v1alpha1.AlumniNetwork, asked digest, tried bool) {
	l.about(n, func(k *looked) {
		now := l.clock.Now().UnixNano()
		k.asked, k.foundAt = asked, now
		if tried {
			k.tried, k.triedAt = asked, now
		}
	})
}

// stirs counts what has happened so far that changes what can be read of the store: ask before reading.
func (l *Looks) stirs(n *v1alpha1.AlumniNetwork) (so uint32) {
	l.about(n, func(k *looked) { so = k.stirs })
	return so
}

// stir makes the next look read the store, for a job has changed what is in it, or is about to.
func (l *Looks) stir(name types.NamespacedName) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := l.of[name]; k != nil {
		k.stirs, k.facts = k.stirs+1, nil
	}
}

// remember keeps the aggregates that a look has read, unless something has happened since it asked for stirs.
func (l *Looks) remember(n *v1alpha1.AlumniNetwork, facts *stats.Network, since uint32) {
	l.about(n, func(k *looked) {
		if k.stirs == since {
			k.facts, k.readAt = facts, l.clock.Now().UnixNano()
		}
	})
}

// recall gives the aggregates that an earlier look has read, and how long they are still good; nil when there are none.
func (l *Looks) recall(n *v1alpha1.AlumniNetwork) (facts *stats.Network, left time.Duration) {
	l.about(n, func(k *looked) {
		hold := lookHolds
		if l.troubled(k) {
			hold = troubledReadHolds
		}
		if left = l.left(k.readAt, hold); left > 0 {
			facts = k.facts
		}
	})
	return facts, left
}

// forgetFacts makes the next look read the aggregates.
func (l *Looks) forgetFacts(n *v1alpha1.AlumniNetwork) {
	l.about(n, func(k *looked) { k.facts = nil })
}

// forget makes the next look go to the store.
func (l *Looks) forget(n *v1alpha1.AlumniNetwork) {
	l.about(n, func(k *looked) { k.foundAt, k.facts = 0, nil })
}

// suspect makes the next look try every login, for somebody who has one has failed.
func (l *Looks) suspect(name types.NamespacedName) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := l.of[name]; k != nil {
		k.foundAt, k.triedAt = 0, 0
	}
}

// forgetAll drops all that is known of a network that is gone.
func (l *Looks) forgetAll(name types.NamespacedName) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of, name)
}

func nameOf(n *v1alpha1.AlumniNetwork) types.NamespacedName {
	return types.NamespacedName{Namespace: n.Namespace, Name: n.Name}
}
