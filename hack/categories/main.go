// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command categories writes the reference of what a store holds of people, from the catalogue: `make docs`.
package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/retention/catalogue"
)

const intro = `<!-- Written by make docs from the comments in the migrations. Do not edit. -->

# What a store holds of people

Every table and column of a network's store, by category. The store itself says it, in the comments of its tables and columns. Before
each run the operator compares them, the foreign keys, their rules on deletion, their indexes and triggers with what it knows. What
is not classified, or is not known, stops the erasing of people: condition ` + "`CatalogueComplete`" + ` of the
[RetentionPolicy](spec/v1alpha1/retentionpolicy.md#conditions).

| class | what a column holds of a person |
|---|---|
| identifier | who it is: a name, a number, the identifier of a member |
| contact | how to reach them |
| content | something about them |
| sensitive | something about them that can harm them |
| technical | what the work needs: states, times, keyed hashes |
| none | nothing |

A rule for ` + "`Profile`" + ` erases a person from every table that **goes with the member**. A rule for ` + "`DeliveryLogs`" + ` erases rows of
` + "`alumni.delivery`" + ` by themselves.
`

// titles say the categories in words.
var titles = map[string]string{
	catalogue.Profile:         "Profile: who somebody is",
	catalogue.Contact:         "Contact: how somebody is reached",
	catalogue.Consent:         "Consent: what somebody agreed to",
	catalogue.DeliveryLogs:    "DeliveryLogs: what was sent to somebody",
	catalogue.Messages:        "Messages",
	catalogue.Engagement:      "Engagement: clicks, opens and surveys",
	catalogue.Authored:        "AuthoredContent: what somebody wrote for others",
	catalogue.EventAttendance: "EventAttendance: to which meetings somebody goes",
	catalogue.AccessLogs:      "AccessLogs: who signed in",
	catalogue.AuditRecords:    "AuditRecords: the proof of what was erased",
	catalogue.NoPersonsData:   "None: nothing of a person",
}

func main() {
	columns, err := catalogue.Declared(pgstore.Migrations())
	if err == nil {
		_, err = os.Stdout.Write(page(columns))
	}
	if err != nil {
		slog.Error("Writing the reference", "error", err)
		os.Exit(1)
	}
}

// page writes the whole reference.
func page(columns []catalogue.Column) []byte {
	var b bytes.Buffer
	b.WriteString(intro)
	for _, category := range catalogue.Categories() {
		fmt.Fprintf(&b, "\n## %s\n", titles[category])
		if category == catalogue.NoPersonsData {
			writeNone(&b, columns)
			continue
		}
		table := ""
		for _, c := range columns {
			if c.Category != category {
				continue
			}
			if c.Table != table {
				table = c.Table
				fmt.Fprintf(&b, "\n### %s\n\n%s %s\n\n| column | class | |\n|---|---|---|\n", table, c.About, fate(table))
			}
			fmt.Fprintf(&b, "| %s |\n", strings.TrimRight(strings.Join([]string{c.Name, c.Class, c.Meaning}, " | "), " "))
		}
	}
	return b.Bytes()
}

// writeNone lists tables without personal data, one line each.
func writeNone(b *bytes.Buffer, columns []catalogue.Column) {
	b.WriteString("\n| table | |\n|---|---|\n")
	table := ""
	for _, c := range columns {
		if c.Category == catalogue.NoPersonsData && c.Table != table {
			table = c.Table
			fmt.Fprintf(b, "| %s | %s |\n", table, c.About)
		}
	}
}

// fate says how rows of a table go.
func fate(table string) string {
	if table == catalogue.Member {
		return "**Goes with the member**: it is the member."
	}
	if i := slices.IndexFunc(catalogue.Belongings(), func(b catalogue.Belonging) bool { return b.Table == table }); i >= 0 {
		return fmt.Sprintf("**Goes with the member**, by `%s`.", catalogue.Belongings()[i].Column)
	}
	return "Stays when a member is erased; what identifies the member does not."
}
