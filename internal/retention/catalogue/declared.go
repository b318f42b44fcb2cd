// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package catalogue

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// comment finds where a migration says what a table or a column holds. Quotes in a comment are doubled.
var comment = regexp.MustCompile(`(?m)^COMMENT ON (TABLE|COLUMN) (alumni\.[a-z_]+)(?:\.([a-z_]+))? IS '((?:[^']|'')*)';$`)

// Declared reads from the migrations what every column holds, in the order of tables and columns. It is for documents; a store is
// asked itself, by Columns.
func Declared(migrations fs.FS) ([]Column, error) {
	names, err := fs.Glob(migrations, "*.sql") // in the order of their numbers
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	tables, columns := map[string]string{}, map[[2]string]string{}
	for _, name := range names {
		content, err := fs.ReadFile(migrations, name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		for _, m := range comment.FindAllStringSubmatch(string(content), -1) {
			table, column, text := m[2], m[3], strings.ReplaceAll(m[4], "''", "'")
			if m[1] == "TABLE" {
				tables[table] = text
			} else {
				columns[[2]string{table, column}] = text
			}
		}
	}
	var all []Column
	for key, text := range columns {
		c := Column{Table: key[0], Name: key[1]}
		c.Category, c.About = classified(tables[c.Table], Categories())
		c.Class, c.Meaning = classified(text, Classes())
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Column) int { return strings.Compare(a.Table+" "+a.Name, b.Table+" "+b.Name) })
	return all, nil
}
