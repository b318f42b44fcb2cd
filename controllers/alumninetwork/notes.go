// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
)

// use is what a network needs a Secret for.
type use int

const (
	useAdmin use = iota
	useAuthority
	usePepper
	useTokenKey
	useEmail
	useDKIM
	useBucket
	useIdentity
	useRoster
	useStaff
	uses // how many there are; the logins of the roles have notes of their own
)

// mark is a Secret in one version: a digest of name and version, never of what it holds. None is like that of another Secret or
// of another version.
type mark [16]byte

func markOf(name, version string) mark {
	sum := sha256.Sum256([]byte(name + "\x00" + version))
	return mark(sum[:])
}

// Versions tells in which version a Secret was last seen, where that is known.
type Versions interface {
	Version(secret types.NamespacedName) (version string, known bool)
}

// Notes remembers of the Secrets that were read what a look at a network needs as long as they do not change: in which version
// they were found in order, and of logins when they were made and renewed. It never holds a value. It is safe for concurrent
// use by the looks at different networks, and nil remembers nothing.
type Notes struct {
	versions Versions

	mu sync.Mutex
	of map[types.NamespacedName]*note
}

// note is what is remembered for one network. Only the one look at it that is under way uses it.
type note struct {
	uid    types.UID
	found  [uses]mark             // the Secret that was in order when it was last read for a use; zero for none
	place  [sha256.Size]byte      // where the server was by the admin's Secret, or by its Cluster's authority
	logins [loginsNoted]loginNote // of naming.Roles, in that order

	destinations map[string]mark // by field, the Secret of each destination that was in order when it was last read; nil for none

	portalAsked [sha256.Size]byte // what the hash of the portal was last made from
	portalHash  string
}

// loginsNoted is the number of naming.Roles.
const loginsNoted = 7

// loginNote is what a look needs of a login that it does not use. Times are Unix seconds; 0 for never.
type loginNote struct {
	found             mark
	second            bool // of the two generations
	madeAt, rotatedAt int64
	rotatedFor        string
}

// NewNotes takes the versions of Secrets from whoever watches them.
func NewNotes(versions Versions) *Notes {
	return &Notes{versions: versions, of: map[types.NamespacedName]*note{}}
}

// about is the note on a network. A network that was declared anew has an empty one.
func (l *Notes) about(n *v1alpha1.AlumniNetwork) *note {
	if l == nil {
		return &note{uid: n.UID}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.of[nameOf(n)]
	if known == nil || known.uid != n.UID {
		known = &note{uid: n.UID}
		l.of[nameOf(n)] = known
	}
	return known
}

// forget drops what is known of a network that is gone.
func (l *Notes) forget(name types.NamespacedName) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of, name)
}

// stands says whether a Secret has the version now in which it was found.
func (l *Notes) stands(namespace, name string, found mark) bool {
	if l == nil || found == (mark{}) {
		return false
	}
	version, known := l.versions.Version(types.NamespacedName{Namespace: namespace, Name: name})
	return known && markOf(name, version) == found
}

// unchanged says whether the Secret for a use is as it was when it was last found in order.
func (r *Reconciler) unchanged(s *scope, u use, name string) bool {
	return r.Notes.stands(s.network.Namespace, name, s.note.found[u])
}

// found notes that a Secret is in order, so that it need not be read again for this use in this version.
func (s *scope) found(u use, secret *corev1.Secret) {
	s.note.found[u] = markOf(secret.Name, secret.ResourceVersion)
}

// holds checks that a Secret has something under some keys, where it has changed since that was last so.
func (r *Reconciler) holds(ctx context.Context, s *scope, u use, name string, keys ...string) error {
	if r.unchanged(s, u, name) {
		return nil
	}
	secret, err := secretwatch.Read(ctx, r.Live, types.NamespacedName{Namespace: s.network.Namespace, Name: name}, keys...)
	if err != nil {
		return err
	}
	s.found(u, secret)
	return nil
}

// recallLogin is the login of a role whose Secret has not changed, without its password.
func (r *Reconciler) recallLogin(s *scope, role naming.Role) (credential, bool) {
	known := s.note.login(role)
	if !r.Notes.stands(s.network.Namespace, naming.DatabaseSecret(s.network.Name, role), known.found) {
		return credential{}, false
	}
	c := credential{found: known.found, generation: naming.GenerationA, rotatedFor: known.rotatedFor, madeAt: time.Unix(known.madeAt, 0)}
	if known.second {
		c.generation = naming.GenerationB
	}
	if known.rotatedAt != 0 {
		c.rotatedAt = time.Unix(known.rotatedAt, 0).UTC()
	}
	return c, true
}

// keep notes all but the password of a login.
func (k *note) keep(role naming.Role, c credential) {
	known := loginNote{found: c.found, second: c.generation == naming.GenerationB, rotatedFor: c.rotatedFor, madeAt: c.madeAt.Unix()}
	if !c.rotatedAt.IsZero() {
		known.rotatedAt = c.rotatedAt.Unix()
	}
	*k.login(role) = known
}

// login is the note on a role's login.
func (k *note) login(role naming.Role) *loginNote {
	for i, other := range naming.Roles() {
		if other == role {
			return &k.logins[i]
		}
	}
	return &loginNote{} // of a role that there is not: nothing is remembered
}

// askedOfPortal is all that the hash of the portal depends on: settings and address, and for what is secret the Secret's version.
func (s *scope) askedOfPortal(open string) [sha256.Size]byte {
	token, email := s.note.found[useTokenKey], s.note.found[useEmail]
	if s.network.Email() == nil || s.network.Email().CredentialsSecretRef == nil {
		email = mark{}
	}
	return sha256.Sum256(fmt.Appendf(nil, "%s %s %s", open, hex.EncodeToString(token[:]), hex.EncodeToString(email[:])))
}
