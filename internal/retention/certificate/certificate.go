// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package certificate

import (
	"encoding/json"
	"fmt"

	"github.com/alumni-operator/alumni-operator/internal/retention/audit"
	"github.com/alumni-operator/alumni-operator/internal/retention/canonical"
)

// Format names this form of certificate. A reader that does not know it must not guess.
const Format = "alumni-operator.io/retention-certificate/v1"

// Certificate is what is signed. Times are RFC 3339 in UTC, dates are those of the policy's zone.
type Certificate struct {
	Format       string       `json:"format"`
	Network      string       `json:"network"` // UID of the AlumniNetwork
	Policy       Policy       `json:"policy"`
	Run          Run          `json:"run"`
	Rules        []Rule       `json:"rules"`
	Erased       Total        `json:"erased"`
	Changed      Total        `json:"changed"`
	Failed       Total        `json:"failed"`
	Checks       audit.Checks `json:"checks"`
	Chain        Chain        `json:"chain"`
	Sanitisation Sanitisation `json:"sanitisation"`
}

// Policy says by which rules the run worked.
type Policy struct {
	UID        string `json:"uid"`
	Name       string `json:"name"`
	Generation int64  `json:"generation"`
	Digest     string `json:"digest"` // SHA-256 over the rules as the run read them
	TimeZone   string `json:"timeZone"`
}

// Run says which run it was.
type Run struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"` // Scheduled or Requests
	AsOf       string `json:"asOf"`
	StartedAt  string `json:"startedAt"`
	FinishedAt string `json:"finishedAt"`
	PlanHash   string `json:"planHash"`
	Starts     int64  `json:"starts"` // more than one when the run was interrupted and went on
}

// Rule is what one rule found and did. For the requests of people the rule is ErasureRequest and has no period.
type Rule struct {
	Name       string `json:"name"`
	Category   string `json:"category"`
	Since      string `json:"since,omitempty"`
	After      string `json:"after,omitempty"`
	Cutoff     string `json:"cutoff,omitempty"` // events up to and on this date were due
	Action     string `json:"action"`
	LegalBasis string `json:"legalBasis,omitempty"`
	IfMissing  string `json:"ifMissing,omitempty"` // from what was counted when the event was not known
	Due        Total  `json:"due"`
	Erased     Total  `json:"erased"`
	Changed    Total  `json:"changed"` // no longer due when their turn came
	Failed     Total  `json:"failed"`  // could not be erased
	// Withheld was due by the rule and must not be erased yet.
	Withheld []Withheld `json:"withheld,omitempty"`
}

// The grounds on which something is withheld.
const (
	GroundCatalogue = "CatalogueIncomplete" // the store held more than was known of it
	GroundMinimum   = "Minimum"             // it must be kept longer
	GroundHold      = "Hold"                // it is kept until somebody releases it
)

// Withheld is what a run had to leave, and why.
type Withheld struct {
	Ground string `json:"ground"`
	Hold   string `json:"hold,omitempty"` // of policy and hold, when the ground is one
	// What kept it, when the ground is a minimum.
	Minimum    string `json:"minimum,omitempty"` // of policy and minimum
	Basis      string `json:"basis,omitempty"`   // Statutory or Business
	LegalBasis string `json:"legalBasis,omitempty"`
	Keep       string `json:"keep,omitempty"`
	Since      string `json:"since,omitempty"`
	Until      string `json:"until,omitempty"` // the first day on which all of it may be erased
	Total
}

// Total counts people and rows.
type Total struct {
	Members int64 `json:"members"`
	Rows    int64 `json:"rows"`
}

// Add is the sum of two totals.
func (t Total) Add(o Total) Total {
	return Total{Members: t.Members + o.Members, Rows: t.Rows + o.Rows}
}

// Chain is the head of the audit chain, this run's last record included.
type Chain struct {
	Head   string `json:"head"`
	Length int64  `json:"length"`
}

// Sanitisation says how deep the erasure went, and what it does not reach.
type Sanitisation struct {
	Level        string   `json:"level"`
	Meaning      string   `json:"meaning"`
	DoesNotCover []string `json:"doesNotCover"`
}

// Logical is the level that a run reaches by itself.
func Logical() Sanitisation {
	return Sanitisation{
		Level:   "L1 Logical",
		Meaning: "The rows were deleted and afterwards looked for: no SQL statement returns them any more.",
		DoesNotCover: []string{
			"pages of tables and indexes: deleted rows can be read from the files until they are vacuumed and rewritten (L2)",
			"write-ahead logs, replicas and replication slots: they hold the rows until their own retention has passed (L3)",
			"backups and snapshots of volumes: they hold the rows until they expire; tombstones keep a restored copy from being used (L4)",
			"mail that was delivered, and the mail server's own logs",
			"the HR system that the roster comes from: it keeps its own records for the periods that the law asks of an employer",
		},
	}
}

// Marshal writes the certificate in the form that is signed.
func (c Certificate) Marshal() ([]byte, error) {
	body, err := canonical.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write certificate: %w", err)
	}
	return body, nil
}

// Parse reads a certificate strictly: an unknown field or another form is refused.
func Parse(body []byte) (Certificate, error) {
	var c Certificate
	if err := json.Unmarshal(body, &c); err != nil {
		return c, fmt.Errorf("read certificate: %w", err)
	}
	if c.Format != Format {
		return c, fmt.Errorf("read certificate: its format is %q, not %q", c.Format, Format)
	}
	again, err := c.Marshal()
	if err != nil {
		return c, err
	}
	if string(again) != string(body) {
		return c, fmt.Errorf("read certificate: %w", canonical.ErrForm)
	}
	return c, nil
}
