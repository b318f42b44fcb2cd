// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/resources/pod"
)

// Port is where the server listens.
const Port uint16 = 5432

// serverUID is the user that the server runs as. No image needs to know it.
const serverUID int64 = 10001

// bootContainer is the init container that copies the boot program.
const bootContainer = "boot"

// Where things lie in the server's pod.
const (
	bootDir  = "/alumni"
	dataDir  = "/var/lib/alumni/data"
	adminDir = "/etc/alumni/admin"
	passwd   = "passwd"
)

// Input is what the server is built from.
type Input struct {
	Network *v1alpha1.AlumniNetwork
	// Image is the operator's own, for the boot program.
	Image string
	// PostgresImage is used when the network names none.
	PostgresImage string
	// OperatorNamespace is where the operator runs; empty when it runs outside the cluster.
	OperatorNamespace string
}

// Host is the address of the server inside the cluster.
func Host(n *v1alpha1.AlumniNetwork) string {
	return fmt.Sprintf("%s.%s.svc", naming.StoreServer(n.Name), n.Namespace)
}

// Desired is the whole set of the server's objects that belong to the network: the StatefulSet, and what goes before
// it. The volume claim is not among them: it is made once and outlives the network.
func Desired(in Input) (*appsv1.StatefulSet, []client.Object) {
	others := []client.Object{BuildPasswd(in), BuildService(in)}
	if policy := BuildNetworkPolicy(in); policy != nil {
		others = append(others, policy)
	}
	return BuildStatefulSet(in), others
}

// BuildClaim is the volume. It is made by the operator and not by the StatefulSet, so that its name and its life are
// the network's own.
func BuildClaim(in Input) *corev1.PersistentVolumeClaim {
	n := in.Network
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: n.Namespace, Name: naming.StoreClaim(n.Name), Labels: labels.For(n.Name, labels.Store),
		},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			StorageClassName: n.StorageClass(),
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: n.StorageSize()},
			},
		},
	}
}

// BuildPasswd makes the server's user known, for initdb refuses one without a name.
func BuildPasswd(in Input) *corev1.ConfigMap {
	line := fmt.Sprintf("postgres:x:%d:%d:PostgreSQL:%s:/sbin/nologin\n", serverUID, serverUID, dataDir)
	return &corev1.ConfigMap{
		ObjectMeta: meta(in),
		Data:       map[string]string{passwd: "root:x:0:0:root:/root:/sbin/nologin\n" + line},
	}
}

// BuildService is the server's address. It has no address of its own: there is one server.
func BuildService(in Input) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: meta(in),
		Spec: corev1.ServiceSpec{
			Selector: labels.Selector(in.Network.Name, labels.Store),
			Ports: []corev1.ServicePort{{
				Name: "postgres", Port: int32(Port), TargetPort: intstr.FromString("postgres"), Protocol: corev1.ProtocolTCP,
			}},
		},
	}
}

// BuildStatefulSet runs the one server. A StatefulSet never starts a second pod beside a first that may still live.
func BuildStatefulSet(in Input) *appsv1.StatefulSet {
	n := in.Network
	return &appsv1.StatefulSet{
		ObjectMeta: meta(in),
		Spec: appsv1.StatefulSetSpec{
			Replicas:             ptr.To[int32](1),
			ServiceName:          naming.StoreServer(n.Name),
			RevisionHistoryLimit: ptr.To[int32](3),
			Selector:             &metav1.LabelSelector{MatchLabels: labels.Selector(n.Name, labels.Store)},
			// With the default, a pod that cannot start would hold up the very change that heals it. There is one pod, so
			// nothing is parallel.
			PodManagementPolicy: appsv1.ParallelPodManagement,
			UpdateStrategy:      appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels.For(n.Name, labels.Store)},
				Spec:       podSpec(in),
			},
		},
	}
}

func podSpec(in Input) corev1.PodSpec {
	n := in.Network
	boot := pod.Scratch("boot", bootDir, "64Mi")
	copier := corev1.Container{
		Name:         bootContainer,
		Image:        in.Image,
		Command:      []string{"/pgboot", "copy", bootDir + "/pgboot"},
		VolumeMounts: []corev1.VolumeMount{boot.Mount},
		Resources:    pod.Resources("10m", "16Mi", "64Mi"),
	}
	boot.Mount.ReadOnly = true
	server := corev1.Container{
		Name:  "postgres",
		Image: n.ServerImage(in.PostgresImage),
		Command: []string{
			bootDir + "/pgboot", "run", "--data", dataDir + "/pgdata", "--admin-dir", adminDir,
			"--port", strconv.Itoa(int(Port)), "--shared-buffers", sharedBuffers(n.ServerResources()),
		},
		Ports:     []corev1.ContainerPort{{Name: "postgres", ContainerPort: int32(Port), Protocol: corev1.ProtocolTCP}},
		Resources: n.ServerResources(),
		// The first start makes the cluster, and one after a crash replays its log: both may take minutes.
		StartupProbe:   probe(2, 300),
		LivenessProbe:  probe(20, 6),
		ReadinessProbe: probe(5, 2),
	}
	users := pod.ConfigMap("passwd", naming.StoreServer(n.Name), "/etc/passwd")
	users.Mount.SubPath = passwd
	spec := corev1.PodSpec{ImagePullSecrets: n.PullSecrets()}
	pod.Add(&spec, &server,
		boot,
		pod.Claim("data", naming.StoreClaim(n.Name), dataDir, false),
		pod.Secret("admin", naming.AdminSecret(n.Name), adminDir, "password"),
		users,
		pod.Scratch("tmp", "/tmp", "256Mi"),
	)
	spec.InitContainers = []corev1.Container{copier}
	spec.Containers = []corev1.Container{server}
	pod.Harden(&spec, serverUID)
	return spec
}

// BootImage is the image from which a server takes its boot program; empty for one that does not exist yet.
func BootImage(server *appsv1.StatefulSet) string {
	for i := range server.Spec.Template.Spec.InitContainers {
		if c := &server.Spec.Template.Spec.InitContainers[i]; c.Name == bootContainer {
			return c.Image
		}
	}
	return ""
}

// sharedBuffers is a quarter of the memory limit, as PostgreSQL's manual advises, within what is of any use.
func sharedBuffers(r corev1.ResourceRequirements) string {
	const least, most, mebibyte = 32, 8192, 1 << 20
	limit, ok := r.Limits[corev1.ResourceMemory]
	if !ok {
		return "128MB"
	}
	return strconv.FormatInt(min(max(limit.Value()/mebibyte/4, least), most), 10) + "MB"
}

// probe asks the server whether it takes connections.
func probe(period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{
			Command: []string{bootDir + "/pgboot", "ready", "--port", strconv.Itoa(int(Port))},
		}},
		PeriodSeconds:    period,
		TimeoutSeconds:   5,
		FailureThreshold: failures,
	}
}

func meta(in Input) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: in.Network.Namespace, Name: naming.StoreServer(in.Network.Name),
		Labels: labels.For(in.Network.Name, labels.Store),
	}
}
