// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"errors"
	"fmt"
)

// Code says what kind of trouble an Error is, so that a caller can choose an answer without reading text.
type Code string

// The codes that services answer with.
const (
	// CodeInvalid means that a person's input breaks a rule; Field says which.
	CodeInvalid Code = "Invalid"
	// CodeNotFound means that the thing does not exist, or not for this viewer.
	CodeNotFound Code = "NotFound"
	// CodeUnauthenticated means that there is no live session.
	CodeUnauthenticated Code = "Unauthenticated"
	// CodeForbidden means that the viewer may not do this.
	CodeForbidden Code = "Forbidden"
	// CodeLinkSpent means that a sign-in link is unknown, used, or too old.
	CodeLinkSpent Code = "LinkSpent"
	// CodeJoinNeeded means that the person behind a link must first confirm joining.
	CodeJoinNeeded Code = "JoinNeeded"
	// CodeInternal means that the fault is ours.
	CodeInternal Code = "Internal"
)

// Error is what services return. People see the text behind Message, logs see the cause.
type Error struct {
	Code Code
	// Message is a key of the portal's message catalogue, so that each person reads it in his or her language.
	Message string
	// Field names the input at fault when Code is CodeInvalid.
	Field string
	cause error
}

// Error is for logs; it never holds what a person typed.
func (e *Error) Error() string {
	text := string(e.Code)
	if e.Field != "" {
		text += " " + e.Field
	}
	if e.Message != "" {
		text += " (" + e.Message + ")"
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// Invalid is the error of an input that breaks a rule.
func Invalid(field, message string) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: message}
}

// Internal wraps a fault of ours with the act that failed.
func Internal(act string, cause error) *Error {
	return &Error{Code: CodeInternal, Message: "error.internal", cause: fmt.Errorf("%s: %w", act, cause)}
}

// CodeOf is the code of the first Error in a chain; an error of any other kind is our own fault.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
