// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/test/journey"
)

// kill sends SIGKILL to a program in the running pods of a namespace. The pods' processes are children of this
// machine, so the signal is the real one: nobody has time to tidy up. A second word narrows it to processes that
// were started with it.
func kill(t *testing.T, namespace, program, argument string) {
	t.Helper()
	g := NewWithT(t)
	pods := &corev1.PodList{}
	g.Expect(world.client.List(t.Context(), pods, client.InNamespace(namespace))).To(Succeed())
	ours := map[string]bool{}
	for _, p := range pods.Items {
		for _, s := range p.Status.ContainerStatuses {
			if _, id, found := strings.Cut(s.ContainerID, "://"); found && s.State.Running != nil {
				ours[id] = true
			}
		}
	}
	killed := 0
	for _, pid := range processes(t, "/"+program, argument) {
		cgroup, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
		if err != nil {
			continue
		}
		for id := range ours {
			if strings.Contains(string(cgroup), id) {
				g.Expect(syscall.Kill(pid, syscall.SIGKILL)).To(Succeed())
				killed++
			}
		}
	}
	g.Expect(killed).To(BeNumerically(">", 0), "no %s %s is running in %s", program, argument, namespace)
	t.Logf("killed %d %s", killed, program)
}

// processes finds processes by the first word of their command line.
func processes(t *testing.T, program, argument string) []int {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	var found []int
	for _, path := range lines {
		line, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		words := strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")
		if words[0] != program || (argument != "" && (len(words) < 2 || words[1] != argument)) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		found = append(found, pid)
	}
	return found
}

func portalService(t *testing.T) *corev1.Service {
	t.Helper()
	service := &corev1.Service{}
	NewWithT(t).Expect(world.client.Get(t.Context(), client.ObjectKey{Namespace: foods, Name: network + "-portal"}, service)).To(Succeed())
	return service
}

func portalPods(t *testing.T) []corev1.Pod {
	t.Helper()
	pods := &corev1.PodList{}
	NewWithT(t).Expect(world.client.List(t.Context(), pods, client.InNamespace(foods),
		client.MatchingLabels(portalService(t).Spec.Selector))).To(Succeed())
	return pods.Items
}

// restarts is how often the containers of pods were started again.
func restarts(pods []corev1.Pod) (n int32) {
	for _, p := range pods {
		for _, s := range p.Status.ContainerStatuses {
			n += s.RestartCount
		}
	}
	return n
}

func ready(p corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// portalRollsWithoutFailure replaces every pod of the portal while people use it.
func portalRollsWithoutFailure(t *testing.T) {
	underLoad(t, journey.Visitor{Portal: portalService(t).Spec.ClusterIP}, func() {
		kubectl(t, "-n", foods, "rollout", "restart", "deployment/"+network+"-portal")
		kubectl(t, "-n", foods, "rollout", "status", "deployment/"+network+"-portal", "--timeout=180s")
		eventually(t, 2*time.Minute, twoPods(t))
	})
}

// twoPods says whether the portal has no pods but its two.
func twoPods(t *testing.T) func(context.Context) error {
	return func(context.Context) error {
		if n := len(portalPods(t)); n != 2 {
			return fmt.Errorf("%d pods, old ones among them", n)
		}
		return nil
	}
}

// underLoad asks for pages, twenty a second as new visitors who come the given way, while something is done. No request may
// fail.
func underLoad(t *testing.T, way journey.Visitor, do func()) {
	g := NewWithT(t)
	ctx, stop := context.WithCancel(t.Context())
	var asked, failed atomic.Int64
	var last atomic.Value
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				visitor := way
				page, err := visitor.Get(context.WithoutCancel(ctx), "/")
				asked.Add(1)
				if err != nil || page.Status != 200 {
					failed.Add(1)
					last.Store(fmt.Sprintf("%d %v", page.Status, err))
				}
			}
		}
	}()
	defer func() {
		stop()
		<-done
		t.Logf("%d requests, %d failed (%v)", asked.Load(), failed.Load(), last.Load())
		g.Expect(asked.Load()).To(BeNumerically(">", 50))
		g.Expect(failed.Load()).To(BeZero())
	}()
	do()
}
