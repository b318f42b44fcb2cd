// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package calendar counts periods of keeping personal data as the law counts them.
//
// The rule is that of the Civil Code of Japan, articles 140, 141 and 143: the day of the event is not counted;
// a period of months or years ends with the day before the corresponding day, or with the month where there is
// no such day; data may be deleted from 00:00 of the day after. Go's AddDate and PostgreSQL's interval each
// count in a way of their own, and both are early on some days. So all counting is done here, and the
// database is only ever given dates and instants to compare with.
//
// The package imports the standard library only, with the time zones compiled in. It must never read a clock.
package calendar
