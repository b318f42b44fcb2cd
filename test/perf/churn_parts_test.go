// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
)

// quantile is the time within which a share of all ended.
func quantile(all []time.Duration, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(math.Ceil(share*float64(len(all))))-1)]
}

// objects counts the networks and what belongs to them.
func (f *fleet) objects() int {
	total := 0
	for _, namespace := range f.namespaces {
		for _, list := range []client.ObjectList{&v1alpha1.AlumniNetworkList{}, &appsv1.DeploymentList{}, &corev1.ConfigMapList{}, &corev1.PodList{},
			&corev1.SecretList{}, &corev1.ServiceList{}, &networkingv1.NetworkPolicyList{}, &policyv1.PodDisruptionBudgetList{}} {
			opts := []client.ListOption{client.InNamespace(namespace)}
			if _, ours := list.(*v1alpha1.AlumniNetworkList); !ours {
				opts = append(opts, client.MatchingLabels(labels.Managed()))
			}
			if err := f.env.Client.List(f.b.Context(), list, opts...); err != nil {
				f.b.Fatal(err)
			}
			total += apimeta.LenList(list)
		}
	}
	return total
}

// asked is what a server is asked for each look at a network.
type asked struct{ sessions, messages float64 }

// sampleSQL has the server log all statements for some time, and counts them. What it returns waits for the end of that.
func (f *fleet) sampleSQL(during time.Duration) (result func() asked) {
	done := make(chan asked, 1)
	execOn(f.b, f.server, "ALTER SYSTEM SET log_statement TO 'all'", "SELECT pg_reload_conf()")
	mark, sessions, looks := f.logged(), f.sessions(), reconciles(f.b)
	go func() {
		time.Sleep(during)
		end, looked := f.logged(), float64(max(1, reconciles(f.b)-looks))
		done <- asked{sessions: float64(f.sessions()-sessions) / looked, messages: float64(f.statementsBetween(mark, end)) / looked}
	}()
	return func() asked {
		each := <-done
		execOn(f.b, f.server, "ALTER SYSTEM SET log_statement TO 'mod'", "SELECT pg_reload_conf()")
		return each
	}
}

// sessions is how many sessions the server has had in all its databases.
func (f *fleet) sessions() (total int64) {
	conn, err := pgx.Connect(f.b.Context(), f.server.AdminDSN())
	if err != nil {
		f.b.Error(err)
		return 0
	}
	defer func() { _ = conn.Close(f.b.Context()) }()
	if err := conn.QueryRow(f.b.Context(), "SELECT sum(sessions)::bigint FROM pg_stat_database").Scan(&total); err != nil {
		f.b.Error(err)
	}
	return total
}

// statementsBetween counts the messages with SQL in a part of the log, line by line, for the part may be large.
func (f *fleet) statementsBetween(begin, end int64) (count int) {
	file, err := os.Open(f.server.LogFile())
	if err != nil {
		f.b.Error(err)
		return 0
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewReader(io.NewSectionReader(file, begin, end-begin))
	for {
		line, err := lines.ReadSlice('\n')
		if bytes.Contains(line, []byte("LOG:  statement:")) || bytes.Contains(line, []byte("LOG:  execute ")) {
			count++
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return count
		}
	}
}

// waits is how long networks waited in the workqueue, as the histogram of its metric has it: by buckets that grow by a tenth.
type waits struct {
	schema  int32          // a bucket's bounds are powers of two to the power of two to the minus schema
	zero    uint64         // waits of next to nothing
	buckets map[int]uint64 // by index
}

// queueWaits reads the histogram of the networks' workqueue. The metric holds its counts as differences between neighbours.
func queueWaits(b *testing.B) waits {
	families, err := metrics.Registry.Gather()
	if err != nil {
		b.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "workqueue_queue_duration_seconds" {
			continue
		}
		for _, m := range family.GetMetric() {
			h, ours := m.GetHistogram(), false
			for _, l := range m.GetLabel() {
				ours = ours || l.GetName() == "controller" && l.GetValue() == "alumninetwork"
			}
			if !ours {
				continue
			}
			w := waits{schema: h.GetSchema(), zero: h.GetZeroCount(), buckets: map[int]uint64{}}
			index, at, count := 0, 0, int64(0)
			for _, span := range h.GetPositiveSpan() {
				index += int(span.GetOffset())
				for range span.GetLength() {
					count += h.GetPositiveDelta()[at]
					w.buckets[index] = uint64(count)
					at, index = at+1, index+1
				}
			}
			return w
		}
	}
	b.Fatal("the workqueue of the networks tells nothing of its waiting times")
	return waits{}
}

// since takes away what was there before. The metric makes its buckets wider when they become too many.
func (w waits) since(before waits) waits {
	for before.schema > w.schema {
		wider := map[int]uint64{}
		for index, count := range before.buckets {
			wider[int(math.Ceil(float64(index)/2))] += count
		}
		before.schema, before.buckets = before.schema-1, wider
	}
	left := waits{schema: w.schema, zero: w.zero - min(w.zero, before.zero), buckets: map[int]uint64{}}
	for index, count := range w.buckets {
		left.buckets[index] = count - min(count, before.buckets[index])
	}
	return left
}

func (w waits) count() uint64 {
	total := w.zero
	for _, count := range w.buckets {
		total += count
	}
	return total
}

// quantile is an upper bound in seconds of what a share of all waited.
func (w waits) quantile(share float64) float64 {
	wanted, sum := uint64(math.Ceil(share*float64(w.count()))), w.zero
	if sum >= wanted {
		return 0
	}
	for _, index := range slices.Sorted(maps.Keys(w.buckets)) {
		if sum += w.buckets[index]; sum >= wanted {
			return math.Exp2(float64(index) * math.Exp2(-float64(w.schema)))
		}
	}
	return math.Inf(1)
}
