// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package secretwatch

import (
	"context"
	"maps"
	"slices"
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
	running     map[string]*watched
	subscribers []func(secret types.NamespacedName, first bool)
}

// watched is the watch of the Secrets of one namespace.
type watched struct {
	cancel context.CancelFunc // nil until Start runs
	known  *versions
}

// New makes a Watcher. inUse lets it stop watching namespaces that nobody needs any more.
func New(client metadata.Interface, inUse InUse) *Watcher {
	return &Watcher{client: client, inUse: inUse, running: map[string]*watched{}}
}

// Start runs until the context ends; controller-runtime calls it.
func (w *Watcher) Start(ctx context.Context) error {
	w.mu.Lock()
	w.base = ctx
	for name, one := range w.running {
		w.begin(name, one)
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
func (w *Watcher) Watch(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.running[name]; known {
		return
	}
	one := &watched{known: &versions{tell: func(secret string, first bool) {
		w.changed(types.NamespacedName{Namespace: name, Name: secret}, first)
	}}}
	w.running[name] = one
	if w.base != nil {
		w.begin(name, one)
	}
}

// Version is the version of a Secret that its watch has told of last. It is not known of a Secret that does not exist, or not
// yet for the watch, nor as long as the watch does not stand: then only reading the Secret tells. A newer version that is on
// its way asks for a look of its own when it arrives.
func (w *Watcher) Version(secret types.NamespacedName) (version string, known bool) {
	if w == nil {
		return "", false
	}
	w.mu.Lock()
	one := w.running[secret.Namespace]
	w.mu.Unlock()
	if one == nil {
		return "", false
	}
	return one.known.version(secret.Name)
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
func (w *Watcher) begin(name string, one *watched) {
	ctx, cancel := context.WithCancel(w.base)
	one.cancel = cancel
	go w.follow(ctx, name, one.known)
}

// follow lists and watches until the context ends, with growing pauses while that is not possible.
func (w *Watcher) follow(ctx context.Context, namespace string, known *versions) {
	reflector := cache.NewReflectorWithOptions(w.listWatch(namespace, known), &metav1.PartialObjectMetadata{}, known,
		cache.ReflectorOptions{Name: "secretwatch"})
	pause := wait.Backoff{Duration: firstPause, Factor: 2, Jitter: 0.2, Steps: 10, Cap: lastPause}
	for next := pause; ctx.Err() == nil; {
		begun := time.Now()
		if err := reflector.ListAndWatchWithContext(ctx); err != nil {
			log.FromContext(ctx).V(1).Info("Watching Secrets is not possible at present", "namespace", namespace, "error", err.Error())
		}
		known.stand(false)
		if time.Since(begun) > lastPause {
			next = pause
		}
		select {
		case <-time.After(next.Step()):
		case <-ctx.Done():
		}
	}
}

// listWatch asks for the metadata of a namespace's Secrets, and notes when a watch can be taken up again and when it cannot.
func (w *Watcher) listWatch(namespace string, known *versions) cache.ListerWatcher {
	api := w.client.Resource(secrets).Namespace(namespace)
	return cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return api.List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			stream, err := api.Watch(ctx, options)
			if err != nil || options.SendInitialEvents == nil { // a stream that begins with a list stands when that is complete
				known.stand(err == nil)
			}
			return stream, err
		},
	}, w.client)
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
	names := slices.Collect(maps.Keys(w.running))
	w.mu.Unlock()
	for _, name := range names {
		if used, err := w.inUse(ctx, name); used || err != nil {
			continue
		}
		w.mu.Lock()
		if one := w.running[name]; one != nil && one.cancel != nil {
			one.cancel()
		}
		delete(w.running, name)
		w.mu.Unlock()
	}
}
