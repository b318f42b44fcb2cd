// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

const (
	// churnNetworks make two thousand objects, with the seventeen that each is with its children and its pod.
	churnNetworks = 120
	churnRate     = 35 // changes a second
	churnDuration = 15 * time.Minute
	// churnSenders is how many send changes at once, so that a slow answer does not hold up the next change.
	churnSenders = 16
	// sqlSample is how long every statement is logged and counted: for longer the log would weigh on what is measured.
	sqlSample = time.Minute
	// ceilingDuration is how long the API server alone is measured.
	ceilingDuration = 30 * time.Second
	// The goals of steady churn.
	queueGoal = time.Second
	readyGoal = 5 * time.Second
)

// BenchmarkChurn is steady change of many networks on one External server: so many changes of a spec a second, spread evenly
// over the networks. Every second one changes what the portal shows, and the others the number of its replicas; both end in a
// rollout. Server, API server and pods are those of BenchmarkExternal. Beside it the least writes that such changes need are sent
// without the operator, as fast as the API server takes them.
func BenchmarkChurn(b *testing.B) {
	ctrllog.SetLogger(logr.Discard())
	n := fromEnvironment(b, "ALUMNI_CHURN_NETWORKS", churnNetworks)
	rate := churnRate
	if text := os.Getenv("ALUMNI_CHURN_RATE"); text != "" {
		var err error
		if rate, err = strconv.Atoi(text); err != nil || rate < 1 || rate > 1000 {
			b.Fatal("ALUMNI_CHURN_RATE must be a number from 1 to 1000")
		}
	}
	duration := churnDuration
	if text := os.Getenv("ALUMNI_CHURN_DURATION"); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil || duration < time.Second {
			b.Fatal("ALUMNI_CHURN_DURATION must be a duration of at least 1s, such as 15m")
		}
	}
	env := kube.Start(b)
	for range b.N {
		f := newFleet(b, env, n)
		operator := f.operate()
		f.warmUp()
		f.declare()
		f.awaitReady(n+1, 40*time.Minute)
		time.Sleep(afterCreation)
		f.measureChurn(operator, rate, duration)
		operator.stop()
		f.measureCeiling(rate)
	}
}

// afterCreation is longer than the last looks that follow a creation take.
const afterCreation = 20 * time.Second

// measureChurn changes networks for some time, and tells how long things waited and what they cost.
func (f *fleet) measureChurn(operator operated, rate int, duration time.Duration) {
	b := f.b
	objects := f.objects()
	seen := f.ready.watchChanges()
	before := queueWaits(b)
	operator.requests.take()
	looks := reconciles(b)
	sql := f.sampleSQL(min(sqlSample, duration))
	begun := time.Now()
	sent := f.change(seen, rate, duration)
	took := time.Since(begun)
	waits := queueWaits(b).since(before)
	seen.awaitAll(b, 2*time.Minute)
	requests, each := operator.requests.take(), sql()
	edits, looked := float64(sent), float64(reconciles(b)-looks)
	sessions, messages := each.sessions*looked/edits, each.messages*looked/edits
	ready := seen.times()

	b.Logf("%d networks, which are %d objects with what belongs to them; %d changes in %.1f s, %.1f a second (wanted %d)",
		f.n, objects, sent, took.Seconds(), float64(sent)/took.Seconds(), rate)
	b.Logf("from change to Ready at its generation: half within %.2f s, 99 %% within %.2f s (goal %s), all within %.2f s",
		quantile(ready, 0.5).Seconds(), quantile(ready, 0.99).Seconds(), readyGoal, quantile(ready, 1).Seconds())
	b.Logf("waiting in the workqueue: half at most %.3f s, 99 %% at most %.3f s (goal %s), of %d looks",
		waits.quantile(0.5), waits.quantile(0.99), queueGoal, waits.count())
	b.Logf("for each change: %.1f looks, %.1f reads and %.1f writes of the API, %.1f SQL sessions, %.1f SQL messages",
		looked/edits, float64(requests.reads)/edits, float64(requests.writes)/edits, sessions, messages)
	b.ReportMetric(quantile(ready, 0.99).Seconds(), "s/ready-p99")
	b.ReportMetric(waits.quantile(0.99), "s/queue-p99")
	b.ReportMetric(float64(requests.reads+requests.writes)/edits, "requests/change")
	b.ReportMetric(messages, "messages/change")
}

// measureCeiling sends the writes of changes that nothing can do without, from many sides at once: the edit of the spec, what
// the Deployment becomes by it, what Kubernetes says of that, and what the network's status says in the end.
func (f *fleet) measureCeiling(rate int) {
	ctx, until := f.b.Context(), time.Now().Add(ceilingDuration)
	var next, done atomic.Int64
	var senders sync.WaitGroup
	for range churnSenders {
		senders.Go(func() {
			for time.Now().Before(until) {
				if err := f.leastWrites(ctx, int(next.Add(1))); err != nil {
					f.b.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	senders.Wait()
	most := float64(done.Load()) / ceilingDuration.Seconds()
	f.b.Logf("the API server alone, without the operator, takes %.1f such changes a second at most, with the 4 writes that each needs at least; sent were %d",
		most, rate)
	f.b.ReportMetric(most, "ceiling/s")
}

func (f *fleet) leastWrites(ctx context.Context, i int) error {
	n := f.turn(i)
	patch := func(obj client.Object, format string, args ...any) error {
		return f.env.Client.Patch(ctx, obj, client.RawPatch(types.MergePatchType, fmt.Appendf(nil, format, args...)))
	}
	if err := patch(n, `{"spec":{"displayName":"Alone %d"}}`, i); err != nil {
		return err
	}
	portal := &appsv1.Deployment{}
	portal.Namespace, portal.Name = n.Namespace, naming.Portal(n.Name)
	if err := patch(portal, `{"spec":{"template":{"metadata":{"annotations":{"measured":"%d"}}}}}`, i); err != nil {
		return err
	}
	status := fmt.Appendf(nil, `{"status":{"observedGeneration":%d}}`, n.Generation) // fakePods writes that of the Deployment
	return f.env.Client.Status().Patch(ctx, n, client.RawPatch(types.MergePatchType, status))
}

// turn is the network whose turn it is, which comes again after all others.
func (f *fleet) turn(i int) *v1alpha1.AlumniNetwork {
	n := &v1alpha1.AlumniNetwork{}
	n.Namespace, n.Name = f.namespaces[i%f.n/perNamespace], fmt.Sprintf("company-%04d", i%f.n)
	return n
}

// change sends changes at a steady rate until the time is over, and says how many.
func (f *fleet) change(seen *changes, rate int, duration time.Duration) int {
	ctx := f.b.Context()
	next := make(chan int, rate*10) // ten seconds' worth may wait; then the rate that is told is lower than wanted
	var senders sync.WaitGroup
	for range churnSenders {
		senders.Go(func() {
			for i := range next {
				f.changeOne(ctx, seen, i)
			}
		})
	}
	sent := 0
	for begun := time.Now(); time.Since(begun) < duration; time.Sleep(time.Second / time.Duration(4*rate)) {
		for ; sent < int(time.Since(begun).Seconds()*float64(rate)); sent++ {
			next <- sent
		}
	}
	close(next)
	senders.Wait()
	return sent
}

// changeOne edits the spec of one network.
func (f *fleet) changeOne(ctx context.Context, seen *changes, i int) {
	at, round := i%f.n, i/f.n
	n := f.turn(i)
	patch := fmt.Sprintf(`{"spec":{"displayName":"Measured %d"}}`, i)
	if (at+round)%2 == 1 {
		patch = fmt.Sprintf(`{"spec":{"portal":{"replicas":%d}}}`, 1+(round/2)%3)
	}
	begun := time.Now()
	if err := f.env.Client.Patch(ctx, n, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		f.b.Error(err)
		return
	}
	seen.add(client.ObjectKeyFromObject(n), n.Generation, begun)
}

// changes knows which changes of networks are waited for, and how long the others took.
type changes struct {
	mu      sync.Mutex
	ready   map[types.NamespacedName]readyAt
	waiting map[types.NamespacedName][]change
	took    []time.Duration
}

// change is one edit of a spec.
type change struct {
	generation int64
	begun      time.Time
}

// readyAt is the newest generation at which a network was Ready, and since when.
type readyAt struct {
	generation int64
	at         time.Time
}

// watchChanges is told of all networks that are Ready. A change that was overtaken by a later one ends with that.
func (r *readiness) watchChanges() *changes {
	c := &changes{ready: map[types.NamespacedName]readyAt{}, waiting: map[types.NamespacedName][]change{}}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tell = c.see
	return c
}

// see notes at which generation a network is Ready.
func (c *changes) see(n *v1alpha1.AlumniNetwork) {
	ready := apimeta.FindStatusCondition(n.Status.Conditions, v1alpha1.ReadyCondition)
	c.mu.Lock()
	defer c.mu.Unlock()
	key := client.ObjectKeyFromObject(n)
	if ready.ObservedGeneration > c.ready[key].generation {
		c.ready[key] = readyAt{ready.ObservedGeneration, time.Now()}
		c.end(key)
	}
}

// add waits for a change, which may already be over.
func (c *changes) add(key types.NamespacedName, generation int64, begun time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting[key] = append(c.waiting[key], change{generation, begun})
	c.end(key)
}

// end counts the changes of a network that are over. The caller holds the lock.
func (c *changes) end(key types.NamespacedName) {
	var left []change
	for _, one := range c.waiting[key] {
		if r := c.ready[key]; r.generation >= one.generation {
			c.took = append(c.took, r.at.Sub(one.begun))
		} else {
			left = append(left, one)
		}
	}
	if c.waiting[key] = left; len(left) == 0 {
		delete(c.waiting, key)
	}
}

// awaitAll waits until every change is over.
func (c *changes) awaitAll(b *testing.B, within time.Duration) {
	left := func() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.waiting) }
	for deadline := time.Now().Add(within); left() > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("%d networks are not Ready at their newest generation %s after the last change", left(), within)
		}
	}
}

// times is how long each change took.
func (c *changes) times() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Duration(nil), c.took...)
}
