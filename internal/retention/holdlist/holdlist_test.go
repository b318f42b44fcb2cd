// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package holdlist_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/retention/holdlist"
)

const someone = "019a8e0c-5b1f-7cc4-9d0e-2f6a4c1b7e55"

func TestAListHasOneMemberALineAndComments(t *testing.T) {
	g := NewWithT(t)
	ids, err := holdlist.Parse([]byte("# the dispute\r\n\r\n  " + someone + "  # first\r\n" + strings.ToUpper(someone) + "\n019a8e0c-5b1f-7cc4-9d0e-2f6a4c1b7e56"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(ids).To(Equal([]uuid.UUID{uuid.MustParse(someone), uuid.MustParse("019a8e0c-5b1f-7cc4-9d0e-2f6a4c1b7e56")}))
}

func TestABadLineIsNamedAndNotQuoted(t *testing.T) {
	many := &strings.Builder{}
	for range holdlist.Max + 1 {
		many.WriteString(uuid.NewString() + "\n")
	}
	for name, c := range map[string]struct{ text, says string }{
		"a name":                 {someone + "\nTaro Hoshino\n", "line 2 is not the identifier"},
		"two on a line":          {someone + " " + someone, "line 1 is not"},
		"another form of one":    {"{" + someone + "}", "line 1 is not"},
		"nobody's identifier":    {uuid.Nil.String(), "line 1 is not"},
		"nobody at all":          {"# later\n", "names nobody"},
		"nothing":                {"", "names nobody"},
		"more than one may":      {many.String(), "from line 10001 on"},
		"a line that is endless": {strings.Repeat("x", 1<<20), "line 1 is not"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := holdlist.Parse([]byte(c.text))
			g.Expect(err).To(MatchError(holdlist.ErrInvalid))
			g.Expect(err.Error()).To(And(ContainSubstring(c.says), Not(ContainSubstring("Hoshino")), Not(ContainSubstring(someone))))
		})
	}
}

func TestNoTextMakesAnErrorThatQuotesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Z]{8}[ -~]{0,40}`).Draw(t, "line")
		_, err := holdlist.Parse([]byte(secret))
		if err != nil && strings.Contains(err.Error(), secret[:8]) {
			t.Fatal("the error quotes the line")
		}
	})
}
