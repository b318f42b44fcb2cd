// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
)

// BuildNetworkPolicy lets anybody reach the portal's ports, and no other, also where the namespace lets in nobody by
// default: the mail server that hands on bounces may be anywhere, too. What the portal itself reaches is not restricted: its mail server and an External store may be anywhere.
func BuildNetworkPolicy(in Input) *networkingv1.NetworkPolicy {
	port := func(number int32) networkingv1.NetworkPolicyPort {
		return networkingv1.NetworkPolicyPort{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(number))}
	}
	ports := []networkingv1.NetworkPolicyPort{port(httpPort), port(metricsPort)}
	if in.Network.BounceReceiver() != v1alpha1.BounceDisabled {
		ports = append(ports, port(bouncesPort))
	}
	return &networkingv1.NetworkPolicy{
		ObjectMeta: meta(in),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: labels.Selector(in.Network.Name, labels.Portal)},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{{
				Ports: ports,
			}},
		},
	}
}
