// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// networkIsRestored backs a network up, lets a member leave, loses the network with its volume, and builds it anew from the
// backup in which that member still is.
func networkIsRestored(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	identity, err := age.GenerateX25519Identity()
	g.Expect(err).NotTo(HaveOccurred())
	applyText(t, `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {namespace: `+foods+`, name: backups}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 64Mi}}
---
apiVersion: v1
kind: Secret
metadata: {namespace: `+foods+`, name: officer-key}
stringData: {identity: `+identity.String()+`}
`)
	backUp(t, identity.Recipient().String())
	erased := leaveAndBeErased(t)

	n := &v1alpha1.AlumniNetwork{}
	g.Expect(world.client.Get(ctx, client.ObjectKey{Namespace: foods, Name: network}, n)).To(Succeed())
	members := *n.Status.Members
	begun := time.Now()
	destroy(t)
	again := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Namespace: foods, Name: network, Labels: n.Labels}, Spec: n.Spec}
	again.Spec.Store.RestoreFrom = &v1alpha1.RestoreFrom{
		Destination: n.Spec.Store.Backup.Destination, IdentitySecretRef: v1alpha1.SecretReference{Name: "officer-key"},
	}
	g.Expect(world.client.Create(ctx, again)).To(Succeed())
	waitFor(t, 6*time.Minute, n, foods, network, func() error {
		if err := condition(n.Status.Conditions, v1alpha1.RestoredCondition, metav1.ConditionTrue, ""); err != nil {
			return err
		}
		return condition(n.Status.Conditions, v1alpha1.ReadyCondition, metav1.ConditionTrue, "")
	})
	t.Logf("destroyed and Ready again in %s; %d rows restored, %d people erased again",
		time.Since(begun).Round(time.Second), n.Status.Restore.Rows, n.Status.Restore.ErasedAgain)
	g.Expect(n.Status.Restore.ErasedAgain).To(BeNumerically("==", 1))
	g.Expect(*n.Status.Members).To(Equal(members))
	g.Expect(n.Status.Roster.Tombstoned).To(BeNumerically(">", 0), "the roster was read again, and brought nobody back")
	conn := superuser(t)
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var known bool
	g.Expect(conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM alumni.contact WHERE address = $1)", erased).Scan(&known)).To(Succeed())
	g.Expect(known).To(BeFalse())
	g.Expect(portal(t, foods, network).SignIn(ctx, mailbox(t), activeMember(t))).To(Succeed(), "the others are there")
}

// backUp declares backups and asks for one now.
func backUp(t *testing.T, recipient string) {
	t.Helper()
	kubectl(t, "-n", foods, "patch", "alumninetwork", network, "--type=merge", "-p", `{"spec":{"store":{"backup":{
		"schedule":"30 2 * * *","destination":{"type":"PersistentVolumeClaim","persistentVolumeClaim":{"claimName":"backups"}},
		"encryption":{"recipients":["`+recipient+`"]}}}}}`)
	kubectl(t, "-n", foods, "annotate", "alumninetwork", network, "alumni-operator.io/back-up=now")
	n := &v1alpha1.AlumniNetwork{}
	waitFor(t, 3*time.Minute, n, foods, network, func() error {
		return condition(n.Status.Conditions, v1alpha1.BackupHealthyCondition, metav1.ConditionTrue, v1alpha1.ReasonBackedUp)
	})
}

// leaveAndBeErased lets a member leave, waits until they are erased, and gives the address that they had.
func leaveAndBeErased(t *testing.T) string {
	t.Helper()
	g := NewWithT(t)
	n := &v1alpha1.AlumniNetwork{}
	g.Expect(world.client.Get(t.Context(), client.ObjectKey{Namespace: foods, Name: network}, n)).To(Succeed())
	before := n.Status.Members.Erased
	address, visitor := activeMember(t), portal(t, foods, network)
	g.Expect(visitor.SignIn(t.Context(), mailbox(t), address)).To(Succeed())
	g.Expect(visitor.Leave(t.Context())).To(Succeed())
	waitFor(t, 5*time.Minute, n, foods, network, func() error {
		if m := n.Status.Members; m.Erased != before+1 || m.Withdrawn != 0 {
			return fmt.Errorf("%d erased, %d withdrawn", m.Erased, m.Withdrawn)
		}
		return nil
	})
	return address
}

// destroy deletes the network and the volume with its database.
func destroy(t *testing.T) {
	t.Helper()
	kubectl(t, "-n", foods, "delete", "alumninetwork", network, "--wait=true")
	kubectl(t, "-n", foods, "delete", "persistentvolumeclaim", naming.StoreClaim(network), "--wait=false")
	eventually(t, 3*time.Minute, func(ctx context.Context) error {
		servers := &appsv1.StatefulSetList{}
		err := world.client.List(ctx, servers, client.InNamespace(foods))
		if err == nil && len(servers.Items) > 0 {
			err = errors.New("the server is still there")
		}
		if err != nil {
			return err
		}
		key := client.ObjectKey{Namespace: foods, Name: naming.StoreClaim(network)}
		if err := world.client.Get(ctx, key, &corev1.PersistentVolumeClaim{}); client.IgnoreNotFound(err) != nil || err == nil {
			return fmt.Errorf("the volume is still there: %w", err)
		}
		return nil
	})
}

// activeMember is the address of somebody who may sign in.
func activeMember(t *testing.T) string {
	t.Helper()
	conn := superuser(t)
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	var address string
	NewWithT(t).Expect(conn.QueryRow(t.Context(),
		"SELECT c.address FROM alumni.contact c JOIN alumni.member m ON m.id = c.member_id WHERE m.state = 'Active' ORDER BY 1 LIMIT 1").
		Scan(&address)).To(Succeed())
	return address
}

// superuser is a session of the server's superuser in the network's database.
func superuser(t *testing.T) *pgx.Conn {
	t.Helper()
	g, ctx := NewWithT(t), t.Context()
	admin := &corev1.Secret{}
	g.Expect(world.client.Get(ctx, client.ObjectKey{Namespace: foods, Name: naming.AdminSecret(network)}, admin)).To(Succeed())
	config, err := pgx.ParseConfig("user=postgres sslmode=disable")
	g.Expect(err).NotTo(HaveOccurred())
	config.Host, config.Database = address(t, foods, naming.StoreServer(network)), naming.Database(foods, network)
	config.Password = string(admin.Data["password"])
	conn, err := pgx.ConnectConfig(ctx, config)
	g.Expect(err).NotTo(HaveOccurred())
	return conn
}
