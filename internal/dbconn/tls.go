// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dbconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// tlsConfig is what sslmode means, as PostgreSQL's own client reads it: require encrypts, and checks the
// certificate's issuer when a CA is given; verify-ca checks the issuer; verify-full the host name too.
// Nil means no TLS.
func (l Login) tlsConfig() (*tls.Config, error) {
	var roots *x509.CertPool
	if len(l.CA) > 0 {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(l.CA) {
			return nil, &LoginError{Key: KeyCA, Problem: "holds no PEM certificate"}
		}
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: l.Host, RootCAs: roots}
	switch l.SSLMode {
	case SSLDisable:
		return nil, nil
	case SSLRequire:
		config.InsecureSkipVerify = true
		if roots != nil {
			config.VerifyConnection = issuerCheck(roots)
		}
	case SSLVerifyCA:
		config.InsecureSkipVerify = true
		config.VerifyConnection = issuerCheck(roots)
	case SSLVerifyFull:
	default:
		return nil, &LoginError{Key: KeySSLMode, Problem: "must be disable, require, verify-ca or verify-full"}
	}
	return config, nil
}

// issuerCheck verifies the chain to the roots and leaves the host name alone.
func issuerCheck(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the server showed no certificate")
		}
		options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, c := range state.PeerCertificates[1:] {
			options.Intermediates.AddCert(c)
		}
		_, err := state.PeerCertificates[0].Verify(options)
		return err
	}
}
