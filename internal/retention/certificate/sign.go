// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
)

// Signed is a certificate with its signature, as it is kept in the store and shown by the operator. As JSON, its
// three fields are base64.
type Signed struct {
	Body      []byte `json:"certificate"`
	Signature []byte `json:"signature"`
	PublicKey []byte `json:"publicKey"` // 32 bytes
}

// The ways in which a certificate can be no proof.
var (
	ErrKey       = errors.New("not an Ed25519 key")
	ErrSignature = errors.New("the signature does not belong to this certificate and key")
	ErrSigner    = errors.New("the certificate was signed with another key than the one expected")
)

// ParsePrivateKey reads a key as PKCS 8 in PEM. Its errors never quote the key.
func ParsePrivateKey(text []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("read signing key: %w: no PEM block", ErrKey)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w: no PKCS 8", ErrKey)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read signing key: %w: a key of another kind", ErrKey)
	}
	return key, nil
}

// ParsePublicKey reads a key as PKIX in PEM, for example from openssl pkey -pubout.
func ParsePublicKey(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("read public key: %w: no PEM block", ErrKey)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", errors.Join(ErrKey, err))
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("read public key: %w: a key of another kind", ErrKey)
	}
	return key, nil
}

// Sign signs a certificate.
func Sign(c Certificate, key ed25519.PrivateKey) (Signed, error) {
	if len(key) != ed25519.PrivateKeySize {
		return Signed{}, ErrKey
	}
	body, err := c.Marshal()
	if err != nil {
		return Signed{}, err
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return Signed{}, ErrKey
	}
	return Signed{Body: body, Signature: ed25519.Sign(key, body), PublicKey: public}, nil
}

// Verify checks a signature over the exact bytes of a certificate.
func Verify(body, signature []byte, public ed25519.PublicKey) error {
	if len(public) != ed25519.PublicKeySize {
		return ErrKey
	}
	if !ed25519.Verify(public, body, signature) {
		return ErrSignature
	}
	return nil
}

// Verify checks the signature and reads the certificate. With a trusted key it also checks that this key signed
// it; without, only that nothing was changed since somebody signed it.
func (s Signed) Verify(trusted ed25519.PublicKey) (Certificate, error) {
	if err := Verify(s.Body, s.Signature, s.PublicKey); err != nil {
		return Certificate{}, err
	}
	if trusted != nil && !trusted.Equal(ed25519.PublicKey(s.PublicKey)) {
		return Certificate{}, ErrSigner
	}
	return Parse(s.Body)
}

// Fingerprint is the SHA-256 of the public key in hex, short enough to be compared over the telephone.
func (s Signed) Fingerprint() string {
	sum := sha256.Sum256(s.PublicKey)
	return hex.EncodeToString(sum[:])
}

// Decode reads a Signed from JSON.
func Decode(text []byte) (Signed, error) {
	var s Signed
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("read signed certificate: %w", err)
	}
	if len(s.Body) == 0 || len(s.Signature) == 0 || len(s.PublicKey) == 0 {
		return s, errors.New("read signed certificate: certificate, signature and publicKey are all needed, in base64")
	}
	return s, nil
}

// Encode writes the Signed as JSON that Decode reads.
func (s Signed) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write signed certificate: %w", err)
	}
	return append(text, '\n'), nil
}
