// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"

	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
)

// Given is what somebody was given as proof. Only the certificate is needed.
type Given struct {
	// Certificate is the file as the operator writes it.
	Certificate []byte
	// Key is the public key, in PEM, that must have signed the certificate. Empty: the key inside is taken, which anybody could
	// have put there.
	Key []byte
	// Chain is the exported audit chain; nil when there is none.
	Chain io.Reader
	// Ledger holds the entries of the erasure ledger by the names of their files; nil when there is none.
	Ledger map[string][]byte
}

// Result says what came of a check.
type Result string

// The results of a check.
const (
	True       Result = "True"
	False      Result = "False"
	NotChecked Result = "NotChecked"
)

// Check is one question that was put to the evidence.
type Check struct {
	Name   string `json:"name"`
	Result Result `json:"result"`
	Detail string `json:"detail"`
}

// The names of the checks, in the order in which they are made.
const (
	FileForm     = "FileForm"
	Signature    = "Signature"
	Origin       = "Origin"
	CountsAddUp  = "CountsAddUp"
	NothingLeft  = "NothingLeft"
	ChainWhole   = "ChainWhole"
	ChainHead    = "ChainHead"
	ChainAgrees  = "ChainAgrees"
	LedgerAgrees = "LedgerAgrees"
)

// Report is what the evidence proves.
type Report struct {
	// Verified says that nothing that was checked is false.
	Verified bool `json:"verified"`
	// Fingerprint of the key that signed: SHA-256, in hex.
	Fingerprint string  `json:"fingerprint,omitempty"`
	Checks      []Check `json:"checks"`
	// Certificate is what was signed; nil when the signature is no proof of it.
	Certificate *certificate.Certificate `json:"certificate,omitempty"`
}

// Failed lists the checks that came out false.
func (r *Report) Failed() []Check {
	var failed []Check
	for _, c := range r.Checks {
		if c.Result == False {
			failed = append(failed, c)
		}
	}
	return failed
}

func (r *Report) add(name string, result Result, format string, args ...any) {
	r.Checks = append(r.Checks, Check{Name: name, Result: result, Detail: fmt.Sprintf(format, args...)})
}

// settle adds a check that is false when there is an error.
func (r *Report) settle(name string, err error, format string, args ...any) bool {
	if err != nil {
		r.add(name, False, "%s", err)
		return false
	}
	r.add(name, True, format, args...)
	return true
}

// Verify checks everything that was given. An error means that what was given could not be read at all: a key that is none.
func Verify(given Given) (*Report, error) {
	var key ed25519.PublicKey
	if len(given.Key) > 0 {
		var err error
		if key, err = certificate.ParsePublicKey(given.Key); err != nil {
			return nil, err
		}
	}
	r := &Report{}
	if c := r.verifyCertificate(given.Certificate, key); c != nil {
		r.Certificate = c
		r.verifyCounts(c)
		told := r.verifyChain(c, given.Chain)
		r.verifyLedger(c, told, given.Ledger)
	}
	r.Verified = len(r.Failed()) == 0
	return r, nil
}

// verifyCertificate returns what was signed, or nil when that is not proven.
func (r *Report) verifyCertificate(file []byte, key ed25519.PublicKey) *certificate.Certificate {
	signed, err := certificate.Decode(file)
	if err == nil {
		err = sameForm(signed, file)
	}
	if !r.settle(FileForm, err, "the file is as the operator writes it") {
		return nil
	}
	r.Fingerprint = signed.Fingerprint()
	c, err := signed.Verify(nil)
	if !r.settle(Signature, err, "nothing was changed since it was signed with the key %s", r.Fingerprint) {
		return nil
	}
	if key == nil {
		r.add(Origin, NotChecked, "no key was given: anybody could have signed it with a key of their own")
		return &c
	}
	_, err = signed.Verify(key)
	if !r.settle(Origin, err, "the key that was given has signed it") {
		return nil
	}
	return &c
}

// sameForm refuses a file that says the same in other bytes: then a byte of it could be changed unseen.
func sameForm(signed certificate.Signed, file []byte) error {
	again, err := signed.Encode()
	if err != nil {
		return err
	}
	if !bytes.Equal(bytes.TrimSuffix(again, []byte("\n")), bytes.TrimSuffix(file, []byte("\n"))) {
		return errors.New("the file is not in the form in which the operator writes it: copy it anew, and change nothing")
	}
	return nil
}

// verifyCounts checks that the sums are those of the rules, and that the run itself found nothing left behind.
func (r *Report) verifyCounts(c *certificate.Certificate) {
	var erased, changed, failed certificate.Total
	for _, rule := range c.Rules {
		erased, changed, failed = erased.Add(rule.Erased), changed.Add(rule.Changed), failed.Add(rule.Failed)
	}
	var err error
	if erased != c.Erased || changed != c.Changed || failed != c.Failed {
		err = errors.New("the sums are not those of the rules")
	}
	r.settle(CountsAddUp, err, "the sums are those of the rules")
	err = nil
	if !c.Checks.Clean() {
		err = fmt.Errorf("the run found %d still due, %d tombstones of %d, and %d erased people who are there",
			c.Checks.DueLeft, c.Checks.Tombstones, c.Checks.TombstonesWant, c.Checks.ErasedKeysFound)
	}
	r.settle(NothingLeft, err, "after the erasure the run looked for what may be left and found nothing; it checked %d audit records",
		c.Checks.ChainVerified)
}
