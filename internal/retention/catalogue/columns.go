// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package catalogue

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The categories of tables. The schema names each table's in its comment, so that a program of the version before knows those that
// came after it.
const (
	Profile         = "Profile"         // who somebody is
	Contact         = "Contact"         // how somebody is reached
	Consent         = "Consent"         // what somebody agreed to
	DeliveryLogs    = "DeliveryLogs"    // what was sent to somebody
	Messages        = "Messages"        // messages themselves
	Engagement      = "Engagement"      // clicks, opens and surveys
	Authored        = "AuthoredContent" // what somebody wrote for others
	EventAttendance = "EventAttendance" // to which meetings somebody goes
	AccessLogs      = "AccessLogs"      // sign-ins
	AuditRecords    = "AuditRecords"    // proof of what was erased
	NoPersonsData   = "None"            // numbers, and names of campaigns and runs
)

// Categories lists them in the order in which they are told.
func Categories() []string {
	return []string{Profile, Contact, Consent, DeliveryLogs, Messages, Authored, Engagement, EventAttendance, AccessLogs, AuditRecords, NoPersonsData}
}

// ClassIdentifier is that of columns which tell who somebody is, by a name, a number or the identifier of a member.
const ClassIdentifier = "identifier"

// Classes of columns: what a column holds of a person.
func Classes() []string {
	return []string{ClassIdentifier, "contact", "content", "sensitive", "technical", "none"}
}

// Column is a column of the store as its schema describes it.
type Column struct {
	Table    string // schema.table
	Name     string
	Category string // of the table; empty when it is not classified
	About    string // what the table tells
	Class    string // empty when it is not classified
	Meaning  string // perhaps what it is
	// Links says that it can hold the identifier of a member, by its type.
	Links bool
	// Follows says that a trigger on the member empties its table.
	Follows bool
}

// classified takes apart what a comment says: a word, and perhaps a colon and more.
func classified(comment string, known []string) (word, meaning string) {
	word, meaning, _ = strings.Cut(comment, ": ")
	if !slices.Contains(known, word) {
		return "", ""
	}
	return word, meaning
}

//go:embed queries/columns.sql
var columnsSQL string

// Columns reads every column of the store's own schema.
func Columns(ctx context.Context, q Querier) ([]Column, error) {
	rows, err := q.Query(ctx, columnsSQL)
	if err != nil {
		return nil, fmt.Errorf("read columns: %w", err)
	}
	columns, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Column, error) {
		var c Column
		var table, column string
		err := row.Scan(&c.Table, &c.Name, &table, &column, &c.Links, &c.Follows)
		c.Category, c.About = classified(table, Categories())
		c.Class, c.Meaning = classified(column, Classes())
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("read columns: %w", err)
	}
	return columns, nil
}

// judgeColumns names columns of which the schema does not say what they hold, and those which hold a member's identifier without
// anybody knowing how that is erased. What a trigger on the member empties is safe, also when this program is older than it.
func judgeColumns(columns []Column) []Finding {
	var findings []Finding
	for _, c := range columns {
		name := c.Table + "." + c.Name
		known := slices.Contains(Belongings(), Belonging{Table: c.Table, Column: c.Name}) || slices.Contains(Loose(), name) || c.Table == Member
		switch {
		case c.Category == "" || c.Class == "":
			findings = append(findings, Finding{name + " is not classified", c.Table == Delivery})
		case c.Class == ClassIdentifier && c.Links && !c.Follows && !known:
			findings = append(findings, Finding{name + " identifies a member and is not known", c.Table == Delivery})
		}
	}
	return findings
}
