// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const managerPoll = 100 * time.Millisecond

// startManager runs kube-controller-manager and waits until its controllers
// work: the first sign is the ConfigMap that it puts into every namespace.
func (p *plane) startManager(ctx context.Context) error {
	log, err := os.Create(p.logFile("manager"))
	if err != nil {
		return fmt.Errorf("make a log file: %w", err)
	}
	defer func() { _ = log.Close() }()
	certs := filepath.Join(p.dir, "apiserver")
	p.manager = exec.Command(filepath.Join(p.assets, "kube-controller-manager"),
		"--kubeconfig="+p.env.KubeconfigFile,
		"--service-account-private-key-file="+filepath.Join(certs, "sa-signer.key"),
		"--root-ca-file="+filepath.Join(certs, "apiserver.crt"),
		// Without nodes these have nothing to do but take time to start.
		"--controllers=*,-node-ipam-controller,-node-lifecycle-controller,-persistentvolume-attach-detach-controller,-horizontal-pod-autoscaler-controller",
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=500", "--kube-api-burst=1000",
	)
	p.manager.Dir = p.dir
	p.manager.Stdout, p.manager.Stderr = log, log
	p.manager.SysProcAttr = ownGroup()
	if err := p.manager.Start(); err != nil {
		return fmt.Errorf("start kube-controller-manager: %w", err)
	}
	p.managerEnded = make(chan struct{})
	go func() {
		defer close(p.managerEnded)
		_ = p.manager.Wait() // stop kills it; awaitManager reports an early end
	}()
	if err := p.awaitManager(ctx); err != nil {
		return fmt.Errorf("%w; kube-controller-manager said:\n%s", err, p.logTail("manager"))
	}
	return nil
}

func (p *plane) awaitManager(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, bootLimit)
	defer cancel()
	ticks := time.NewTicker(managerPoll)
	defer ticks.Stop()
	key := client.ObjectKey{Namespace: metav1.NamespaceDefault, Name: "kube-root-ca.crt"}
	for {
		err := p.env.Client.Get(ctx, key, &corev1.ConfigMap{})
		if err == nil {
			return nil
		}
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("look for the work of kube-controller-manager: %w", err)
		}
		select {
		case <-ticks.C:
		case <-p.managerEnded:
			return errors.New("kube-controller-manager ended at once")
		case <-ctx.Done():
			return fmt.Errorf("wait for kube-controller-manager: %w", ctx.Err())
		}
	}
}
