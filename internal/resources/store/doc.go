// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package store builds the server of a Standalone store: volume claim, passwd file, Service, network policy and StatefulSet;
// and the Cluster and ScheduledBackup of a store that CloudNativePG runs.
//
// A Standalone server runs any PostgreSQL image under our own boot program, which an init container copies in, as a user that
// the image need not know. It is pure: no client, no clock, no logger. Volume claim and Cluster have no owner, so that
// they outlive the network.
package store
