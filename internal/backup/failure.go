// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"errors"
	"fmt"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// Code says why a backup, a drill or a restore failed, as it stands in alumni.backup_run.failure.
type Code string

// The codes.
const (
	ProgramsMissing        Code = "ProgramsMissing"        // the image has no pg_dump and pg_restore
	ServerNewer            Code = "ServerNewer"            // the server is of a newer version than pg_dump
	StoreUnreachable       Code = "StoreUnreachable"       // the database does not answer, or refuses the login
	StoreFailed            Code = "StoreFailed"            // the database refused a statement
	NotPermitted           Code = "NotPermitted"           // the backup role may not read something
	DumpFailed             Code = "DumpFailed"             // pg_dump failed for another reason
	RecipientInvalid       Code = "RecipientInvalid"       // no age public key
	DestinationNotFound    Code = "DestinationNotFound"    // no such bucket, or the volume is not mounted
	DestinationForbidden   Code = "DestinationForbidden"   // keys or rights are wrong
	DestinationUnreachable Code = "DestinationUnreachable" // no answer
	DestinationFull        Code = "DestinationFull"        // no space is left
	DestinationFailed      Code = "DestinationFailed"      // another error of the destination
	PruneFailed            Code = "PruneFailed"            // the backup was made, and older ones could not be removed
	Interrupted            Code = "Interrupted"            // killed, or told to stop
	NoBackup               Code = "NoBackup"               // there is no complete backup
	BackupDamaged          Code = "BackupDamaged"          // size, digest or encryption is not what the manifest says
	IdentityInvalid        Code = "IdentityInvalid"        // no age identity, or one that opens nothing here
	TargetNotEmpty         Code = "TargetNotEmpty"         // the database holds something already
	RestoreFailed          Code = "RestoreFailed"          // pg_restore failed
	ContentDiffers         Code = "ContentDiffers"         // a restored table is not what was backed up
	SchemaNewer            Code = "SchemaNewer"            // the backup is of a newer version of the operator
	BackupOfTrial          Code = "BackupOfTrial"          // the backup is of a rehearsal, and the network is for real people
	MigrationFailed        Code = "MigrationFailed"        // the restored schema could not be brought up to date
	PepperMismatch         Code = "PepperMismatch"         // the tombstones were made under another pepper
	LedgerDamaged          Code = "LedgerDamaged"          // an entry of the erasure ledger cannot be read
	ReplayFailed           Code = "ReplayFailed"           // who was erased could not be erased again
	RestoreBusy            Code = "RestoreBusy"            // another run is at work on the same database
)

// Failure is why a run came to nothing. Its text is for people, and is safe to log.
type Failure struct {
	Code Code
	hint string
}

// Error tells code and hint.
func (f *Failure) Error() string {
	if f.hint == "" {
		return string(f.Code)
	}
	return fmt.Sprintf("%s: %s", f.Code, f.hint)
}

// Final tells that another try with the same settings and the same destination fails in the same way.
func (f *Failure) Final() bool {
	switch f.Code {
	case ProgramsMissing, ServerNewer, RecipientInvalid, NoBackup, BackupDamaged, IdentityInvalid, TargetNotEmpty, ContentDiffers,
		SchemaNewer, BackupOfTrial, PepperMismatch, LedgerDamaged:
		return true
	default:
		return false
	}
}

// Fail makes a Failure, for the steps of a restore that are not this package's.
func Fail(code Code, format string, args ...any) error { return fail(code, format, args...) }

// AsFailure gives any error its code; one that has none gets the fallback, and its text stays out.
func AsFailure(ctx context.Context, err error, fallback Code) *Failure {
	return asFailure(ctx, err, fallback)
}

func fail(code Code, format string, args ...any) error {
	return &Failure{Code: code, hint: fmt.Sprintf(format, args...)}
}

// asFailure gives any error its code; those that are none become the fallback, and their text stays out: it may hold
// addresses, or words of a server.
func asFailure(ctx context.Context, err error, fallback Code) *Failure {
	var f *Failure
	switch {
	case ctx.Err() != nil:
		return &Failure{Code: Interrupted, hint: "the run was told to stop"}
	case errors.As(err, &f):
		return f
	case errors.Is(err, dbconn.ErrNotPermitted):
		return &Failure{Code: NotPermitted}
	case errors.Is(err, dbconn.ErrUnreachable), errors.Is(err, dbconn.ErrAuthentication), errors.Is(err, dbconn.ErrTLS), errors.Is(err, dbconn.ErrNoDatabase):
		return &Failure{Code: StoreUnreachable}
	default:
		return &Failure{Code: fallback, hint: sqlState(err)}
	}
}
