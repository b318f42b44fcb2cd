// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"errors"
	"fmt"
)

// Error says what is wrong with a text of a campaign, and where. It holds words of the text's author, never data
// of a member.
type Error struct {
	Locale  string // ja or en
	Part    string // subject or body, or broadcast.subject or broadcast.body
	Line    int    // 1 for the first line; 0 when the whole part is meant
	Problem string
}

// Error reads like "ja body, line 3: unknown field .Member.Salary".
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s %s: %s", e.Locale, e.Part, e.Problem)
	}
	return fmt.Sprintf("%s %s, line %d: %s", e.Locale, e.Part, e.Line, e.Problem)
}

// Errors of rendering one mail. They concern one member only: the run goes on without that mail.
var (
	// ErrEmptySubject means that nothing of the subject is left once the member's values are filled in.
	ErrEmptySubject = errors.New("the subject is empty for this member")
	// ErrTooLarge means that the mail would be larger than maxOutput.
	ErrTooLarge = errors.New("the mail is too large for this member")
)
