// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package portal builds what serves the web app of a network: Deployment, Service and disruption budget.
//
// It is pure: no client, no clock, no logger.
package portal
