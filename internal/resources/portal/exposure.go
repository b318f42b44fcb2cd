// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"maps"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// HTTPRoute is the kind of the Gateway API that leads to a portal. Not every cluster serves it.
var HTTPRoute = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}

// Annotations by which cert-manager is asked for a certificate.
const (
	issuerAnnotation        = "cert-manager.io/issuer"
	clusterIssuerAnnotation = "cert-manager.io/cluster-issuer"
)

// BuildIngress leads the host of publicURL to the portal's Service; nil when the portal is exposed otherwise. It stays while
// the network is suspended, so that certificate and address do.
func BuildIngress(in Input) *networkingv1.Ingress {
	n := in.Network
	if n.ExposureKind() != v1alpha1.ExposedByIngress {
		return nil
	}
	ingress := &networkingv1.Ingress{
		ObjectMeta: meta(in),
		Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{
			Host: n.PortalHost(),
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
				Paths: []networkingv1.HTTPIngressPath{{
					Path: "/", PathType: ptr.To(networkingv1.PathTypePrefix),
					Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
						Name: naming.Portal(n.Name), Port: networkingv1.ServiceBackendPort{Name: "http"},
					}},
				}},
			}},
		}}},
	}
	ingress.Annotations = map[string]string{}
	if e := n.Spec.Portal.Exposure.Ingress; e != nil {
		ingress.Spec.IngressClassName = e.ClassName
		maps.Copy(ingress.Annotations, plain(e.Annotations))
	}
	if t := n.Spec.Portal.TLS; t != nil {
		ingress.Spec.TLS = []networkingv1.IngressTLS{{Hosts: []string{n.PortalHost()}, SecretName: certificateSecret(n)}}
		maps.Copy(ingress.Annotations, issuer(t.IssuerRef))
	}
	return ingress
}

// certificateSecret is the Secret that holds the certificate, or into which cert-manager puts it.
func certificateSecret(n *v1alpha1.AlumniNetwork) string {
	if name := n.Spec.Portal.TLS.SecretName; name != "" {
		return name
	}
	return naming.PortalCertificate(n.Name)
}

// issuer is the annotation for which cert-manager makes a Certificate; nothing without a reference.
func issuer(ref *v1alpha1.IssuerReference) map[string]string {
	switch {
	case ref == nil:
		return nil
	case ref.Kind == v1alpha1.IssuerOfCluster:
		return map[string]string{clusterIssuerAnnotation: ref.Name}
	default:
		return map[string]string{issuerAnnotation: ref.Name}
	}
}

// BuildHTTPRoute asks the declared Gateway to lead the host of publicURL to the portal's Service; nil when the portal is
// exposed otherwise.
func BuildHTTPRoute(in Input) *unstructured.Unstructured {
	n := in.Network
	if n.ExposureKind() != v1alpha1.ExposedByGateway {
		return nil
	}
	ref := n.Spec.Portal.Exposure.Gateway.ParentRef
	parent := map[string]any{"name": ref.Name}
	if ref.Namespace != "" {
		parent["namespace"] = ref.Namespace
	}
	if ref.SectionName != "" {
		parent["sectionName"] = ref.SectionName
	}
	return optional(in, HTTPRoute, map[string]any{
		"parentRefs": []any{parent},
		"hostnames":  []any{n.PortalHost()},
		"rules": []any{map[string]any{
			"matches":     []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}},
			"backendRefs": []any{map[string]any{"name": naming.Portal(n.Name), "port": int64(servicePort)}},
		}},
	})
}

// optional is an object of a kind that not every cluster serves, and of which no Go type is imported.
func optional(in Input, kind schema.GroupVersionKind, spec map[string]any) *unstructured.Unstructured {
	m := meta(in)
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(kind)
	u.SetNamespace(m.Namespace)
	u.SetName(m.Name)
	u.SetLabels(m.Labels)
	if spec != nil {
		u.Object["spec"] = spec
	}
	return u
}

// Named is the portal's object of an optional kind with nothing but its name, to find and remove it.
func Named(in Input, kind schema.GroupVersionKind) *unstructured.Unstructured {
	return optional(in, kind, nil)
}

// plain turns the values of a bounded map into strings.
func plain[T ~string](set map[string]T) map[string]string {
	all := make(map[string]string, len(set))
	for key, value := range set {
		all[key] = string(value)
	}
	return all
}
