// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"errors"
	"fmt"

	"github.com/alumni-operator/alumni-operator/internal/tombstone/pepper"
)

// Reason says why a row was quarantined.
type Reason string

// The reasons of quarantined rows, as they stand in alumni.roster_quarantine.
const (
	InvalidEncoding  Reason = "InvalidEncoding"  // bytes that are no text in the file's encoding
	LineTooLong      Reason = "LineTooLong"      // more than MaxRecord bytes without a line break
	MalformedQuote   Reason = "MalformedQuote"   // a quoted cell that does not end, or ends in mid-cell
	FieldCount       Reason = "FieldCount"       // fewer or more cells than headings
	MissingValue     Reason = "MissingValue"     // a required cell is empty
	InvalidDate      Reason = "InvalidDate"      // no day of the calendar in a known notation
	FutureDate       Reason = "FutureDate"       // a day that is still to come
	DateOrder        Reason = "DateOrder"        // left before joining, or not born yet then
	InvalidEmail     Reason = "InvalidEmail"     // no mail address
	InvalidLocale    Reason = "InvalidLocale"    // a language that the platform does not speak
	InvalidTimeZone  Reason = "InvalidTimeZone"  // no name of an IANA time zone
	InvalidCharacter Reason = "InvalidCharacter" // a control character
	TooLong          Reason = "TooLong"          // a cell longer than its field may be
	DuplicateNumber  Reason = "DuplicateNumber"  // an earlier row has the same employee number
	DuplicateAddress Reason = "DuplicateAddress" // somebody else has the same mail address
	NotALeaver       Reason = "NotALeaver"       // no day of leaving, and not known as a former leaver
)

// Bad is a row that was not taken. It never holds anything of the row's content.
type Bad struct {
	Line   int64 // physical line in the file, counted from 1
	Field  Field // empty when the whole row is at fault
	Reason Reason
}

// Code says why an import failed as a whole.
type Code string

// The codes of failed imports, as they stand in alumni.roster_import.failure. Detail tells what failure_field
// holds.
const (
	MissingColumn     Code = "MissingColumn"     // detail: the field
	DuplicateColumn   Code = "DuplicateColumn"   // detail: the field
	UnknownField      Code = "UnknownField"      // a column map names a field that does not exist
	WrongEncoding     Code = "WrongEncoding"     // detail: what the file looks like
	EmptyFile         Code = "EmptyFile"         //
	TooManyBadRows    Code = "TooManyBadRows"    //
	TooLarge          Code = "TooLarge"          //
	SourceNotFound    Code = "SourceNotFound"    //
	SourceUnreachable Code = "SourceUnreachable" //
	SourceForbidden   Code = "SourceForbidden"   // the server wants other credentials
	SourceInvalid     Code = "SourceInvalid"     // not a file, or no https URL
	AddressRefused    Code = "AddressRefused"    // loopback, link-local and metadata addresses
	RedirectRefused   Code = "RedirectRefused"   // to another host
	Interrupted       Code = "Interrupted"       // killed, or told to stop
	PepperMismatch    Code = pepper.Code         // the tombstones there were made under another pepper
	StoreFailed       Code = "StoreFailed"       // the database refused; detail: SQLSTATE
)

// Failure is why an import did nothing. Its text is for people and is safe to log.
type Failure struct {
	Code   Code
	Detail string // a field, an encoding or an SQLSTATE; see Code
	hint   string
	final  bool
}

// Error tells code and hint.
func (f *Failure) Error() string {
	if f.hint == "" {
		return string(f.Code)
	}
	return fmt.Sprintf("%s: %s", f.Code, f.hint)
}

// Final tells that another try with the same file and settings fails in the same way.
func (f *Failure) Final() bool { return f.final }

// finally makes a failure that another try cannot heal.
func finally(code Code, detail, format string, args ...any) *Failure {
	return &Failure{Code: code, Detail: detail, hint: fmt.Sprintf(format, args...), final: true}
}

// forNow makes a failure that may be gone at the next try.
func forNow(code Code, format string, args ...any) *Failure {
	return &Failure{Code: code, hint: fmt.Sprintf(format, args...)}
}

// asFailure finds the failure in a chain of errors.
func asFailure(err error) (*Failure, bool) {
	var f *Failure
	return f, errors.As(err, &f)
}
