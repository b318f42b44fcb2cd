// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/resources/portal"
)

// noAddress is said of an Ingress that no controller has reported on. Some never do, so that it is no failure.
const noAddress = "; no controller has given its Ingress an address yet"

// way is how people come to the portal.
type way struct {
	spare   []client.Object // what led there and must not be pruned
	note    string          // what is worth telling although nothing is wrong
	blocked error           // why nobody comes to the portal as declared; the portal runs all the same
}

// expose leads people to the portal as declared. What led there before stays until its successor stands.
func (r *Reconciler) expose(ctx context.Context, in portal.Input) way {
	n := in.Network
	switch n.ExposureKind() {
	case v1alpha1.ExposedByIngress:
		ingress := portal.BuildIngress(in)
		w := way{spare: []client.Object{ingress}}
		if w.blocked = r.applier().Apply(ctx, n, ingress); w.blocked != nil {
			return w
		}
		if len(ingress.Status.LoadBalancer.Ingress) == 0 {
			w.note = noAddress
		}
		w.blocked = r.removeOptional(ctx, in, portal.HTTPRoute)
		return w
	case v1alpha1.ExposedByGateway:
		if err := r.route(ctx, in); err != nil {
			former := portal.Named(in, networkingv1.SchemeGroupVersion.WithKind("Ingress"))
			return way{spare: []client.Object{former}, blocked: err}
		}
		return way{}
	default:
		return way{blocked: r.removeOptional(ctx, in, portal.HTTPRoute)}
	}
}

// route keeps the HTTPRoute and waits until its Gateway has taken it. No watch reports on it, for its kind may come and go.
func (r *Reconciler) route(ctx context.Context, in portal.Input) error {
	n := in.Network
	route := portal.BuildHTTPRoute(in)
	served, err := r.whileServed(portal.HTTPRoute, func() error { return r.applier().Apply(ctx, n, route) })
	switch {
	case err != nil:
		return err
	case !served:
		return outcome.Wait(outcome.Poll, v1alpha1.ReasonGatewayAPIMissing,
			"the cluster does not serve HTTPRoute of %s; install the Gateway API, or choose another exposure.type", portal.HTTPRoute.GroupVersion())
	}
	return accepted(route, n.Spec.Portal.Exposure.Gateway.ParentRef)
}

// routeStatus is the part of an HTTPRoute that its Gateways write.
type routeStatus struct {
	Status struct {
		Parents []routeParent `json:"parents"`
	} `json:"status"`
}

type routeParent struct {
	ParentRef struct {
		Name        string `json:"name"`
		Namespace   string `json:"namespace"`
		SectionName string `json:"sectionName"`
	} `json:"parentRef"`
	Conditions []metav1.Condition `json:"conditions"`
}

// The conditions of a route that must hold: the Gateway takes it, and finds the portal's Service.
var routeConditions = []string{"Accepted", "ResolvedRefs"}

// accepted says whether the Gateway has taken the route in its present form. Of another controller's words only the reason
// is told: it is a fixed name.
func accepted(route *unstructured.Unstructured, ref v1alpha1.GatewayReference) error {
	var seen routeStatus
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(route.Object, &seen); err != nil {
		return fmt.Errorf("read the status of HTTPRoute %s/%s: %w", route.GetNamespace(), route.GetName(), err)
	}
	gateway := ref
	if gateway.Namespace == "" {
		gateway.Namespace = route.GetNamespace()
	}
	refusal := ""
	for _, p := range seen.Status.Parents {
		if !p.speaksFor(gateway, route.GetNamespace()) {
			continue
		}
		missing, reason := p.missing(route.GetGeneration())
		if missing == "" {
			return nil
		}
		if reason != "" {
			refusal = missing + " is " + reason
		}
	}
	if refusal != "" {
		return outcome.Retry(outcome.Poll, v1alpha1.ReasonRouteNotAccepted, "Gateway %s/%s does not take the HTTPRoute: %s",
			gateway.Namespace, gateway.Name, refusal)
	}
	return outcome.Wait(outcome.Poll, v1alpha1.ReasonRouteNotAccepted,
		"Gateway %s/%s has not answered for the HTTPRoute yet; see whether that Gateway exists and is programmed", gateway.Namespace, gateway.Name)
}

// speaksFor says whether an entry of the status is about the declared Gateway.
func (p *routeParent) speaksFor(gateway v1alpha1.GatewayReference, home string) bool {
	namespace := p.ParentRef.Namespace
	if namespace == "" {
		namespace = home
	}
	return p.ParentRef.Name == gateway.Name && namespace == gateway.Namespace && p.ParentRef.SectionName == gateway.SectionName
}

// missing names the first condition that does not hold for a generation, and the reason that was given, if one was.
func (p *routeParent) missing(generation int64) (condition, reason string) {
	for _, kind := range routeConditions {
		found := false
		for _, c := range p.Conditions {
			if c.Type != kind || c.ObservedGeneration < generation {
				continue
			}
			if found = true; c.Status != metav1.ConditionTrue {
				return kind, string(c.Status) + ", " + c.Reason
			}
		}
		if !found {
			return kind, ""
		}
	}
	return "", ""
}
