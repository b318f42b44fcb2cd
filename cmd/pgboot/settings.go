// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	settingsFile = "alumni.conf"
	hbaFile      = "alumni_hba.conf"
)

// pair is one of the server's settings.
type pair struct{ name, value string }

// tunables are written to a file in the cluster. ALTER SYSTEM may change them.
func tunables(o options) []pair {
	return []pair{
		{"shared_buffers", o.sharedBuffers},
		{"max_connections", fmt.Sprint(o.maxConnections)},
		{"superuser_reserved_connections", "3"},
		{"min_wal_size", "80MB"},
		{"max_wal_size", "512MB"},
		{"wal_compression", "on"},
		// A small server gains nothing from workers, and /dev/shm of a container is small.
		{"max_parallel_workers_per_gather", "0"},
		{"max_parallel_maintenance_workers", "0"},
		{"tcp_keepalives_idle", "60"},
		{"tcp_keepalives_interval", "10"},
		{"tcp_keepalives_count", "3"},
		{"client_connection_check_interval", "10s"},
		{"idle_in_transaction_session_timeout", "5min"},
		{"timezone", "UTC"},
		{"log_timezone", "UTC"},
		{"lc_messages", "C"},
		{"datestyle", "iso, ymd"},
		{"default_text_search_config", "pg_catalog.simple"},
	}
}

// fixed are given on the command line, which wins over every file: where the server listens, how people prove
// who they are, and what must never be logged. An error's message and detail can hold a person's data, so the
// server logs none of its clients' errors; clients get them, and report their codes.
func fixed(o options) []pair {
	return []pair{
		{"config_file", filepath.Join(o.data, settingsFile)},
		{"hba_file", filepath.Join(o.data, hbaFile)},
		{"listen_addresses", o.listen},
		{"port", fmt.Sprint(o.port)},
		{"unix_socket_directories", o.socketDir},
		{"password_encryption", "scram-sha-256"},
		{"log_destination", "stderr"},
		{"logging_collector", "off"},
		{"log_line_prefix", "%m [%p] "},
		{"log_min_messages", "log"},
		{"log_min_error_statement", "panic"},
		{"log_error_verbosity", "terse"},
		{"log_statement", "none"},
		{"log_min_duration_statement", "-1"},
		{"log_min_duration_sample", "-1"},
		{"log_transaction_sample_rate", "0"},
		{"log_parameter_max_length", "0"},
		{"log_parameter_max_length_on_error", "0"},
		{"debug_print_parse", "off"},
		{"debug_print_rewritten", "off"},
		{"debug_print_plan", "off"},
	}
}

// writeSettings writes both files anew at each start, each as a whole.
func writeSettings(o options) error {
	var conf strings.Builder
	conf.WriteString("# Written by pgboot at each start. Changes made here are lost; ALTER SYSTEM keeps them.\n")
	for _, p := range tunables(o) {
		fmt.Fprintf(&conf, "%s = '%s'\n", p.name, strings.ReplaceAll(p.value, "'", "''"))
	}
	hba := "# Written by pgboot at each start: SCRAM passwords, no replication, nobody without one.\n" +
		"host all all all scram-sha-256\n"
	if o.socketDir != "" {
		hba += "local all all scram-sha-256\n"
	}
	return errors.Join(
		writeFile(filepath.Join(o.data, settingsFile), conf.String()),
		writeFile(filepath.Join(o.data, hbaFile), hba),
	)
}

// writeFile replaces a file as a whole.
func writeFile(path, text string) error {
	draft := path + ".draft"
	if err := os.WriteFile(draft, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the server's settings: %w", err)
	}
	if err := os.Rename(draft, path); err != nil {
		return fmt.Errorf("write the server's settings: %w", err)
	}
	return nil
}
