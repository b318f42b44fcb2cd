// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package holdlist

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Max is how many members one list names at most.
const Max = 10_000

// idLength is the length of an identifier as the store writes it; other forms of one are refused.
const idLength = 36

// ErrInvalid tells that a list cannot be read. Nobody knows then whom it keeps.
var ErrInvalid = errors.New("the list of members cannot be read")

// Parse reads identifiers, one a line. What comes after # is a comment. An identifier that comes twice counts once.
func Parse(text []byte) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	known := map[uuid.UUID]bool{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for number := 1; lines.Scan(); number++ {
		word, _, _ := strings.Cut(lines.Text(), "#")
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		id, err := uuid.Parse(word)
		if err != nil || len(word) != idLength || id == uuid.Nil {
			return nil, fmt.Errorf("%w: line %d is not the identifier of a member; write one identifier a line, 36 characters as the store "+
				"has them, and comments after #", ErrInvalid, number)
		}
		if known[id] {
			continue
		}
		if len(ids) == Max {
			return nil, fmt.Errorf("%w: from line %d on it names more than %d members; split it into two holds", ErrInvalid, number, Max)
		}
		known[id] = true
		ids = append(ids, id)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: a line is too long", ErrInvalid)
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: it names nobody; write one identifier a line, or take the hold out of the policy", ErrInvalid)
	}
	return ids, nil
}
