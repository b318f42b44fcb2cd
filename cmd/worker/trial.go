// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"

	"github.com/alumni-operator/alumni-operator/internal/people"
	"github.com/alumni-operator/alumni-operator/internal/roster"
)

const (
	// trialCompany has people with Japanese and with English names.
	trialCompany = "hoshino-logistics"
	// trialSeed makes the same people each time, so that a second import changes nothing.
	trialSeed = 1
	// trialFaults is how many rows cannot be taken, so that a rehearsal shows what becomes of them.
	trialFaults = 3
)

// invented is the roster of a trial: so many people, and a few rows at fault. Departments and other words are in the network's
// language. Whoever stops reading ends the writing.
func invented(count int, locale string) (roster.Source, map[string]string) {
	language := people.English
	if locale == string(people.Japanese) {
		language = people.Japanese
	}
	columns := map[string]string{}
	for _, c := range people.Columns(language) {
		columns[c.Field] = c.Heading
	}
	o := people.Roster{Company: trialCompany, Seed: trialSeed, Count: count, Faults: trialFaults, Headings: language, Encoding: people.UTF8}
	return roster.Source{Invent: func() io.ReadCloser {
		r, w := io.Pipe()
		go func() {
			_, err := o.Write(w)
			_ = w.CloseWithError(err)
		}()
		return r
	}}, columns
}
