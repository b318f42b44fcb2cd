// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package perf_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

// readiness knows which networks are Ready, by a watch of its own, and tells of every one that it sees so.
type readiness struct {
	mu    sync.Mutex
	names map[string]bool
	tell  func(*v1alpha1.AlumniNetwork) // nil for nobody
}

func (r *readiness) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.names)
}

func watchNetworks(b *testing.B, env *kube.Env) *readiness {
	r := &readiness{names: map[string]bool{}}
	follow(b, env, &v1alpha1.AlumniNetworkList{}, func(e watch.Event) {
		if n, ok := e.Object.(*v1alpha1.AlumniNetwork); ok && isReady(n) {
			r.mu.Lock()
			r.names[n.Namespace+"/"+n.Name] = true
			tell := r.tell
			r.mu.Unlock()
			if tell != nil {
				tell(n)
			}
		}
	})
	return r
}

// follow calls see with every event of a kind, and takes the watch up again when the server ends it.
func follow(b *testing.B, env *kube.Env, list client.ObjectList, see func(watch.Event), opts ...client.ListOption) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	b.Cleanup(func() { cancel(); running.Wait() })
	running.Go(func() {
		for ctx.Err() == nil {
			w, err := env.Client.Watch(ctx, list, opts...)
			if err != nil {
				time.Sleep(time.Second)
				continue
			}
			for e := range w.ResultChan() {
				see(e)
			}
		}
	})
}

// fakePods makes for each portal one pod that says it runs, and tells so in its Deployment.
func fakePods(b *testing.B, env *kube.Env) {
	ctx := context.WithoutCancel(b.Context())
	made := map[string]bool{}
	follow(b, env, &appsv1.DeploymentList{}, func(e watch.Event) {
		d, ok := e.Object.(*appsv1.Deployment)
		if !ok || e.Type == watch.Deleted || d.Status.ObservedGeneration == d.Generation {
			return
		}
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: d.Name + "-0", Labels: d.Spec.Template.Labels},
			Spec:       *d.Spec.Template.Spec.DeepCopy(),
		}
		if key := pod.Namespace + "/" + pod.Name; made[key] {
			// it says already that it runs
		} else if err := env.Client.Create(ctx, pod); err == nil {
			made[key] = true
			pod.Status.Phase = corev1.PodRunning
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
			_ = env.Client.Status().Update(ctx, pod)
		}
		replicas := int32(1)
		if d.Spec.Replicas != nil {
			replicas = *d.Spec.Replicas
		}
		before := d.DeepCopy()
		d.Status = appsv1.DeploymentStatus{
			ObservedGeneration: d.Generation, Replicas: replicas, UpdatedReplicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas,
		}
		_ = env.Client.Status().Patch(ctx, d, client.MergeFrom(before))
	}, client.MatchingLabels(labels.Managed()))
}

// reconciles counts the networks that were looked at in this process.
func reconciles(b *testing.B) int {
	families, err := metrics.Registry.Gather()
	if err != nil {
		b.Fatal(err)
	}
	total := 0.0
	for _, family := range families {
		if family.GetName() != "controller_runtime_reconcile_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "controller" && l.GetValue() == "alumninetwork" {
					total += m.GetCounter().GetValue()
				}
			}
		}
	}
	return int(total)
}

func writeHeap(b *testing.B, path string) {
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if err := pprof.WriteHeapProfile(file); err != nil {
		b.Fatal(err)
	}
}

// script makes databases with their roles, settings, grants and claims on a server of its own as an administrator would who knows
// what they must be: a loop in a shell, and psql twice for each network, once on the server and once inside.
type script struct {
	b         *testing.B
	dir, psql string
	made      int
	took      time.Duration
}

func newScript(b *testing.B) *script {
	server := durable(b)
	execOn(b, server, "CREATE ROLE platform LOGIN CREATEDB CREATEROLE PASSWORD 'correct-horse-battery'",
		"CREATE ROLE master NOLOGIN", "GRANT master TO platform", "CREATE DATABASE master OWNER platform TEMPLATE template0")
	s := &script{b: b, dir: b.TempDir()}
	s.psql = fmt.Sprintf("PGPASSWORD=correct-horse-battery %s/psql -X -q -v ON_ERROR_STOP=1 -h %s -p %d -U platform", server.BinDir(), server.Host, server.Port)
	s.write("master.sql", "GRANT CREATE ON DATABASE master TO master;\nSET ROLE master;\nCREATE SCHEMA alumni; CREATE SCHEMA alumni_stats; CREATE SCHEMA alumni_operator;\n"+
		"CREATE TABLE alumni_operator.claim (singleton boolean PRIMARY KEY DEFAULT true, cluster_id text, namespace text, name text, network_uid text, claimed_at timestamptz DEFAULT now());\n")
	runShell(b, s.psql+" -d master -f "+filepath.Join(s.dir, "master.sql"))
	login := dbconn.Login{Host: server.Host, Port: uint16(server.Port), Database: "master", Username: "platform", Password: "correct-horse-battery", SSLMode: dbconn.SSLDisable}
	if _, err := pgstore.MigrateAs(b.Context(), login, "master"); err != nil {
		b.Fatal(err)
	}
	s.write("server.sql", serverScript())
	s.write("inside.sql", insideScript())
	return s
}

func (s *script) write(name, text string) {
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.b.Fatal(err)
	}
}

// make adds n databases to those that the server has already.
func (s *script) make(n int) {
	begun := time.Now()
	runShell(s.b, fmt.Sprintf(`set -e
for i in $(seq %d %d); do
  db=company_$i
  sed "s/DB/$db/g" %[3]s/server.sql | %[4]s -d postgres
  sed "s/DB/$db/g" %[3]s/inside.sql | %[4]s -1 -d $db
done`, s.made+1, s.made+n, s.dir, s.psql))
	s.made, s.took = s.made+n, s.took+time.Since(begun)
}

func runShell(b *testing.B, script string) {
	b.Helper()
	if out, err := exec.CommandContext(b.Context(), "bash", "-c", script).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
}

// serverScript is what an administrator runs on the server, with DB for the database's name.
func serverScript() string {
	var text strings.Builder
	text.WriteString("BEGIN;\n")
	for _, role := range naming.Roles() {
		_, _ = fmt.Fprintf(&text, "CREATE ROLE DB_%[1]s LOGIN CONNECTION LIMIT 10 PASSWORD 'a-long-password-of-DB-%[1]s';\nCOMMENT ON ROLE DB_%[1]s IS 'of DB';\n", role)
	}
	text.WriteString("GRANT DB_owner TO platform;\nCOMMIT;\nCREATE DATABASE DB OWNER DB_owner TEMPLATE master;\nBEGIN;\n")
	for _, role := range naming.Roles() {
		for _, setting := range []string{"search_path TO pg_catalog, pg_temp", "timezone TO 'UTC'", "statement_timeout TO '5min'",
			"idle_in_transaction_session_timeout TO '1min'", "lock_timeout TO '10s'"} {
			_, _ = fmt.Fprintf(&text, "ALTER ROLE DB_%s IN DATABASE DB SET %s;\n", role, setting)
		}
	}
	text.WriteString("COMMIT;\n")
	return text.String()
}

// insideScript is what an administrator runs inside each database, in one transaction.
func insideScript() string {
	var text strings.Builder
	for _, schema := range []string{"alumni", "alumni_stats", "alumni_operator"} {
		_, _ = fmt.Fprintf(&text, "ALTER SCHEMA %s OWNER TO DB_owner;\n", schema)
	}
	text.WriteString("REASSIGN OWNED BY master TO DB_owner;\nSET ROLE DB_owner;\nREVOKE ALL ON DATABASE DB FROM PUBLIC;\n" +
		"INSERT INTO alumni_operator.claim (cluster_id, namespace, name, network_uid) VALUES ('perf', 'perf', 'DB', 'DB');\n")
	for _, role := range naming.Roles() {
		if role != naming.RoleOwner {
			_, _ = fmt.Fprintf(&text, "GRANT CONNECT ON DATABASE DB TO DB_%s;\n", role)
		}
		for _, schema := range pgstore.Schemas()[role] {
			_, _ = fmt.Fprintf(&text, "GRANT USAGE ON SCHEMA %s TO DB_%s;\n", schema, role)
		}
	}
	for _, g := range pgstore.Grants() {
		rights := strings.Join(g.Privileges, ", ")
		if len(g.Columns) > 0 {
			rights = ""
			for i, right := range g.Privileges {
				if i > 0 {
					rights += ", "
				}
				rights += right + " (" + strings.Join(g.Columns, ", ") + ")"
			}
		}
		object := g.Object
		if schema, whole := strings.CutSuffix(object, ".*"); whole {
			_, _ = fmt.Fprintf(&text, "GRANT %s ON ALL SEQUENCES IN SCHEMA %s TO DB_%s;\n", rights, schema, g.Role)
			object = "ALL TABLES IN SCHEMA " + schema
		}
		_, _ = fmt.Fprintf(&text, "GRANT %s ON %s TO DB_%s;\n", rights, object, g.Role)
	}
	return text.String()
}
