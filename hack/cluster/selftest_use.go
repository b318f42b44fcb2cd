// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// useChecks use the first cluster like a person and like its pods would, and
// the second one beside it.
func (c *Cluster) useChecks(second *Cluster) []check {
	return []check{
		{"restricted pods start", c.startPods},
		{"a pod that may be root is refused", c.refusesRoot},
		{"a pod reaches a Service through DNS", func(ctx context.Context) error {
			return c.probe(ctx, selftestGreeted, "get", "http://web.selftest.svc.cluster.local/")
		}},
		{"a pod reaches the API server's Service", func(ctx context.Context) error {
			return c.probe(ctx, "HTTP request", "get", "http://kubernetes.default.svc.cluster.local:443/")
		}},
		{"a name outside the cluster does not exist", func(ctx context.Context) error {
			return c.probe(ctx, "no such host", "get", "http://www.example.com/")
		}},
		{"the host reaches a NodePort", func(ctx context.Context) error {
			return greeted(ctx, "http://"+c.Layout.NodeIP.String()+":30080/")
		}},
		{"the host reaches a Service's address", func(ctx context.Context) error {
			return c.greetedAt(ctx, "service/web", "{.spec.clusterIP}", ":80")
		}},
		{"the host reaches a pod's address", func(ctx context.Context) error {
			return c.greetedAt(ctx, "pods --selector=app=web", "{.items[0].status.podIP}", ":8080")
		}},
		{"kubectl logs works", func(ctx context.Context) error {
			return c.expect(ctx, "serving on", "logs", "deployment/web")
		}},
		{"kubectl port-forward works", c.portForward},
		{"a claimed volume is written by uid 10001", func(ctx context.Context) error {
			return c.probe(ctx, `uid 10001 wrote "kept"`, "write", "/data/file", "kept")
		}},
		{"the volume's folder goes with its claim", c.releaseVolume},
		{"the second cluster answers beside the first", func(ctx context.Context) error {
			return errors.Join(second.startPods(ctx),
				greeted(ctx, "http://"+second.Layout.NodeIP.String()+":30080/"),
				greeted(ctx, "http://"+c.Layout.NodeIP.String()+":30080/"))
		}},
		{"a killed etcd comes back", second.killEtcd},
	}
}

func (c *Cluster) startPods(ctx context.Context) error {
	if err := c.applyFile(ctx, "objects.yaml"); err != nil {
		return err
	}
	for _, name := range []string{"web", "client"} {
		if err := c.waitFor(ctx, selftestLimit, "Deployment "+name, c.deploymentReady(selftestSpace, name)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) refusesRoot(ctx context.Context) error {
	err := c.applyFile(ctx, "refused.yaml")
	if err == nil {
		return errors.New("it was accepted")
	}
	if !strings.Contains(err.Error(), "violates PodSecurity") {
		return fmt.Errorf("it was refused for another reason: %w", err)
	}
	return nil
}

// expect runs kubectl in the self-test's namespace and looks for a text in what
// it says, whether it succeeds or not.
func (c *Cluster) expect(ctx context.Context, text string, args ...string) error {
	return poll(ctx, func() error {
		out, err := c.kubectl(ctx, append([]string{"--namespace", selftestSpace}, args...)...).CombinedOutput()
		if strings.Contains(string(out), text) {
			return nil
		}
		return fmt.Errorf("no %q in %q (%w)", text, out, err)
	})
}

// probe runs the probe program in the client's pod by kubectl exec.
func (c *Cluster) probe(ctx context.Context, text string, args ...string) error {
	return c.expect(ctx, text, append([]string{"exec", "deployment/client", "--", "/program"}, args...)...)
}

// greeted asks a web address from the host for the test server's greeting.
func greeted(ctx context.Context, url string) error {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return poll(ctx, func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err == nil && !strings.Contains(string(body), selftestGreeted) {
			err = fmt.Errorf("unexpected answer %q", body)
		}
		return err
	})
}

// greetedAt asks for the greeting at an address that an object tells.
func (c *Cluster) greetedAt(ctx context.Context, object, path, port string) error {
	args := append([]string{"--namespace", selftestSpace, "get"}, strings.Fields(object)...)
	out, err := c.kubectl(ctx, append(args, "--output=jsonpath="+path)...).Output()
	if err != nil {
		return err
	}
	return greeted(ctx, "http://"+string(out)+port+"/")
}

// portForward lets kubectl choose a free port and asks for the greeting there.
func (c *Cluster) portForward(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, selftestLimit)
	defer cancel()
	cmd := c.kubectl(ctx, "--namespace", selftestSpace, "port-forward", "--address=127.0.0.1", "service/web", ":80")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n') // «Forwarding from 127.0.0.1:PORT -> 8080»
	fields := strings.Fields(line)
	if err != nil || len(fields) < 3 {
		return fmt.Errorf("kubectl said %q: %w", line, err)
	}
	err = greeted(ctx, "http://"+fields[2]+"/")
	cancel()
	_ = cmd.Wait() // it was told to end: its own error says nothing more
	return err
}

// releaseVolume deletes the claim with its pod, and waits until the volume and
// its folder are gone too.
func (c *Cluster) releaseVolume(ctx context.Context) error {
	if names, err := folderNames(c.path("volumes")); err != nil || len(names) != 1 {
		return fmt.Errorf("there should be one folder, not %d (%w)", len(names), err)
	}
	err := c.kubectl(ctx, "--namespace", selftestSpace, "delete", "deployment/client", "persistentvolumeclaim/data").Run()
	if err != nil {
		return err
	}
	return poll(ctx, func() error {
		names, err := folderNames(c.path("volumes"))
		if err == nil && len(names) > 0 {
			err = errors.New("the folder is still there")
		}
		return err
	})
}

// killEtcd ends the database under the API server and waits for both.
func (c *Cluster) killEtcd(ctx context.Context) error {
	for _, p := range findProcesses(func(args []string) bool {
		return len(args) > 0 && args[0] == c.program("etcd")
	}) {
		if err := p.kill(endLimit); err != nil {
			return err
		}
	}
	if _, err := os.Stat(c.kubeconfig()); err != nil {
		return err
	}
	return c.expect(ctx, "web", "get", "deployments", "--request-timeout=5s")
}
