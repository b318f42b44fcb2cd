// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
)

func TestANetworkThatSaysNothingGetsTheDocumentedDefaults(t *testing.T) {
	g := NewWithT(t)
	n := &v1alpha1.AlumniNetwork{}
	n.Spec.DisplayName = "Hoshino Alumni"
	g.Expect(n.StoreKind()).To(Equal(v1alpha1.StoreStandalone))
	g.Expect(n.Locale()).To(Equal(v1alpha1.LocaleJapanese))
	g.Expect(n.Zone()).To(Equal(v1alpha1.TimeZone("UTC")))
	g.Expect(n.PortalReplicas()).To(BeEquivalentTo(2))
	g.Expect(n.LeastPortalReplicas()).To(BeEquivalentTo(2))
	g.Expect(n.PortalAutoscaling()).To(BeNil())
	g.Expect(n.ExposureKind()).To(Equal(v1alpha1.ExposedByNone))
	g.Expect(n.PullSecrets()).To(BeEmpty())
	size := n.StorageSize()
	g.Expect(size.String()).To(Equal("5Gi"))
	g.Expect(n.StorageClass()).To(BeNil())
	g.Expect(n.ServerImage("fallback")).To(Equal("fallback"))
	g.Expect(n.Email()).To(BeNil())
	g.Expect(n.SecretNames()).To(BeEmpty())
}

func TestWhatANetworkSaysWins(t *testing.T) {
	g := NewWithT(t)
	zone := v1alpha1.TimeZone("Europe/Berlin")
	n := &v1alpha1.AlumniNetwork{}
	n.Spec = v1alpha1.AlumniNetworkSpec{
		DisplayName: "Hoshino Alumni", TimeZone: "Asia/Tokyo",
		Portal: v1alpha1.Portal{PublicURL: "https://alumni.hoshino.example/"},
		Roster: &v1alpha1.Roster{
			Schedule: &v1alpha1.CronSchedule{TimeZone: &zone},
			Source:   v1alpha1.RosterSource{HTTPS: &v1alpha1.RosterHTTPS{SecretRef: &v1alpha1.SecretReference{Name: "shared"}}},
		},
		Store:    v1alpha1.Store{External: &v1alpha1.ExternalStore{AdminSecretRef: v1alpha1.SecretReference{Name: "pg-admin"}}},
		Channels: &v1alpha1.Channels{Email: &v1alpha1.EmailChannel{Host: "smtp", CredentialsSecretRef: &v1alpha1.SecretReference{Name: "shared"}}},
	}
	g.Expect(n.URL()).To(Equal("https://alumni.hoshino.example"))
	g.Expect(n.RosterZone()).To(Equal(zone))
	g.Expect(n.SecretNames()).To(Equal([]string{"pg-admin", "shared"}))
	mail := n.Email()
	g.Expect(mail.Port).To(BeEquivalentTo(587))
	g.Expect(mail.TLS).To(Equal(v1alpha1.EmailStartTLS))
	g.Expect(mail.FromName).To(Equal("Hoshino Alumni"))
	g.Expect(n.Spec.Channels.Email.Port).To(BeZero(), "the spec itself stays as it was written")

	n.Spec.State = v1alpha1.StateSuspended
	g.Expect(n.PortalReplicas()).To(BeZero())
}

func TestATrialHasASenderThatLeadsNowhere(t *testing.T) {
	g := NewWithT(t)
	n := &v1alpha1.AlumniNetwork{}
	n.Spec.DisplayName, n.Spec.Trial = "Rehearsal", v1alpha1.TrialEnabled
	g.Expect(n.TrialMembers()).To(BeEquivalentTo(200))
	g.Expect(n.Email()).To(Equal(&v1alpha1.EmailChannel{FromAddress: "rehearsal@trial.example", FromName: "Rehearsal", MaxPerSecond: 50, MaxPerHour: 10000, MaxConnections: 5}))

	n.Spec.Channels = &v1alpha1.Channels{Email: &v1alpha1.EmailChannel{Host: "smtp", FromAddress: "a@b.example", MaxPerSecond: 9,
		CredentialsSecretRef: &v1alpha1.SecretReference{Name: "smtp"}}}
	g.Expect(n.Email()).To(Equal(&v1alpha1.EmailChannel{FromAddress: "a@b.example", FromName: "Rehearsal", MaxPerSecond: 9, MaxPerHour: 10000, MaxConnections: 5}))
	g.Expect(n.SecretNames()).To(BeEmpty(), "the password is not even looked at")
	g.Expect(n.Spec.Channels.Email.Host).To(Equal("smtp"), "the spec itself stays as it was written")

	n.Spec.Trial, n.Spec.TrialMembers = v1alpha1.TrialDisabled, 0
	g.Expect(n.TrialMembers()).To(BeZero())
	g.Expect(n.Email().Host).To(Equal("smtp"))
}

func TestPoliciesAndCampaignsThatSayNothingGetTheDocumentedDefaults(t *testing.T) {
	g := NewWithT(t)
	p := &v1alpha1.RetentionPolicy{}
	g.Expect(p.EffectiveMode()).To(Equal(v1alpha1.RetentionDryRun), "nothing is erased by rule unless somebody says so")
	g.Expect(p.ErasurePromise()).To(Equal(24 * time.Hour))
	execution := p.EffectiveExecution()
	g.Expect(execution.BatchMembers).To(BeEquivalentTo(500))
	g.Expect(*execution.PauseMilliseconds).To(BeEquivalentTo(100))
	g.Expect(p.SigningSecretName()).To(BeEmpty())

	c := &v1alpha1.Campaign{}
	g.Expect(c.EffectiveDelivery()).To(Equal(v1alpha1.Delivery{
		MaxRecipients: 50000, StartingDeadlineSeconds: 3600, RetryDeadlineSeconds: 86400, OnUnknown: v1alpha1.OnUnknownResend,
		QuietHours: v1alpha1.QuietHoursDefer,
	}))
	g.Expect(c.ConfigMapNames()).To(BeEmpty())
}

func TestAPauseOfZeroIsKept(t *testing.T) {
	g := NewWithT(t)
	zero := int32(0)
	p := &v1alpha1.RetentionPolicy{}
	p.Spec.Execution = &v1alpha1.RetentionExecution{PauseMilliseconds: &zero}
	g.Expect(*p.EffectiveExecution().PauseMilliseconds).To(BeZero())
}

func TestAnAutoscalerIsFilledInAndRestsWithItsNetwork(t *testing.T) {
	g := NewWithT(t)
	n := &v1alpha1.AlumniNetwork{}
	n.Spec.Portal.Autoscaling = &v1alpha1.PortalAutoscaling{MaxReplicas: 4}
	g.Expect(n.PortalAutoscaling()).To(Equal(&v1alpha1.PortalAutoscaling{MinReplicas: 2, MaxReplicas: 4, TargetCPUPercent: 80}))
	n.Spec.Portal.Autoscaling.MinReplicas = 3
	g.Expect(n.LeastPortalReplicas()).To(BeEquivalentTo(3))
	n.Spec.State = v1alpha1.StateSuspended
	g.Expect(n.PortalAutoscaling()).To(BeNil())
	g.Expect(n.LeastPortalReplicas()).To(BeZero())
}

func TestThePortalsHostIsThatOfItsAddress(t *testing.T) {
	for address, host := range map[string]string{
		"https://alumni.hoshino.example":       "alumni.hoshino.example",
		"https://Alumni.Hoshino.Example:8443/": "alumni.hoshino.example",
		"http://localhost:8080":                "localhost",
		"https://%zz":                          "",
	} {
		n := &v1alpha1.AlumniNetwork{}
		n.Spec.Portal.PublicURL = address
		NewWithT(t).Expect(n.PortalHost()).To(Equal(host), address)
	}
}

func TestABackupSectionFillsInWhatItDoesNotSay(t *testing.T) {
	g := NewWithT(t)
	n := &v1alpha1.AlumniNetwork{}
	g.Expect(n.SecretNames()).To(BeEmpty())
	b := &v1alpha1.StoreBackup{}
	n.Spec.Store.Backup = b
	g.Expect(b.KeepCount()).To(BeEquivalentTo(14))
	g.Expect(b.KeepAge()).To(BeEmpty())
	age := v1alpha1.Period("P60D")
	b.Keep = &v1alpha1.BackupKeep{Age: &age}
	g.Expect(b.KeepCount()).To(BeEquivalentTo(14))
	g.Expect(b.KeepAge()).To(Equal(age))
	b.Destination.S3 = &v1alpha1.BackupBucket{SecretRef: v1alpha1.SecretReference{Name: "keys"}}
	b.Drill = &v1alpha1.BackupDrill{IdentitySecretRef: v1alpha1.SecretReference{Name: "drill"}}
	g.Expect(n.SecretNames()).To(Equal([]string{"drill", "keys"}), "so that a Secret that comes late is noticed")
}

func TestAClusterHasDefaultsAndNamesItsSecret(t *testing.T) {
	g := NewWithT(t)
	n := &v1alpha1.AlumniNetwork{Spec: v1alpha1.AlumniNetworkSpec{Store: v1alpha1.Store{Type: v1alpha1.StoreCloudNativePG}}}
	g.Expect(n.ForeignCluster()).To(BeEmpty())
	g.Expect(n.ClusterInstances()).To(BeEquivalentTo(3))
	g.Expect(n.ClusterImage()).To(BeEmpty())
	g.Expect(n.ClusterStorageClass()).To(BeNil())
	g.Expect(n.ScheduledBackup()).To(BeNil())
	g.Expect(n.SecretNames()).To(BeEmpty())
	size, memory := n.ClusterStorageSize(), n.ClusterResources().Limits[corev1.ResourceMemory]
	g.Expect(size.String() + " " + memory.String()).To(Equal("5Gi 512Mi"))

	one, twenty, fast := int32(1), resource.MustParse("20Gi"), "fast"
	n.Spec.Store.CloudNativePG = &v1alpha1.CloudNativePGStore{
		ClusterRef:     &v1alpha1.ClusterReference{Name: "shared"},
		AdminSecretRef: &v1alpha1.SecretReference{Name: "pg-admin"},
		Instances:      &one, Image: "postgresql:17.6",
		Storage:   &v1alpha1.CloudNativePGStorage{Size: &twenty, StorageClassName: &fast},
		Resources: &corev1.ResourceRequirements{},
	}
	g.Expect(n.ForeignCluster()).To(Equal("shared"))
	g.Expect(n.SecretNames()).To(Equal([]string{"pg-admin"}))
	g.Expect(n.ClusterInstances()).To(BeEquivalentTo(1))
	g.Expect(n.ClusterImage()).To(Equal("postgresql:17.6"))
	g.Expect(*n.ClusterStorageClass()).To(Equal("fast"))
	g.Expect(n.ClusterResources().Limits).To(BeEmpty())
	size = n.ClusterStorageSize()
	g.Expect(size.String()).To(Equal("20Gi"))
}
