// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// The modes of encryption; see settings.Email.
const (
	TLSStart    = "StartTLS"
	TLSImplicit = "Implicit"
	TLSNone     = "None"
)

// The bounds that RFC 5321 asks for, or sooner.
const (
	// DefaultCommandTimeout bounds connecting and every verb.
	DefaultCommandTimeout = 30 * time.Second
	// DefaultDotTimeout bounds the answer to the final dot: a server that is slow here may still take the message.
	DefaultDotTimeout = 10 * time.Minute
)

// The files of a folder with credentials.
const (
	usernameFile = "username"
	passwordFile = "password"
	caFile       = "ca.crt"
)

// Config is everything needed to talk to one mail server.
type Config struct {
	Host     string
	Port     int
	TLS      string // TLSStart, TLSImplicit or TLSNone
	Username string // empty: no authentication
	Password string
	Hello    string         // the name given in EHLO; empty: localhost
	Roots    *x509.CertPool // nil: the system's

	CommandTimeout time.Duration
	DotTimeout     time.Duration

	// Dial opens the connection; nil is net.Dialer. For tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	capture Recorder // nil: letters go to the server
	signer  *Signer  // nil: mails are not signed here
}

// Folders are where the secrets of a sender are mounted.
type Folders struct {
	Login string // with user name and password, and perhaps ca.crt; one that does not exist means a server without authentication
	DKIM  string // with SigningKeyFile, where the settings say that mails are signed
}

// ErrClearText refuses to send a password without encryption.
var ErrClearText = errors.New("the mail server has a password but no TLS; it is never sent in the clear")

// LoadConfig combines the settings of a network with the secrets mounted in folders.
//
// It is the one switch between the two transports: with TransportCapture neither a server nor a folder is looked at, and
// the recorder takes every letter; with any other the recorder is not used.
func LoadConfig(e settings.Email, from Folders, recorder Recorder) (Config, error) {
	switch e.Transport {
	case settings.TransportCapture:
		return captureWith(recorder)
	case "", settings.TransportSMTP:
		return loadServer(e, from)
	default:
		return Config{}, fmt.Errorf("there is no mail transport %q", e.Transport)
	}
}

func loadServer(e settings.Email, folders Folders) (Config, error) {
	c := Config{Host: e.Host, Port: e.Port, TLS: e.TLS, CommandTimeout: DefaultCommandTimeout, DotTimeout: DefaultDotTimeout}
	from, err := compose.ParseAddress(e.FromAddress)
	if err != nil {
		return Config{}, fmt.Errorf("read the sender's address: %w", err)
	}
	c.Hello = from.Domain()
	dir := folders.Login
	if c.Username, err = readOptional(dir, usernameFile); err != nil {
		return Config{}, err
	}
	if c.Password, err = readOptional(dir, passwordFile); err != nil {
		return Config{}, err
	}
	ca, err := readOptional(dir, caFile)
	if err != nil {
		return Config{}, err
	}
	if ca != "" {
		c.Roots = x509.NewCertPool()
		if !c.Roots.AppendCertsFromPEM([]byte(ca)) {
			return Config{}, errors.New("ca.crt of the mail server holds no certificate")
		}
	}
	if c.Username != "" && c.TLS == TLSNone {
		return Config{}, ErrClearText
	}
	c.signer, err = loadSigner(e.DKIM, folders.DKIM)
	return c, err
}

func readOptional(dir, name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the mail server's %s: %w", name, err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

func (c Config) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: c.Host, RootCAs: c.Roots, MinVersion: tls.VersionTLS12}
}

func (c Config) commandTimeout() time.Duration {
	if c.CommandTimeout > 0 {
		return c.CommandTimeout
	}
	return DefaultCommandTimeout
}

func (c Config) hello() string {
	if c.Hello != "" {
		return c.Hello
	}
	return "localhost"
}

func (c Config) dotTimeout() time.Duration {
	if c.DotTimeout > 0 {
		return c.DotTimeout
	}
	return DefaultDotTimeout
}
