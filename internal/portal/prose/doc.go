// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package prose makes pages of the plain text that members write: paragraphs, lines and links, and nothing else.
//
// It imports the standard library and the domain only. It must never let markup of a text through, nor lead to another place than the
// one that is read.
package prose
