// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/alumni-operator/alumni-operator/internal/selfcopy"
)

const usage = `usage: pgboot COMMAND

  copy DEST   copy this program to DEST
  run         make the cluster when there is none, and run the server (run -h lists the flags)
  ready       exit 0 when the server takes connections (ready -h lists the flags)
`

// exitCode carries the server's own exit code out of run.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("the server ended with code %d", int(c)) }

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	err := command(os.Args[1:], log)
	code := exitCode(1)
	switch {
	case err == nil:
		return
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case errors.As(err, &code):
		os.Exit(int(code))
	}
	log.Error("Ending", "error", err.Error())
	os.Exit(1)
}

func command(args []string, log *slog.Logger) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return flag.ErrHelp
	}
	switch args[0] {
	case "copy":
		if len(args) != 2 {
			fmt.Fprint(os.Stderr, usage)
			return flag.ErrHelp
		}
		return selfcopy.To(args[1])
	case "run":
		o, err := parseOptions(args[1:])
		if err != nil {
			return err
		}
		return run(o, log)
	case "ready":
		return readyCommand(args[1:])
	default:
		fmt.Fprint(os.Stderr, usage)
		return flag.ErrHelp
	}
}
