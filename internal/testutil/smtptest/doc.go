// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package smtptest is a real mail server on loopback for tests. It takes mail, counts it by recipient, and can be
// told to refuse, to delay, to fall silent, or to take a message and cut the connection before it answers.
//
// It may import the standard library and go-smtp. It must never be imported by code that is not a test, and must
// never listen beyond loopback.
package smtptest
