// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package storeread lets the controllers of campaigns and policies read the aggregates of a network's store: as
// the metrics role, over one short session for each reading.
//
// It may import the Kubernetes client and the read model. It must never log in as another role.
package storeread
