// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/yaml"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/resources/job"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/resources/portal"
	"github.com/alumni-operator/alumni-operator/internal/resources/store"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

var update = flag.Bool("update", false, "write the golden files anew")

const image = "alumni-operator:v1"

func TestWholeNetworksAreBuiltAsTheGoldenFilesShow(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.in.yaml")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(inputs).NotTo(BeEmpty())
	for _, input := range inputs {
		t.Run(strings.TrimSuffix(filepath.Base(input), ".in.yaml"), func(t *testing.T) {
			g := NewWithT(t)
			content, err := os.ReadFile(input)
			g.Expect(err).NotTo(HaveOccurred())
			n := &v1alpha1.AlumniNetwork{}
			g.Expect(yaml.UnmarshalStrict(content, n)).To(Succeed())

			got := render(g, children(g, n))

			golden := strings.TrimSuffix(input, ".in.yaml") + ".golden.yaml"
			if *update {
				g.Expect(os.WriteFile(golden, got, 0o644)).To(Succeed())
			}
			want, err := os.ReadFile(golden)
			g.Expect(err).NotTo(HaveOccurred(), "run the test with -update")
			g.Expect(string(got)).To(Equal(string(want)))
		})
	}
}

func TestEveryPodKeepsToTheRestrictedLevelAndHoldsNoToken(t *testing.T) {
	for name, n := range networks(t) {
		for _, obj := range children(NewWithT(t), n) {
			spec := podSpec(obj)
			if spec == nil {
				continue
			}
			t.Run(name+": "+obj.GetName(), func(t *testing.T) {
				g := NewWithT(t)
				g.Expect(*spec.AutomountServiceAccountToken).To(BeFalse())
				g.Expect(*spec.SecurityContext.RunAsNonRoot).To(BeTrue())
				g.Expect(spec.SecurityContext.SeccompProfile.Type).To(Equal(corev1.SeccompProfileTypeRuntimeDefault))
				g.Expect(*spec.TerminationGracePeriodSeconds).To(BeEquivalentTo(30))
				for _, c := range append(spec.InitContainers, spec.Containers...) {
					g.Expect(*c.SecurityContext.AllowPrivilegeEscalation).To(BeFalse(), c.Name)
					g.Expect(*c.SecurityContext.ReadOnlyRootFilesystem).To(BeTrue(), c.Name)
					g.Expect(c.SecurityContext.Capabilities.Drop).To(Equal([]corev1.Capability{"ALL"}), c.Name)
					g.Expect(c.Resources.Requests).To(And(HaveKey(corev1.ResourceCPU), HaveKey(corev1.ResourceMemory)), c.Name)
					g.Expect(c.Resources.Limits).To(HaveKey(corev1.ResourceMemory), c.Name)
				}
			})
		}
	}
}

func TestANetworkThatDeclaresNothingFitsASmallNode(t *testing.T) {
	g := NewWithT(t)
	cpu, memory := resource.MustParse("140m"), resource.MustParse("352Mi") // docs/exposure.md names these
	for _, obj := range children(g, networks(t)["minimal"]) {
		spec, replicas := podSpec(obj), 1
		if _, isJob := obj.(*batchv1.Job); spec == nil || isJob {
			continue
		}
		if d, ok := obj.(*appsv1.Deployment); ok {
			replicas = int(*d.Spec.Replicas)
		}
		for range replicas {
			for _, c := range spec.Containers {
				cpu.Sub(*c.Resources.Requests.Cpu())
				memory.Sub(*c.Resources.Requests.Memory())
			}
		}
	}
	g.Expect(cpu.IsZero()).To(BeTrue(), "left: %s", cpu.String())
	g.Expect(memory.IsZero()).To(BeTrue(), "left: %s", memory.String())
}

// mounted says which Secrets each workload may see, and no other.
var mounted = map[string][]string{
	"main-portal":       {"main-db-portal", "main-token-key", "smtp", "alumni-dkim", "line", "staff"},
	"main-db":           {"main-db-admin"},
	"spring-29000000":   {"main-db-campaign", "main-token-key", "smtp", "alumni-dkim", "slack-news", "teams-news", "intranet-hook"},
	"main-roster-1":     {"main-db-roster", "main-pepper", "hr-login"},
	"main-backup-29000": {"main-db-backup", "bucket-keys"},
	"main-drill-29000":  {"main-db-backup", "bucket-keys", "drill-key"},
	"main-restore":      {"main-db-owner", "main-pepper", "bucket-keys", "officer-key"},
	"keep-main-s-29000": {"main-db-retention", "main-pepper", "keep-signing", "bucket-keys", "dispute", "audits"},
}

func TestEachWorkloadSeesItsOwnSecretsOnly(t *testing.T) {
	g := NewWithT(t)
	for _, obj := range children(g, networks(t)["full"]) {
		spec := podSpec(obj)
		if spec == nil {
			continue
		}
		var names []string
		for _, v := range spec.Volumes {
			if v.Secret != nil {
				names = append(names, v.Secret.SecretName)
			}
			if v.Projected != nil {
				for _, source := range v.Projected.Sources {
					if source.Secret != nil {
						names = append(names, source.Secret.Name)
					}
				}
			}
		}
		g.Expect(mounted).To(HaveKey(obj.GetName()))
		slices.Sort(names)
		g.Expect(slices.Compact(names)).To(ConsistOf(mounted[obj.GetName()]), obj.GetName())
	}
}

// TestATrialIsToldOfNoMailServer looks for the one that the trial declares, and for its Secret, in everything that is built.
func TestATrialIsToldOfNoMailServer(t *testing.T) {
	g := NewWithT(t)
	trial := networks(t)["trial"]
	g.Expect(trial.Spec.Channels.Email.Host).To(HavePrefix("smtp."))
	g.Expect(trial.Spec.Channels.Email.CredentialsSecretRef.Name).To(Equal("smtp"))
	g.Expect(string(render(g, children(g, trial)))).NotTo(ContainSubstring("smtp"))
}

func TestThePortalsDigestChangesExactlyWithWhatItReadsAtItsStart(t *testing.T) {
	full := networks(t)["full"]
	base := digest(t, full, "secret-one", "key")
	edited := func(edit func(*v1alpha1.AlumniNetwork)) *v1alpha1.AlumniNetwork {
		n := full.DeepCopy()
		edit(n)
		return n
	}
	cases := map[string]struct {
		got  string
		same bool
	}{
		"the same again":       {digest(t, full, "secret-one", "key"), true},
		"another roster":       {digest(t, edited(func(n *v1alpha1.AlumniNetwork) { n.Spec.Roster = nil }), "secret-one", "key"), true},
		"more replicas":        {digest(t, edited(func(n *v1alpha1.AlumniNetwork) { five := int32(5); n.Spec.Portal.Replicas = &five }), "secret-one", "key"), true},
		"a new generation":     {digest(t, edited(func(n *v1alpha1.AlumniNetwork) { n.Generation = 9 }), "secret-one", "key"), true},
		"purposes reordered":   {digest(t, edited(reversePurposes), "secret-one", "key"), true},
		"a module less":        {digest(t, edited(func(n *v1alpha1.AlumniNetwork) { n.Spec.Programme.Modules = []v1alpha1.Module{} }), "secret-one", "key"), false},
		"another display name": {digest(t, edited(func(n *v1alpha1.AlumniNetwork) { n.Spec.DisplayName = "x" }), "secret-one", "key"), false},
		"another mail server":  {digest(t, edited(func(n *v1alpha1.AlumniNetwork) { n.Spec.Channels.Email.Host = "x" }), "secret-one", "key"), false},
		"another LINE quota":   {digest(t, edited(func(n *v1alpha1.AlumniNetwork) { *n.LINE() = v1alpha1.LINEChannel{AccountID: "@hoshino"} }), "secret-one", "key"), true},
		"another LINE account": {digest(t, edited(func(n *v1alpha1.AlumniNetwork) { n.LINE().AccountID = "@x" }), "secret-one", "key"), false},
		"another password":     {digest(t, full, "secret-two", "key"), false},
		"another key":          {digest(t, full, "secret-one", "other"), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(c.got == base).To(Equal(c.same))
		})
	}
}

func reversePurposes(n *v1alpha1.AlumniNetwork) {
	p := n.Spec.Programme.Purposes
	p[0], p[1] = p[1], p[0]
}

func digest(t *testing.T, n *v1alpha1.AlumniNetwork, password, key string) string {
	hash, err := network.PortalHash(n, 24*time.Hour, endpoint, []byte(key), map[string][]byte{"password": []byte(password)})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return hash
}

var endpoint = network.Endpoint{Host: "pg.example", Port: 5432, Database: "hoshino_main", SSLMode: "verify-full", CA: []byte("-----BEGIN CERTIFICATE-----\n")}

// children builds everything that a network can have, with one job of each kind.
func children(g Gomega, n *v1alpha1.AlumniNetwork) []client.Object {
	config, err := network.BuildConfigMap(n, nil, 24*time.Hour)
	g.Expect(err).NotTo(HaveOccurred())
	all := []client.Object{config, network.BuildEndpoint(n, endpoint)}
	if n.StoreKind() == v1alpha1.StoreStandalone {
		in := store.Input{Network: n, Image: image, PostgresImage: "postgres:17", OperatorNamespace: "alumni-operator-system"}
		server, others := store.Desired(in)
		all = append(append(all, store.BuildClaim(in)), append(others, server)...)
	}
	if n.StoreKind() == v1alpha1.StoreCloudNativePG {
		in := store.Input{Network: n}
		cluster, err := store.BuildCluster(in)
		g.Expect(err).NotTo(HaveOccurred())
		all = append(all, cluster, store.BuildScheduledBackup(in))
	}
	in := portal.Input{Network: n, Image: image, ConfigHash: "0123456789abcdef"}
	deployment, others := portal.Desired(in)
	all = append(append(all, others...), deployment)
	if ingress := portal.BuildIngress(in); ingress != nil {
		all = append(all, ingress)
	}
	for _, obj := range []*unstructured.Unstructured{portal.BuildHTTPRoute(in), portal.BuildServiceMonitor(in), portal.BuildPrometheusRule(in)} {
		if obj != nil {
			all = append(all, obj)
		}
	}
	return append(all, jobs(n)...)
}

func jobs(n *v1alpha1.AlumniNetwork) []client.Object {
	due := time.Date(2027, 4, 1, 9, 0, 0, 0, time.FixedZone("JST", 9*3600))
	run := func(name string) job.Run {
		return job.Run{Namespace: n.Namespace, Network: n.Name, Name: name, ScheduledAt: due, Image: image, PullSecrets: n.PullSecrets()}
	}
	roster := job.RosterInput{Run: run("main-roster-1")}
	if r := n.Spec.Roster; r != nil && r.Source.HTTPS != nil {
		roster.Secret = r.Source.HTTPS.SecretRef.Name
	} else if !n.IsTrial() {
		roster.Claim = "hr-export"
	}
	mail, signing := "", ""
	if e := n.Email(); e != nil && e.DKIM != nil {
		signing = e.DKIM.SecretRef.Name
	}
	if e := n.Email(); e != nil && e.CredentialsSecretRef != nil {
		mail = e.CredentialsSecretRef.Name
	}
	campaign := job.CampaignInput{Run: run("spring-29000000"), Campaign: "spring", EmailSecret: mail, DKIMSecret: signing, StopAfter: 25 * time.Hour, EgressAllow: "10.20.0.0/16"}
	for _, d := range n.Destinations() {
		if d.Channel == v1alpha1.ChannelLINE {
			continue // campaigns do not write by it yet
		}
		campaign.Destinations = append(campaign.Destinations, job.Destination{Channel: string(d.Channel), Name: d.Name, Secret: d.SecretRef.Name})
	}
	retention := job.RetentionInput{Run: run("keep-main-s-29000"), Policy: "keep", Kind: "scheduled", SigningSecret: "keep-signing"}
	if b := n.Spec.Store.Backup; b != nil {
		retention.LedgerSecret = b.Destination.S3.SecretRef.Name
		retention.Holds = []job.HoldList{{Secret: "dispute", Key: "members"}, {Secret: "audits", Key: "of-2026"}}
	}
	all := []client.Object{
		job.BuildRosterJob(roster),
		job.BuildCampaignJob(campaign),
		job.BuildRetentionJob(retention),
	}
	backup := job.BackupInput{Run: run("main-backup-29000"), Kind: job.KindBackup, PostgresImage: n.ServerImage("postgres:17"), Claim: "backups"}
	if b := n.Spec.Store.Backup; b != nil {
		backup.Claim, backup.BucketSecret = "", b.Destination.S3.SecretRef.Name
	}
	all = append(all, job.BuildBackupJob(backup))
	backup.Run, backup.Kind, backup.IdentitySecret = run("main-drill-29000"), job.KindDrill, "drill-key"
	all = append(all, job.BuildBackupJob(backup))
	backup.Run, backup.Kind, backup.IdentitySecret = run("main-restore"), job.KindRestore, "officer-key"
	return append(all, job.BuildBackupJob(backup))
}

func TestABackupIsToldWhatTheSpecSays(t *testing.T) {
	g := NewWithT(t)
	told := network.BuildBackup(networks(t)["full"], "cluster-1", "hoshino_main")
	g.Expect(told.Folder).To(MatchRegexp(`^hoshino_main-[0-9a-f]{12}$`))
	g.Expect(told.Scratch).To(Equal("hoshino_main_drill"))
	g.Expect(told.KeepCount).To(Equal(30))
	g.Expect(told.KeepAge).To(Equal("P60D"))
	g.Expect(told.TimeZone).To(Equal("Asia/Tokyo"))
	g.Expect(told.Recipients).To(HaveLen(1))
	g.Expect(*told.Bucket).To(Equal(settings.Bucket{
		Endpoint: "https://s3.hoshino.example", Name: "hoshino-backups", Prefix: "alumni", Region: "ap-northeast-1",
	}))
	other := network.BuildBackup(networks(t)["full"], "cluster-2", "hoshino_main")
	g.Expect(other.Folder).NotTo(Equal(told.Folder), "two clusters may share a bucket")
}

func TestARestoreIsToldWhoseBackupItBringsBack(t *testing.T) {
	g := NewWithT(t)
	n := networks(t)["minimal"]
	full := networks(t)["full"].Spec.Store.Backup
	n.Spec.Store.RestoreFrom = &v1alpha1.RestoreFrom{Destination: full.Destination, IdentitySecretRef: v1alpha1.SecretReference{Name: "officer-key"}}
	own := network.BuildRestore(n, "cluster-1")
	g.Expect(own.Folder).To(Equal(naming.BackupFolder("cluster-1", n.Namespace, n.Name)), "its own, when nothing else is said")
	g.Expect(own.Backup).To(BeEmpty(), "the newest")
	g.Expect(own.Bucket.Name).To(Equal("hoshino-backups"))

	n.Spec.Store.RestoreFrom.Backup = "20270401T023004Z-00002"
	n.Spec.Store.RestoreFrom.Network = &v1alpha1.BackedUpNetwork{Namespace: "old", Name: "alumni"}
	moved := network.BuildRestore(n, "cluster-1")
	g.Expect(moved.Folder).To(Equal(naming.BackupFolder("cluster-1", "old", "alumni")))
	g.Expect([]string{moved.Namespace, moved.Name, moved.Backup}).To(Equal([]string{"old", "alumni", "20270401T023004Z-00002"}))
	n.Spec.Store.RestoreFrom.Network.Cluster = "cluster-0"
	g.Expect(network.BuildRestore(n, "cluster-1").Folder).To(Equal(naming.BackupFolder("cluster-0", "old", "alumni")))

	g.Expect(network.BuildLedger(n, "cluster-1")).To(BeNil(), "without a place for backups there is none for the ledger")
	ledger := network.BuildLedger(networks(t)["full"], "cluster-1")
	g.Expect(ledger.Folder).To(Equal(network.BuildBackup(networks(t)["full"], "cluster-1", "d").Folder))
	g.Expect(ledger.Bucket.Prefix).To(Equal("alumni"))
}

func networks(t *testing.T) map[string]*v1alpha1.AlumniNetwork {
	g := NewWithT(t)
	all := map[string]*v1alpha1.AlumniNetwork{}
	inputs, err := filepath.Glob("testdata/*.in.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	for _, input := range inputs {
		content, err := os.ReadFile(input)
		g.Expect(err).NotTo(HaveOccurred())
		n := &v1alpha1.AlumniNetwork{}
		g.Expect(yaml.UnmarshalStrict(content, n)).To(Succeed())
		all[strings.TrimSuffix(filepath.Base(input), ".in.yaml")] = n
	}
	return all
}

func podSpec(obj client.Object) *corev1.PodSpec {
	switch o := obj.(type) {
	case *batchv1.Job:
		return &o.Spec.Template.Spec
	case *appsv1.Deployment:
		return &o.Spec.Template.Spec
	case *appsv1.StatefulSet:
		return &o.Spec.Template.Spec
	default:
		return nil
	}
}

func render(g Gomega, objs []client.Object) []byte {
	var out bytes.Buffer
	for _, obj := range objs {
		gvk, err := apiutil.GVKForObject(obj, scheme.Scheme)
		g.Expect(err).NotTo(HaveOccurred())
		obj.GetObjectKind().SetGroupVersionKind(gvk)
		content, err := yaml.Marshal(obj)
		g.Expect(err).NotTo(HaveOccurred())
		out.WriteString("---\n")
		out.Write(content)
	}
	return out.Bytes()
}
