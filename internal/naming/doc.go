// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package naming gives every child object, database and role its name.
//
// Names are pure functions of namespace and name, fit their limit (63 bytes) with a hash where they must be cut,
// and never meet: two networks cannot share a database or a role. It imports the standard library only.
package naming
