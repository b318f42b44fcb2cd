// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

// withBackup declares backups to a claim, at a time that is far away.
func withBackup(n *v1alpha1.AlumniNetwork) {
	n.Spec.Store.Backup = &v1alpha1.StoreBackup{
		Schedule: v1alpha1.CronExpression(time.Now().AddDate(0, -2, 0).UTC().Format("4 15 2 1 *")),
		Destination: v1alpha1.BackupDestination{
			Type: v1alpha1.BackupToClaim, PersistentVolumeClaim: &v1alpha1.BackupClaim{ClaimName: "backups", Path: "nightly"},
		},
		Encryption: v1alpha1.BackupEncryption{Recipients: []v1alpha1.AgeRecipient{"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"}},
	}
}

func askForBackup(value string) func(*v1alpha1.AlumniNetwork) {
	return func(n *v1alpha1.AlumniNetwork) {
		n.Annotations = map[string]string{"alumni-operator.io/back-up": value}
	}
}

func TestABackupIsMadeWhenAskedForAndItsOutcomeShown(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionTrue, v1alpha1.ReasonNotConfigured)

	s.change(ctx, g, n, withBackup)
	message := s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionFalse, v1alpha1.ReasonClaimNotFound)
	g.Expect(message).To(ContainSubstring("backups"))
	s.ready(ctx, g, n) // it serves people all the same
	s.claim(ctx, g, namespace, "backups")
	s.poke(ctx, g, n)
	s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionTrue, v1alpha1.ReasonBackupPending)
	g.Expect(n.Status.Backup.NextAt).NotTo(BeNil())
	g.Expect(s.backupJobs(ctx, g, namespace)).To(BeEmpty())

	s.change(ctx, g, n, askForBackup("one"))
	first := s.newBackupJob(ctx, g, namespace)
	told := s.toldOf(ctx, g, first)
	g.Expect(told.Path).To(Equal("nightly"))
	g.Expect(told.KeepCount).To(Equal(14))
	g.Expect(told.NetworkUID).To(Equal(string(n.UID)))
	g.Expect(first.Spec.Template.Spec.Containers[0].Image).To(Equal("postgres:test"))
	s.pretendBackup(ctx, t, g, n, first.Name, "'Backup', 'Succeeded', ''")
	s.endPod(ctx, g, namespace, first.Name, 0)

	s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionTrue, v1alpha1.ReasonBackedUp)
	g.Expect(n.Status.Backup.LastBackup).To(Equal("20261121T050000Z-00002"))
	g.Expect(n.Status.Backup.SizeBytes).To(BeEquivalentTo(5_000_000_000))
	g.Expect(n.Status.Backup.LastSuccessAt).NotTo(BeNil())

	s.change(ctx, g, n, askForBackup("two"))
	second := s.newBackupJob(ctx, g, namespace, first.Name)
	s.pretendBackup(ctx, t, g, n, second.Name, "'Backup', 'Failed', 'DestinationFull'")
	s.endPod(ctx, g, namespace, second.Name, 2)
	message = s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionFalse, v1alpha1.ReasonBackupFailed)
	g.Expect(message).To(ContainSubstring("DestinationFull"))
	s.ready(ctx, g, n)
	g.Expect(n.Status.Backup.LastBackup).To(Equal("20261121T050000Z-00002"), "the older one is still good")

	s.change(ctx, g, n, askForBackup("three"))
	third := s.newBackupJob(ctx, g, namespace, first.Name, second.Name)
	s.endPod(ctx, g, namespace, third.Name, 2)
	g.Eventually(func(g Gomega) {
		message := s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionFalse, v1alpha1.ReasonBackupFailed)
		g.Expect(message).To(And(ContainSubstring("left no word"), ContainSubstring(third.Name)))
	}, settle, beat).Should(Succeed())

	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Store.Backup = nil })
	s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionTrue, v1alpha1.ReasonNotConfigured)
	g.Expect(n.Status.Backup).To(BeNil())
}

func TestWhatABackupLacksIsNamedAndLeavesTheNetworkReady(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	s.claim(ctx, g, namespace, "backups")
	n := external(namespace, "main", withBackup, askForBackup("one"), func(n *v1alpha1.AlumniNetwork) {
		recipients := n.Spec.Store.Backup.Encryption.Recipients
		recipients[0] = v1alpha1.AgeRecipient(strings.Replace(string(recipients[0]), "age1ql3", "age1ql4", 1))
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	message := s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec)
	g.Expect(message).To(ContainSubstring("spec.store.backup.encryption.recipients[0]"))
	s.ready(ctx, g, n)
	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) {
		withBackup(n)
		n.Spec.Store.Backup.Schedule = "0 25 * * *"
	})
	message = s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec)
	g.Expect(message).To(ContainSubstring("spec.store.backup.schedule"))

	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) {
		withBackup(n)
		n.Spec.Store.Backup.Destination = v1alpha1.BackupDestination{Type: v1alpha1.BackupToS3, S3: &v1alpha1.BackupBucket{
			Endpoint: "https://s3.hoshino.example", Bucket: "backups", SecretRef: v1alpha1.SecretReference{Name: "keys"},
		}}
	})
	message = s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	g.Expect(message).To(ContainSubstring(`"keys"`))
	s.secret(ctx, g, namespace, "keys", map[string][]byte{"accessKeyID": []byte("a"), "secretAccessKey": []byte("b")})

	s.ready(ctx, g, n)
	made := s.newBackupJob(ctx, g, namespace)
	g.Expect(s.toldOf(ctx, g, made).Bucket.Region).To(Equal("us-east-1"))
}

func TestADrillGetsADatabaseOfItsOwnAndLeavesNone(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	s.claim(ctx, g, namespace, "backups")
	n := external(namespace, "main", withBackup, askForBackup("one"), func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Store.Backup.Drill = &v1alpha1.BackupDrill{Schedule: "* * * * *", IdentitySecretRef: v1alpha1.SecretReference{Name: "key"}}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	first := s.newBackupJob(ctx, g, namespace)
	s.pretendBackup(ctx, t, g, n, first.Name, "'Backup', 'Succeeded', ''")
	s.endPod(ctx, g, namespace, first.Name, 0)
	message := s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	g.Expect(message).To(ContainSubstring(`"key"`))
	scratch := naming.ScratchDatabase(naming.Database(namespace, "main"))
	g.Expect(databaseExists(ctx, t, g, scratch)).To(BeFalse())

	s.secret(ctx, g, namespace, "key", map[string][]byte{"identity": []byte("AGE-SECRET-KEY-1")})
	var drill batchv1.Job
	g.Eventually(func(g Gomega) { drill = s.newBackupJobNow(ctx, g, namespace, first.Name) }, 90*time.Second, beat).Should(Succeed())
	g.Expect(drill.Labels).To(HaveKeyWithValue(labels.RunKind, "drill"))
	g.Expect(s.toldOf(ctx, g, drill).Scratch).To(Equal(scratch))
	g.Expect(databaseExists(ctx, t, g, scratch)).To(BeTrue())

	// No more drills, so that this one's outcome is the last.
	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) { n.Spec.Store.Backup.Drill.Schedule = n.Spec.Store.Backup.Schedule })
	s.pretendBackup(ctx, t, g, n, drill.Name, "'Drill', 'Failed', 'BackupDamaged'")
	s.endPod(ctx, g, namespace, drill.Name, 2)
	message = s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionFalse, v1alpha1.ReasonDrillFailed)
	g.Expect(message).To(ContainSubstring("BackupDamaged"))
	s.ready(ctx, g, n)
	g.Eventually(func() bool { return databaseExists(ctx, t, g, scratch) }, settle, beat).Should(BeFalse())
}

func databaseExists(ctx context.Context, t *testing.T, g Gomega, name string) bool {
	conn, err := pgx.Connect(ctx, pg.Start(t).AdminDSN())
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close(ctx) }()
	var there bool
	g.Expect(conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&there)).To(Succeed())
	return there
}

func (s suite) backupJobs(ctx context.Context, g Gomega, namespace string) []batchv1.Job {
	list := &batchv1.JobList{}
	g.Expect(s.Client.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels(labels.Selector("main", labels.Backup)))).To(Succeed())
	return list.Items
}

// newBackupJobNow is the one job beside those that are known.
func (s suite) newBackupJobNow(ctx context.Context, g Gomega, namespace string, known ...string) batchv1.Job {
	var fresh []batchv1.Job
	for _, j := range s.backupJobs(ctx, g, namespace) {
		if !slices.Contains(known, j.Name) {
			fresh = append(fresh, j)
		}
	}
	g.Expect(fresh).To(HaveLen(1))
	return fresh[0]
}

func (s suite) newBackupJob(ctx context.Context, g Gomega, namespace string, known ...string) batchv1.Job {
	var fresh batchv1.Job
	g.Eventually(func(g Gomega) { fresh = s.newBackupJobNow(ctx, g, namespace, known...) }, settle, beat).Should(Succeed())
	return fresh
}

// toldOf is what a job was told when it was started.
func (s suite) toldOf(ctx context.Context, g Gomega, j batchv1.Job) settings.Backup {
	config, told := &corev1.ConfigMap{}, settings.Backup{}
	g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(&j), config)).To(Succeed())
	g.Expect(json.Unmarshal([]byte(config.Data[settings.BackupFile]), &told)).To(Succeed())
	return told
}

// pretendBackup leaves in the store what a worker would.
func (s suite) pretendBackup(ctx context.Context, t *testing.T, g Gomega, n *v1alpha1.AlumniNetwork, run, outcome string) {
	conn := inside(ctx, t, g, naming.Database(n.Namespace, n.Name))
	defer func() { _ = conn.Close(ctx) }()
	_, err := conn.Exec(ctx, `INSERT INTO alumni.backup_run (run_name, kind, state, failure, backup, size_bytes, scheduled_at, taken_at, finished_at)
		VALUES ($1, `+outcome+`, '20261121T050000Z-00002', 5000000000, now(), now(), now())`, run)
	g.Expect(err).NotTo(HaveOccurred())
}
