// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/test/journey"
)

const (
	harbour        = "hoshino-harbour"
	harbourMailbox = "harbour-mailbox"
	healthy        = "Cluster in healthy state"
)

// networkInAClusterOfCloudNativePG is a network whose database the real CloudNativePG runs on three instances. Its
// primary is killed in the middle of a campaign.
func networkInAClusterOfCloudNativePG(t *testing.T) {
	g := NewWithT(t)
	g.Expect(apply(t.Context(), "config/samples/demo/mailbox", map[string]string{"hoshino-mailbox": harbourMailbox})).To(Succeed())
	key, err := age.GenerateX25519Identity()
	g.Expect(err).NotTo(HaveOccurred())
	declare := func(ctx context.Context) error { return applyHarbour(ctx, key.Recipient().String()) }
	g.Expect(declare(t.Context())).To(Succeed())
	t.Cleanup(func() { // the next stories want the node's memory
		for _, namespace := range []string{harbour, harbourMailbox} {
			_, _ = world.cluster.Kubectl(context.Background(), "delete", "namespace", namespace, "--wait=false")
		}
	})
	t.Run("without CloudNativePG it is told what is missing", cloudNativePGIsMissed)
	t.Run("it heals when CloudNativePG is installed", cloudNativePGIsInstalled)
	t.Run("the primary is killed, and the portal and the campaign go on", primaryIsKilled)
	t.Run("it is backed up with the Cluster's own programs", clusterIsBackedUp)
	t.Run("two networks live in a Cluster that somebody else keeps", networksInAKeptCluster)
	t.Run("the network is deleted, and declared again it has its people", func(t *testing.T) { clusterOutlivesNetwork(t, declare) })
}

// applyHarbour declares the demo's network with a Cluster instead of a server of its own, and with backups.
func applyHarbour(ctx context.Context, recipient string) error {
	return apply(ctx, "config/samples/demo/hoshino-foods", map[string]string{
		"namespace: hoshino-foods": "namespace: " + harbour, "  name: hoshino-foods\n": "  name: " + harbour + "\n",
		"hoshino-mailbox": harbourMailbox,
		"standalone:\n      storageSize: 1Gi\n    type: Standalone": "type: CloudNativePG\n    cloudNativePG:\n" +
			"      image: " + world.cluster.Images.Postgres + "\n      storage: {size: 1Gi}\n" +
			"      resources: {requests: {cpu: 50m, memory: 128Mi}, limits: {memory: 512Mi}}\n" +
			"    backup:\n      schedule: 0 0 1 1 *\n" +
			"      destination: {type: PersistentVolumeClaim, persistentVolumeClaim: {claimName: backups}}\n" +
			"      encryption: {recipients: [" + recipient + "]}",
		sampleMoment:        time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339),
		"maxPerSecond: 500": "maxPerSecond: 20",
	})
}

func cloudNativePGIsMissed(t *testing.T) {
	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, time.Minute, n, harbour, network, func() error {
		return condition(n.Status.Conditions, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonCloudNativePGMissing)
	})
}

func cloudNativePGIsInstalled(t *testing.T) {
	g := NewWithT(t)
	before := managerStarts(t)
	g.Expect(world.cluster.InstallCloudNativePG(t.Context())).To(Succeed())
	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, 5*time.Minute, n, harbour, network, func() error {
		if err := condition(n.Status.Conditions, "Ready", metav1.ConditionTrue, ""); err != nil {
			return err
		}
		if n.Status.Members == nil || n.Status.Members.Active == 0 {
			return errors.New("nobody imported yet")
		}
		return nil
	})
	g.Expect(managerStarts(t)).To(Equal(before), "nobody restarted the operator")
	clusterHasInstances(t)
	endpoint := &corev1.ConfigMap{}
	g.Expect(world.client.Get(t.Context(), client.ObjectKey{Namespace: harbour, Name: network + "-db-endpoint"}, endpoint)).To(Succeed())
	g.Expect(endpoint.Data["sslmode"]).To(Equal("verify-full"))
	g.Expect(endpoint.Data["ca.crt"]).To(HavePrefix("-----BEGIN CERTIFICATE-----"))
}

// clusterHasInstances waits until all three instances serve, and returns the primary's name.
func clusterHasInstances(t *testing.T) string {
	t.Helper()
	primary := ""
	eventually(t, 4*time.Minute, func(ctx context.Context) error {
		status, err := clusterStatus(ctx)
		if err != nil {
			return err
		}
		ready, _, _ := unstructured.NestedInt64(status, "readyInstances")
		primary, _, _ = unstructured.NestedString(status, "currentPrimary")
		if status["phase"] == healthy && ready == 3 {
			return nil
		}
		// A new replica waits for the primary's next checkpoint, which minutes may pass until.
		_, err = world.cluster.Kubectl(ctx, "-n", harbour, "exec", primary, "-c", "postgres", "--", "psql", "-U", "postgres", "-qc", "CHECKPOINT")
		return errors.Join(fmt.Errorf("%v, %d instances ready", status["phase"], ready), err)
	})
	return primary
}

func clusterStatus(ctx context.Context) (map[string]any, error) {
	cluster := &unstructured.Unstructured{}
	cluster.SetGroupVersionKind(schema.GroupVersionKind{Group: "postgresql.cnpg.io", Version: "v1", Kind: "Cluster"})
	if err := world.client.Get(ctx, client.ObjectKey{Namespace: harbour, Name: network + "-db"}, cluster); err != nil {
		return nil, err
	}
	status, _, err := unstructured.NestedMap(cluster.Object, "status")
	return status, err
}

// managerStarts counts the operator's pods and their restarts.
func managerStarts(t *testing.T) map[string]int32 {
	t.Helper()
	pods := &corev1.PodList{}
	NewWithT(t).Expect(world.client.List(t.Context(), pods, client.InNamespace("alumni-operator-system"))).To(Succeed())
	starts := map[string]int32{}
	for _, p := range pods.Items {
		starts[p.Name] = restarts([]corev1.Pod{p})
	}
	return starts
}

func primaryIsKilled(t *testing.T) {
	g := NewWithT(t)
	kubectl(t, "-n", harbour, "patch", "campaign", newsletter, "--type=merge", "-p",
		fmt.Sprintf(`{"spec":{"schedule":{"at":%q}}}`, time.Now().Add(5*time.Second).UTC().Format(time.RFC3339)))
	c := &v1alpha1.Campaign{}
	waitFor(t, 3*time.Minute, c, harbour, newsletter, func() error {
		if mails := mailsOf(c.Status.LastRun); mails.Sent == 0 || mails.Sent*100 < mails.Audience*20 {
			return errors.New("a fifth of the run is not sent yet")
		}
		return nil
	})
	g.Expect(c.Status.LastRun.State).To(Equal(v1alpha1.RunSending), "the run was over before the primary could be killed")
	primary := clusterHasInstances(t)
	watch := watchPortal(t)
	killed := time.Now()
	kubectl(t, "-n", harbour, "delete", "pod", primary, "--grace-period=0", "--force")
	eventually(t, 2*time.Minute, func(ctx context.Context) error {
		status, err := clusterStatus(ctx)
		if err != nil {
			return err
		}
		if now := status["currentPrimary"]; now == primary || now != status["targetPrimary"] {
			return fmt.Errorf("the primary is %v, and is to be %v", now, status["targetPrimary"])
		}
		return nil
	})
	t.Logf("another primary %s after %s was killed", time.Since(killed).Round(time.Second/10), primary)

	waitFor(t, 5*time.Minute, c, harbour, newsletter, func() error {
		if run := c.Status.LastRun; run.State != v1alpha1.RunFinished {
			return fmt.Errorf("the run is %s with %d of %d sent", run.State, run.Sent, run.Audience)
		}
		return condition(c.Status.Conditions, "Ready", metav1.ConditionTrue, "")
	})
	run := c.Status.LastRun
	g.Expect(run.Pending + run.Deferred + run.Failed + run.Bounced + run.InDoubt + run.Expired).To(BeZero())
	counts, err := journey.Mailbox{Address: address(t, harbourMailbox, "mailbox")}.Counts(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	mails := mailsOf(run)
	t.Logf("sent %d mails, mailbox %d mails to %d people, %d of them twice", mails.Sent, counts.Messages, counts.Recipients, counts.Duplicates)
	g.Expect(counts.Recipients).To(Equal(mails.Sent), "nobody is lost")
	g.Expect(counts.Duplicates).To(BeNumerically("<=", 100), "campaign.md M3")

	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, 3*time.Minute, n, harbour, network, func() error {
		return condition(n.Status.Conditions, "Ready", metav1.ConditionTrue, "")
	})
	watch.report(t)
	portalServesAgain(t)
	clusterHasInstances(t)
}

// portalServesAgain signs a member in, for which the portal must read and write, on pods that nobody restarted.
func portalServesAgain(t *testing.T) {
	t.Helper()
	g := NewWithT(t)
	box := journey.Mailbox{Address: address(t, harbourMailbox, "mailbox")}
	visitor := portal(t, harbour, network)
	g.Expect(visitor.SignIn(t.Context(), box, anyRecipient(t, box))).To(Succeed())
	pods := &corev1.PodList{}
	g.Expect(world.client.List(t.Context(), pods, client.InNamespace(harbour), client.MatchingLabels{"app.kubernetes.io/component": "portal"})).To(Succeed())
	g.Expect(pods.Items).To(HaveLen(2))
	g.Expect(restarts(pods.Items)).To(BeZero(), "the portal waited for its database, and was not restarted for it")
}

// clusterIsBackedUp asks for a backup now: pg_dump of the Cluster's image reads the new primary under a verified certificate.
func clusterIsBackedUp(t *testing.T) {
	applyText(t, `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {namespace: `+harbour+`, name: backups}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 64Mi}}
`)
	kubectl(t, "-n", harbour, "annotate", "alumninetwork", network, "alumni-operator.io/back-up=now")
	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, 2*time.Minute, n, harbour, network, func() error {
		return condition(n.Status.Conditions, v1alpha1.BackupHealthyCondition, metav1.ConditionTrue, v1alpha1.ReasonBackedUp)
	})
	NewWithT(t).Expect(n.Status.Backup.SizeBytes).To(BeNumerically(">", 10_000))
}

// networksInAKeptCluster makes the Cluster as docs/stores.md tells, and two rehearsals in it.
func networksInAKeptCluster(t *testing.T) {
	applyText(t, `
apiVersion: v1
kind: Secret
metadata: {namespace: `+harbour+`, name: pg-admin, labels: {cnpg.io/reload: "true"}}
type: kubernetes.io/basic-auth
stringData: {username: alumni_admin, password: an administrator of the story}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {namespace: `+harbour+`, name: shared}
spec:
  instances: 1
  imageName: `+world.cluster.Images.Postgres+`
  storage: {size: 512Mi}
  resources: {requests: {cpu: 50m, memory: 128Mi}, limits: {memory: 512Mi}}
  managed:
    roles:
    - {name: alumni_admin, login: true, createdb: true, createrole: true, passwordSecret: {name: pg-admin}}
`)
	declared := time.Now()
	tenants := []string{"pilots", "keepers"}
	for _, name := range tenants {
		applyText(t, `
apiVersion: alumni-operator.io/v1alpha1
kind: AlumniNetwork
metadata: {namespace: `+harbour+`, name: `+name+`}
spec:
  trial: Enabled
  trialMembers: 20
  displayName: Harbour
  operator: {name: Hoshino Harbour K.K., address: "1-2-3 Mihon-cho, Tokyo", contact: desk@hoshino-harbour.example}
  store: {type: CloudNativePG, cloudNativePG: {clusterRef: {name: shared}, adminSecretRef: {name: pg-admin}}}
  portal: {publicURL: "https://harbour.example", replicas: 1}
`)
	}
	n := &v1alpha1.AlumniNetwork{}
	databases := map[string]bool{}
	for _, name := range tenants {
		waitFor(t, 4*time.Minute, n, harbour, name, func() error {
			if n.Status.Members == nil || n.Status.Members.Active+n.Status.Members.Listed == 0 {
				return errors.New("nobody is there")
			}
			return condition(n.Status.Conditions, v1alpha1.ReadyCondition, metav1.ConditionTrue, "")
		})
		databases[n.Status.Store.Database] = true
	}
	t.Logf("both Ready %s after the Cluster was declared", time.Since(declared).Round(time.Second/10))
	NewWithT(t).Expect(databases).To(HaveLen(2), "each has a database of its own")
	kubectl(t, append([]string{"-n", harbour, "delete", "alumninetwork"}, tenants...)...)
	kubectl(t, "-n", harbour, "delete", "cluster.postgresql.cnpg.io", "shared", "--wait=false")
}

// clusterOutlivesNetwork deletes the network with its reclaim policy Retain, and declares it again.
func clusterOutlivesNetwork(t *testing.T, declare func(context.Context) error) {
	g := NewWithT(t)
	n := &v1alpha1.AlumniNetwork{}
	g.Expect(world.client.Get(t.Context(), client.ObjectKey{Namespace: harbour, Name: network}, n)).To(Succeed())
	members, uid := *n.Status.Members, n.UID
	kubectl(t, "-n", harbour, "delete", "alumninetwork", network, "--wait=true")
	eventually(t, 2*time.Minute, func(ctx context.Context) error {
		deployments := &appsv1.DeploymentList{}
		if err := world.client.List(ctx, deployments, client.InNamespace(harbour)); err != nil || len(deployments.Items) > 0 {
			return fmt.Errorf("the portal is still there: %w", err)
		}
		return nil
	})
	g.Expect(clusterHasInstances(t)).NotTo(BeEmpty(), "the Cluster outlives the network")

	g.Expect(declare(t.Context())).To(Succeed())
	waitFor(t, 3*time.Minute, n, harbour, network, func() error {
		if n.UID == uid || n.Status.Members == nil {
			return errors.New("the network was not seen yet")
		}
		return condition(n.Status.Conditions, "Ready", metav1.ConditionTrue, "")
	})
	g.Expect(*n.Status.Members).To(Equal(members))
}

// portalWatch asks for a page that needs the database until it is told to report.
type portalWatch struct {
	stop           context.CancelFunc
	done           chan struct{}
	asked, failed  int
	away, longest  time.Duration
	lastFailure    string
	failedSince    time.Time
	servedSomewhen bool
}

// watchPortal begins to ask the portal every 200 ms whether it can serve, which it cannot without its database.
func watchPortal(t *testing.T) *portalWatch {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &portalWatch{stop: stop, done: make(chan struct{})}
	visitor := &journey.Visitor{Portal: address(t, harbour, network+"-portal")}
	go func() {
		defer close(w.done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				page, err := visitor.Get(context.WithoutCancel(ctx), "/readyz")
				w.note(page.Status, err)
			}
		}
	}()
	return w
}

func (w *portalWatch) note(status int, err error) {
	w.asked++
	if err == nil && status == 200 {
		if w.servedSomewhen = true; !w.failedSince.IsZero() {
			w.away += time.Since(w.failedSince)
			w.longest = max(w.longest, time.Since(w.failedSince))
			w.failedSince = time.Time{}
		}
		return
	}
	w.failed++
	w.lastFailure = strings.TrimSpace(fmt.Sprintf("%d %v", status, err))
	if w.failedSince.IsZero() {
		w.failedSince = time.Now()
	}
}

// report tells how long the portal was away, which is bounded by the fail-over.
func (w *portalWatch) report(t *testing.T) {
	t.Helper()
	w.stop()
	<-w.done
	t.Logf("%d of %d requests failed (%s), at most %s in a row", w.failed, w.asked, w.lastFailure, w.longest.Round(time.Second/10))
	g := NewWithT(t)
	g.Expect(w.servedSomewhen).To(BeTrue())
	g.Expect(w.failedSince.IsZero()).To(BeTrue(), "the portal is still away")
	g.Expect(w.longest).To(BeNumerically("<", time.Minute))
}
