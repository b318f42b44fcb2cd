// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package secretwatch

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// sweepEvery is how often namespaces are checked for being in use.
const sweepEvery = 10 * time.Minute

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
	subscribers []func(types.NamespacedName)
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
		w.subscribers = append(w.subscribers, func(secret types.NamespacedName) {
			for _, request := range mapper(ctx, secret) {
				queue.Add(request)
			}
		})
		return nil
	})
}

// begin starts the watch of one namespace. The caller holds the lock.
func (w *Watcher) begin(namespace string) {
	ctx, cancel := context.WithCancel(w.base)
	w.running[namespace] = cancel
	informer := metadatainformer.NewFilteredMetadataInformer(w.client, secrets, namespace, 0, cache.Indexers{}, nil).Informer()
	// Neither setting can fail before the informer runs.
	_ = informer.SetTransform(onlyName)
	_ = informer.SetWatchErrorHandlerWithContext(func(ctx context.Context, _ *cache.Reflector, err error) {
		log.FromContext(ctx).V(1).Info("Watching Secrets is not possible at present", "namespace", namespace, "error", err.Error())
	})
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { w.changed(obj) },
		UpdateFunc: func(_, obj any) { w.changed(obj) },
		DeleteFunc: func(obj any) { w.changed(obj) },
	})
	go informer.RunWithContext(ctx)
}

// changed tells every subscriber of one Secret.
func (w *Watcher) changed(obj any) {
	if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = gone.Obj
	}
	meta, ok := obj.(*metav1.PartialObjectMetadata)
	if !ok {
		return
	}
	w.mu.Lock()
	subscribers := w.subscribers
	w.mu.Unlock()
	for _, tell := range subscribers {
		tell(types.NamespacedName{Namespace: meta.Namespace, Name: meta.Name})
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

// onlyName drops everything but what identifies a Secret and its version, to keep memory small.
func onlyName(obj any) (any, error) {
	meta, ok := obj.(*metav1.PartialObjectMetadata)
	if !ok {
		return obj, nil
	}
	return &metav1.PartialObjectMetadata{
		TypeMeta: meta.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Namespace: meta.Namespace, Name: meta.Name, UID: meta.UID, ResourceVersion: meta.ResourceVersion,
		},
	}, nil
}
