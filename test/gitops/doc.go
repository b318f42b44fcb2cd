// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops runs the health checks that config/argocd and config/flux ship: the Lua in the interpreter that Argo CD
// embeds, the expressions in the CEL that Flux embeds. Both, and kstatus, must read every state of every kind alike.
//
// It holds tests only.
package gitops
