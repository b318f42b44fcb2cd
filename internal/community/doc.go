// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package community is the domain of one network: members, what they show of themselves, what they agreed to,
// how they sign in and how they leave.
//
// It holds types, their rules (Validate) and the services' interfaces, with the permission each method checks and
// the error codes it answers with. Package pgstore implements the services, package portal shows them to people.
// It imports the standard library, golang.org/x/text and uuid only; it must never know SQL, HTTP or Kubernetes,
// and no error text of it may hold personal data.
package community
