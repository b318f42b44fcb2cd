// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// The kinds of the Prometheus operator that describe a portal. Not every cluster serves them.
var (
	ServiceMonitor = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"}
	PrometheusRule = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "PrometheusRule"}
)

// BuildServiceMonitor tells Prometheus to read the metrics of every replica.
func BuildServiceMonitor(in Input) *unstructured.Unstructured {
	selector := map[string]any{}
	for key, value := range labels.Selector(in.Network.Name, labels.Portal) {
		selector[key] = value
	}
	return optional(in, ServiceMonitor, map[string]any{
		"selector":  map[string]any{"matchLabels": selector},
		"endpoints": []any{map[string]any{"port": "metrics", "path": "/metrics"}},
	})
}

// BuildPrometheusRule warns when nobody or hardly anybody is served; nil while the network is suspended, for then nobody is
// meant to be.
func BuildPrometheusRule(in Input) *unstructured.Unstructured {
	n := in.Network
	if n.Spec.State.Suspended() {
		return nil
	}
	target := fmt.Sprintf("namespace=%q,service=%q", n.Namespace, naming.Portal(n.Name))
	requests := func(more string) string {
		return fmt.Sprintf("sum(rate(alumni_portal_requests_total{%s%s}[10m]))", target, more)
	}
	alert := func(name, severity, expr, summary string) any {
		return map[string]any{
			"alert": name, "expr": expr, "for": "10m",
			"labels":      map[string]any{"severity": severity, "namespace": n.Namespace, "network": n.Name},
			"annotations": map[string]any{"summary": summary},
		}
	}
	return optional(in, PrometheusRule, map[string]any{
		"groups": []any{map[string]any{
			"name": "alumni-portal",
			"rules": []any{
				alert("AlumniPortalDown", "critical", fmt.Sprintf("absent(up{%s} == 1)", target),
					"No replica of the portal answers Prometheus."),
				alert("AlumniPortalErrors", "warning", requests(`,code=~"5.."`)+" / "+requests("")+" > 0.05",
					"More than one in twenty requests to the portal fails."),
				alert("AlumniPortalMailsFail", "warning", fmt.Sprintf(`sum(increase(alumni_portal_mails_total{%s,outcome="Failed"}[1h])) > 0`, target),
					"Mails of the portal, such as sign-in links, were given up."),
			},
		}},
	})
}
