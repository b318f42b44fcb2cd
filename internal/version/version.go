// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package version

// version is set by the linker.
var version = "dev"

// String is the version of this binary, or dev for one that was built by hand.
func String() string { return version }

// UserAgent is how the operator calls itself at the API server and at other servers.
func UserAgent() string { return "alumni-operator/" + version }
