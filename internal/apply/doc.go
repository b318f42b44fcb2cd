// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apply brings child objects to their declared form by server-side apply: it claims only the fields that
// are set, refuses objects that belong to somebody else, writes nothing that is already so, and prunes what is
// owned and no longer wanted.
//
// It may import controller-runtime's client and our labels and outcome packages. It must never prune a volume
// claim or a Secret, never change an object it does not own, and never delete without the UID it has seen.
package apply
