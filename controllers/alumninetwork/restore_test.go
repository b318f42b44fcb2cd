// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/pg"
)

// workerDir holds the compiled worker, until TestMain removes it.
var workerDir string

// buildWorker compiles the real worker, once for all tests of the package.
var buildWorker = sync.OnceValues(func() (string, error) {
	var err error
	if workerDir, err = os.MkdirTemp("", "alumni-worker-"); err != nil {
		return "", err
	}
	path := filepath.Join(workerDir, "worker")
	cmd := exec.Command("go", "build", "-o", path, "../../cmd/worker")
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
})

// flagOf says by which flag each command is told of a volume of its pod.
func flagOf(command, volume string) string {
	switch command {
	case "retention":
		return map[string]string{"db": "database-dir", "network": "network-dir", "retention": "policy-dir", "pepper": "pepper-dir",
			"signing": "signing-dir", "backups": "ledger-volume-dir"}[volume]
	case "roster", "campaign":
		return map[string]string{"db": "database-dir", "network": "network-dir", "pepper": "pepper-dir", "campaign": "campaign-dir",
			"token-key": "token-key-dir", "email": "email-dir"}[volume]
	}
	return map[string]string{"db": "database-dir", "backup": "backup-dir", "identity": "identity-dir", "backups": "volume-dir", "pepper": "pepper-dir"}[volume]
}

// node runs jobs of a namespace as a node would: the real worker, with what the job mounts. Claims are one folder.
type node struct {
	suite
	t         *testing.T
	namespace string
	volume    string
	env       []string // more of the environment of its workers
}

// runs runs a job to its end, lets its pod end so, and returns the exit code and what was said.
func (d node) runs(ctx context.Context, g Gomega, j batchv1.Job) (int32, string) {
	binary, err := buildWorker()
	g.Expect(err).NotTo(HaveOccurred())
	spec := j.Spec.Template.Spec
	args := spec.Containers[0].Command[1:]
	for _, v := range spec.Volumes {
		flag := flagOf(args[0], v.Name)
		if flag == "" {
			continue
		}
		args = append(args, "--"+flag, d.folder(ctx, g, v))
	}
	if args[0] == "campaign" {
		args = append(args, "--destinations-dir", d.destinations(ctx, g, spec))
	}
	if args[0] == "backup" || args[0] == "restore" {
		args = append(args, "--program-dir", pg.Start(d.t).BinDir())
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), d.env...)
	for _, e := range spec.Containers[0].Env {
		if e.Name != "SSL_CERT_FILE" && e.Name != "GOMEMLIMIT" {
			cmd.Env = append(cmd.Env, e.Name+"="+e.Value)
		}
	}
	said, err := cmd.CombinedOutput()
	var code int32
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = int32(exit.ExitCode())
	} else {
		g.Expect(err).NotTo(HaveOccurred())
	}
	d.endPod(ctx, g, d.namespace, j.Name, code)
	return code, string(said)
}

// destinations puts the folders of destinations where the pod has them, below a root of its own.
func (d node) destinations(ctx context.Context, g Gomega, spec corev1.PodSpec) string {
	root := d.t.TempDir()
	for _, m := range spec.Containers[0].VolumeMounts {
		below, found := strings.CutPrefix(m.MountPath, settings.DestinationsDir+"/")
		if !found {
			continue
		}
		for _, v := range spec.Volumes {
			if v.Name == m.Name {
				g.Expect(os.MkdirAll(filepath.Dir(filepath.Join(root, below)), 0o700)).To(Succeed())
				g.Expect(os.Rename(d.folder(ctx, g, v), filepath.Join(root, below))).To(Succeed())
			}
		}
	}
	return root
}

// folder writes what a volume holds.
func (d node) folder(ctx context.Context, g Gomega, v corev1.Volume) string {
	if v.PersistentVolumeClaim != nil {
		return d.volume
	}
	dir := d.t.TempDir()
	write := func(data map[string][]byte) {
		for key, value := range data {
			g.Expect(os.WriteFile(filepath.Join(dir, key), value, 0o600)).To(Succeed())
		}
	}
	secret := func(name string) {
		found := &corev1.Secret{}
		g.Expect(d.Client.Get(ctx, client.ObjectKey{Namespace: d.namespace, Name: name}, found)).To(Succeed())
		write(found.Data)
	}
	config := func(name string) {
		found := &corev1.ConfigMap{}
		g.Expect(d.Client.Get(ctx, client.ObjectKey{Namespace: d.namespace, Name: name}, found)).To(Succeed())
		for key, value := range found.Data {
			write(map[string][]byte{key: []byte(value)})
		}
	}
	switch {
	case v.Secret != nil:
		secret(v.Secret.SecretName)
	case v.ConfigMap != nil:
		config(v.ConfigMap.Name)
	case v.Projected != nil:
		for _, source := range v.Projected.Sources {
			if source.Secret != nil {
				secret(source.Secret.Name)
			} else {
				config(source.ConfigMap.Name)
			}
		}
	}
	return dir
}

// theJob waits for the one job of a part whose kind label has a value.
func (d node) theJob(ctx context.Context, g Gomega, kind string, known ...string) batchv1.Job {
	var found batchv1.Job
	g.Eventually(func(g Gomega) {
		list := &batchv1.JobList{}
		g.Expect(d.Client.List(ctx, list, client.InNamespace(d.namespace), client.MatchingLabels{labels.RunKind: kind})).To(Succeed())
		var fresh []batchv1.Job
		for _, j := range list.Items {
			if !slices.Contains(known, j.Name) {
				fresh = append(fresh, j)
			}
		}
		g.Expect(fresh).To(HaveLen(1))
		found = fresh[0]
	}, settle, beat).Should(Succeed())
	return found
}

// execInside runs statements in a network's database as the superuser.
func execInside(ctx context.Context, t *testing.T, g Gomega, database string, statements ...string) {
	conn := inside(ctx, t, g, database)
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range statements {
		_, err := conn.Exec(ctx, sql)
		g.Expect(err).NotTo(HaveOccurred(), sql)
	}
}

func countInside(ctx context.Context, t *testing.T, g Gomega, database, sql string) int {
	conn := inside(ctx, t, g, database)
	defer func() { _ = conn.Close(ctx) }()
	var n int
	g.Expect(conn.QueryRow(ctx, sql).Scan(&n)).To(Succeed())
	return n
}

// TestALostNetworkIsBuiltFromItsBackupAndWhoWasErasedStaysErased takes a network from its first backup over an erasure and the
// loss of its store to a new network, with the real worker in the place of each pod.
func TestALostNetworkIsBuiltFromItsBackupAndWhoWasErasedStaysErased(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	d := node{suite: s, t: t, namespace: namespace, volume: t.TempDir()}
	identity, err := age.GenerateX25519Identity()
	g.Expect(err).NotTo(HaveOccurred())
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	s.claim(ctx, g, namespace, "backups")
	encrypted := func(n *v1alpha1.AlumniNetwork) {
		withBackup(n)
		n.Labels = map[string]string{"kept": "yes"}
		n.Spec.Store.Backup.Encryption.Recipients = []v1alpha1.AgeRecipient{v1alpha1.AgeRecipient(identity.Recipient().String())}
	}
	n := external(namespace, "main", encrypted)
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	database := naming.Database(namespace, "main")
	execInside(ctx, t, g, database, `INSERT INTO alumni.member (id, state, employee_number, family_name, locale, joined_at, last_active_at)
		SELECT gen_random_uuid(), 'Active', n::text, 'x', 'ja', now(), now() FROM generate_series(1, 60) n`)

	s.change(ctx, g, n, askForBackup("one"))
	code, said := d.runs(ctx, g, s.newBackupJob(ctx, g, namespace))
	g.Expect(code).To(BeZero(), said)
	s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionTrue, v1alpha1.ReasonBackedUp)

	execInside(ctx, t, g, database, `UPDATE alumni.member SET state = 'Withdrawn', withdrawn_at = now() WHERE employee_number::int <= 7`,
		`INSERT INTO alumni.erasure_request (id, member_id, source) SELECT gen_random_uuid(), id, 'Withdrawal' FROM alumni.member WHERE state = 'Withdrawn'`)
	g.Expect(s.Client.Create(ctx, keepPolicy(namespace))).To(Succeed())
	code, said = d.runs(ctx, g, d.theJob(ctx, g, "requests"))
	g.Expect(code).To(BeZero(), said)
	g.Expect(countInside(ctx, t, g, database, "SELECT count(*) FROM alumni.member")).To(Equal(53))

	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	s.gone(ctx, g, n)
	on(ctx, g, pg.Start(t), `DROP DATABASE "`+database+`" WITH (FORCE)`)

	n = external(namespace, "main", encrypted, func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Store.RestoreFrom = &v1alpha1.RestoreFrom{
			Destination: n.Spec.Store.Backup.Destination, IdentitySecretRef: v1alpha1.SecretReference{Name: "officer-key"},
		}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	message := s.condition(ctx, g, n, v1alpha1.RestoredCondition, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	g.Expect(message).To(ContainSubstring("officer-key"))
	s.secret(ctx, g, namespace, "officer-key", map[string][]byte{"identity": []byte(identity.String())})
	job := d.theJob(ctx, g, "restore")
	s.condition(ctx, g, n, v1alpha1.RestoredCondition, metav1.ConditionFalse, v1alpha1.ReasonRestoreRunning)
	s.condition(ctx, g, n, v1alpha1.ReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonRestoreRunning)
	g.Expect(job.Name).To(Equal("main-restore"))
	shut := func() {
		g.THelper()
		err := s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.Portal("main")}, &appsv1.Deployment{})
		g.Expect(apierrors.IsNotFound(err)).To(BeTrue(), "there is no portal before it is done")
		g.Expect(countInside(ctx, t, g, database, "SELECT count(*) FROM pg_roles WHERE rolname LIKE '%\\_portal' AND has_database_privilege(rolname, current_database(), 'CONNECT') AND rolname = '"+
			naming.DatabaseRole(database, naming.RolePortal)+"'")).To(BeZero())
	}
	shut()

	// The first try meets another pepper, as it would in a new cluster.
	pepper := &corev1.Secret{}
	g.Expect(s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: naming.PepperSecret("main")}, pepper)).To(Succeed())
	right := pepper.Data["pepper"]
	pepper.Data["pepper"] = []byte("another thirty-two bytes, or more")
	g.Expect(s.Client.Update(ctx, pepper)).To(Succeed())
	code, said = d.runs(ctx, g, job)
	g.Expect(code).To(BeEquivalentTo(2), said)
	message = s.condition(ctx, g, n, v1alpha1.RestoredCondition, metav1.ConditionFalse, v1alpha1.ReasonPepperMismatch)
	g.Expect(message).To(And(ContainSubstring("main-pepper"), ContainSubstring("restore-again")))
	s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonPepperMismatch)
	shut()
	pepper.Data["pepper"] = right
	g.Expect(s.Client.Update(ctx, pepper)).To(Succeed())
	s.change(ctx, g, n, func(n *v1alpha1.AlumniNetwork) {
		n.Annotations = map[string]string{"alumni-operator.io/restore-again": "with the right pepper"}
	})
	second := d.theJob(ctx, g, "restore", job.Name)
	s.condition(ctx, g, n, v1alpha1.RestoredCondition, metav1.ConditionFalse, v1alpha1.ReasonRestoreReplayPending)
	code, said = d.runs(ctx, g, second)
	g.Expect(code).To(BeZero(), said)

	message = s.condition(ctx, g, n, v1alpha1.RestoredCondition, metav1.ConditionTrue, v1alpha1.ReasonRestored)
	g.Expect(message).To(ContainSubstring("7 people erased again"))
	s.ready(ctx, g, n)
	g.Expect(n.Status.Restore.ErasedAgain).To(BeEquivalentTo(7))
	g.Expect(n.Status.Restore.RestoredAt.Time).To(BeTemporally("~", time.Now(), 5*time.Minute))
	g.Expect(n.Status.Members.Active).To(BeEquivalentTo(53))
	g.Expect(n.Status.Members.Erased).To(BeEquivalentTo(7))
	policy := keepPolicy(namespace)
	g.Consistently(func(g Gomega) {
		g.Expect(s.Client.Get(ctx, client.ObjectKeyFromObject(policy), policy)).To(Succeed())
		g.Expect(policy.Status.Conditions).NotTo(ContainElement(HaveField("Reason", v1alpha1.ReasonChainBroken)))
	}, 5*time.Second, time.Second).Should(Succeed())

	s.change(ctx, g, n, askForBackup("two"))
	known := []string{}
	for _, j := range s.backupJobs(ctx, g, namespace) {
		if j.Labels[labels.RunKind] != "backup" {
			known = append(known, j.Name)
		}
	}
	code, said = d.runs(ctx, g, s.newBackupJob(ctx, g, namespace, known...))
	g.Expect(code).To(BeZero(), said)
	s.condition(ctx, g, n, v1alpha1.BackupHealthyCondition, metav1.ConditionTrue, v1alpha1.ReasonBackedUp)
}

// keepPolicy erases nobody by rule, and everybody who asks.
func keepPolicy(namespace string) *v1alpha1.RetentionPolicy {
	return &v1alpha1.RetentionPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "keep"},
		Spec: v1alpha1.RetentionPolicySpec{
			NetworkSelector: metav1.LabelSelector{MatchLabels: map[string]string{"kept": "yes"}},
			Schedule:        v1alpha1.RetentionSchedule{Cron: "0 3 1 1 *"},
			Rules: []v1alpha1.RetentionRule{{
				Name: "leavers", Category: "Profile", Trigger: v1alpha1.RetentionTrigger{Since: "Departed"}, After: "P30Y", Action: "Delete",
			}},
		},
	}
}

func TestAStoreInUseTakesNoBackupIn(t *testing.T) {
	t.Parallel()
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	s.ready(ctx, g, n)
	g.Expect(s.Client.Delete(ctx, n)).To(Succeed())
	s.gone(ctx, g, n)

	n = external(namespace, "main", withBackup, func(n *v1alpha1.AlumniNetwork) {
		n.Spec.Store.RestoreFrom = &v1alpha1.RestoreFrom{
			Destination: n.Spec.Store.Backup.Destination, IdentitySecretRef: v1alpha1.SecretReference{Name: "officer-key"},
		}
	})
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())
	message := s.condition(ctx, g, n, v1alpha1.StoreReadyCondition, metav1.ConditionFalse, v1alpha1.ReasonRestoreTargetInUse)
	g.Expect(message).To(ContainSubstring("without restoreFrom"))
	s.condition(ctx, g, n, v1alpha1.StalledCondition, metav1.ConditionTrue, v1alpha1.ReasonRestoreTargetInUse)
	g.Expect(s.backupJobs(ctx, g, namespace)).To(BeEmpty())
}
