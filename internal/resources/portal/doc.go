// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package portal builds what serves the web app of a network and what stands around it: Deployment, Service, disruption
// budget, autoscaler and network policy; Ingress or HTTPRoute; and what describes it to Prometheus.
//
// It is pure: no client, no clock, no logger.
package portal
