// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/test/journey"
)

const (
	rehearsals = "hoshino-rehearsals"
	rehearsal  = "rehearsal"
	invented   = 60
	// gone is how long a network may take to be gone with its server: reliability.md D3.
	gone = 30 * time.Second
)

// networkIsDeletedInEveryWay rehearses with a trial that has a server of its own, takes it away in each way in which it keeps
// its rows, declares it again each time, and in the end deletes it for good. Taking the operator away is one of the ways, so this
// story comes last.
func networkIsDeletedInEveryWay(t *testing.T) {
	applyText(t, `
apiVersion: v1
kind: Namespace
metadata: {name: `+rehearsals+`, labels: {pod-security.kubernetes.io/enforce: restricted}}
`)
	kubectl(t, "apply", "-n", rehearsals, "-k", "config/tenant")
	declareRehearsal(t)
	left := memberOfTheRehearsalLeaves(t)

	for _, way := range []struct {
		name string
		do   func(t *testing.T)
	}{
		{"kubectl delete", func(t *testing.T) { kubectl(t, "-n", rehearsals, "delete", "alumninetwork", rehearsal) }},
		{"a GitOps tool prunes it", prune},
		{"helm uninstalls the chart that declares it", uninstallChart},
		{"the operator is uninstalled with its CRDs", func(t *testing.T) { kubectl(t, "delete", "-k", "config/default", "--timeout=90s") }},
	} {
		t.Run(way.name, func(t *testing.T) {
			begun := time.Now()
			way.do(t)
			serverIsGone(t)
			t.Logf("gone after %.1f s", time.Since(begun).Seconds())
			NewWithT(t).Expect(time.Since(begun)).To(BeNumerically("<=", gone))
			NewWithT(t).Expect(world.cluster.Install(t.Context())).To(Succeed()) // the last way took it away
			begun = time.Now()
			n := declareRehearsal(t)
			t.Logf("Ready again after %.1f s", time.Since(begun).Seconds())
			NewWithT(t).Expect(*n.Status.Members).To(Equal(left), "no row is lost, and nobody is imported anew")
		})
	}
	t.Run("with its name and the day it goes for good", deletedForGood)
}

// rehearsalManifest declares the trial, as its own file in a repository would.
func rehearsalManifest() string {
	return fmt.Sprintf(`
apiVersion: alumni-operator.io/v1alpha1
kind: AlumniNetwork
metadata: {name: %s, namespace: %s, labels: {pruned-by: story}}
spec:
  trial: Enabled
  trialMembers: %d
  displayName: Rehearsal
  operator: {name: Hoshino Foods K.K., address: "1-2-3 Mihon-cho, Tokyo", contact: desk@hoshino-foods.example}
  store: {type: Standalone}
  portal: {publicURL: "http://localhost:8080", replicas: 1}
`, rehearsal, rehearsals, invented)
}

// declareRehearsal waits until the trial is Ready and everybody is in it.
func declareRehearsal(t *testing.T) *v1alpha1.AlumniNetwork {
	t.Helper()
	applyText(t, rehearsalManifest())
	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, 4*time.Minute, n, rehearsals, rehearsal, func() error {
		if err := condition(n.Status.Conditions, v1alpha1.ReadyCondition, metav1.ConditionTrue, ""); err != nil {
			return err
		}
		if m := n.Status.Members; m == nil || m.Listed+m.Active+m.Withdrawn+m.Erased != invented {
			return fmt.Errorf("not everybody is there: %+v", m)
		}
		return nil
	})
	return n
}

// memberOfTheRehearsalLeaves signs in by a captured mail and withdraws, so that the store holds more than an import would bring.
func memberOfTheRehearsalLeaves(t *testing.T) v1alpha1.MembersStatus {
	t.Helper()
	g, ctx := NewWithT(t), t.Context()
	visitor := portal(t, rehearsals, rehearsal)
	box := journey.Captured{Portal: visitor.Portal}
	people, err := box.People(ctx)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(people).NotTo(BeEmpty())
	g.Expect(visitor.SignIn(ctx, box, people[0])).To(Succeed())
	g.Expect(visitor.Leave(ctx)).To(Succeed())
	kubectl(t, "-n", rehearsals, "annotate", "alumninetwork", rehearsal, "look-at=now") // and not at the next resync
	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, time.Minute, n, rehearsals, rehearsal, func() error {
		if n.Status.Members.Withdrawn != 1 {
			return errors.New("nobody has left")
		}
		return nil
	})
	return *n.Status.Members
}

// prune applies a set with the network, and then the set without it, as a GitOps tool does when its file is removed.
func prune(t *testing.T) {
	_, err := world.cluster.KubectlWith(t.Context(), []byte(rehearsalManifest()), "apply", "-f", "-") // prunes only what it applied
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	_, err = world.cluster.KubectlWith(t.Context(), []byte(`
apiVersion: v1
kind: ConfigMap
metadata: {name: something-else, namespace: `+rehearsals+`, labels: {pruned-by: story}}
`), "apply", "--namespace="+rehearsals, "--prune", "--selector=pruned-by=story", "--prune-allowlist=alumni-operator.io/v1alpha1/AlumniNetwork",
		"-f", "-")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
}

// uninstallChart has the network declared by a chart, as one of a platform team would, and uninstalls that.
func uninstallChart(t *testing.T) {
	g, chart := NewWithT(t), t.TempDir()
	g.Expect(os.Mkdir(filepath.Join(chart, "templates"), 0o755)).To(Succeed())
	for name, content := range map[string]string{
		"Chart.yaml": "{apiVersion: v2, name: rehearsal, version: 1.0.0}", "templates/network.yaml": rehearsalManifest(),
	} {
		g.Expect(os.WriteFile(filepath.Join(chart, name), []byte(content), 0o644)).To(Succeed())
	}
	for _, args := range [][]string{
		{"upgrade", "--install", "--take-ownership", rehearsal, chart}, {"uninstall", rehearsal, "--wait", "--timeout=60s"},
	} {
		_, err := world.cluster.Helm(t.Context(), append(args, "--namespace="+rehearsals)...)
		g.Expect(err).NotTo(HaveOccurred())
	}
}

// serverIsGone waits until only what keeps the rows is left of the network.
func serverIsGone(t *testing.T) {
	t.Helper()
	g, ctx := NewWithT(t), t.Context()
	eventually(t, 3*time.Minute, func(ctx context.Context) error {
		pods := &corev1.PodList{}
		err := world.client.List(ctx, pods, client.InNamespace(rehearsals))
		if err == nil && len(pods.Items) > 0 {
			err = fmt.Errorf("%d pods are still there", len(pods.Items))
		}
		return err
	})
	key := client.ObjectKey{Namespace: rehearsals, Name: naming.StoreClaim(rehearsal)}
	g.Expect(world.client.Get(ctx, key, &corev1.PersistentVolumeClaim{})).To(Succeed(), "the volume stays")
	for _, name := range []string{naming.AdminSecret(rehearsal), naming.PepperSecret(rehearsal), naming.TokenKeySecret(rehearsal)} {
		g.Expect(world.client.Get(ctx, client.ObjectKey{Namespace: rehearsals, Name: name}, &corev1.Secret{})).To(Succeed(), name)
	}
}

// deletedForGood sets the policy, deletes, is asked for the confirmation, gives it, and finds nothing but the certificate.
func deletedForGood(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	kubectl(t, "-n", rehearsals, "patch", "alumninetwork", rehearsal, "--type=merge", "-p", `{"spec":{"store":{"reclaimPolicy":"Delete"}}}`)
	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, time.Minute, n, rehearsals, rehearsal, func() error {
		if len(n.Finalizers) == 0 {
			return errors.New("no finalizer yet")
		}
		return nil
	})
	kubectl(t, "-n", rehearsals, "delete", "alumninetwork", rehearsal, "--wait=false")
	waitFor(t, time.Minute, n, rehearsals, rehearsal, func() error {
		return condition(n.Status.Conditions, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonConfirmationNeeded)
	})
	begun := time.Now()
	kubectl(t, "-n", rehearsals, "annotate", "alumninetwork", rehearsal,
		"alumni-operator.io/confirm-delete="+rehearsal+"@"+begun.UTC().Format(time.DateOnly))
	eventually(t, 3*time.Minute, func(ctx context.Context) error {
		err := world.client.Get(ctx, client.ObjectKey{Namespace: rehearsals, Name: rehearsal}, n)
		if err == nil {
			err = condition(n.Status.Conditions, v1alpha1.StoreDeletedCondition, metav1.ConditionTrue, "")
		}
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is still there: %w", err)
	})
	t.Logf("gone for good %.1f s after the confirmation", time.Since(begun).Seconds())
	g.Expect(time.Since(begun)).To(BeNumerically("<=", gone))
	claims := &corev1.PersistentVolumeClaimList{}
	g.Expect(world.client.List(ctx, claims, client.InNamespace(rehearsals))).To(Succeed())
	g.Expect(claims.Items).To(BeEmpty())
	eventually(t, time.Minute, func(ctx context.Context) error { // logins go by garbage collection
		secrets := &corev1.SecretList{}
		err := world.client.List(ctx, secrets, client.InNamespace(rehearsals))
		if err == nil && len(secrets.Items) > 0 {
			err = fmt.Errorf("%d Secrets are still there", len(secrets.Items))
		}
		return err
	})
	kubectl(t, "-n", rehearsals, "get", "configmap", rehearsal+"-deletion-certificate-"+begun.UTC().Format(time.DateOnly))
}
