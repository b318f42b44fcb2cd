// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package survey is what a campaign asks members and what they may answer: the questions as the worker writes them into the store and the
// portal reads them, the rules by which an answer is taken, and the token of the link by which a member answers.
//
// It is pure: no store, no HTTP, no clock. What it says of an answer that breaks a rule is a code, and never what was typed.
package survey
