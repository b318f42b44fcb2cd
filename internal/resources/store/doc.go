// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package store builds the server of a Standalone store: volume claim, passwd file, Service, network policy and StatefulSet.
//
// The server runs any PostgreSQL image under our own boot program, which an init container copies in, as a user that
// the image need not know. It is pure: no client, no clock, no logger. The volume claim has no owner, so that it
// outlives the network.
package store
