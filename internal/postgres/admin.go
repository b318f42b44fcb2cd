// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
)

// RenewAdmin gives the role of a login its next password, tries it, and returns the login with it. What is sent is a verifier, so
// no log of the server can show the password. After a crash at any point it is called again with the same two: a server that has
// refused the login, but takes the next password, was given it before.
//
// Errors are those of Ensure and ErrUnfitPassword; ErrAuthentication means that the server takes neither.
func RenewAdmin(ctx context.Context, login dbconn.Login, next string) (dbconn.Login, error) {
	if !fitPassword(next) {
		return login, fmt.Errorf("renew the password of role %s: %w", login.Username, ErrUnfitPassword)
	}
	renewed := login.As(login.Username, next, login.Database)
	err := setPassword(ctx, login, next)
	if err == nil || errors.Is(err, ErrAuthentication) {
		if tried := TryLogin(ctx, renewed); err == nil || tried == nil {
			return renewed, tried
		}
	}
	return login, err
}

// setPassword changes the password of the role that logs in.
func setPassword(ctx context.Context, login dbconn.Login, password string) error {
	conn, err := connect(ctx, login)
	if err != nil {
		return fmt.Errorf("renew the password of role %s: %w", login.Username, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	text, _, err := statement{text: "ALTER ROLE " + quote(login.Username) + " PASSWORD ", password: password}.render()
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, text, pgx.QueryExecModeSimpleProtocol); err != nil {
		return explain("renew the password of role "+login.Username, err)
	}
	return nil
}
