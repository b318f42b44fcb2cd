// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/alumni-operator/alumni-operator/internal/retention/evidence"
)

// Options name the files of the proof besides the certificate.
type Options struct {
	Key    string // public key in PEM
	Chain  string // exported audit chain
	Ledger string // folder with entries of the erasure ledger
	Output string // text or json
}

// ErrFalse tells that something in a proof is not true.
var ErrFalse = errors.New("the proof does not hold")

// ErrOptions tells that the proof cannot be checked as it was asked for.
var ErrOptions = errors.New("cannot check this proof")

// Certificate checks a certificate, writes what it proves, and returns ErrFalse when anything that was checked is not true.
func Certificate(out io.Writer, file string, o Options) error {
	if o.Output != "text" && o.Output != "json" {
		return fmt.Errorf("%w: --output is text or json", ErrOptions)
	}
	if o.Ledger != "" && o.Chain == "" {
		return fmt.Errorf("%w: --ledger needs --chain, which holds the roots to compare with", ErrOptions)
	}
	report, err := check(file, o)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOptions, err)
	}
	write := writeText
	if o.Output == "json" {
		write = writeJSON
	}
	if err := write(out, report); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if !report.Verified {
		return fmt.Errorf("%w: %s", ErrFalse, report.Failed()[0].Detail)
	}
	return nil
}

// check reads the files and has them checked.
func check(file string, o Options) (*evidence.Report, error) {
	var given evidence.Given
	var err error
	if given.Certificate, err = os.ReadFile(file); err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	if o.Key != "" {
		if given.Key, err = os.ReadFile(o.Key); err != nil {
			return nil, fmt.Errorf("read the public key: %w", err)
		}
	}
	if o.Ledger != "" {
		if given.Ledger, err = readFolder(o.Ledger); err != nil {
			return nil, fmt.Errorf("read the erasure ledger: %w", err)
		}
	}
	if o.Chain == "" {
		return evidence.Verify(given)
	}
	chain, err := os.Open(o.Chain)
	if err != nil {
		return nil, fmt.Errorf("read the audit chain: %w", err)
	}
	defer func() { _ = chain.Close() }() // it was only read
	given.Chain = chain
	return evidence.Verify(given)
}

// readFolder reads the files of a folder.
func readFolder(folder string) (map[string][]byte, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if files[e.Name()], err = os.ReadFile(filepath.Join(folder, e.Name())); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func writeJSON(out io.Writer, report *evidence.Report) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(report)
}
