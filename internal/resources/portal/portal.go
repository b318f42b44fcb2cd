// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"maps"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/resources/pod"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

const (
	servicePort int32 = 80
	httpPort    int32 = 8080
	metricsPort int32 = 9090
	bouncesPort int32 = 8025

	// trustedProxies is the variable of cmd/portal's flag of that name.
	trustedProxies = "ALUMNI_PORTAL_TRUSTED_PROXIES"
)

// Input is what the portal is built from.
type Input struct {
	Network *v1alpha1.AlumniNetwork
	Image   string
	// ConfigHash changes when pods must restart.
	ConfigHash string
	// StoreLogin tells the login of the store from the one before it; empty while it is the first. Pods restart when it changes.
	StoreLogin string
}

// Desired is the whole set of the portal's objects: the Deployment, and what goes before it.
func Desired(in Input) (*appsv1.Deployment, []client.Object) {
	others := []client.Object{BuildService(in), BuildNetworkPolicy(in)}
	if scaler := BuildAutoscaler(in); scaler != nil {
		others = append(others, scaler)
	}
	if budget := BuildDisruptionBudget(in); budget != nil {
		others = append(others, budget)
	}
	return BuildDeployment(in), others
}

// bouncePorts are the ports of the Service at which mail servers expect each protocol.
var bouncePorts = map[v1alpha1.BounceReceiver]int32{v1alpha1.BounceLMTP: 24, v1alpha1.BounceSMTP: 25}

// BuildService is the address of the portal inside the cluster. No route from outside leads to its metrics, or to what takes
// bounces.
func BuildService(in Input) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: meta(in),
		Spec: corev1.ServiceSpec{
			Selector: labels.Selector(in.Network.Name, labels.Portal),
			Ports: []corev1.ServicePort{
				{
					Name: "http", Port: servicePort, TargetPort: intstr.FromString("http"), Protocol: corev1.ProtocolTCP,
					AppProtocol: ptr.To("http"),
				},
				{Name: "metrics", Port: metricsPort, TargetPort: intstr.FromString("metrics"), Protocol: corev1.ProtocolTCP},
			},
		},
	}
	if port, enabled := bouncePorts[in.Network.BounceReceiver()]; enabled {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{
			Name: "bounces", Port: port, TargetPort: intstr.FromString("bounces"), Protocol: corev1.ProtocolTCP,
		})
	}
	return s
}

// BuildDisruptionBudget keeps all replicas but one through a drain. A single replica gets none, for it would block
// the drain for ever; nor does a suspended network.
func BuildDisruptionBudget(in Input) *policyv1.PodDisruptionBudget {
	if in.Network.LeastPortalReplicas() < 2 {
		return nil
	}
	return &policyv1.PodDisruptionBudget{
		ObjectMeta: meta(in),
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable:             ptr.To(intstr.FromInt32(1)),
			Selector:                   &metav1.LabelSelector{MatchLabels: labels.Selector(in.Network.Name, labels.Portal)},
			UnhealthyPodEvictionPolicy: ptr.To(policyv1.AlwaysAllow),
		},
	}
}

// BuildDeployment runs the portal. A new pod must serve before an old one ends, so that a roll loses no request.
func BuildDeployment(in Input) *appsv1.Deployment {
	n := in.Network
	selector := labels.Selector(n.Name, labels.Portal)
	var replicas *int32 // an autoscaler's, where there is one
	if n.PortalAutoscaling() == nil {
		replicas = ptr.To(n.PortalReplicas())
	}
	return &appsv1.Deployment{
		ObjectMeta: meta(in),
		Spec: appsv1.DeploymentSpec{
			Replicas:                replicas,
			RevisionHistoryLimit:    ptr.To[int32](3),
			ProgressDeadlineSeconds: ptr.To[int32](300),
			Selector:                &metav1.LabelSelector{MatchLabels: selector},
			Strategy: appsv1.DeploymentStrategy{
				Type: appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{
					MaxUnavailable: ptr.To(intstr.FromInt32(0)), MaxSurge: ptr.To(intstr.FromInt32(1)),
				},
			},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: podMeta(in),
				Spec:       podSpec(in),
			},
		},
	}
}

// podMeta has the declared labels and annotations, and over them our own.
func podMeta(in Input) metav1.ObjectMeta {
	p := in.Network.Spec.Portal
	m := metav1.ObjectMeta{Labels: plain(p.PodLabels), Annotations: plain(p.PodAnnotations)}
	maps.Copy(m.Labels, labels.For(in.Network.Name, labels.Portal))
	m.Annotations[labels.ConfigHash] = in.ConfigHash
	if in.StoreLogin != "" {
		m.Labels[labels.StoreLogin] = in.StoreLogin
	}
	return m
}

func podSpec(in Input) corev1.PodSpec {
	n := in.Network
	container := corev1.Container{
		Name:    "portal",
		Image:   in.Image,
		Command: []string{"/portal"},
		Env:     append(pod.GoMemory(n.PortalResources()), proxies(n.Spec.Portal.TrustedProxies)...),
		Ports: []corev1.ContainerPort{
			{Name: "http", ContainerPort: httpPort, Protocol: corev1.ProtocolTCP},
			{Name: "metrics", ContainerPort: metricsPort, Protocol: corev1.ProtocolTCP},
		},
		Resources:      n.PortalResources(),
		StartupProbe:   probe("/healthz", 1, 60),
		LivenessProbe:  probe("/healthz", 10, 3),
		ReadinessProbe: probe("/readyz", 3, 2),
	}
	if n.BounceReceiver() != v1alpha1.BounceDisabled {
		container.Ports = append(container.Ports, corev1.ContainerPort{Name: "bounces", ContainerPort: bouncesPort, Protocol: corev1.ProtocolTCP})
	}
	spec := corev1.PodSpec{
		PriorityClassName: n.Spec.Portal.PriorityClassName,
		ImagePullSecrets:  n.PullSecrets(),
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{
			spread(n, corev1.LabelTopologyZone), spread(n, corev1.LabelHostname),
		},
	}
	folders := []pod.Folder{
		pod.ConfigMap("network", naming.NetworkConfig(n.Name), settings.NetworkDir),
		pod.Database(n.Name, naming.RolePortal),
		pod.Secret("token-key", naming.TokenKeySecret(n.Name), settings.TokenKeyDir, settings.TokenKeyFile),
	}
	if e := n.Email(); e != nil && e.CredentialsSecretRef != nil {
		folders = append(folders, pod.MailLogin(e.CredentialsSecretRef.Name))
	}
	if e := n.Email(); e != nil && e.DKIM != nil {
		folders = append(folders, pod.DKIM(e.DKIM.SecretRef.Name))
	}
	if l := n.LINE(); l != nil && !n.IsTrial() {
		folders = append(folders, pod.LINE(l.SecretRef.Name, settings.LINESecretFile))
	}
	if from := n.StaffFrom(); from != nil {
		folders = append(folders, pod.Staff(from.Name, from.Key))
	}
	pod.Add(&spec, &container, folders...)
	spec.Containers = []corev1.Container{container}
	pod.Harden(&spec, pod.UID)
	return spec
}

// proxies tells the portal whose X-Forwarded-For it may believe.
func proxies(ranges []v1alpha1.CIDR) []corev1.EnvVar {
	if len(ranges) == 0 {
		return nil
	}
	var list []string
	for _, r := range ranges {
		list = append(list, string(r))
	}
	return []corev1.EnvVar{{Name: trustedProxies, Value: strings.Join(list, ",")}}
}

// spread puts replicas apart where the cluster has the room, and runs them side by side where it has not.
func spread(n *v1alpha1.AlumniNetwork, key string) corev1.TopologySpreadConstraint {
	return corev1.TopologySpreadConstraint{
		MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.ScheduleAnyway,
		LabelSelector: &metav1.LabelSelector{MatchLabels: labels.Selector(n.Name, labels.Portal)},
	}
}

func probe(path string, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:     corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("http")}},
		PeriodSeconds:    period,
		TimeoutSeconds:   3,
		FailureThreshold: failures,
	}
}

func meta(in Input) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: in.Network.Namespace, Name: naming.Portal(in.Network.Name),
		Labels: labels.For(in.Network.Name, labels.Portal),
	}
}
