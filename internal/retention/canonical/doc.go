// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package canonical writes values as JSON of which there is only one form, so that a hash or a signature over it
// can be checked by anybody, in any language, for many years.
//
// Keys are sorted, there is no space, text is UTF-8 and numbers are whole. The package imports the standard
// library only. It must never accept a number with a fraction: two programs would write it in two ways.
package canonical
