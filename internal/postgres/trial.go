// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

// TrialTable marks a database that was made for a rehearsal. That it is there says everything, so that nobody but a backup
// needs to read it. It is made with the claim, in one transaction, and never later. A backup takes it along, and so bears
// the mark too.
const TrialTable = SchemaOperator + ".trial"

// vetTrial keeps invented and real people apart: a rehearsal never gets the database of a network for real people, and such
// a network never that of a rehearsal, also where one is declared under the name of the other.
func vetTrial(spec Spec, a Actual) error {
	_, rehearsal := a.inside.tables[TrialTable]
	switch {
	case spec.Trial && !rehearsal:
		return ErrNotForTrial
	case !spec.Trial && rehearsal:
		return ErrMadeForTrial
	}
	return nil
}

// markTrial is what a claim of a rehearsal has beside it.
func markTrial(spec Spec) []string {
	if !spec.Trial {
		return nil
	}
	return []string{sqlMakeTrial}
}
