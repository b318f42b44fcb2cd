// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

const (
	storeFinalizer = "alumni-operator.io/store"
	wayOut         = "set spec.store.reclaimPolicy to Retain"
	oneMember      = `INSERT INTO alumni.member (id, state, family_name, locale) VALUES (gen_random_uuid(), 'Listed', 'Canarino-88', 'ja')`
)

func deletes(n *v1alpha1.AlumniNetwork) { n.Spec.Store.ReclaimPolicy = v1alpha1.StoreDelete }
func retains(n *v1alpha1.AlumniNetwork) { n.Spec.Store.ReclaimPolicy = v1alpha1.StoreRetain }

// confirm sets the annotation that confirms a deletion.
func confirm(name string, day time.Time) func(*v1alpha1.AlumniNetwork) {
	return func(n *v1alpha1.AlumniNetwork) {
		metav1.SetMetaDataAnnotation(&n.ObjectMeta, "alumni-operator.io/confirm-delete", name+"@"+day.UTC().Format(time.DateOnly))
	}
}

// inStore runs SQL in a network's database as the superuser of a server.
func inStore(ctx context.Context, g Gomega, server *pg.Server, database, sql string) {
	config, err := pgx.ParseConfig(server.AdminDSN())
	g.Expect(err).NotTo(HaveOccurred())
	config.Database = database
	conn, err := pgx.ConnectConfig(ctx, config)
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	g.Expect(err).NotTo(HaveOccurred())
}

// number asks a database for one number.
func number(ctx context.Context, g Gomega, server *pg.Server, database, sql string) int {
	config, err := pgx.ParseConfig(server.AdminDSN())
	g.Expect(err).NotTo(HaveOccurred())
	config.Database = database
	conn, err := pgx.ConnectConfig(ctx, config)
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	var n int
	g.Expect(conn.QueryRow(ctx, sql).Scan(&n)).To(Succeed())
	return n
}

func databases(ctx context.Context, g Gomega, server *pg.Server, name string) int {
	return number(ctx, g, server, "postgres", "SELECT count(*) FROM pg_database WHERE datname = '"+name+"'")
}

const members = "SELECT count(*) FROM alumni.member"

// readyOnShared makes a network on the shared server, with one member.
func (s suite) readyOnShared(ctx context.Context, t *testing.T, g Gomega, change ...func(*v1alpha1.AlumniNetwork)) *v1alpha1.AlumniNetwork {
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main", change...)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	inStore(ctx, g, pg.Start(t), n.Status.Store.Database, oneMember)
	return n
}

// job makes a job that works on a network, and waits for its pod.
func (s suite) job(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork) *batchv1.Job {
	set := labels.For(n.Name, labels.Campaigns)
	made := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: n.Namespace, Name: "sending", Labels: set},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: set},
			Spec: corev1.PodSpec{
				RestartPolicy:   corev1.RestartPolicyNever,
				SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
				Containers: []corev1.Container{{Name: "worker", Image: "worker:test", SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: ptr.To(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				}}},
			},
		}},
	}
	g.Expect(s.Client.Create(ctx, made)).To(Succeed())
	g.Eventually(func(g Gomega) {
		pods := &corev1.PodList{}
		g.Expect(s.Client.List(ctx, pods, client.InNamespace(n.Namespace), client.MatchingLabels{labels.Component: string(labels.Campaigns)})).To(Succeed())
		g.Expect(pods.Items).To(HaveLen(1))
	}, settle, beat).Should(Succeed())
	return made
}

func (s suite) kept(ctx context.Context, g Gomega, namespace string, names ...string) {
	for _, name := range names {
		g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &corev1.Secret{})).To(Succeed(), name)
	}
}

func TestDeletingAStoreNeedsItsNameAndTheDay(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s, server, today := operator(t), pg.Start(t), time.Now().UTC()
	n := s.readyOnShared(ctx, t, g, deletes)
	g.Expect(n.Finalizers).To(ContainElement(storeFinalizer))
	neighbour := external(n.Namespace, "neighbour")
	g.Expect(s.Client.Create(ctx, neighbour)).To(Succeed())
	s.ready(ctx, g, neighbour)
	inStore(ctx, g, server, neighbour.Status.Store.Database, oneMember)
	working, database, uid := s.job(ctx, g, n), n.Status.Store.Database, n.UID

	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	message := s.condition(ctx, g, n, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonConfirmationNeeded)
	g.Expect(message).To(And(ContainSubstring("set annotation alumni-operator.io/confirm-delete to main@"+today.Format(time.DateOnly)), ContainSubstring(wayOut)))
	s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonConfirmationNeeded)
	for _, wrong := range []func(*v1alpha1.AlumniNetwork){confirm("neighbour", today), confirm("main", today.AddDate(0, 0, -2)), confirm("main", today.AddDate(1, 0, 0))} {
		s.change(ctx, g, n, wrong)
		g.Eventually(func() string {
			return s.condition(ctx, g, n, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonConfirmationNeeded)
		}, settle, beat).Should(ContainSubstring("names another network or a day that is not today"))
		g.Consistently(func() error { return s.Client.Get(ctx, client.ObjectKeyFromObject(n), n) }, "1s", beat).Should(Succeed())
	}
	g.Expect(number(ctx, g, server, database, members)).To(Equal(1))
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: naming.Portal("main")}, &appsv1.Deployment{})).To(Succeed())

	confirmedAt := time.Now()
	s.change(ctx, g, n, confirm("main", today))
	s.gone(ctx, g, n)
	t.Logf("gone %s after it was confirmed", time.Since(confirmedAt).Round(beat))

	g.Expect(databases(ctx, g, server, database)).To(BeZero())
	g.Expect(roleState(ctx, t, g, database)).To(BeEmpty())
	g.Expect(number(ctx, g, server, neighbour.Status.Store.Database, members)).To(Equal(1))
	s.poke(ctx, g, neighbour)
	s.ready(ctx, g, neighbour)
	s.kept(ctx, g, n.Namespace, "pg-admin", naming.PepperSecret("neighbour"), naming.TokenKeySecret("neighbour"))
	for _, name := range []string{naming.PepperSecret("main"), naming.TokenKeySecret("main"), naming.DatabaseSecret("main", naming.RoleOwner)} {
		s.gone(ctx, g, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: n.Namespace, Name: name}})
	}
	err := s.Client.Get(ctx, client.ObjectKeyFromObject(working), working)
	g.Expect(err == nil && ptr.Deref(working.Spec.Suspend, false)).To(BeTrue(), "the job rests: %v", err)
	s.certifies(ctx, g, n, uid, today)
	s.holdsNoSecret(ctx, g, n.Namespace, "Canarino-88")
}

// certifies checks what a confirmed deletion leaves behind.
func (s suite) certifies(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork, uid any, day time.Time) {
	config := &corev1.ConfigMap{}
	key := client.ObjectKey{Namespace: n.Namespace, Name: "main-deletion-certificate-" + day.Format(time.DateOnly)}
	g.Expect(s.Client.Get(ctx, key, config)).To(Succeed())
	g.Expect(config.OwnerReferences).To(BeEmpty())
	g.Expect(config.Immutable).To(HaveValue(BeTrue()))
	text := config.Data["certificate.json"]
	digest := sha256.Sum256([]byte(text))
	g.Expect(config.Data).To(And(HaveLen(2), HaveKeyWithValue("certificate.sha256", hex.EncodeToString(digest[:]))))
	var c map[string]any
	g.Expect(json.Unmarshal([]byte(text), &c)).To(Succeed())
	g.Expect(c).To(And(HaveKeyWithValue("confirmation", "main@"+day.Format(time.DateOnly)), HaveKey("beganAt"), HaveKey("finishedAt")))
	g.Expect(c["network"]).To(Equal(map[string]any{"cluster": "test-cluster", "namespace": n.Namespace, "name": "main", "uid": fmt.Sprint(uid)}))
	g.Expect(c["kept"]).To(ContainElement(ContainSubstring("backups at their destinations")))
	g.Expect(c["store"]).To(And(HaveKeyWithValue("found", true), HaveKeyWithValue("database", n.Status.Store.Database),
		HaveKeyWithValue("tables", ContainElement(map[string]any{"table": "alumni.member", "rows": 1.0}))))
}

func TestSameNameDeletedTwiceADayLeavesTwoCertificates(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s, today := operator(t), time.Now().UTC()
	n := s.readyOnShared(ctx, t, g, deletes, confirm("main", today))
	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	s.gone(ctx, g, n)
	first := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: n.Namespace, Name: naming.DeletionCertificate("main", today)}}
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(first), first)).To(Succeed())
	version := first.ResourceVersion

	again := external(n.Namespace, "main", deletes, confirm("main", today))
	g.Expect(s.Client.Create(ctx, again)).To(Succeed())
	s.ready(ctx, g, again)
	g.Expect(again.Status.Members.Listed).To(BeZero(), "it began empty")
	g.Expect(s.Client.Delete(ctx, again)).To(Succeed())
	s.gone(ctx, g, again)

	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(first), first)).To(Succeed())
	g.Expect(first.ResourceVersion).To(Equal(version))
	second := &corev1.ConfigMap{}
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: first.Name + "-" + string(again.UID)[:8]}, second)).To(Succeed())
	g.Expect(second.Data["certificate.json"]).To(ContainSubstring(string(again.UID)))
}

func TestOverridingADeletionEndsItAtOnceAndKeepsTheRows(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s, server := operator(t), pg.New(t)
	namespace := s.tenant(ctx, t, g)
	admin := s.secret(ctx, g, namespace, "pg-admin", map[string][]byte{
		"host": []byte(server.Host), "port": []byte(strconv.Itoa(server.Port)), "username": []byte("postgres"),
		"password": []byte(server.Password), "sslmode": []byte("disable"),
	})
	n := external(namespace, "main", deletes)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	database := n.Status.Store.Database
	inStore(ctx, g, server, database, oneMember)

	server.Stop(t)
	s.change(ctx, g, n, confirm("main", time.Now()))
	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	message := s.condition(ctx, g, n, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonUnreachable)
	g.Expect(message).To(ContainSubstring(wayOut))
	g.Expect(s.Client.Delete(ctx, admin)).To(Succeed())
	message = s.condition(ctx, g, n, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	g.Expect(message).To(And(ContainSubstring("pg-admin"), ContainSubstring(wayOut)))

	began := time.Now()
	s.change(ctx, g, n, retains)
	s.gone(ctx, g, n)
	g.Expect(time.Since(began)).To(BeNumerically("<", 10*time.Second))
	server.Restart(t)
	g.Expect(number(ctx, g, server, database, members)).To(Equal(1))
	s.kept(ctx, g, namespace, naming.PepperSecret("main"), naming.TokenKeySecret("main"))
}

func TestRetainedRowsAreTakenBackAfterEveryWayOfDeleting(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s, server := operator(t), pg.Start(t)
	n := s.readyOnShared(ctx, t, g)
	database := n.Status.Store.Database
	g.Expect(n.Finalizers).To(BeEmpty())
	ways := []struct {
		name string
		do   func(g Gomega)
	}{
		{"the object, as a GitOps tool prunes it", func(g Gomega) {
			g.Expect(s.Client.Delete(ctx, n, client.PropagationPolicy(metav1.DeletePropagationForeground))).To(Succeed())
		}},
		{"the object, with its policy turned to Delete and back", func(g Gomega) {
			s.change(ctx, g, n, deletes)
			g.Eventually(func(g Gomega) {
				g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
				g.Expect(n.Finalizers).To(ContainElement(storeFinalizer))
			}, settle, beat).Should(Succeed())
			s.change(ctx, g, n, retains)
			g.Eventually(func(g Gomega) {
				g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
				g.Expect(n.Finalizers).To(BeEmpty())
			}, settle, beat).Should(Succeed())
			g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
		}},
		{"all objects of the kind, as when their CRD is deleted", func(g Gomega) {
			g.Expect(s.Client.DeleteAllOf(ctx, &v1alpha1.AlumniNetwork{}, client.InNamespace(n.Namespace))).To(Succeed())
		}},
		{"an object with policy Delete whose finalizer somebody takes off", func(g Gomega) {
			s.change(ctx, g, n, deletes)
			g.Eventually(func(g Gomega) {
				g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(n), n)).To(Succeed())
				g.Expect(n.Finalizers).To(ContainElement(storeFinalizer))
			}, settle, beat).Should(Succeed())
			g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
			s.condition(ctx, g, n, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonConfirmationNeeded)
			s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Finalizers = nil })
		}},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			g := NewWithT(t)
			way.do(g)
			s.gone(ctx, g, n)
			g.Expect(number(ctx, g, server, database, members)).To(Equal(1))
			s.kept(ctx, g, n.Namespace, naming.PepperSecret("main"), naming.TokenKeySecret("main"))
			n = external(n.Namespace, "main")
			g.Expect(s.Client.Create(ctx, n)).To(Succeed())
			s.ready(ctx, g, n)
			g.Expect(n.Status.Store.Database).To(Equal(database))
			g.Expect(n.Status.Members.Listed).To(BeEquivalentTo(1))
		})
	}
}

func TestANamespaceGoesWithoutAskingAndLosesNoRow(t *testing.T) {
	t.Parallel()
	admin := adminRole(t.Context(), t, NewWithT(t), createsAll)
	cases := map[string]struct {
		declare []func(*v1alpha1.AlumniNetwork)
		waits   bool // it is deleted before its namespace is
	}{
		"Retain":                       {declare: []func(*v1alpha1.AlumniNetwork){retains}},
		"Delete, confirmed":            {declare: []func(*v1alpha1.AlumniNetwork){deletes, confirm("main", time.Now())}},
		"Delete, and it waits already": {declare: []func(*v1alpha1.AlumniNetwork){deletes}, waits: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g, ctx := NewWithT(t), t.Context()
			s, server := operator(t), pg.Start(t)
			namespace := s.tenant(ctx, t, g)
			s.secret(ctx, g, namespace, "pg-admin", admin)
			n := external(namespace, "main", c.declare...)
			g.Expect(s.Client.Create(ctx, n)).To(Succeed())
			s.ready(ctx, g, n)
			inStore(ctx, g, server, n.Status.Store.Database, oneMember)
			if c.waits {
				g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
				s.condition(ctx, g, n, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonConfirmationNeeded)
			}

			g.Expect(s.Client.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())

			began := time.Now()
			s.gone(ctx, g, n)
			t.Logf("gone %s after its namespace was deleted", time.Since(began).Round(beat))
			g.Eventually(func() bool {
				return apierrors.IsNotFound(s.Client.Get(ctx, client.ObjectKey{Name: namespace}, &corev1.Namespace{}))
			}, 2*settle, beat).Should(BeTrue())
			g.Expect(number(ctx, g, server, n.Status.Store.Database, members)).To(Equal(1))
			g.Expect(roleState(ctx, t, g, n.Status.Store.Database)).To(HaveLen(len(naming.Roles())))
		})
	}
}

func TestClaimsOfOthersStopADeletion(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s, server := operator(t), pg.Start(t)
	n := s.readyOnShared(ctx, t, g, deletes)
	database := n.Status.Store.Database
	inStore(ctx, g, server, database, "UPDATE alumni_operator.claim SET namespace = 'elsewhere'")

	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	s.change(ctx, g, n, confirm("main", time.Now()))

	message := s.condition(ctx, g, n, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonStoreClaimed)
	g.Expect(message).To(And(ContainSubstring("nothing of it was dropped"), ContainSubstring(wayOut)))
	g.Expect(number(ctx, g, server, database, members)).To(Equal(1))
	s.change(ctx, g, n, retains)
	s.gone(ctx, g, n)
	g.Expect(number(ctx, g, server, database, members)).To(Equal(1))
}

func TestPeopleOnLegalHoldStopADeletion(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s, server, today := operator(t), pg.Start(t), time.Now().UTC()
	n := s.readyOnShared(ctx, t, g, deletes)
	database := n.Status.Store.Database
	inStore(ctx, g, server, database, "INSERT INTO alumni.legal_hold_member (recipient_id, hold) SELECT id, 'group/dispute' FROM alumni.member")

	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	s.change(ctx, g, n, confirm("main", today))
	message := s.condition(ctx, g, n, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonReleaseNotConfirmed)
	g.Expect(message).To(And(ContainSubstring("people in the store are on legal hold"), ContainSubstring(wayOut)))
	release := func(day time.Time) func(*v1alpha1.AlumniNetwork) {
		return func(n *v1alpha1.AlumniNetwork) {
			metav1.SetMetaDataAnnotation(&n.ObjectMeta, v1alpha1.ReleaseHoldsAnnotation, "main@"+day.Format(time.DateOnly))
		}
	}
	s.change(ctx, g, n, release(today.AddDate(0, 0, -2)))
	g.Consistently(func() error { return s.Client.Get(ctx, client.ObjectKeyFromObject(n), n) }, "1s", beat).Should(Succeed(), "long ago is no release")
	g.Expect(number(ctx, g, server, database, members)).To(Equal(1))

	s.change(ctx, g, n, release(today))
	s.gone(ctx, g, n)
	g.Expect(databases(ctx, g, server, database)).To(BeZero())
	record := &corev1.ConfigMap{}
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: naming.DeletionCertificate("main", today)}, record)).To(Succeed())
	g.Expect(record.Data["certificate.json"]).To(ContainSubstring(`"holdsRelease":"main@` + today.Format(time.DateOnly)))
}

func TestNeverFinishedNetworksGoToo(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	n := external(namespace, "main", deletes, confirm("main", time.Now()))
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	s.condition(ctx, g, n, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)

	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))

	s.gone(ctx, g, n)
}

// TestGoingOnWithAStandaloneServer begins where the operator was killed after it had written its intent, for no server runs in
// the tests' cluster that could be asked for its claim.
func TestGoingOnWithAStandaloneServer(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s, today := operator(t), time.Now().UTC()
	namespace := s.tenant(ctx, t, g)
	n := external(namespace, "main", standalone, deletes, confirm("main", today))
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonServerNotReady)
	server, volume := &appsv1.StatefulSet{}, &corev1.PersistentVolumeClaim{}
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.StoreServer("main")}, server)).To(Succeed())
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.StoreClaim("main")}, volume)).To(Succeed())

	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	message := s.condition(ctx, g, n, v1alpha1.StoreDeletedCondition, metav1.ConditionFalse, v1alpha1.ReasonUnreachable)
	g.Expect(message).To(ContainSubstring(wayOut))
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(volume), volume)).To(Succeed())
	g.Expect(volume.DeletionTimestamp).To(BeNil())

	s.intend(ctx, g, n, today,
		map[string]any{"kind": "StatefulSet", "name": server.Name, "uid": server.UID},
		map[string]any{"kind": "PersistentVolumeClaim", "name": volume.Name, "uid": volume.UID})
	s.gone(ctx, g, n)

	s.gone(ctx, g, server)
	s.gone(ctx, g, volume)
	for _, name := range []string{naming.AdminSecret("main"), naming.PepperSecret("main"), naming.TokenKeySecret("main")} {
		s.gone(ctx, g, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}})
	}
	config := &corev1.ConfigMap{}
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.DeletionCertificate("main", today)}, config)).To(Succeed())
	g.Expect(config.Data).To(HaveKey("certificate.json"))
}

// intend writes the intent of a deletion and has the operator look at it.
func (s suite) intend(ctx context.Context, g Gomega, n *v1alpha1.AlumniNetwork, day time.Time, objects ...any) {
	text, err := json.Marshal(map[string]any{
		"format":  "alumni-operator.io/deletion-certificate/v1",
		"network": map[string]any{"cluster": "test-cluster", "namespace": n.Namespace, "name": n.Name, "uid": n.UID},
		"objects": objects,
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.Client.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: n.Namespace, Name: naming.DeletionCertificate(n.Name, day), Labels: labels.For(n.Name, labels.Deletion)},
		Data:       map[string]string{"intent.json": string(text)},
	})).To(Succeed())
	s.poke(ctx, g, n)
}
