// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// quote writes a name for SQL.
func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// literal writes a value where SQL takes no parameter. The form with E is safe whatever the server's
// standard_conforming_strings says.
func literal(value string) string {
	value = strings.ReplaceAll(value, "\x00", "")
	value = strings.ReplaceAll(value, `'`, `''`)
	if !strings.Contains(value, `\`) {
		return `'` + value + `'`
	}
	return `E'` + strings.ReplaceAll(value, `\`, `\\`) + `'`
}
