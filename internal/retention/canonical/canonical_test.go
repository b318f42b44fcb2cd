// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canonical_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/retention/canonical"
)

func TestThereIsOneForm(t *testing.T) {
	type inner struct {
		Z int    `json:"z"`
		A string `json:"a"`
	}
	cases := map[string]struct {
		value any
		want  string
	}{
		"keys of structs are sorted":          {inner{1, "x"}, `{"a":"x","z":1}`},
		"keys of maps are sorted":             {map[string]int{"b": 2, "a": 1}, `{"a":1,"b":2}`},
		"order inside lists stays":            {[]inner{{2, "b"}, {1, "a"}}, `[{"a":"b","z":2},{"a":"a","z":1}]`},
		"angle brackets stay as they are":     {"<&>", `"<&>"`},
		"Japanese stays readable":             {"退会", `"退会"`},
		"large whole numbers keep all digits": {int64(9007199254740993), `9007199254740993`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got, err := canonical.Marshal(c.value)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(got)).To(Equal(c.want))
			g.Expect(canonical.Check(got)).To(Succeed())
		})
	}
}

func TestOtherFormsAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"space": `{"a": 1}`, "another order": `{"b":1,"a":2}`, "a key twice": `{"a":1,"a":1}`, "a line at the end": "1\n",
		"something after it": `{}{}`,
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(canonical.Check([]byte(text))).To(MatchError(canonical.ErrForm))
		})
	}
	g := NewWithT(t)
	_, err := canonical.Marshal(1.5)
	g.Expect(err).To(MatchError(canonical.ErrFraction))
	g.Expect(canonical.Check([]byte(`[{"a":1e3}]`))).To(MatchError(canonical.ErrFraction))
}

func TestWritingTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.Int64())).Draw(t, "value")
		b, err := canonical.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := canonical.Check(b); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
	})
}
