// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package icalendar writes an event as a file that every calendar reads (RFC 5545). Campaigns send such files and the portal offers them.
//
// It imports the standard library and golang-ical, and keeps nothing. Whoever calls it has cleaned the texts.
package icalendar
