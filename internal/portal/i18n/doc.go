// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package i18n holds every sentence that the portal says, in every language, and chooses the language of a visit.
//
// Texts are plain: whoever shows them escapes them. The package imports the standard library, golang.org/x/text
// and the domain only; it must never know a page or a mail.
package i18n
