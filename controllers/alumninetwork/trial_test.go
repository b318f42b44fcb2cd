// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
	"github.com/alumni-operator/alumni-operator/test/journey"
)

// trialOf declares a rehearsal that names a mail server and its password all the same.
func trialOf(members int32, server *smtptest.Server) func(*v1alpha1.AlumniNetwork) {
	return func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Trial, n.Spec.TrialMembers, n.Spec.DefaultLocale = v1alpha1.TrialEnabled, members, v1alpha1.LocaleEnglish
		n.Spec.Channels = &v1alpha1.Channels{Email: &v1alpha1.EmailChannel{
			Host: server.Host, Port: int32(server.Port), FromAddress: "alumni@hoshino.example", CredentialsSecretRef: &v1alpha1.SecretReference{Name: "smtp"},
		}}
	}
}

// TestATrialIsRehearsedFromTheFirstImportToACampaign runs the real worker and the real portal with what the operator mounts.
func TestATrialIsRehearsedFromTheFirstImportToACampaign(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s, server := operator(t), smtptest.Start(t, smtptest.Options{})
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	s.secret(ctx, g, namespace, "smtp", map[string][]byte{"username": []byte("alumni"), "password": []byte("correct-horse")})
	d := node{suite: s, t: t, namespace: namespace}
	n := external(namespace, "main", trialOf(40, server))
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	first := s.oneImport(ctx, g, namespace)
	code, said := d.runs(ctx, g, first)
	g.Expect(code).To(BeZero(), said)
	g.Expect(s.condition(ctx, g, n, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonReady)).To(ContainSubstring("This is a trial"))
	s.condition(ctx, g, n, v1alpha1.ChannelsReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonCaptured)
	r, m := n.Status.Roster, n.Status.Members
	g.Expect([]int64{r.Rows, r.Inserted, r.Quarantined}).To(Equal([]int64{43, 40, 3}))
	g.Expect(r.Quarantine).To(HaveLen(3), "a rehearsal shows what becomes of rows at fault")
	g.Expect(m.Listed + m.Active).To(BeEquivalentTo(40))
	g.Expect(m.Reachable).To(BeNumerically(">", 10))

	t.Run("another import of the same people changes nothing", func(t *testing.T) {
		g := NewWithT(t)
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) {
			n.Annotations = map[string]string{"alumni-operator.io/import-roster": "again"}
		})
		second := d.nextImport(ctx, g, first.Name)
		code, said := d.runs(ctx, g, second)
		g.Expect(code).To(BeZero(), said)
		g.Eventually(func(g Gomega) {
			g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
			r := n.Status.Roster
			g.Expect([]int64{r.Rows, r.Inserted, r.Updated}).To(Equal([]int64{43, 0, 0}))
		}, settle, beat).Should(Succeed())
		s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.TrialMembers = 45 })
		code, said = d.runs(ctx, g, d.nextImport(ctx, g, first.Name, second.Name))
		g.Expect(code).To(BeZero(), said)
		g.Eventually(func(g Gomega) {
			g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
			g.Expect(n.Status.Roster.Inserted).To(BeEquivalentTo(5), "more people are added to those that are there")
		}, settle, beat).Should(Succeed())
		s.ready(ctx, g, n)
	})

	visitor := &journey.Visitor{Portal: d.portal(ctx, g, "main")}
	t.Run("an invented person signs in by the captured link", func(t *testing.T) {
		g := NewWithT(t)
		list, err := visitor.Get(ctx, "/trial/mail")
		g.Expect(err).NotTo(HaveOccurred())
		person := regexp.MustCompile(`name="address" value="([^"]+\.example)"`).FindStringSubmatch(list.Body)
		g.Expect(person).NotTo(BeNil(), list.Body)
		sent, err := visitor.Post(ctx, "/sign-in", url.Values{"address": {person[1]}})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(sent.Status).To(Equal(200))
		link := ""
		g.Eventually(func(g Gomega) {
			list, err := visitor.Get(ctx, "/trial/mail")
			g.Expect(err).NotTo(HaveOccurred())
			path := regexp.MustCompile(`/trial/mail/[0-9]+`).FindString(list.Body)
			g.Expect(path).NotTo(BeEmpty())
			mail, err := visitor.Get(ctx, path)
			g.Expect(err).NotTo(HaveOccurred())
			found := regexp.MustCompile(`<a href="https://alumni\.hoshino\.example(/sign-in/[A-Za-z0-9_-]+)`).FindStringSubmatch(mail.Body)
			g.Expect(found).NotTo(BeNil(), mail.Body)
			link = found[1]
		}, settle, beat).Should(Succeed())
		page, err := visitor.Post(ctx, link, url.Values{})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(page.Status).To(Equal(200))
		own, err := visitor.Get(ctx, "/me")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(own.Status).To(Equal(200))
		g.Expect(own.Body).To(And(ContainSubstring(person[1]), ContainSubstring("Rehearsal: everyone here is invented")))
	})
	t.Run("a campaign is delivered into the capture", func(t *testing.T) {
		g := NewWithT(t)
		c := newsletter(namespace)
		g.Expect(s.Client.Create(ctx, c)).To(Succeed())
		code, said := d.runs(ctx, g, d.campaignJob(ctx, g))
		g.Expect(code).To(BeZero(), said)
		g.Eventually(func(g Gomega) {
			g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(c), c)).To(Succeed())
			g.Expect(c.Status.Runs).To(HaveLen(1))
			g.Expect(c.Status.Runs[0].State).To(Equal(v1alpha1.RunFinished))
		}, settle, beat).Should(Succeed())
		run := c.Status.Runs[0]
		g.Expect(run.Sent).To(BeNumerically(">", 10))
		captured := number(ctx, g, pg.Start(t), n.Status.Store.Database, "SELECT count(*) FROM alumni.captured_mail WHERE subject = 'News of the rehearsal'")
		g.Expect(captured).To(BeEquivalentTo(run.Sent), "what counts as sent is there")
		list, err := visitor.Get(ctx, "/trial/mail")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(list.Body).To(ContainSubstring("News of the rehearsal"))
	})
	g.Expect(server.Connections()).To(BeZero(), "nobody called the mail server")
	s.holdsNoSecret(ctx, g, namespace, "correct-horse")

	t.Run("and a network for real people never gets its store", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
		s.gone(ctx, g, n)
		again := external(namespace, "main")
		g.Expect(s.Client.Create(ctx, again)).To(Succeed())
		message := s.condition(ctx, g, again, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonTrialMismatch)
		g.Expect(message).To(ContainSubstring("under another name"))
	})
}

func TestATrialNeverGetsTheStoreOfRealPeople(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	n := s.readyOnShared(ctx, t, g)
	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	s.gone(ctx, g, n)

	again := external(n.Namespace, "main", func(n *v1alpha1.AlumniNetwork) { n.Spec.Trial = v1alpha1.TrialEnabled })
	g.Expect(s.Client.Create(ctx, again)).To(Succeed())

	message := s.condition(ctx, g, again, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonTrialMismatch)
	g.Expect(message).To(ContainSubstring("declare the trial under another name"))
	g.Expect(s.imports(ctx, g, n.Namespace)).To(BeEmpty())
}

// newsletter is due at once.
func newsletter(namespace string) *v1alpha1.Campaign {
	return &v1alpha1.Campaign{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "news"},
		Spec: v1alpha1.CampaignSpec{
			NetworkRef: v1alpha1.NetworkReference{Name: "main"}, Type: v1alpha1.CampaignNewsletter,
			Schedule: v1alpha1.CampaignSchedule{At: &metav1.Time{Time: time.Now().Add(-time.Minute).Truncate(time.Second)}},
			Content: v1alpha1.Content{Locales: []v1alpha1.LocalisedContent{
				{Locale: v1alpha1.LocaleJapanese, Subject: "News of the rehearsal", Body: "{{ .Member.DisplayName }}さん"},
				{Locale: v1alpha1.LocaleEnglish, Subject: "News of the rehearsal", Body: "Dear {{ .Member.DisplayName }}"},
			}},
		},
	}
}

// nextImport waits for the one import that is not known yet.
func (d node) nextImport(ctx context.Context, g Gomega, known ...string) batchv1.Job {
	var next batchv1.Job
	g.Eventually(func(g Gomega) {
		all := slices.DeleteFunc(d.imports(ctx, g, d.namespace), func(j batchv1.Job) bool { return slices.Contains(known, j.Name) })
		g.Expect(all).To(HaveLen(1))
		next = all[0]
	}, settle, beat).Should(Succeed())
	return next
}

// campaignJob waits for the one job of a campaign.
func (d node) campaignJob(ctx context.Context, g Gomega) batchv1.Job {
	list := &batchv1.JobList{}
	g.Eventually(func(g Gomega) {
		g.Expect(d.Client.List(ctx, list, client.InNamespace(d.namespace), client.MatchingLabels(labels.Selector("main", labels.Campaigns)))).To(Succeed())
		g.Expect(list.Items).To(HaveLen(1))
	}, settle, beat).Should(Succeed())
	return list.Items[0]
}

// portal runs the real portal with what its pods mount, until the test ends, and returns where it serves.
func (d node) portal(ctx context.Context, g Gomega, network string) string {
	binary := d.program(g, "portal")
	deployment := &appsv1.Deployment{}
	g.Expect(d.Client.Get(ctx, client.ObjectKey{Namespace: d.namespace, Name: naming.Portal(network)}, deployment)).To(Succeed())
	args := []string{"--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--email-dir", d.t.TempDir()}
	flags := map[string]string{"db": "db-dir", "network": "network-dir", "token-key": "token-key-dir"}
	for _, v := range deployment.Spec.Template.Spec.Volumes {
		g.Expect(v.Name).NotTo(Equal("email"), "the portal of a trial has no password")
		if flag := flags[v.Name]; flag != "" {
			args = append(args, "--"+flag, d.folder(ctx, g, v))
		}
	}
	cmd := exec.Command(binary, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StderrPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cmd.Start()).To(Succeed())
	address, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var line struct{ Msg, Address string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "Serving" {
				address <- line.Address
			}
		}
		_ = cmd.Wait()
	}()
	d.t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	var found string
	g.Eventually(address, settle).Should(Receive(&found))
	return found
}

// program compiles one of the real programs beside the worker.
func (d node) program(g Gomega, name string) string {
	worker, err := buildWorker()
	g.Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(filepath.Dir(worker), name)
	said, err := exec.CommandContext(d.t.Context(), "go", "build", "-o", path, "../../cmd/"+name).CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), string(said))
	return path
}
