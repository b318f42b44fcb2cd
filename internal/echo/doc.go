// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package echo tells the events of a controller's own writes from those of everybody else.
//
// A controller that writes an object is told of it by its own watch, and would look at the owner once more, to find what it wrote.
// That look is spared. It is safe for this reason: the version that is dropped is the very one that the answer to the write showed,
// so whoever wrote it knows all that the event could tell. A change of somebody else has another version, before or after,
// and an event that comes before the answer is not dropped.
//
// It may import controller-runtime. It must never drop an event of which it is not certain.
package echo
