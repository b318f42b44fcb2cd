// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dbconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// The classes of trouble with a connection, for errors.Is.
var (
	// ErrUnreachable: no answer, no such host, connection refused, server starting or shutting down, or full.
	ErrUnreachable = errors.New("the database server cannot be reached")
	// ErrStarting: the server is there and is starting up, recovering from a crash, or shutting down. It is an
	// ErrUnreachable too.
	ErrStarting error = &subclass{"the database server is starting up or shutting down", ErrUnreachable}
	// ErrNoSlot: the server is there and all its connections are taken. It is an ErrUnreachable too.
	ErrNoSlot error = &subclass{"the database server has no connection to spare", ErrUnreachable}
	// ErrDiskFull: the server has no room to write to.
	ErrDiskFull = errors.New("the database server's disk is full")
	// ErrAuthentication: the server knows no such role and password, or lets it not in from here.
	ErrAuthentication = errors.New("the database server refused user name or password")
	// ErrTLS: the two sides do not agree on encryption, or the certificate is not trusted.
	ErrTLS = errors.New("no trusted encrypted connection to the database server")
	// ErrNoDatabase: the server is there, the database is not.
	ErrNoDatabase = errors.New("the database does not exist")
	// ErrNotPermitted: the role exists and may not do this.
	ErrNotPermitted = errors.New("the database role lacks the right")
)

// subclass is a class that those who do not tell it apart take for its parent.
type subclass struct {
	text   string
	parent error
}

func (e *subclass) Error() string { return e.text }
func (e *subclass) Unwrap() error { return e.parent }

// classed carries its class and its cause, so that errors.Is finds the one and errors.As the other.
type classed struct {
	class error
	cause error
}

func (e *classed) Error() string   { return e.class.Error() + ": " + e.cause.Error() }
func (e *classed) Unwrap() []error { return []error{e.class, e.cause} }

// Classify wraps an error of connecting in its class. An error without a class is returned as it is.
func Classify(err error) error {
	if class := classOf(err); class != nil {
		return &classed{class: class, cause: err}
	}
	return err
}

func classOf(err error) error {
	if err == nil {
		return nil
	}
	for _, class := range []error{ErrUnreachable, ErrDiskFull, ErrAuthentication, ErrTLS, ErrNoDatabase, ErrNotPermitted} {
		if errors.Is(err, class) {
			return nil
		}
	}
	if pgErr := (*pgconn.PgError)(nil); errors.As(err, &pgErr) {
		return classOfState(pgErr)
	}
	if isTLS(err) {
		return ErrTLS
	}
	if connectErr := (*pgconn.ConnectError)(nil); errors.As(err, &connectErr) {
		return ErrUnreachable
	}
	return nil
}

// classOfState reads the SQLSTATE of a server's answer.
func classOfState(err *pgconn.PgError) error {
	switch {
	case err.Code == "28000" && (strings.Contains(err.Message, "no encryption") || strings.Contains(err.Message, "SSL")):
		return ErrTLS // the server's host-based rules want TLS
	case strings.HasPrefix(err.Code, "28"):
		return ErrAuthentication
	case err.Code == "3D000":
		return ErrNoDatabase
	case err.Code == "42501":
		return ErrNotPermitted
	case err.Code == "53100":
		return ErrDiskFull
	case err.Code == "53300":
		return ErrNoSlot
	case err.Code == "57P03", err.Code == "57P01", err.Code == "57P02":
		return ErrStarting
	case strings.HasPrefix(err.Code, "08"):
		return ErrUnreachable
	}
	return nil
}

func isTLS(err error) bool {
	var (
		verify    *tls.CertificateVerificationError
		header    tls.RecordHeaderError
		alert     tls.AlertError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	return errors.As(err, &verify) || errors.As(err, &header) || errors.As(err, &alert) || errors.As(err, &authority) ||
		errors.As(err, &hostname) || errors.As(err, &invalid) || strings.Contains(err.Error(), "server refused TLS connection")
}
