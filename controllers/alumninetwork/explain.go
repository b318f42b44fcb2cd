// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"errors"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// meaning is what one class of error says in a condition. A terminal one waits for a person.
type meaning struct {
	class    error
	reason   string
	message  string
	terminal bool
}

// meanings lists the classes, the more exact before the more general.
func meanings() []meaning {
	return []meaning{
		{postgres.ErrNotEmpty, v1alpha1.ReasonStoreNotEmpty,
			"the database holds objects and no claim of any network: it is somebody else's; name another database", true},
		{postgres.ErrRoleTaken, v1alpha1.ReasonRoleNotOwned,
			"a database role with a name that this network needs was not made for it; rename or drop that role", true},
		{postgres.ErrEncoding, v1alpha1.ReasonProvisioningFailed,
			"the database exists and is not encoded in UTF-8; name another one", true},
		{postgres.ErrMissing, v1alpha1.ReasonStoreMissing,
			"the database of this network is gone; restore it, or delete the network and declare it again to begin empty", true},
		{postgres.ErrNotForRestore, v1alpha1.ReasonRestoreTargetInUse,
			"the database of this network is in use, and no backup is restored over it: declare the network without restoreFrom, or under another name", true},
		{postgres.ErrRestoreUnfinished, v1alpha1.ReasonRestoreUnfinished,
			"a restore into the database of this network was not finished: declare the network with restoreFrom again, or drop the database", true},
		{postgres.ErrNotForTrial, v1alpha1.ReasonTrialMismatch,
			"the database of this network was made for real people, and no rehearsal goes on in it: declare the trial under another name", true},
		{postgres.ErrMadeForTrial, v1alpha1.ReasonTrialMismatch,
			"the database of this network was made for a rehearsal, and no real people come into it: declare the network under another name, or drop the database", true},
		{postgres.ErrVersion, v1alpha1.ReasonVersionTooOld, "the server is older than PostgreSQL 15", false},
		{postgres.ErrRecovery, v1alpha1.ReasonInRecovery,
			"the server is a standby or is being restored; name the primary, or promote this one", false},
		{postgres.ErrReadOnly, v1alpha1.ReasonReadOnly,
			"the server takes no writes; see default_transaction_read_only of the server, the database and the admin role", false},
		{dbconn.ErrDiskFull, v1alpha1.ReasonDiskFull, "the server's disk is full; give it more room", false},
		{dbconn.ErrStarting, v1alpha1.ReasonServerStarting, "the server is starting up, recovering or shutting down", false},
		{dbconn.ErrNoSlot, v1alpha1.ReasonTooManyConnections,
			"the server has no connection to spare; raise its max_connections, or put fewer networks or a pooler on it", false},
		{postgres.ErrPrivilege, v1alpha1.ReasonInsufficientPrivilege,
			"the admin role may not do what is needed; it must be able to create databases and roles", false},
		{postgres.ErrBusy, v1alpha1.ReasonProvisioning, "another process is provisioning this database", false},
		{postgres.ErrUnsettled, v1alpha1.ReasonProvisioningFailed,
			"the database does not become as declared; see the operator's log", false},
		{errNotTaken, v1alpha1.ReasonRotationFailed,
			"the server does not take the next logins; see its rules of who may connect (pg_hba.conf), which must not name roles one by one", false},
		{dbconn.ErrTLS, v1alpha1.ReasonTLSFailed,
			"no trusted encrypted connection to the server; check sslmode and ca.crt", false},
		{dbconn.ErrAuthentication, v1alpha1.ReasonAuthenticationFailed, "the server refused user name or password", false},
		{dbconn.ErrNoDatabase, v1alpha1.ReasonUnreachable, "the database that the login names does not exist", false},
		{dbconn.ErrNotPermitted, v1alpha1.ReasonInsufficientPrivilege, "the role may not do what is needed", false},
		{dbconn.ErrUnreachable, v1alpha1.ReasonUnreachable, "the server does not answer", false},
		{stats.ErrNotMigrated, v1alpha1.ReasonNetworkNotReady, "the store's schema is not up to date yet", false},
		{context.DeadlineExceeded, v1alpha1.ReasonUnreachable, "the server did not answer in time", false},
	}
}

// explain gives an error of the store its reason. The message is a fixed sentence, so that it stays the same from try
// to try; the cause goes to the log.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, dbconn.ErrBudget) {
		return outcome.Wait(outcome.Soon, v1alpha1.ReasonAwaitingTurn, "the operator's sessions on this server are busy with other networks")
	}
	var claimed *postgres.ClaimedError
	if errors.As(err, &claimed) {
		return &outcome.Terminal{Reason: v1alpha1.ReasonStoreClaimed, Err: err,
			Message: claimed.Error() + "; nothing was touched. Name another database, or remove the other network's claim"}
	}
	for _, m := range meanings() {
		if !errors.Is(err, m.class) {
			continue
		}
		if m.terminal {
			return &outcome.Terminal{Reason: m.reason, Message: m.message, Err: err}
		}
		f := &outcome.Failure{Reason: m.reason, Message: m.message, Err: err, After: outcome.Poll}
		if m.reason == v1alpha1.ReasonUnreachable || m.reason == v1alpha1.ReasonServerStarting {
			f.After = 0 // a server that has just started answers in a second, one that is down is asked ever more rarely
		}
		return f
	}
	return &outcome.Failure{Reason: v1alpha1.ReasonProvisioningFailed, Err: err,
		Message: "the store answered with an unexpected error; see the operator's log"}
}
