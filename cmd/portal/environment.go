// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"strings"
)

// fromEnvironment sets each flag from its variable; the command line comes after and wins.
func fromEnvironment(f *flag.FlagSet, lookup func(string) (string, bool)) error {
	var failed error
	f.VisitAll(func(fl *flag.Flag) {
		name := "ALUMNI_PORTAL_" + strings.ToUpper(strings.ReplaceAll(fl.Name, "-", "_"))
		value, ok := lookup(name)
		if !ok || failed != nil {
			return
		}
		if err := f.Set(fl.Name, value); err != nil {
			failed = fmt.Errorf("read %s: %w", name, err)
		}
	})
	return failed
}
