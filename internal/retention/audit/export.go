// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds one record of an export: the end of a run with the most rules that a policy takes has some ten thousand bytes.
const maxLine = 1 << 20

// ErrExport tells that a text is not an exported chain.
var ErrExport = errors.New("not an exported audit chain")

// VerifyExport checks an exported chain from its beginning, and calls for each record that is good. An export has a line for each
// record: its hash in hex, a space, and its content; nothing else, and a line feed at the end of each. What the lines leave out is
// in the content or in the line before, so that no byte of an export can be another one.
func VerifyExport(export io.Reader, each func(Head, Body)) (Head, error) {
	v := NewVerifier(Head{})
	lines := bufio.NewReaderSize(export, 1<<16)
	for {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return v.Head(), nil
		}
		if err != nil {
			return v.Head(), fmt.Errorf("read record %d: %w", v.Head().Seq+1, err)
		}
		body, err := v.addLine(line)
		if err != nil {
			return v.Head(), err
		}
		each(v.Head(), body)
	}
}

// readLine reads up to a line feed, and no more than a record can have. A last line without one is not whole.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return line, fmt.Errorf("%w: the line is too long", ErrExport)
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, fmt.Errorf("%w: its last line has no end", ErrExport)
		case err != nil:
			return line, err
		default:
			return line[:len(line)-1], nil
		}
	}
}

// addLine checks the next line against everything before it.
func (v *Verifier) addLine(line []byte) (Body, error) {
	var body Body
	digits, content, found := bytes.Cut(line, []byte(" "))
	r := Record{Body: content, Prev: v.head.Hash}
	if n, err := hex.Decode(r.Hash[:], fit(digits)); !found || err != nil || n != len(r.Hash) || r.Hash.String() != string(digits) {
		return body, fmt.Errorf("%w: record %d does not begin with 64 hexadecimal digits and a space", ErrExport, v.head.Seq+1)
	}
	if err := json.Unmarshal(content, &body); err != nil {
		return body, fmt.Errorf("%w at record %d: its content is not JSON", ErrBroken, v.head.Seq+1)
	}
	r.Seq, r.Kind, r.Run = body.Seq, body.Kind, body.Run
	return body, v.Add(r)
}

// fit cuts digits that would not fit into a hash; they are too many then, and compared whole.
func fit(digits []byte) []byte { return digits[:min(len(digits), 2*len(Hash{}))] }
