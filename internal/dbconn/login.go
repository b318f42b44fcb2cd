// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dbconn

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The keys of a Secret, and the files of a mounted folder, that hold a login.
const (
	KeyHost     = "host"
	KeyPort     = "port"
	KeyDatabase = "dbname"
	KeyUsername = "username"
	KeyPassword = "password"
	KeySSLMode  = "sslmode"
	KeyCA       = "ca.crt"
)

// The accepted values of sslmode. PostgreSQL's allow and prefer are refused: they fall back to clear text
// without a word.
const (
	SSLDisable    = "disable"
	SSLRequire    = "require"
	SSLVerifyCA   = "verify-ca"
	SSLVerifyFull = "verify-full"
)

// Login is everything needed to open a session: where, to which database, as whom, how guarded.
type Login struct {
	Host     string
	Port     uint16
	Database string
	Username string
	Password string
	SSLMode  string
	CA       []byte // PEM; empty means the system's roots
}

// LoginError says which key of a login is missing or malformed. It never holds the value.
type LoginError struct {
	Key     string
	Problem string
}

// Error names the key and the problem.
func (e *LoginError) Error() string { return fmt.Sprintf("database login: %s %s", e.Key, e.Problem) }

// FromData reads a login from the data of a Secret. Port, dbname and sslmode may be missing: the port is then
// 5432, the database "postgres" and the sslmode "verify-full", the safest.
func FromData(data map[string][]byte) (Login, error) {
	text := func(key, fallback string) string {
		if v := strings.TrimRight(string(data[key]), "\r\n"); v != "" {
			return v
		}
		return fallback
	}
	l := Login{
		Host: text(KeyHost, ""), Database: text(KeyDatabase, "postgres"), Username: text(KeyUsername, ""),
		Password: text(KeyPassword, ""), SSLMode: text(KeySSLMode, SSLVerifyFull), CA: data[KeyCA],
	}
	port, err := strconv.ParseUint(text(KeyPort, "5432"), 10, 16)
	if err != nil || port == 0 {
		return Login{}, &LoginError{Key: KeyPort, Problem: "is not a port number"}
	}
	l.Port = uint16(port)
	return l, l.Validate()
}

// Data is the login as the data of a Secret; FromData reads it back.
func (l Login) Data() map[string][]byte {
	data := map[string][]byte{
		KeyHost: []byte(l.Host), KeyPort: []byte(strconv.Itoa(int(l.Port))), KeyDatabase: []byte(l.Database),
		KeyUsername: []byte(l.Username), KeyPassword: []byte(l.Password), KeySSLMode: []byte(l.SSLMode),
	}
	if len(l.CA) > 0 {
		data[KeyCA] = l.CA
	}
	return data
}

// Read reads a login from a folder with one file for each key.
func Read(dir string) (Login, error) {
	data := map[string][]byte{}
	for _, key := range []string{KeyHost, KeyPort, KeyDatabase, KeyUsername, KeyPassword, KeySSLMode, KeyCA} {
		content, err := os.ReadFile(filepath.Join(dir, key))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Login{}, fmt.Errorf("read the database login: %w", err)
		}
		data[key] = content
	}
	return FromData(data)
}

// Write puts the login into a folder as Read wants it. The files are for the owner only.
func (l Login) Write(dir string) error {
	for key, value := range l.Data() {
		if err := os.WriteFile(filepath.Join(dir, key), value, 0o600); err != nil {
			return fmt.Errorf("write the database login: %w", err)
		}
	}
	return nil
}

// Validate checks what can be checked without a connection.
func (l Login) Validate() error {
	for _, field := range []struct{ key, value string }{
		{KeyHost, l.Host}, {KeyDatabase, l.Database}, {KeyUsername, l.Username}, {KeyPassword, l.Password},
	} {
		if field.value == "" {
			return &LoginError{Key: field.key, Problem: "is missing or empty"}
		}
		if strings.ContainsAny(field.value, "\x00\r\n") {
			return &LoginError{Key: field.key, Problem: "has a line break or a zero byte"}
		}
	}
	if l.Port == 0 {
		return &LoginError{Key: KeyPort, Problem: "is not a port number"}
	}
	_, err := l.tlsConfig()
	return err
}

// As is the same server seen as another role in another database.
func (l Login) As(username, password, database string) Login {
	l.Username, l.Password, l.Database = username, password, database
	return l
}

// String names the role and the place, and leaves the password out.
func (l Login) String() string {
	return fmt.Sprintf("%s@%s:%d/%s", l.Username, l.Host, l.Port, l.Database)
}

// GoString keeps %#v from printing the password.
func (l Login) GoString() string { return "dbconn.Login(" + l.String() + ")" }

// LogValue keeps slog from printing the password.
func (l Login) LogValue() slog.Value { return slog.StringValue(l.String()) }

// MarshalJSON keeps JSON loggers from printing the password.
func (l Login) MarshalJSON() ([]byte, error) { return []byte(strconv.Quote(l.String())), nil }
