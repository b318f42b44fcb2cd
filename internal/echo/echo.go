// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package echo

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// Own remembers the version of each object that was written last and whose event has not come yet. It is safe for concurrent
// use, and nil remembers nothing.
type Own struct {
	mu sync.Mutex
	of map[types.UID]written
}

type written struct {
	version string
	awaited bool // its event is wanted
}

// New remembers nothing yet.
func New() *Own { return &Own{of: map[types.UID]written{}} }

// Wrote notes an object as the API server has answered a write of it: with its UID and its new version.
func (o *Own) Wrote(obj client.Object) {
	if o == nil || obj.GetUID() == "" || obj.GetResourceVersion() == "" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.of[obj.GetUID()] = written{version: obj.GetResourceVersion()}
}

// Behind says that an object as a cache has it is older than what was written last: whoever goes on with it would be refused.
// The event of that write, which is on its way, is let pass then, so that the object is looked at when the cache has it.
func (o *Own) Behind(cached client.Object) bool {
	if o == nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	last, there := o.of[cached.GetUID()]
	if !there {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(cached.GetResourceVersion(), last.version)
	if err != nil || order >= 0 { // the event came before the answer
		delete(o.of, cached.GetUID())
		return false
	}
	last.awaited = true
	o.of[cached.GetUID()] = last
	return true
}

// Predicate lets every event pass but those of versions that were noted.
func (o *Own) Predicate() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return !o.hears(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool { return !o.hears(e.ObjectNew) },
		DeleteFunc: func(e event.DeleteEvent) bool { o.forget(e.Object); return true },
	}
}

// hears says whether an event is of the version that was noted, which is forgotten then, and nobody waits for it.
func (o *Own) hears(obj client.Object) bool {
	if o == nil || obj == nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	last, there := o.of[obj.GetUID()]
	if !there || last.version != obj.GetResourceVersion() {
		return false
	}
	delete(o.of, obj.GetUID())
	return !last.awaited
}

func (o *Own) forget(obj client.Object) {
	if o == nil || obj == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.of, obj.GetUID())
}
