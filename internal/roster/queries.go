// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	_ "embed"
)

// The statements of an import, in the order in which they run.
var (
	//go:embed sql/begin.sql
	beginSQL string
	//go:embed sql/stage.sql
	stageSQL string
	//go:embed sql/mark.sql
	markSQL string
	//go:embed sql/plan.sql
	planSQL string
	//go:embed sql/counts.sql
	countsSQL string
	//go:embed sql/refused.sql
	refusedSQL string
	//go:embed sql/lock.sql
	lockSQL string
	//go:embed sql/insert_members.sql
	insertMembersSQL string
	//go:embed sql/insert_contacts.sql
	insertContactsSQL string
	//go:embed sql/insert_employments.sql
	insertEmploymentsSQL string
	//go:embed sql/insert_consents.sql
	insertConsentsSQL string
	//go:embed sql/update_members.sql
	updateMembersSQL string
	//go:embed sql/remove_contacts.sql
	removeContactsSQL string
	//go:embed sql/update_contacts.sql
	updateContactsSQL string
	//go:embed sql/update_employments.sql
	updateEmploymentsSQL string
	//go:embed sql/add_employments.sql
	addEmploymentsSQL string
	//go:embed sql/add_consents.sql
	addConsentsSQL string
	//go:embed sql/prune.sql
	pruneSQL string
	//go:embed sql/quarantine.sql
	quarantineSQL string
	//go:embed sql/finish.sql
	finishSQL string
)

// sessionSQL frames the import's session: no statement runs for ever, no lock is waited for long, no member is
// kept locked by an import that hangs, the plan's sorts stay in memory, and every step is a set operation: right after
// a first import the tables have no statistics yet, and a nested loop over 100,000 rows would never end.
const sessionSQL = `SET statement_timeout = '10min'; SET lock_timeout = '20s'; SET idle_in_transaction_session_timeout = '1min';
SET work_mem = '32MB'; SET jit = off; SET enable_nestloop = off;
SET default_statistics_target = 10`
