// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package people invents leavers: the people of trials, of the demo, of tests and of benchmarks.
//
// Nobody in it is real. Names are put together from lists of common names, every address ends in .example, and
// the same company, seed and number always give the same person, on every machine and in every year. Any person
// is made without making the ones before, so that a roster of any size is written in constant memory.
//
// The package may import the standard library and golang.org/x/text. It must never read real data, never use
// the clock or the system's randomness, and never be imported by the manager or the portal. The worker invents people for a
// trial and nowhere else.
package people
