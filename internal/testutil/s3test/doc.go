// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package s3test gives tests a real S3-compatible server, Versity's gateway over a folder, that belongs to one test.
//
// hack/tool.sh builds it once, in a few minutes, and caches it. It listens on a free loopback port with TLS, under a
// certificate that only its own authority vouches for, and ends with the test process even when that is killed. It must
// never be imported by code that is not a test.
package s3test
