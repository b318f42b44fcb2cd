// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/utils/clock"
)

// Fresh is how long an answer holds. It is shorter than the pauses after which an object that misses a kind is looked at
// again, and spares the API server a question for each of many networks.
const Fresh = 10 * time.Second

// Served answers for one cluster. It is safe for concurrent use.
type Served struct {
	api   discovery.ServerResourcesInterface
	clock clock.PassiveClock

	mu    sync.Mutex
	known map[schema.GroupVersion]answer
}

// answer is what the API server said about one version of a group.
type answer struct {
	at    time.Time
	kinds map[string]bool
}

// New asks the given API.
func New(api discovery.ServerResourcesInterface, clock clock.PassiveClock) *Served {
	return &Served{api: api, clock: clock, known: map[schema.GroupVersion]answer{}}
}

// Has says whether the cluster serves the kind in this very version.
func (s *Served) Has(kind schema.GroupVersionKind) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	version := kind.GroupVersion()
	last, asked := s.known[version]
	if now := s.clock.Now(); !asked || now.Sub(last.at) >= Fresh {
		list, err := s.api.ServerResourcesForGroupVersion(version.String())
		if err != nil && !apierrors.IsNotFound(err) {
			return false, fmt.Errorf("ask which kinds of %s are served: %w", version, err)
		}
		last = answer{at: now, kinds: names(list)}
		s.known[version] = last
	}
	return last.kinds[kind.Kind], nil
}

// Forget drops what is known of the kind's version, for a caller who has found that it is not true any more.
func (s *Served) Forget(kind schema.GroupVersionKind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, kind.GroupVersion())
}

// names lists the kinds of a group; a group that is not served has none.
func names(list *metav1.APIResourceList) map[string]bool {
	all := map[string]bool{}
	if list == nil {
		return all
	}
	for i := range list.APIResources {
		all[list.APIResources[i].Kind] = true
	}
	return all
}
