// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// SigningKeyFile is the key of a Secret that holds the private key of signatures, in PEM.
const SigningKeyFile = "tls.key"

// leastRSA is how many bits an RSA key has at least: providers distrust fewer.
const leastRSA = 2048

// signed are the headers that a signature covers, whether a mail has them or not: none can be changed on the way, and none added that a
// mail does not have. From is named twice, so that no second one can be added either. RFC 8058 wants the last two.
var signed = []string{"From", "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post"}

// Signer signs mails by DKIM (RFC 6376, RFC 8463). It is safe for concurrent use.
type Signer struct {
	domain, selector string
	key              crypto.Signer
}

// ParseSigningKey reads a private key: RSA with 2048 bits or more, or Ed25519. Its error holds nothing of the key.
func ParseSigningKey(encoded []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(encoded)
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, errors.New("it is no private key in PEM (PRIVATE KEY or RSA PRIVATE KEY) without a password")
	}
	if err != nil {
		return nil, errors.New("it is no private key, or damaged") // whatever err says may speak of what the key holds
	}
	switch k := key.(type) {
	case ed25519.PrivateKey:
		return k, nil
	case *rsa.PrivateKey:
		if bits := k.N.BitLen(); bits < leastRSA {
			return nil, fmt.Errorf("its RSA key has %d bits, %d are the least", bits, leastRSA)
		}
		return k, nil
	}
	return nil, errors.New("it is neither an RSA nor an Ed25519 key")
}

// loadSigner reads the key of signatures. It is nil where none is declared.
func loadSigner(d *settings.DKIM, dir string) (*Signer, error) {
	if d == nil {
		return nil, nil
	}
	encoded, err := os.ReadFile(filepath.Join(dir, SigningKeyFile))
	if err != nil {
		return nil, fmt.Errorf("read the DKIM key: %w", err)
	}
	key, err := ParseSigningKey(encoded)
	if err != nil {
		return nil, fmt.Errorf("read the DKIM key: %w", err)
	}
	return &Signer{domain: d.Domain, selector: d.Selector, key: key}, nil
}

// Sign puts a signature before a whole message. Without a signer the message stays as it is.
func (c Config) Sign(message []byte) ([]byte, error) {
	if c.signer == nil {
		return message, nil
	}
	return c.signer.sign(message)
}

func (s *Signer) sign(message []byte) ([]byte, error) {
	one, err := dkim.NewSigner(&dkim.SignOptions{
		Domain: s.domain, Selector: s.selector, Signer: s.key, HeaderKeys: signed,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		return nil, fmt.Errorf("sign a mail: %w", err)
	}
	_, err = one.Write(message)
	if err := errors.Join(err, one.Close()); err != nil {
		return nil, fmt.Errorf("sign a mail: %w", err)
	}
	return append([]byte(one.Signature()), message...), nil
}
