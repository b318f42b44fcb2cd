// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestRunWritesTheSameFileEachTime(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	var contents []string
	for _, name := range []string{"a.csv", "b.csv"} {
		path := filepath.Join(dir, name)
		var report bytes.Buffer
		g.Expect(run([]string{"--count", "50", "--faults", "2", "--headings", "ja", "--encoding", "Shift_JIS", "--out", path}, nil, &report)).To(Succeed())
		g.Expect(report.String()).To(HavePrefix("50 people of hoshino-foods written, and 2 bad rows\n  line 3: InvalidDate LeftOn\n"))
		content, err := os.ReadFile(path)
		g.Expect(err).NotTo(HaveOccurred())
		contents = append(contents, string(content))
	}
	g.Expect(contents[0]).To(Equal(contents[1]))
	g.Expect(strings.Count(contents[0], "\r\n")).To(Equal(53))
	left, err := os.ReadDir(dir)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(left).To(HaveLen(2), "temporary files were left behind")
}

func TestRunRefuses(t *testing.T) {
	for name, args := range map[string][]string{
		"an unknown company":  {"--company", "acme"},
		"an unknown format":   {"--format", "xlsx"},
		"a stray argument":    {"leavers.csv"},
		"an unknown encoding": {"--encoding", "EBCDIC"},
		"a missing folder":    {"--out", "/nonexistent/leavers.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(run(args, &bytes.Buffer{}, &bytes.Buffer{})).NotTo(Succeed())
		})
	}
}

func TestColumnsPrintsTheMap(t *testing.T) {
	g := NewWithT(t)
	var out bytes.Buffer
	g.Expect(run([]string{"--columns", "--headings", "ja"}, &out, &bytes.Buffer{})).To(Succeed())
	g.Expect(out.String()).To(ContainSubstring("- {field: LeftOn, heading: 退職日}\n"))
}
