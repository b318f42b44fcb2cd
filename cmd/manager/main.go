// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command manager is the operator: it brings AlumniNetworks, Campaigns and RetentionPolicies to their declared state.
package main

import (
	"fmt"
	"os"
	_ "time/tzdata" // the image has no zone files

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/alumni-operator/alumni-operator/cmd/manager/app"
)

func main() {
	options, err := app.Parse(os.Args[1:], os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err := app.Run(ctrl.SetupSignalHandler(), options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
