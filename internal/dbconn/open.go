// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dbconn

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// ConnectTimeout bounds one attempt to connect, name look-up, TLS and authentication included.
	ConnectTimeout = 5 * time.Second
	// SearchPath is what every session starts with: nothing that a person could plant is found by accident.
	SearchPath = "pg_catalog, pg_temp"

	defaultMaxConns = 4
	// Connections are renewed so that a rotated password and a moved server are noticed.
	maxConnLifetime = 30 * time.Minute
	maxConnIdleTime = 5 * time.Minute
)

// Options tune a pool or a connection.
type Options struct {
	// MaxConns bounds the pool; 0 means 4.
	MaxConns int32
	// ApplicationName is shown in PostgreSQL's own views, for example "portal".
	ApplicationName string
	// ExecMode is how statements are sent; 0 means prepared and kept, best for long-lived sessions. Sessions of
	// a few statements use pgx.QueryExecModeExec, which saves a round trip for each.
	ExecMode pgx.QueryExecMode
	// OneSnapshot has everything that is sent at once see the database at one moment.
	OneSnapshot bool
}

// Open makes a pool for the login in a mounted folder. User name and password are read again for each new
// connection, so that a rotated password needs no restart. It checks the files and does not connect yet: a
// workload may start before its database does. Connections are opened when asked for.
func Open(ctx context.Context, dir string, opts Options) (*pgxpool.Pool, error) {
	login, err := Read(dir)
	if err != nil {
		return nil, err
	}
	config, err := poolConfig(login, opts)
	if err != nil {
		return nil, err
	}
	config.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		current, err := Read(dir)
		if err != nil {
			return err
		}
		c.User, c.Password = current.Username, current.Password
		return nil
	}
	return newPool(ctx, config)
}

// OpenLogin makes a pool for a login in memory.
func OpenLogin(ctx context.Context, login Login, opts Options) (*pgxpool.Pool, error) {
	config, err := poolConfig(login, opts)
	if err != nil {
		return nil, err
	}
	return newPool(ctx, config)
}

// Connect opens one session. Its errors are classed; see Classify.
func Connect(ctx context.Context, login Login, opts Options) (*pgx.Conn, error) {
	config, err := Config(login, opts)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, Classify(err)
	}
	return conn, nil
}

// Config is the configuration of a single session, for libraries that connect by themselves. Nothing in it
// comes from the environment.
func Config(login Login, opts Options) (*pgx.ConnConfig, error) {
	if err := login.Validate(); err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig("host=localhost user=none database=none sslmode=disable")
	if err != nil {
		return nil, fmt.Errorf("make a database configuration: %w", err)
	}
	return config, apply(config, login, opts)
}

func poolConfig(login Login, opts Options) (*pgxpool.Config, error) {
	if err := login.Validate(); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig("host=localhost user=none database=none sslmode=disable")
	if err != nil {
		return nil, fmt.Errorf("make a pool configuration: %w", err)
	}
	config.MaxConns = defaultMaxConns
	if opts.MaxConns > 0 {
		config.MaxConns = opts.MaxConns
	}
	config.MaxConnLifetime = maxConnLifetime
	config.MaxConnLifetimeJitter = maxConnLifetime / 10
	config.MaxConnIdleTime = maxConnIdleTime
	return config, apply(config.ConnConfig, login, opts)
}

// apply overwrites everything that ParseConfig may have taken from the environment.
func apply(config *pgx.ConnConfig, login Login, opts Options) error {
	tlsConfig, err := login.tlsConfig()
	if err != nil {
		return err
	}
	config.Host, config.Port = login.Host, login.Port
	config.Database, config.User, config.Password = login.Database, login.Username, login.Password
	config.TLSConfig, config.Fallbacks = tlsConfig, nil
	config.ConnectTimeout = ConnectTimeout
	config.ValidateConnect, config.AfterConnect = nil, nil
	config.KerberosSrvName, config.KerberosSpn = "", ""
	config.RuntimeParams = map[string]string{
		"search_path": SearchPath, "timezone": "UTC", "client_encoding": "UTF8", "standard_conforming_strings": "on",
	}
	if opts.ApplicationName != "" {
		config.RuntimeParams["application_name"] = opts.ApplicationName
	}
	if opts.OneSnapshot {
		config.RuntimeParams["default_transaction_isolation"] = "repeatable read"
	}
	if opts.ExecMode != 0 {
		config.DefaultQueryExecMode = opts.ExecMode
	}
	return nil
}

func newPool(ctx context.Context, config *pgxpool.Config) (*pgxpool.Pool, error) {
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("make a database pool: %w", err)
	}
	return pool, nil
}
