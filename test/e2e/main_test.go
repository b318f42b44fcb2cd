// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/test/journey"
	"github.com/alumni-operator/alumni-operator/test/rig"
)

// clusterName of the stories, beside whatever else runs on the machine.
const clusterName = "alumni-e2e"

// world is what the stories share.
var world struct {
	cluster *rig.Cluster
	client  client.Client
	beside  sync.WaitGroup // the stories that are told beside the main job
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 55*time.Minute)
	defer cancel()
	if os.Getenv("E2E_KEEP") == "" {
		defer func() {
			if err := rig.Down(context.Background(), clusterName, os.Stdout); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
	}
	if err := prepare(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "prepare the cluster:", err)
		return 1
	}
	return m.Run()
}

// prepare boots the cluster, installs the operator and the mailbox.
func prepare(ctx context.Context) error {
	cluster, err := rig.Up(ctx, clusterName, os.Stdout)
	if err != nil {
		return err
	}
	world.cluster = cluster
	if world.client, err = cluster.Client(); err != nil {
		return err
	}
	if err := cluster.Install(ctx); err != nil {
		return err
	}
	if err := apply(ctx, "config/samples/demo/mailbox", nil); err != nil {
		return err
	}
	_, err = cluster.Kubectl(ctx, "-n", "hoshino-mailbox", "rollout", "status", "deployment/mailbox", "--timeout=120s")
	return err
}

// apply applies a kustomize folder after replacing some words in it.
func apply(ctx context.Context, folder string, replace map[string]string) error {
	manifests, err := world.cluster.Kubectl(ctx, "kustomize", folder)
	if err != nil {
		return err
	}
	for from, to := range replace {
		manifests = strings.ReplaceAll(manifests, from, to)
	}
	if !strings.Contains(manifests, "image: alumni-operator-demo:dev") {
		manifests = strings.ReplaceAll(manifests, "image: alumni-operator-demo", "image: "+world.cluster.Images.Demo)
	}
	_, err = world.cluster.KubectlWith(ctx, []byte(manifests), "apply", "--server-side", "--force-conflicts", "-f", "-")
	return err
}

// applyText applies manifests that a story wrote itself.
func applyText(t *testing.T, manifests string) {
	t.Helper()
	out, err := world.cluster.KubectlWith(t.Context(), []byte(manifests), "apply", "--server-side", "--force-conflicts", "-f", "-")
	NewWithT(t).Expect(err).NotTo(HaveOccurred(), out)
}

// eventually waits until check gives no error, and says what it last saw when it does not.
func eventually(t *testing.T, within time.Duration, check func(context.Context) error) {
	t.Helper()
	if err := rig.Eventually(t.Context(), within, check); err != nil {
		t.Fatal(err)
	}
}

// waitFor reads an object until check gives no error.
func waitFor(t *testing.T, within time.Duration, object client.Object, namespace, name string, check func() error) {
	t.Helper()
	eventually(t, within, func(ctx context.Context) error {
		if err := world.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object); err != nil {
			return err
		}
		return check()
	})
}

// condition says what stands in the way of a condition having a status and, unless empty, a reason.
func condition(conditions []metav1.Condition, kind string, status metav1.ConditionStatus, reason string) error {
	c := meta.FindStatusCondition(conditions, kind)
	if c == nil {
		return fmt.Errorf("no condition %s yet", kind)
	}
	if c.Status != status || (reason != "" && c.Reason != reason) {
		return fmt.Errorf("%s is %s (%s: %s), not %s (%s)", kind, c.Status, c.Reason, c.Message, status, reason)
	}
	return nil
}

// mailbox is where the stories' mail arrives.
func mailbox(t *testing.T) journey.Mailbox {
	t.Helper()
	return journey.Mailbox{Address: address(t, "hoshino-mailbox", "mailbox")}
}

// portal is a visitor who has just opened a network's portal.
func portal(t *testing.T, namespace, network string) *journey.Visitor {
	t.Helper()
	return &journey.Visitor{Portal: address(t, namespace, network+"-portal")}
}

// address of a Service. This machine has a route to it, so no port is forwarded that would end with its pod.
func address(t *testing.T, namespace, service string) string {
	t.Helper()
	found := &corev1.Service{}
	err := world.client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: service}, found)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return found.Spec.ClusterIP
}

// kubectl runs kubectl and gives what it printed.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := world.cluster.Kubectl(t.Context(), args...)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return out
}
