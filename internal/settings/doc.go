// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package settings is what the operator tells its workloads: the files it mounts into portal and worker pods
// and their JSON. Controllers write them, workloads read them, so that both sides share one type.
//
// It imports the standard library and the API's types only. It must never hold a secret or personal data:
// secrets are mounted from Secrets beside these files.
package settings
