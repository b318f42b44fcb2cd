// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kube gives tests a real Kubernetes control plane that belongs to the
// test process alone: etcd and kube-apiserver with the project's CRDs, and
// kube-controller-manager when a test asks for it.
//
// There is no node, so no pod ever runs; tests write pod and workload status
// themselves where they need it. All tests of a process share one control plane
// and keep apart by namespaces. When the process ends in any way, even by
// SIGKILL, a small reaper process (reaper.sh) ends what is left and removes its
// files.
//
// The package may import controller-runtime, client-go, api/v1alpha1 and
// internal/testutil/scratch. It must
// never be imported by code that is not a test, must never talk to the cluster
// of the current kubeconfig, and must never skip a test because a program is
// missing.
package kube
