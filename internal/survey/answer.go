// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package survey

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxText is how many characters an answer in somebody's own words has at most.
const MaxText = 2000

// Fault is what is wrong with the answer to one question.
type Fault string

// The faults.
const (
	FaultMissing    Fault = "Missing"    // it must be answered
	FaultChoice     Fault = "Choice"     // there is no such option, or more than one was chosen
	FaultTooLong    Fault = "TooLong"    // of a text
	FaultCharacters Fault = "Characters" // of a text
)

// Answers are what somebody answered, by the name of the question. What was left out is not in it. A text is the only element.
type Answers map[string][]string

// Read takes what was sent for each question. The answers hold what was given, even where there are faults, so that nobody has to give it
// again; what can be no answer is left out. They may be kept only without a fault.
func (d Definition) Read(sent func(question string) []string) (Answers, map[string]Fault) {
	answers, faults := Answers{}, map[string]Fault{}
	for _, q := range d.Questions {
		given, fault := q.read(sent(q.Name))
		if fault == "" && len(given) == 0 && q.IsRequired() {
			fault = FaultMissing
		}
		if fault != "" {
			faults[q.Name] = fault
		}
		if len(given) > 0 {
			answers[q.Name] = given
		}
	}
	return answers, faults
}

func (q Question) read(sent []string) ([]string, Fault) {
	if q.IsText() {
		return readText(sent)
	}
	var given []string
	for _, value := range q.Values() { // in their order, once each
		if slices.Contains(sent, value) {
			given = append(given, value)
		}
	}
	unknown := slices.ContainsFunc(sent, func(value string) bool { return value != "" && !slices.Contains(given, value) })
	if unknown || q.Kind != MultipleChoice && len(given) > 1 {
		return nil, FaultChoice
	}
	return given, ""
}

// readText takes a text as a browser sends it.
func readText(sent []string) ([]string, Fault) {
	if len(sent) == 0 {
		return nil, ""
	}
	text := strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(sent[0]))
	switch {
	case text == "":
		return nil, ""
	case !utf8.ValidString(text):
		return nil, FaultCharacters
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return []string{text}, FaultCharacters
	case utf8.RuneCountInString(text) > MaxText:
		return []string{text}, FaultTooLong
	}
	return []string{text}, ""
}
