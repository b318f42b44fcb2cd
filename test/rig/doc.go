// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rig brings up what a story on a real cluster needs: the local cluster, the images, the operator, and
// ways to look at them. The demo and the end-to-end tests share it.
//
// It drives kubectl and the programs under hack/ as a user would. It must never touch a cluster that the caller
// did not name.
package rig
