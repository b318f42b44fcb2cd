// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/testutil/scratch"
)

const (
	dirPrefix = "alumni-kube-" // reaper.sh checks it
	// bootLimit is generous because many test processes share few cores.
	bootLimit = 2 * time.Minute
	stopLimit = 30 * time.Second
)

// plane is a running control plane with everything needed to end it.
type plane struct {
	env     *Env
	envtest *envtest.Environment
	reaper  *reaper
	dir     string
	assets  string
	// manager and managerEnded are nil until a test asks for the controllers.
	manager      *exec.Cmd
	managerEnded chan struct{}
}

// boot starts etcd and the API server and installs the CRDs.
func boot() (*plane, error) {
	assets, err := findAssets()
	if err != nil {
		return nil, err
	}
	crds, err := findCRDs()
	if err != nil {
		return nil, err
	}
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	p := &plane{assets: assets, dir: filepath.Join(scratch.Dir(), dirPrefix+strings.ToLower(rand.Text()))}
	for _, sub := range []string{"etcd", "apiserver"} {
		if err := os.MkdirAll(filepath.Join(p.dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("make a folder for the control plane: %w", err)
		}
	}
	if p.reaper, err = startReaper(p.dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(p.dir))
	}
	if err := p.start(scheme, crds); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func (p *plane) start(scheme *runtime.Scheme, crds string) error {
	log, err := os.Create(p.logFile("apiserver"))
	if err != nil {
		return fmt.Errorf("make a log file: %w", err)
	}
	defer func() { _ = log.Close() }()
	existing := false
	p.envtest = &envtest.Environment{
		Scheme:                   scheme,
		CRDDirectoryPaths:        []string{crds},
		ErrorIfCRDPathMissing:    true,
		UseExistingCluster:       &existing,
		ControlPlaneStartTimeout: bootLimit,
		ControlPlaneStopTimeout:  stopLimit,
		ControlPlane: envtest.ControlPlane{
			Etcd: &envtest.Etcd{
				Path:    filepath.Join(p.assets, "etcd"),
				DataDir: filepath.Join(p.dir, "etcd"),
			},
			APIServer: &envtest.APIServer{
				Path:    filepath.Join(p.assets, "kube-apiserver"),
				CertDir: filepath.Join(p.dir, "apiserver"),
				Err:     log,
			},
			KubectlPath: filepath.Join(p.assets, "kubectl"),
		},
	}
	// The default has room for 254 Services.
	p.envtest.ControlPlane.APIServer.Configure().Set("service-cluster-ip-range", "10.96.0.0/16")
	config, err := p.envtest.Start()
	if err != nil {
		return fmt.Errorf("start etcd and kube-apiserver: %w\n%s", err, p.logTail("apiserver"))
	}
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	kubeconfig := filepath.Join(p.dir, "kubeconfig")
	if err := os.WriteFile(kubeconfig, p.envtest.KubeConfig, 0o600); err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	p.env = &Env{Config: config, Client: c, Scheme: scheme, KubeconfigFile: kubeconfig, plane: p}
	return nil
}

// stop ends everything in the right order; the reaper removes the files.
func (p *plane) stop() error {
	var errs []error
	if p.managerEnded != nil {
		// It keeps no state, so it needs no time to say goodbye.
		if err := p.manager.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
			errs = append(errs, err)
		}
		<-p.managerEnded
	}
	if p.env != nil {
		errs = append(errs, p.envtest.Stop())
	}
	return errors.Join(append(errs, p.reaper.finish())...)
}

// newScheme knows the built-in kinds, CRDs and the kinds of this project.
func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, v1alpha1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("make the scheme: %w", err)
		}
	}
	return scheme, nil
}

// logFile is where the control plane's program of that name writes.
func (p *plane) logFile(program string) string { return filepath.Join(p.dir, program+".log") }

// logTail returns the end of a program's log for an error text.
func (p *plane) logTail(program string) []byte {
	const lines = 20
	content, err := os.ReadFile(p.logFile(program))
	if err != nil {
		return []byte(err.Error())
	}
	all := bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], []byte("\n"))
}
