// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package audience compiles the matchExpressions of a campaign to a condition in SQL, with every value as a
// parameter.
//
// department, post, departureReason, tenureMonths and monthsSinceDeparture speak of one employment: the one that
// ended last, or the present one of a person who came back. Months are whole calendar months. In, Gt and Lt are
// false for a fact that is not known, NotIn is true for it. skills match when one of them does.
//
// The package is pure and imports the standard library and the settings only. It must never put a value into the
// text of a statement.
package audience
