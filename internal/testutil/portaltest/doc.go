// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package portaltest gives a test a network with a portal: a real store, a real mail server, people, and the
// portal itself, in this process or as the real binary.
//
// It may import the portal and other packages for tests. It must never be imported by code that is not a test.
package portaltest
