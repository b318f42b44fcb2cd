// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package secretwatch

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

const (
	// sweepEvery is how often namespaces are checked for being in use.
	sweepEvery = 10 * time.Minute
	// Pauses while a namespace cannot be watched grow from the first to the last.
	firstPause = 500 * time.Millisecond
	lastPause  = 30 * time.Second
)

var secrets = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

// Mapper tells which objects must be looked at when a Secret changes. Only its name is known.
type Mapper func(ctx context.Context, secret types.NamespacedName) []reconcile.Request

// InUse says whether a namespace holds an object that may refer to Secrets.
type InUse func(ctx context.Context, namespace string) (bool, error)

// Watcher watches the Secrets of namespaces that are asked for. Add it to the manager, give its Source to
// each controller, and call Watch for the namespace of each object that is reconciled.
type Watcher struct {
	client metadata.Interface
	inUse  InUse

	mu          sync.Mutex
	base        context.Context // set while Start runs
	running     map[string]context.CancelFunc
	subscribers []func(secret types.NamespacedName, first bool)
}

// New makes a Watcher. inUse lets it stop watching namespaces that nobody needs any more.
func New(client metadata.Interface, inUse InUse) *Watcher {
	return &Watcher{client: client, inUse: inUse, running: map[string]context.CancelFunc{}}
}

// Start runs until the context ends; controller-runtime calls it.
func (w *Watcher) Start(ctx context.Context) error {
	w.mu.Lock()
	w.base = ctx
	for namespace := range w.running {
		w.begin(namespace)
	}
	w.mu.Unlock()
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			w.sweep(ctx)
		}
	}
}

// Watch makes sure that the Secrets of a namespace are watched. It returns at once and may be called often.
func (w *Watcher) Watch(namespace string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.running[namespace]; known {
		return
	}
	w.running[namespace] = nil
	if w.base != nil {
		w.begin(namespace)
	}
}

// Namespaces is the number of namespaces that are watched now.
func (w *Watcher) Namespaces() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.running)
}

// Source feeds a controller's queue with the objects that a changed Secret concerns.
func (w *Watcher) Source(mapper Mapper) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.subscribers = append(w.subscribers, func(secret types.NamespacedName, first bool) {
			for _, request := range mapper(ctx, secret) {
				add(queue, request, first)
			}
		})
		return nil
	})
}

// add asks for a look. What the first list of a namespace holds is hardly news, for each of its objects is looked at anyway
// when the operator starts: it gives way to whatever has changed.
func add(queue workqueue.TypedRateLimitingInterface[reconcile.Request], request reconcile.Request, first bool) {
	if ranked, ok := queue.(priorityqueue.PriorityQueue[reconcile.Request]); ok && first {
		ranked.AddWithOpts(priorityqueue.AddOpts{Priority: new(handler.LowPriority)}, request)
		return
	}
	queue.Add(request)
}

// begin starts the watch of one namespace. The caller holds the lock.
func (w *Watcher) begin(namespace string) {
	ctx, cancel := context.WithCancel(w.base)
	w.running[namespace] = cancel
	go w.follow(ctx, namespace)
}

// follow lists and watches until the context ends, with growing pauses while that is not possible.
func (w *Watcher) follow(ctx context.Context, namespace string) {
	api := w.client.Resource(secrets).Namespace(namespace)
	lists := cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return api.List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return api.Watch(ctx, options)
		},
	}, w.client)
	known := &versions{tell: func(name string, first bool) {
		w.changed(types.NamespacedName{Namespace: namespace, Name: name}, first)
	}}
	reflector := cache.NewReflectorWithOptions(lists, &metav1.PartialObjectMetadata{}, known, cache.ReflectorOptions{Name: "secretwatch"})
	pause := wait.Backoff{Duration: firstPause, Factor: 2, Jitter: 0.2, Steps: 10, Cap: lastPause}
	for next := pause; ctx.Err() == nil; {
		begun := time.Now()
		if err := reflector.ListAndWatchWithContext(ctx); err != nil {
			log.FromContext(ctx).V(1).Info("Watching Secrets is not possible at present", "namespace", namespace, "error", err.Error())
		}
		if time.Since(begun) > lastPause {
			next = pause
		}
		select {
		case <-time.After(next.Step()):
		case <-ctx.Done():
		}
	}
}

// changed tells every subscriber of one Secret.
func (w *Watcher) changed(secret types.NamespacedName, first bool) {
	w.mu.Lock()
	subscribers := w.subscribers
	w.mu.Unlock()
	for _, tell := range subscribers {
		tell(secret, first)
	}
}

// sweep ends the watches of namespaces that hold no object of ours any more.
func (w *Watcher) sweep(ctx context.Context) {
	w.mu.Lock()
	namespaces := make([]string, 0, len(w.running))
	for namespace := range w.running {
		namespaces = append(namespaces, namespace)
	}
	w.mu.Unlock()
	for _, namespace := range namespaces {
		if used, err := w.inUse(ctx, namespace); used || err != nil {
			continue
		}
		w.mu.Lock()
		if cancel := w.running[namespace]; cancel != nil {
			cancel()
		}
		delete(w.running, namespace)
		w.mu.Unlock()
	}
}
