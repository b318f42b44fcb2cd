// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command cluster runs a real Kubernetes cluster of one node on one Linux
// machine, without Docker and without a virtual machine.
//
// It builds every program from its published Go module at a pinned version
// (components/*.mod), and starts them in process, mount and network namespaces
// of their own. The first process of a cluster, the supervisor, is process 1 of
// its process namespace: when it ends, the kernel ends every other process of
// the cluster and drops its mounts and its network with it.
//
// It may import the Kubernetes client libraries, go-containerregistry and the
// standard library. It must never import the operator, and must never change
// the host beyond these: one network link and its routes, one group of control
// groups, one state folder and one cache folder.
package main
