// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package secretwatch learns of changes to Secrets without any cluster-wide right to them: one metadata-only watch
// for each namespace that holds an object of ours, under the Role bound there. What a Secret holds is read live,
// one named Secret at a time.
//
// A Secret that has the version in which it was read last need not be read again. The watch keeps the version of each Secret and
// no more; Version tells it, and what a reader has learnt from that version is for the reader to remember. This is safe by three
// rules. A version counts only while the watch stands: where it breaks, or the Role is taken away, none is known until it is taken
// up again. A version is noted before anybody is told of it, so the look that a change asks for sees the new one. And a
// version that differs either way, as after the operator has written a Secret itself, means reading it. So a change that
// is on its way while a network is looked at is found by the next look, which it asks for itself.
//
// A namespace without the Role is tried again with growing pauses of at most half a minute, so that a later
// binding is found without a restart. It may import client-go and controller-runtime. It must never keep the
// contents of a Secret, and never name them in an error.
package secretwatch
