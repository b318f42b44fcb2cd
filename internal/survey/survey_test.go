// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package survey

import (
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"
)

func asked() Definition {
	options := []Option{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	return Definition{ClosesAfterDays: 14, Questions: []Question{
		{Name: "one", Kind: SingleChoice, Required: Required, Options: options},
		{Name: "many", Kind: MultipleChoice, Options: options},
		{Name: "scale", Kind: Scale},
		{Name: "text", Kind: Text},
	}}
}

func read(sent map[string][]string) (Answers, map[string]Fault) {
	return asked().Read(func(q string) []string { return sent[q] })
}

func TestAnswersAreTakenAsTheQuestionsWantThem(t *testing.T) {
	for name, c := range map[string]struct {
		sent    map[string][]string
		answers Answers
		faults  map[string]Fault
	}{
		"what must be answered is enough": {map[string][]string{"one": {"b"}}, Answers{"one": {"b"}}, map[string]Fault{}},
		"nothing":                         {nil, Answers{}, map[string]Fault{"one": FaultMissing}},
		"an empty choice is none":         {map[string][]string{"one": {""}}, Answers{}, map[string]Fault{"one": FaultMissing}},
		"several come in the order asked": {map[string][]string{"one": {"a"}, "many": {"c", "a", "c"}}, Answers{"one": {"a"}, "many": {"a", "c"}}, map[string]Fault{}},
		"two where one is asked":          {map[string][]string{"one": {"a", "b"}}, Answers{}, map[string]Fault{"one": FaultChoice}},
		"an option that there is not":     {map[string][]string{"one": {"a"}, "many": {"a", "z"}}, Answers{"one": {"a"}}, map[string]Fault{"many": FaultChoice}},
		"a value beyond the scale":        {map[string][]string{"one": {"a"}, "scale": {"6"}}, Answers{"one": {"a"}}, map[string]Fault{"scale": FaultChoice}},
		"a text loses what surrounds it":  {map[string][]string{"one": {"a"}, "text": {" x\r\ny "}}, Answers{"one": {"a"}, "text": {"x\ny"}}, map[string]Fault{}},
		"a text with control characters":  {map[string][]string{"one": {"a"}, "text": {"x\x00"}}, Answers{"one": {"a"}, "text": {"x\x00"}}, map[string]Fault{"text": FaultCharacters}},
		"a text that is no text":          {map[string][]string{"one": {"a"}, "text": {"\xff"}}, Answers{"one": {"a"}}, map[string]Fault{"text": FaultCharacters}},
		"a text of the greatest length":   {map[string][]string{"one": {"a"}, "text": {strings.Repeat("字", MaxText)}}, Answers{"one": {"a"}, "text": {strings.Repeat("字", MaxText)}}, map[string]Fault{}},
		"a question that nobody asked":    {map[string][]string{"one": {"a"}, "other": {"x"}}, Answers{"one": {"a"}}, map[string]Fault{}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			answers, faults := read(c.sent)
			g.Expect(answers).To(Equal(c.answers))
			g.Expect(faults).To(Equal(c.faults))
		})
	}
}

func TestWhateverIsSentAnAnswerWithoutFaultsIsOneThatWasAskedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.SampledFrom([]string{"", "a", "b", "c", "1", "5", "6", "z"}), rapid.String())
		sent := rapid.MapOf(rapid.SampledFrom([]string{"one", "many", "scale", "text", "other"}), rapid.SliceOfN(value, 0, 4)).Draw(t, "sent")
		answers, faults := read(sent)
		if len(faults) > 0 {
			return
		}
		for name, given := range answers {
			i := slices.IndexFunc(asked().Questions, func(q Question) bool { return q.Name == name })
			if i < 0 || len(given) == 0 {
				t.Fatalf("an answer to %q of %d values", name, len(given))
			}
			q := asked().Questions[i]
			if q.Kind != MultipleChoice && len(given) != 1 {
				t.Fatalf("%d answers to %q", len(given), name)
			}
			for _, v := range given {
				if !q.IsText() && !slices.Contains(q.Values(), v) {
					t.Fatalf("answer %q to %q", v, name)
				}
			}
		}
		if again, more := read(answers); len(more) > 0 || len(again) != len(answers) {
			t.Fatal("what was taken once is not taken again")
		}
	})
}

func TestATitleIsInTheLanguageOrElseInAnother(t *testing.T) {
	g := NewWithT(t)
	both := []Title{{"ja", "はい"}, {"en", "Yes"}}
	g.Expect(In(both, "en", "ja")).To(Equal("Yes"))
	g.Expect(In(both[:1], "en", "ja")).To(Equal("はい"))
	g.Expect(In(both, "fr", "en")).To(Equal("Yes"))
	g.Expect(In(both, "fr", "de")).To(Equal("はい"))
	g.Expect(In(nil, "ja", "en")).To(BeEmpty())
	at := time.Date(2027, 4, 1, 9, 0, 0, 0, time.UTC)
	g.Expect(asked().ClosesAt(at)).To(Equal(at.AddDate(0, 0, 14)))
}
