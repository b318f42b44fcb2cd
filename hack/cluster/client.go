// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// pollEvery is how often a wait looks again: short against a boot of seconds.
const pollEvery = 200 * time.Millisecond

// restConfig is the administrator's way to the API server.
func (c *Cluster) restConfig() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig of cluster %q: %w", c.Name, err)
	}
	config.QPS, config.Burst = 50, 100
	return config, nil
}

func (c *Cluster) client() (*kubernetes.Clientset, error) {
	config, err := c.restConfig()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connect to cluster %q: %w", c.Name, err)
	}
	return client, nil
}

// apiReady asks the API server once whether it is ready.
func (c *Cluster) apiReady(ctx context.Context) bool {
	config, err := c.restConfig()
	if err != nil {
		return false
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return false
	}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body) // only the code matters
	return resp.StatusCode == http.StatusOK
}

// hopeless is how often a component may end by itself during one wait.
const hopeless = 4

// waitFor asks until the answer is yes. It gives up when time is up, and before
// when the supervisor ends or a component ends again and again.
func (c *Cluster) waitFor(ctx context.Context, limit time.Duration, what string, ask func(context.Context) (bool, error)) error {
	var last error
	before := c.endings()
	err := wait.PollUntilContextTimeout(ctx, pollEvery, limit, true, func(ctx context.Context) (bool, error) {
		if !c.running() {
			return false, errors.New("the cluster's supervisor has ended")
		}
		for component, times := range c.endings() {
			if times >= before[component]+hopeless {
				return false, fmt.Errorf("%s has ended %d times", component, times-before[component])
			}
		}
		ok, err := ask(ctx)
		if err != nil {
			last = err
		}
		return ok, nil
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("wait for %s: interrupted", what)
	case wait.Interrupted(err) && last != nil:
		return fmt.Errorf("wait for %s: not ready after %s: %w", what, limit, last)
	case wait.Interrupted(err):
		return fmt.Errorf("wait for %s: not ready after %s", what, limit)
	}
	return fmt.Errorf("wait for %s: %w", what, err)
}

// endedLine is how the supervisor's log tells that a component ended.
var endedLine = regexp.MustCompile(`msg=Ended component=(\S+)`)

// endings counts how often each component has ended since the cluster began.
func (c *Cluster) endings() map[string]int {
	times := map[string]int{}
	raw, err := os.ReadFile(c.logFile("supervisor"))
	if err != nil {
		return times // no log: nothing was started
	}
	for _, m := range endedLine.FindAllStringSubmatch(string(raw), -1) {
		times[m[1]]++
	}
	return times
}

// nodeReady asks whether the node takes pods.
func (c *Cluster) nodeReady(ctx context.Context) (bool, error) {
	client, err := c.client()
	if err != nil {
		return false, err
	}
	node, err := client.CoreV1().Nodes().Get(ctx, c.Name, metav1.GetOptions{})
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(node.Status.Conditions, func(cond corev1.NodeCondition) bool {
		return cond.Type == corev1.NodeReady
	})
	if i < 0 {
		return false, nil
	}
	cond := node.Status.Conditions[i]
	if cond.Status != corev1.ConditionTrue {
		return false, fmt.Errorf("node is not ready: %s", cond.Message)
	}
	return true, nil
}

// deploymentReady asks whether every replica of a Deployment is available.
func (c *Cluster) deploymentReady(namespace, name string) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		client, err := c.client()
		if err != nil {
			return false, err
		}
		d, err := client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		done := d.Status.ObservedGeneration >= d.Generation && d.Spec.Replicas != nil &&
			d.Status.AvailableReplicas == *d.Spec.Replicas
		if !done {
			return false, fmt.Errorf("%d replicas of %s/%s are available", d.Status.AvailableReplicas, namespace, name)
		}
		return true, nil
	}
}
