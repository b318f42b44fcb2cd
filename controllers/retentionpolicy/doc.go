// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package retentionpolicy reconciles RetentionPolicies: it works out which rules apply to which network, starts
// previews, scheduled runs and the runs that people's own requests need, and shows counts, the head of the audit
// chain and the certificate.
//
// It may import the API, builders, the pure rules and certificate packages of retention, and the read model of
// the store's aggregates. It must never delete a person, read one, or import the portal.
package retentionpolicy
