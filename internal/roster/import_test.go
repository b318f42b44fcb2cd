// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"bytes"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/people"
	"github.com/alumni-operator/alumni-operator/internal/roster"
)

func TestImportTakesAWholeRoster(t *testing.T) {
	shared := newFixture(t)
	for name, file := range map[string]people.Roster{
		"a Japanese HR system in Shift_JIS": {Company: "hoshino-foods", Headings: people.Japanese, Encoding: people.ShiftJIS},
		"an English one in UTF-8":           {Company: "hoshino-logistics", Headings: people.English, Encoding: people.UTF8},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := shared.fresh(t)
			file.Count, file.Faults, file.Seed = 500, 26, 5
			var b bytes.Buffer
			faults, err := file.Write(&b)
			g.Expect(err).NotTo(HaveOccurred())
			f.write(b.String())
			job := f.job()
			job.Format.Encoding = file.Encoding
			job.Format.Columns = map[string]string{}
			for _, c := range people.Columns(file.Headings) {
				job.Format.Columns[c.Field] = c.Heading
			}

			result, err := job.Run(t.Context())

			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(result).To(HaveField("Inserted", int64(500)))
			g.Expect(result.Rows).To(Equal(int64(526)))
			var expected []roster.Bad
			for _, x := range faults {
				expected = append(expected, roster.Bad{Line: x.Line, Field: roster.Field(x.Field), Reason: roster.Reason(x.Reason)})
			}
			g.Expect(result.Quarantine).To(Equal(expected))
		})
	}
}
