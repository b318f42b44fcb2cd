// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

// childMode makes this test binary play a test process that is killed.
const childMode = "ALUMNI_KUBE_TEST_CHILD"

func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }

func TestStartSharesOneControlPlane(t *testing.T) {
	g := NewWithT(t)

	first, second := kube.Start(t), kube.Start(t)

	g.Expect(first).To(BeIdenticalTo(second))
	g.Expect(first.KubeconfigFile).To(BeARegularFile())
}

func TestTheProjectsKindsAreServed(t *testing.T) {
	g := NewWithT(t)
	env := kube.Start(t)
	namespace := env.NewNamespace(t)

	for _, list := range []client.ObjectList{&v1alpha1.AlumniNetworkList{}, &v1alpha1.CampaignList{}, &v1alpha1.RetentionPolicyList{}} {
		g.Expect(env.Client.List(t.Context(), list, client.InNamespace(namespace))).To(Succeed())
	}
}

func TestNamespacesRefuseUnrestrictedPods(t *testing.T) {
	g := NewWithT(t)
	env := kube.Start(t)

	err := env.Client.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: env.NewNamespace(t), Name: "root"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "root:1"}}},
	})

	g.Expect(err).To(MatchError(ContainSubstring("violates PodSecurity")))
}

func TestOtherUsersHaveOnlyWhatRBACGrants(t *testing.T) {
	g := NewWithT(t)
	env := kube.Start(t)
	stranger, err := client.New(env.ConfigFor(t, "stranger"), client.Options{Scheme: env.Scheme})
	g.Expect(err).NotTo(HaveOccurred())

	err = stranger.List(t.Context(), &corev1.SecretList{})

	g.Expect(apierrors.IsForbidden(err)).To(BeTrue(), "got %v", err)
}

func TestControllersRunJobsAndCollectGarbage(t *testing.T) {
	g := NewWithT(t)
	env := kube.StartWithControllers(t)
	namespace := env.NewNamespace(t)
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "once"},
		Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: restrictedPod()}},
	}
	g.Expect(env.Client.Create(t.Context(), job)).To(Succeed())
	pods := func() ([]corev1.Pod, error) {
		var list corev1.PodList
		err := env.Client.List(t.Context(), &list, client.InNamespace(namespace))
		return list.Items, err
	}
	g.Eventually(pods, 30*time.Second).Should(HaveLen(1))

	g.Expect(env.Client.Delete(t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())

	g.Eventually(pods, 30*time.Second).Should(BeEmpty())
}

func restrictedPod() corev1.PodSpec {
	yes, no := true, false
	return corev1.PodSpec{
		RestartPolicy: corev1.RestartPolicyNever,
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:   &yes,
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{{
			Name: "main", Image: "nothing:1",
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: &no,
				Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
		}},
	}
}

// TestNothingIsLeftAfterSIGKILL starts a second test process with a control
// plane, kills it hard, and watches programs and files go away.
func TestNothingIsLeftAfterSIGKILL(t *testing.T) {
	g := NewWithT(t)
	child := exec.Command(os.Args[0], "-test.run", "^TestChildProcess$", "-test.v")
	child.Env = append(os.Environ(), childMode+"=1")
	output, err := child.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(child.Start()).To(Succeed())
	dir := ""
	for lines := bufio.NewScanner(output); dir == "" && lines.Scan(); {
		if rest, found := strings.CutPrefix(lines.Text(), "booted "); found {
			dir = filepath.Dir(rest)
		}
	}
	g.Expect(dir).To(BeADirectory())
	g.Expect(programsOf(t, dir)).To(HaveLen(3))

	g.Expect(child.Process.Kill()).To(Succeed())
	g.Expect(child.Wait()).To(MatchError(ContainSubstring("killed")))

	g.Eventually(func() []string { return programsOf(t, dir) }, 20*time.Second).Should(BeEmpty())
	g.Eventually(dir, 20*time.Second).ShouldNot(BeAnExistingFile())
}

// TestChildProcess is the process that TestNothingIsLeftAfterSIGKILL kills. In
// an ordinary run it only shows that the controllers can be had.
func TestChildProcess(t *testing.T) {
	env := kube.StartWithControllers(t)
	if os.Getenv(childMode) == "" {
		return
	}
	fmt.Println("booted", env.KubeconfigFile)
	select {}
}

// programsOf lists the programs that have the folder in their command line.
func programsOf(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(line), "="+dir+"/") {
			found = append(found, strings.SplitN(string(line), "\x00", 2)[0])
		}
	}
	return found
}
