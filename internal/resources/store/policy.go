// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package store

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/alumni-operator/alumni-operator/internal/labels"
)

// BuildNetworkPolicy lets the portal and the jobs of this network, and the operator's namespace, reach the server, and nobody
// else: not even the portal of another network beside it. An operator that runs outside the cluster has no address that a
// policy could name, and would lock itself out: then there is none.
func BuildNetworkPolicy(in Input) *networkingv1.NetworkPolicy {
	n := in.Network
	if in.OperatorNamespace == "" {
		return nil
	}
	parts := []string{string(labels.Portal), string(labels.Roster), string(labels.Campaigns), string(labels.Retention), string(labels.Backup)}
	return &networkingv1.NetworkPolicy{
		ObjectMeta: meta(in),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: labels.Selector(n.Name, labels.Store)},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{{
				From: []networkingv1.NetworkPolicyPeer{
					{PodSelector: &metav1.LabelSelector{
						MatchLabels:      map[string]string{labels.Network: n.Name},
						MatchExpressions: []metav1.LabelSelectorRequirement{{Key: labels.Component, Operator: metav1.LabelSelectorOpIn, Values: parts}},
					}},
					{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: in.OperatorNamespace}}},
				},
				Ports: []networkingv1.NetworkPolicyPort{{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(int32(Port)))}},
			}},
		},
	}
}
