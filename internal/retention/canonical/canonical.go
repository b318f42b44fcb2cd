// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canonical

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ErrFraction tells that a value holds a number that is not whole.
var ErrFraction = errors.New("a number with a fraction has no canonical form")

// ErrForm tells that a text is JSON, but not in canonical form.
var ErrForm = errors.New("not in canonical form")

// Marshal writes a value in canonical form.
func Marshal(v any) ([]byte, error) {
	loose, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write canonical JSON: %w", err)
	}
	return rewrite(loose)
}

// Hash is SHA-256 over the canonical form.
func Hash(v any) ([sha256.Size]byte, error) {
	b, err := Marshal(v)
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	return sha256.Sum256(b), nil
}

// Check refuses a text that Marshal would have written in another way: with other space, other order, or a key
// twice.
func Check(text []byte) error {
	again, err := rewrite(text)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, text) {
		return ErrForm
	}
	return nil
}

func rewrite(text []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if err := wholeNumbers(tree); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil { // sorts the keys of maps
		return nil, fmt.Errorf("write canonical JSON: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

func wholeNumbers(tree any) error {
	switch v := tree.(type) {
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return ErrFraction
		}
	case []any:
		for _, item := range v {
			if err := wholeNumbers(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, item := range v {
			if err := wholeNumbers(item); err != nil {
				return err
			}
		}
	}
	return nil
}
