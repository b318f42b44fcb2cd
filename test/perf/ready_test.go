// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/test/rig"
)

// readyCluster is the cluster that this benchmark makes and removes.
const readyCluster = "alumni-perf"

// BenchmarkApplyToReady is the time from applying a network with a Standalone store to its Ready condition, on a
// real cluster: volume, PostgreSQL, database, roles, schema, and two portal replicas. Beside it stands the time
// that the cluster itself needs to run one pod that does nothing, for comparison.
func BenchmarkApplyToReady(b *testing.B) {
	if os.Geteuid() != 0 {
		b.Fatal("the local cluster needs root")
	}
	ctx := b.Context()
	cluster, err := rig.Up(ctx, readyCluster, os.Stderr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := rig.Down(context.WithoutCancel(ctx), readyCluster, os.Stderr); err != nil {
			b.Error(err)
		}
	})
	if err := cluster.Install(ctx); err != nil {
		b.Fatal(err)
	}
	c, err := cluster.Client()
	if err != nil {
		b.Fatal(err)
	}
	for i := range b.N {
		ns := fmt.Sprintf("perf-%d", i)
		if err := c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}); err != nil {
			b.Fatal(err)
		}
		if _, err := cluster.Kubectl(ctx, "apply", "-n", ns, "-k", "config/tenant"); err != nil {
			b.Fatal(err)
		}
		pod := onePod(b, cluster, c, ns)
		network := oneNetwork(b, c, ns)
		b.Logf("round %d: a network applied until Ready %.1f s; one pod until it runs %.1f s; ratio %.1f",
			i, network.Seconds(), pod.Seconds(), network.Seconds()/pod.Seconds())
		b.ReportMetric(network.Seconds(), "s/network-ready")
		b.ReportMetric(pod.Seconds(), "s/one-pod-ready")
		b.ReportMetric(network.Seconds()/pod.Seconds(), "ratio")
	}
}

// onePod is the reference: a pod of an image that is there already.
func onePod(b *testing.B, cluster *rig.Cluster, c client.Client, ns string) time.Duration {
	b.Helper()
	begun := time.Now()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "reference"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "postgres", Image: cluster.Images.Postgres, ImagePullPolicy: corev1.PullIfNotPresent, Command: []string{"sleep", "3600"},
		}}},
	}
	if err := c.Create(b.Context(), pod); err != nil {
		b.Fatal(err)
	}
	await(b, c, pod, func() bool { return pod.Status.Phase == corev1.PodRunning })
	return time.Since(begun)
}

func oneNetwork(b *testing.B, c client.Client, ns string) time.Duration {
	b.Helper()
	begun := time.Now()
	network := &v1alpha1.AlumniNetwork{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "alumni"},
		Spec: v1alpha1.AlumniNetworkSpec{
			DisplayName: "Measured", Portal: v1alpha1.Portal{PublicURL: "https://measured.example"},
			Operator: v1alpha1.Organisation{Name: "Measured K.K.", Address: "1-2-3 Mihon-cho", Contact: "desk@measured.example"},
		},
	}
	if err := c.Create(b.Context(), network); err != nil {
		b.Fatal(err)
	}
	await(b, c, network, func() bool {
		return apimeta.IsStatusConditionTrue(network.Status.Conditions, v1alpha1.ReadyCondition)
	})
	return time.Since(begun)
}

func await(b *testing.B, c client.Client, object client.Object, done func() bool) {
	b.Helper()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if err := c.Get(b.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			b.Fatal(err)
		}
		if done() {
			return
		}
	}
	b.Fatalf("%s/%s did not get there in five minutes", object.GetNamespace(), object.GetName())
}
