// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/test/journey"
)

const (
	foods        = "hoshino-foods"
	network      = "alumni"
	newsletter   = "winter-newsletter"
	policy       = "group-default"
	sampleMoment = "2026-12-01T09:00:00+09:00"
)

// theMainJob is the whole life of one network: declared as YAML, filled by HR, written to, left by a member,
// and cleaned by a policy. Its parts build on each other.
func theMainJob(t *testing.T) {
	g := NewWithT(t)
	g.Expect(apply(t.Context(), "config/samples/demo/hoshino-foods", map[string]string{
		sampleMoment: time.Now().Add(60 * time.Second).UTC().Format(time.RFC3339),
		// slow enough that workers can be killed in the middle
		"maxPerSecond: 500": "maxPerSecond: 40",
	})).To(Succeed())
	t.Run("the network becomes Ready and HR's people are in it", networkIsReady)
	t.Run("the newsletter reaches everybody once although its worker is killed", newsletterSurvivesKills)
	t.Run("the preview erases nobody", previewErasesNobody)
	t.Run("a member who leaves is erased within minutes and is not brought back", memberLeaves)
	t.Run("what is due is erased and certified", dueIsErased)
	t.Run("manager and portal are killed and nothing changes", killsChangeNothing)
	t.Run("the portal restarts without a failed request", portalRollsWithoutFailure)
	world.beside.Wait() // whoever replaces the operator disturbs the others
	t.Run("operator and schema are upgraded without a failed request", upgradeReachesTheNetwork)
	t.Run("its logins are renewed twice without a failed request", loginsRotate)
	t.Run("the network is lost, and restored without the member who had left meanwhile", networkIsRestored)
	t.Run("no person is named outside the store", nobodyIsNamed)
}

func networkIsReady(t *testing.T) {
	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, 6*time.Minute, n, foods, network, func() error {
		if err := condition(n.Status.Conditions, "Ready", metav1.ConditionTrue, ""); err != nil {
			return err
		}
		if n.Status.Roster == nil || n.Status.Members == nil || n.Status.Members.Active == 0 {
			return errors.New("nobody imported yet")
		}
		return nil
	})
	g := NewWithT(t)
	g.Expect(n.Status.Roster.Quarantined).To(BeNumerically("==", 3), "the feed has three bad rows")
	g.Expect(n.Status.Roster.Inserted).To(BeNumerically(">", 990))
	g.Expect(n.Status.Members.Listed + n.Status.Members.Active).To(Equal(n.Status.Roster.Inserted))
}

func newsletterSurvivesKills(t *testing.T) {
	g := NewWithT(t)
	c := &v1alpha1.Campaign{}
	for _, share := range []int64{10, 50} {
		waitFor(t, 4*time.Minute, c, foods, newsletter, func() error {
			if mails := mailsOf(c.Status.LastRun); mails.Sent == 0 || mails.Sent*100 < mails.Audience*share {
				return fmt.Errorf("%d %% of the mails are not sent yet", share)
			}
			return nil
		})
		g.Expect(c.Status.LastRun.State).To(Equal(v1alpha1.RunSending), "the run was over before its worker could be killed")
		kill(t, foods, "worker", "campaign")
	}
	waitFor(t, 5*time.Minute, c, foods, newsletter, func() error {
		if run := c.Status.LastRun; run.State != v1alpha1.RunFinished {
			return fmt.Errorf("the run is %s with %d of %d sent", run.State, run.Sent, run.Audience)
		}
		return condition(c.Status.Conditions, "Ready", metav1.ConditionTrue, "")
	})
	run := c.Status.LastRun
	sum := run.Sent + run.Pending + run.Deferred + run.Failed + run.Bounced + run.InDoubt + run.Expired
	for _, refused := range run.Refused {
		sum += refused.Count
	}
	g.Expect(sum).To(Equal(run.Audience), "the numbers add up to the audience")
	g.Expect(run.Pending + run.Deferred + run.Failed + run.Bounced + run.InDoubt + run.Expired).To(BeZero())
	counts, err := mailbox(t).Counts(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	mails := mailsOf(run)
	t.Logf("sent %d, mailbox %d mails to %d people, %d of them twice after two kills", mails.Sent, counts.Messages, counts.Recipients, counts.Duplicates)
	g.Expect(counts.Recipients).To(Equal(mails.Sent), "nobody is lost")
	g.Expect(run.Sent).To(BeNumerically(">=", 2*mails.Sent), "everybody finds it in the portal too")
	g.Expect(counts.Duplicates).To(BeNumerically("<=", 2*100), "campaign.md M3")
}

// mailsOf counts the mails of a run that writes into the portal too; nothing when there is none.
func mailsOf(run *v1alpha1.CampaignRun) v1alpha1.ChannelCount {
	if run != nil {
		for _, c := range run.Channels {
			if c.Type == v1alpha1.ChannelEmail {
				return c
			}
		}
	}
	return v1alpha1.ChannelCount{}
}

func previewErasesNobody(t *testing.T) {
	p := &v1alpha1.RetentionPolicy{}
	waitFor(t, 3*time.Minute, p, foods, policy, func() error {
		if len(p.Status.Networks) == 0 || p.Status.Networks[0].LastRun == nil || p.Status.Networks[0].LastRun.FinishedAt == nil {
			return errors.New("no preview yet")
		}
		return condition(p.Status.Conditions, "Ready", metav1.ConditionTrue, "")
	})
	g := NewWithT(t)
	g.Expect(p.Status.Networks[0].LastRun.DueMembers).To(BeNumerically(">", 0))
	g.Expect(p.Status.Networks[0].LastRun.ErasedMembers).To(BeZero())
	g.Expect(p.Status.Networks[0].PlanHash).To(HaveLen(64))
}

func memberLeaves(t *testing.T) {
	g := NewWithT(t)
	box := mailbox(t)
	address := anyRecipient(t, box)
	visitor := portal(t, foods, network)
	g.Expect(visitor.SignIn(t.Context(), box, address)).To(Succeed())
	page, err := visitor.Get(t.Context(), "/notices")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(page.Body).To(Or(ContainSubstring("冬のたより"), ContainSubstring("Winter news for you")), "what the newsletter said is in the portal")
	g.Expect(visitor.Leave(t.Context())).To(Succeed())
	page, err = visitor.Get(t.Context(), "/me")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(page.Status).NotTo(Equal(200), "the session is over at once")

	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, 5*time.Minute, n, foods, network, func() error {
		if n.Status.Members.Erased != 1 || n.Status.Members.Withdrawn != 0 {
			return fmt.Errorf("%d erased, %d withdrawn", n.Status.Members.Erased, n.Status.Members.Withdrawn)
		}
		return nil
	})
	people := n.Status.Members.Active + n.Status.Members.Listed
	importAgain(t)
	waitFor(t, 4*time.Minute, n, foods, network, func() error {
		if n.Status.Roster == nil || n.Status.Roster.Tombstoned != 1 {
			return errors.New("the second import has not met the tombstone yet")
		}
		return nil
	})
	g.Expect(n.Status.Members.Active+n.Status.Members.Listed).To(Equal(people), "nobody came back")
}

// importAgain changes the roster's section in a way that means nothing, so that the file is read once more.
func importAgain(t *testing.T) {
	t.Helper()
	kubectl(t, "-n", foods, "patch", "alumninetwork", network, "--type=merge", "-p",
		`{"spec":{"roster":{"source":{"volume":{"path":"./leavers.csv"}}}}}`)
}

func anyRecipient(t *testing.T, box journey.Mailbox) string {
	t.Helper()
	mails, err := box.Mails(t.Context(), "")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(mails).NotTo(BeEmpty())
	return mails[0].To
}

func dueIsErased(t *testing.T) {
	g := NewWithT(t)
	p := &v1alpha1.RetentionPolicy{}
	g.Expect(world.client.Get(t.Context(), client.ObjectKey{Namespace: foods, Name: policy}, p)).To(Succeed())
	due := p.Status.Networks[0].LastRun.DueMembers
	before := client.MergeFrom(p.DeepCopy())
	p.Spec.Mode = v1alpha1.RetentionEnforce
	g.Expect(world.client.Patch(t.Context(), p, before)).To(Succeed())
	waitFor(t, 5*time.Minute, p, foods, policy, func() error {
		run := p.Status.Networks[0].LastRun
		if run == nil || run.Mode != v1alpha1.RetentionEnforce || run.State != "Certified" || p.Status.Networks[0].Erased < due {
			return errors.New("no certified run yet")
		}
		return condition(p.Status.Conditions, "Ready", metav1.ConditionTrue, "")
	})
	config := &corev1.ConfigMap{}
	g.Expect(world.client.Get(t.Context(), client.ObjectKey{Namespace: foods, Name: p.Status.Networks[0].Certificate}, config)).To(Succeed())
	signed, err := certificate.Decode([]byte(config.Data["certificate.json"]))
	g.Expect(err).NotTo(HaveOccurred())
	proof, err := signed.Verify(nil)
	g.Expect(err).NotTo(HaveOccurred())
	t.Logf("%d people were due and are erased; certificate of run %s, chain of %d links", due, proof.Run.Name, proof.Chain.Length)
	g.Expect(proof.Chain.Head).NotTo(BeEmpty())
}

func killsChangeNothing(t *testing.T) {
	g := NewWithT(t)
	n := &v1alpha1.AlumniNetwork{}
	g.Expect(world.client.Get(t.Context(), client.ObjectKey{Namespace: foods, Name: network}, n)).To(Succeed())
	members := *n.Status.Members
	kill(t, "alumni-operator-system", "manager", "")
	before := restarts(portalPods(t))
	kill(t, foods, "portal", "")
	eventually(t, 2*time.Minute, func(context.Context) error {
		for _, p := range portalPods(t) {
			if restarts([]corev1.Pod{p}) == 0 || !ready(p) {
				return fmt.Errorf("%s is not back", p.Name)
			}
		}
		return nil
	})
	g.Expect(restarts(portalPods(t))).To(Equal(before + 2))
	visitor := &journey.Visitor{Portal: portalService(t).Spec.ClusterIP}
	eventually(t, time.Minute, func(ctx context.Context) error {
		page, err := visitor.Get(ctx, "/readyz")
		if err != nil || page.Status != 200 {
			return fmt.Errorf("the portal's Service is not back: %d %w", page.Status, err)
		}
		return nil
	})
	g.Expect(world.cluster.Kubectl(t.Context(), "-n", "alumni-operator-system", "rollout", "status", "deployment/alumni-operator-manager", "--timeout=120s")).Error().NotTo(HaveOccurred())
	waitFor(t, 2*time.Minute, n, foods, network, func() error {
		return condition(n.Status.Conditions, "Ready", metav1.ConditionTrue, "")
	})
	g.Expect(*n.Status.Members).To(Equal(members))
}

// nobodyIsNamed looks for addresses and names of people who got a mail in everything that the cluster shows.
func nobodyIsNamed(t *testing.T) {
	g := NewWithT(t)
	mails, err := mailbox(t).Mails(t.Context(), "")
	g.Expect(err).NotTo(HaveOccurred())
	everything := kubectl(t, "get", "alumni,jobs,pods,configmaps,deployments,statefulsets,events", "-A", "-o", "yaml") +
		logs(t, "alumni-operator-system") + logs(t, foods)
	checked := map[string]bool{}
	for _, m := range mails {
		if checked[m.To] {
			continue
		}
		checked[m.To] = true
		if i := strings.Index(everything, m.To); i >= 0 {
			dump := filepath.Join(os.TempDir(), "alumni-e2e-leak.txt")
			_ = os.WriteFile(dump, []byte(everything), 0o600)
			t.Fatalf("an address of a member is shown outside the store; see %s near byte %d", dump, i)
		}
	}
	t.Logf("%d addresses looked for in %d bytes of objects, events and logs", len(checked), len(everything))
}

// logs are the logs of every pod of a namespace that has started.
func logs(t *testing.T, namespace string) string {
	t.Helper()
	pods := &corev1.PodList{}
	NewWithT(t).Expect(world.client.List(t.Context(), pods, client.InNamespace(namespace))).To(Succeed())
	var all strings.Builder
	for _, p := range pods.Items {
		if p.Status.Phase != corev1.PodPending {
			all.WriteString(kubectl(t, "-n", namespace, "logs", p.Name, "--all-containers", "--tail=-1"))
		}
	}
	return all.String()
}
