// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

const (
	rotateAnnotation = "alumni-operator.io/rotate-credentials"
	// inUseWithin is how long a new value of a Secret may take until pods are told to use it.
	inUseWithin = 10 * time.Second
)

// askRotation asks for new logins.
func (s suite) askRotation(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork, value string) {
	g.Eventually(func() error {
		if err := s.Client.Get(ctx, client.ObjectKeyFromObject(n), n); err != nil {
			return err
		}
		if n.Annotations == nil {
			n.Annotations = map[string]string{}
		}
		n.Annotations[rotateAnnotation] = value
		return s.Client.Update(ctx, n)
	}, settle, beat).Should(Succeed())
}

// usernames are the logins that the Secrets name.
func (s suite) usernames(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork) map[naming.Role]string {
	all := map[naming.Role]string{}
	for _, role := range naming.Roles() {
		secret := &corev1.Secret{}
		g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: naming.DatabaseSecret(n.Name, role)}, secret)).To(Succeed())
		all[role] = string(secret.Data["username"])
	}
	return all
}

func generation(database string, g naming.Generation) map[naming.Role]string {
	all := map[naming.Role]string{}
	for _, role := range naming.Roles() {
		all[role] = naming.DatabaseLogin(database, role, g)
	}
	return all
}

// rotationState waits for a state of the rotation.
func (s suite) rotationState(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork, want v1alpha1.RotationState) {
	g.Eventually(func(g Gomega) {
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
		g.Expect(n.Status.Store.Credentials).NotTo(BeNil())
		g.Expect(n.Status.Store.Credentials.State).To(Equal(want))
	}, settle, beat).Should(Succeed())
}

// mayLogIn lists the roles of a database that may log in.
func mayLogIn(ctx context.Context, t *testing.T, g Gomega, database string) []string {
	var names []string
	for name, may := range roleState(ctx, t, g, database) {
		if may {
			names = append(names, name)
		}
	}
	return names
}

func names(logins map[naming.Role]string) []string { return slices.Collect(maps.Values(logins)) }

func (s suite) portalLogin(ctx context.Context, g Gomega, namespace string) string {
	d := &appsv1.Deployment{}
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.Portal("main")}, d)).To(Succeed())
	return d.Spec.Template.Labels[labels.StoreLogin]
}

// rotated waits until the Secrets name a generation of logins, and holds against the clock how soon the portal is rolled then.
func (s suite) rotated(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork, want naming.Generation, before string) {
	logins := generation(n.Status.Store.Database, want)
	g.Eventually(func() map[naming.Role]string { return s.usernames(ctx, g, n) }, settle, beat).Should(Equal(logins))
	g.Eventually(func() string { return s.portalLogin(ctx, g, n.Namespace) }, inUseWithin, beat).ShouldNot(Equal(before))
	for _, role := range naming.Roles() {
		g.Expect(s.login(ctx, g, n, role)).To(Succeed(), "the login that the Secret names works: %s", role)
	}
}

// TestLoginsAreRotatedOnRequest rotates twice in a row: the second waits for the first, and at every moment what a Secret names
// or a pod was made for may log in.
func TestLoginsAreRotatedOnRequest(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	database := n.Status.Store.Database
	first, second := generation(database, naming.GenerationA), generation(database, naming.GenerationB)
	g.Expect(s.usernames(ctx, g, n)).To(Equal(first))
	s.rotationState(ctx, g, n, v1alpha1.RotationSettled)
	g.Expect(n.Status.Store.Credentials.RotatedAt).To(BeNil())
	g.Expect(s.portalLogin(ctx, g, namespace)).To(BeEmpty())

	s.askRotation(ctx, g, n, "one")
	s.rotated(ctx, g, n, naming.GenerationB, "")
	s.askRotation(ctx, g, n, "two")
	s.rotationState(ctx, g, n, v1alpha1.RotationWaiting)
	g.Expect(mayLogIn(ctx, t, g, database)).To(ConsistOf(append(names(first), names(second)...)), "the former logins are kept for those who have them")
	during := s.portalLogin(ctx, g, namespace)

	s.rotated(ctx, g, n, naming.GenerationA, during)
	s.rotationState(ctx, g, n, v1alpha1.RotationSettled)
	g.Eventually(func() []string { return mayLogIn(ctx, t, g, database) }, settle, beat).Should(ConsistOf(names(first)))
	g.Expect(n.Status.Store.Credentials.RotatedAt).NotTo(BeNil())
	s.ready(ctx, g, n)
	for _, role := range naming.Roles() {
		g.Expect(s.login(ctx, g, n, role)).To(Succeed())
		secret := &corev1.Secret{}
		g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.DatabaseSecret("main", role)}, secret)).To(Succeed())
		s.holdsNoSecret(ctx, g, namespace, string(secret.Data["password"]))
	}
	g.Expect(s.rotationEvents(ctx, g, namespace)).To(BeNumerically(">=", 1))
}

func (s suite) rotationEvents(ctx context.Context, g Gomega, namespace string) int {
	events, found := &eventsv1.EventList{}, 0
	g.Expect(s.Client.List(ctx, events, client.InNamespace(namespace))).To(Succeed())
	for i := range events.Items {
		if events.Items[i].Reason == v1alpha1.ReasonCredentialsRotated {
			found++
		}
	}
	return found
}

// TestARotationWaitsForTheJobsThatRun keeps the former logins as long as a job that began with them runs.
func TestARotationWaitsForTheJobsThatRun(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "newsletter", Labels: labels.For("main", labels.Campaigns)},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "worker", Image: "alumni-operator:test"}},
		}}},
	}
	g.Expect(s.Client.Create(ctx, job)).To(Succeed())

	s.askRotation(ctx, g, n, "one")
	s.rotated(ctx, g, n, naming.GenerationB, "")
	s.rotationState(ctx, g, n, v1alpha1.RotationHandingOver)
	campaign := naming.DatabaseRole(n.Status.Store.Database, naming.RoleCampaign)
	g.Consistently(func() []string { return mayLogIn(ctx, t, g, n.Status.Store.Database) }, "15s", "1s").Should(ContainElement(campaign))

	g.Expect(s.Client.Delete(ctx, job, client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
	s.rotationState(ctx, g, n, v1alpha1.RotationSettled)
	g.Eventually(func() []string { return mayLogIn(ctx, t, g, n.Status.Store.Database) }, settle, beat).
		Should(ConsistOf(names(generation(n.Status.Store.Database, naming.GenerationB))))
}

// TestLoginsAreRotatedWhenTheyAreTooOld makes Secrets that look old.
func TestLoginsAreRotatedWhenTheyAreTooOld(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	after := v1alpha1.Period("P30D")
	n := external(namespace, "main", func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Store.Credentials = &v1alpha1.StoreCredentials{RotateAfter: &after}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	g.Expect(s.usernames(ctx, g, n)).To(Equal(generation(n.Status.Store.Database, naming.GenerationA)), "they are new")

	for days, role := range map[int]naming.Role{29: naming.RoleRoster, 31: naming.RoleCampaign} {
		secret := &corev1.Secret{}
		g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.DatabaseSecret("main", role)}, secret)).To(Succeed())
		secret.Annotations = map[string]string{labels.RotatedAt: time.Now().AddDate(0, 0, -days).UTC().Format(time.RFC3339)}
		g.Expect(s.Client.Update(ctx, secret)).To(Succeed())
	}
	want := generation(n.Status.Store.Database, naming.GenerationA)
	want[naming.RoleCampaign] = naming.DatabaseLogin(n.Status.Store.Database, naming.RoleCampaign, naming.GenerationB)
	g.Eventually(func() map[naming.Role]string { return s.usernames(ctx, g, n) }, settle, beat).Should(Equal(want))
	s.rotationState(ctx, g, n, v1alpha1.RotationSettled)
	g.Expect(s.login(ctx, g, n, naming.RoleCampaign)).To(Succeed())
}

// TestARefusedAdminLeavesTheNetworkServing puts a wrong password into the admin Secret of a network that is Ready.
func TestARefusedAdminLeavesTheNetworkServing(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	data := adminRole(ctx, t, g, createsAll)
	admin := s.secret(ctx, g, namespace, "pg-admin", data)
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	right := slices.Clone(data["password"])

	admin.Data["password"] = []byte("canary-wrong-password-42")
	g.Expect(s.Client.Update(ctx, admin)).To(Succeed())
	message := s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonAdminRefused)
	g.Expect(message).To(ContainSubstring(`"pg-admin"`))
	s.ready(ctx, g, n)
	s.holdsNoSecret(ctx, g, namespace, "canary-wrong-password-42")

	s.askRotation(ctx, g, n, "one")
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonRotationFailed)
	s.rotationState(ctx, g, n, v1alpha1.RotationWaiting)
	s.ready(ctx, g, n)
	g.Expect(s.usernames(ctx, g, n)).To(Equal(generation(n.Status.Store.Database, naming.GenerationA)))
	for _, role := range naming.Roles() {
		g.Expect(s.login(ctx, g, n, role)).To(Succeed())
	}

	sql(ctx, t, g, "ALTER ROLE "+pgx.Identifier{string(data["username"])}.Sanitize()+" PASSWORD 'rotated-by-the-dba'")
	admin.Data["password"] = []byte("rotated-by-the-dba")
	changed := time.Now()
	g.Expect(s.Client.Update(ctx, admin)).To(Succeed())
	s.rotated(ctx, g, n, naming.GenerationB, "")
	g.Expect(time.Since(changed)).To(BeNumerically("<", inUseWithin), "the new admin login was in use")
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonProvisioned)
	s.holdsNoSecret(ctx, g, namespace, string(right))

	// Now it is refused while former logins are to be closed.
	admin.Data["password"] = []byte("canary-wrong-password-42")
	g.Expect(s.Client.Update(ctx, admin)).To(Succeed())
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonAdminRefused)
	g.Consistently(func(g Gomega) {
		s.poke(ctx, g, n)
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
		g.Expect(conditions.IsTrue(n, v1alpha1.StoreReadyCondition)).To(BeTrue(), "%v", n.Status.Conditions)
		g.Expect(n.Status.Store.Credentials.State).To(Equal(v1alpha1.RotationHandingOver))
	}, "25s", "2s").Should(Succeed())
	g.Expect(mayLogIn(ctx, t, g, n.Status.Store.Database)).To(HaveLen(2 * len(naming.Roles())))
	admin.Data["password"] = []byte("rotated-by-the-dba")
	g.Expect(s.Client.Update(ctx, admin)).To(Succeed())
	s.rotationState(ctx, g, n, v1alpha1.RotationSettled)
	g.Expect(mayLogIn(ctx, t, g, n.Status.Store.Database)).To(HaveLen(len(naming.Roles())))
}

// TestANextLoginThatTheServerDoesNotTakeIsNotUsed lets the server's own rules refuse every second login.
func TestANextLoginThatTheServerDoesNotTakeIsNotUsed(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	server := pg.New(t)
	s.secret(ctx, g, namespace, "pg-admin", map[string][]byte{
		"host": []byte(server.Host), "port": []byte(strconv.Itoa(server.Port)), "username": []byte("postgres"),
		"password": []byte(server.Password), "sslmode": []byte("disable"),
	})
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	conn, err := pgx.Connect(ctx, server.AdminDSN())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	var path string
	g.Expect(conn.QueryRow(ctx, "SHOW hba_file").Scan(&path)).To(Succeed())
	rules, err := os.ReadFile(path)
	g.Expect(err).NotTo(HaveOccurred())
	follow := func(rules string) {
		g.Expect(os.WriteFile(path, []byte(rules), 0o600)).To(Succeed())
		_, err := conn.Exec(ctx, "SELECT pg_reload_conf()")
		g.Expect(err).NotTo(HaveOccurred())
	}
	portal := naming.DatabaseLogin(n.Status.Store.Database, naming.RolePortal, naming.GenerationB)
	follow("host all " + portal + " all reject\n" + string(rules))

	s.askRotation(ctx, g, n, "one")
	message := s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonRotationFailed)
	g.Expect(message).To(ContainSubstring("pg_hba.conf"))
	s.ready(ctx, g, n)
	g.Expect(s.usernames(ctx, g, n)).To(Equal(generation(n.Status.Store.Database, naming.GenerationA)), "no Secret names a login that does not work")
	g.Expect(s.portalLogin(ctx, g, namespace)).To(BeEmpty())

	follow(string(rules))
	s.poke(ctx, g, n)
	s.rotated(ctx, g, n, naming.GenerationB, "")
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonProvisioned)
}

// TestARotationThatStopsHalfWayGoesOn lets one of the Secrets refuse its new login, as a crash between two Secrets would: what was
// renewed before it is in use, what was not goes on as it was, and both work. It goes on when that Secret can be changed.
func TestARotationThatStopsHalfWayGoesOn(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	database := n.Status.Store.Database
	stuck := &corev1.Secret{}
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.DatabaseSecret("main", naming.RoleRoster)}, stuck)).To(Succeed())
	stuck.Immutable = new(true)
	g.Expect(s.Client.Update(ctx, stuck)).To(Succeed())

	s.askRotation(ctx, g, n, "one")
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonRotationFailed)
	s.rotationState(ctx, g, n, v1alpha1.RotationWaiting)
	half := generation(database, naming.GenerationA)
	for _, role := range []naming.Role{naming.RoleOwner, naming.RolePortal, naming.RoleCampaign, naming.RoleRetention} {
		half[role] = naming.DatabaseLogin(database, role, naming.GenerationB)
	}
	g.Expect(s.usernames(ctx, g, n)).To(Equal(half))
	g.Expect(s.portalLogin(ctx, g, namespace)).NotTo(BeEmpty(), "the portal is rolled for what was renewed")
	for _, role := range naming.Roles() {
		g.Expect(s.login(ctx, g, n, role)).To(Succeed(), string(role))
	}

	g.Expect(s.Client.Delete(ctx, stuck)).To(Succeed())
	all := generation(database, naming.GenerationB)
	all[naming.RoleRoster] = naming.DatabaseRole(database, naming.RoleRoster) // made anew, so it is new already
	g.Eventually(func(g Gomega) { g.Expect(s.usernames(ctx, g, n)).To(Equal(all)) }, 2*settle, beat).Should(Succeed())
	s.rotationState(ctx, g, n, v1alpha1.RotationSettled)
	s.ready(ctx, g, n)
	g.Eventually(func() []string { return mayLogIn(ctx, t, g, database) }, settle, beat).Should(ConsistOf(names(all)))
	for _, role := range naming.Roles() {
		g.Expect(s.login(ctx, g, n, role)).To(Succeed(), string(role))
	}
}

// TestAnInvalidMailSecretLeavesThePodsAsTheyAre takes a key away from the mail Secret, and puts it back with another value.
func TestAnInvalidMailSecretLeavesThePodsAsTheyAre(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	mail := s.secret(ctx, g, namespace, "smtp", map[string][]byte{"username": []byte("alumni"), "password": []byte("canary-mail-1")})
	n := external(namespace, "main", withMail)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	hash := s.configHash(ctx, g, namespace)

	mail.Data = map[string][]byte{"username": []byte("alumni")}
	g.Expect(s.Client.Update(ctx, mail)).To(Succeed())
	message := s.condition(ctx, g, n, v1alpha1.ChannelsReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretInvalid)
	g.Expect(message).To(And(ContainSubstring("smtp"), ContainSubstring("password")))
	s.askRotation(ctx, g, n, "one")
	s.rotationState(ctx, g, n, v1alpha1.RotationWaiting)
	g.Consistently(func() string { return s.configHash(ctx, g, namespace) }, "3s", beat).Should(Equal(hash))
	g.Expect(s.portalLogin(ctx, g, namespace)).To(BeEmpty(), "no login is renewed while the portal cannot be rolled")

	mail.Data["password"] = []byte("canary-mail-2")
	changed := time.Now()
	g.Expect(s.Client.Update(ctx, mail)).To(Succeed())
	g.Eventually(func() string { return s.configHash(ctx, g, namespace) }, inUseWithin, beat).ShouldNot(Equal(hash))
	g.Expect(time.Since(changed)).To(BeNumerically("<", inUseWithin))
	s.rotated(ctx, g, n, naming.GenerationB, "")
	s.ready(ctx, g, n)
}
