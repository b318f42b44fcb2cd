// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command people writes the roster of a company's invented leavers, as its HR system would export it.
//
//	people --company hoshino-foods --count 2000 --seed 1 --headings ja --encoding Shift_JIS --out leavers.csv
//
// The same flags always give the same bytes. With --columns it prints the column map that an AlumniNetwork needs
// to read the file.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/people"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "people:", err)
		}
		os.Exit(2)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("people", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var roster people.Roster
	flags.StringVar(&roster.Company, "company", "hoshino-foods", "company: "+strings.Join(people.Companies(), ", "))
	flags.Uint64Var(&roster.Seed, "seed", 1, "another seed gives other people")
	flags.IntVar(&roster.Count, "count", 2000, "number of good rows")
	flags.IntVar(&roster.Faults, "faults", 0, "number of bad rows on top, spread over the file")
	headings := flags.String("headings", string(people.English), "headings, words and dates: en or ja")
	flags.StringVar(&roster.Encoding, "encoding", people.UTF8, "encoding: UTF-8 or Shift_JIS")
	format := flags.String("format", "csv", "format: csv")
	out := flags.String("out", "-", "file to write; - is the standard output")
	columns := flags.Bool("columns", false, "print the column map for spec.roster.columns and stop")
	if err := flags.Parse(args); err != nil {
		return err
	}
	roster.Headings = people.Language(*headings)
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case *format != "csv":
		return fmt.Errorf("no format %q: csv is the only one", *format)
	case *columns:
		return printColumns(stdout, roster.Headings)
	}
	faults, err := write(roster, *out, stdout)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%d people of %s written, and %d bad rows\n", roster.Count, roster.Company, len(faults))
	for _, f := range faults[:min(len(faults), 20)] {
		fmt.Fprintf(stderr, "  line %d: %s %s\n", f.Line, f.Reason, f.Field)
	}
	return nil
}

// write puts the roster in place only when it is whole: a reader never meets half a file.
func write(roster people.Roster, path string, stdout io.Writer) (faults []people.Fault, err error) {
	if path == "-" {
		return roster.Write(stdout)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".people-*")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	if faults, err = roster.Write(file); err != nil {
		return nil, err
	}
	if err = file.Chmod(0o644); err != nil {
		return nil, err
	}
	if err = file.Close(); err != nil {
		return nil, err
	}
	return faults, os.Rename(file.Name(), path)
}

func printColumns(w io.Writer, headings people.Language) error {
	b := bufio.NewWriter(w)
	for _, c := range people.Columns(headings) {
		fmt.Fprintf(b, "- {field: %s, heading: %s}\n", c.Field, c.Heading)
	}
	return b.Flush()
}
