// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package echo

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// Own remembers the version of each object that was written last and whose event has not come yet. It is safe for concurrent
// use, and nil remembers nothing.
type Own struct {
	mu sync.Mutex
	of map[types.UID]string // resource versions
}

// New remembers nothing yet.
func New() *Own { return &Own{of: map[types.UID]string{}} }

// Wrote notes an object as the API server has answered a write of it: with its UID and its new version.
func (o *Own) Wrote(obj client.Object) {
	if o == nil || obj.GetUID() == "" || obj.GetResourceVersion() == "" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.of[obj.GetUID()] = obj.GetResourceVersion()
}

// Predicate lets every event pass but those of versions that were noted.
func (o *Own) Predicate() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return !o.hears(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool { return !o.hears(e.ObjectNew) },
		DeleteFunc: func(e event.DeleteEvent) bool { o.forget(e.Object); return true },
	}
}

// hears says whether an event is of the version that was noted, which is forgotten then.
func (o *Own) hears(obj client.Object) bool {
	if o == nil || obj == nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	own := o.of[obj.GetUID()] == obj.GetResourceVersion() && obj.GetResourceVersion() != ""
	if own {
		delete(o.of, obj.GetUID())
	}
	return own
}

func (o *Own) forget(obj client.Object) {
	if o == nil || obj == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.of, obj.GetUID())
}
