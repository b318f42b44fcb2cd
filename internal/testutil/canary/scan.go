// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"io"
	"path/filepath"
	"testing"
)

// fileName marks a string that names a file to scan.
type fileName string

// Scan fails the test when output holds a planted value, and says in which line
// of name and which kind of data. Output may be a string, bytes, an error, an
// io.Reader (which is read to its end) or any object, such as a custom
// resource, a list of events or a slice of metrics.
func Scan(t testing.TB, name string, output any) {
	t.Helper()
	if reader, ok := output.(io.Reader); ok {
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Errorf("scan %s: %v", name, err)
			return
		}
		output = content
	}
	text, err := render(output)
	if err != nil {
		t.Errorf("scan %s: %v", name, err)
		return
	}
	for _, finding := range Find(text) {
		t.Errorf("personal data or a secret leaked into %s, %s", name, finding)
	}
}

// ScanFile scans a file such as a server's log. A file that does not exist is a
// failure, because it would prove nothing.
func ScanFile(t testing.TB, path string) {
	t.Helper()
	Scan(t, filepath.Base(path), fileName(path))
}

// ScanAll scans the outputs of a whole story by their names and fails when
// there is nothing to scan.
func ScanAll(t testing.TB, outputs map[string]any) {
	t.Helper()
	if len(outputs) == 0 {
		t.Errorf("scan for leaks: no output was collected")
	}
	for name, output := range outputs {
		Scan(t, name, output)
	}
}

// Require fails the test unless output does hold the planted value: the proof
// that a test planted what it then looks for elsewhere.
func Require(t testing.TB, name string, output any, value string) {
	t.Helper()
	kind := "value"
	for _, p := range person {
		if p.value == value {
			kind = p.kind
		}
	}
	text, err := render(output)
	if err != nil {
		t.Fatalf("scan %s: %v", name, err)
	}
	for _, e := range encodings {
		for _, form := range e.encode(value) {
			if len(linesWith(text, form)) > 0 {
				return
			}
		}
	}
	t.Fatalf("the planted %s is not in %s: the test plants nothing", kind, name)
}
