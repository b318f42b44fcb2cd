// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const requestLimit = 30 * time.Second

// Env is the control plane of this test process.
type Env struct {
	// Config lets a manager or client act as a cluster administrator.
	Config *rest.Config
	// Client reads from the API server itself, not from a cache.
	Client client.WithWatch
	// Scheme knows the built-in kinds, CRDs and the kinds of this project. Tests
	// that need more kinds make a scheme of their own.
	Scheme *runtime.Scheme
	// KubeconfigFile is the administrator's kubeconfig, for programs such as kubectl.
	KubeconfigFile string

	plane *plane
}

// shared is the one control plane of this process.
var shared struct {
	sync.Mutex
	plane      *plane
	err        error
	manager    bool
	managerErr error
}

// Start returns the control plane that all tests of this process share (etcd
// and the API server, with the CRDs of config/crd/bases) and boots it when the
// first test asks for it.
func Start(t testing.TB) *Env {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	return startShared(t).env
}

// StartWithControllers is Start plus kube-controller-manager, for tests that
// need garbage collection, Jobs, CronJobs, Deployments, StatefulSets or the
// end of a namespace. From then on its controllers work for every test of the
// process.
func StartWithControllers(t testing.TB) *Env {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	p := startShared(t)
	if !shared.manager {
		shared.manager = true
		shared.managerErr = p.startManager(context.Background())
	}
	if shared.managerErr != nil {
		t.Fatalf("start the controllers of the shared control plane: %v", shared.managerErr)
	}
	return p.env
}

func startShared(t testing.TB) *plane {
	t.Helper()
	if shared.plane == nil && shared.err == nil {
		shared.plane, shared.err = boot()
	}
	if shared.err != nil {
		t.Fatalf("start the shared control plane: %v", shared.err)
	}
	return shared.plane
}

// Run runs the tests of a package and then stops the shared control plane, so
// that nothing is left when the process ends. Use it as
//
//	func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }
//
// Packages without a TestMain lose nothing but certainty about the moment: the
// reaper cleans up when it sees that the process is gone.
func Run(m *testing.M) int { return RunThen(m, func() {}) }

// RunThen is Run for packages that start programs of their own, such as a
// manager: finish ends them when the tests are done, so that no open watch holds
// up the end of the control plane.
func RunThen(m *testing.M, finish func()) int {
	code := m.Run()
	finish()
	shared.Lock()
	defer shared.Unlock()
	if shared.plane == nil {
		return code
	}
	if err := shared.plane.stop(); err != nil {
		fmt.Fprintf(os.Stderr, "stop the shared control plane: %v\n", err)
		return max(code, 1)
	}
	shared.plane = nil
	return code
}

// Kubectl is the path of the kubectl that was built with the control plane.
func (e *Env) Kubectl() string { return filepath.Join(e.plane.assets, "kubectl") }

// NewNamespace creates a namespace with a random name that enforces the
// restricted Pod Security level, and deletes it when the test ends. Its objects
// go away only when the controllers run; without them each test's namespace
// simply stays behind in the control plane.
func (e *Env) NewNamespace(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "test-",
		Labels:       map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := e.Client.Create(ctx, namespace); err != nil {
		t.Fatalf("create a namespace: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
		defer cancel()
		if err := client.IgnoreNotFound(e.Client.Delete(ctx, namespace)); err != nil {
			t.Errorf("delete namespace %s: %v", namespace.Name, err)
		}
	})
	return namespace.Name
}

// ConfigFor returns a client configuration that acts as another user, with
// nothing but what RBAC grants to the user and the groups. Service accounts are
// users too: "system:serviceaccount:NAMESPACE:NAME".
func (e *Env) ConfigFor(t testing.TB, user string, groups ...string) *rest.Config {
	t.Helper()
	added, err := e.plane.envtest.AddUser(envtest.User{Name: user, Groups: groups}, nil)
	if err != nil {
		t.Fatalf("add the user %s: %v", user, err)
	}
	return added.Config()
}
