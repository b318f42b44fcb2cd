// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/retention/evidence"
)

// questions are the checks as a reader would ask them.
var questions = map[string]string{
	evidence.FileForm:     "Is the file whole?",
	evidence.Signature:    "Is it unchanged since it was signed?",
	evidence.Origin:       "Did the one you trust sign it?",
	evidence.CountsAddUp:  "Do the numbers add up?",
	evidence.NothingLeft:  "Did the run look for what may be left?",
	evidence.ChainWhole:   "Is the audit chain whole?",
	evidence.ChainHead:    "Is it the chain of this certificate?",
	evidence.ChainAgrees:  "Does the chain tell the same?",
	evidence.LedgerAgrees: "Does the erasure ledger name the same people?",
}

var answers = map[evidence.Result]string{evidence.True: "yes", evidence.False: "NO", evidence.NotChecked: "not checked"}

// writeText writes the report for people.
func writeText(out io.Writer, r *evidence.Report) error {
	var b bytes.Buffer
	b.WriteString(verdict(r) + "\n\n")
	table(&b, func(row func(...any)) {
		for _, c := range r.Checks {
			row(questions[c.Name], answers[c.Result], c.Detail)
		}
	})
	if c := r.Certificate; c != nil {
		writeRun(&b, c)
		writeErased(&b, c)
		writeKept(&b, c)
		writeLevel(&b, c)
	}
	_, err := b.WriteTo(out)
	return err
}

// verdict is what a reader wants to know first.
func verdict(r *evidence.Report) string {
	if !r.Verified {
		return "DO NOT RELY ON THIS PROOF. Something in it is not true: see NO below."
	}
	for _, c := range r.Checks {
		if c.Name == evidence.Origin && c.Result == evidence.NotChecked {
			return "WARNING: this shows that nothing was changed since it was signed, and not who signed it.\n" +
				"Get the public key from whom you trust, and give it with --key."
		}
	}
	return "This proof is genuine: everything that was checked is true."
}

// table writes rows in columns.
func table(b *bytes.Buffer, rows func(row func(...any))) {
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	rows(func(cells ...any) {
		for i, cell := range cells {
			if i > 0 {
				_, _ = fmt.Fprint(w, "\t") // a buffer takes everything
			}
			_, _ = fmt.Fprint(w, plain(fmt.Sprint(cell)))
		}
		_, _ = fmt.Fprintln(w)
	})
	_ = w.Flush()
}

// line writes one line.
func line(b *bytes.Buffer, format string, args ...any) {
	b.WriteString(plain(fmt.Sprintf(format, args...)) + "\n")
}

// plain takes out what could make a line look like another: a certificate may come from anybody.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return '?'
	}, s)
}

func writeRun(b *bytes.Buffer, c *certificate.Certificate) {
	why := "by the rules of the policy"
	if c.Run.Kind == "Requests" {
		why = "because the people left the network or asked for it"
	}
	b.WriteString("\nThe erasure\n")
	table(b, func(row func(...any)) {
		row("  What was erased", why)
		row("  As of", c.Run.AsOf+" (days begin and end in "+c.Policy.TimeZone+")")
		row("  Carried out", c.Run.StartedAt+" to "+c.Run.FinishedAt)
		row("  Network", c.Network)
		row("  Policy", fmt.Sprintf("%s, generation %d", c.Policy.Name, c.Policy.Generation))
		row("  Hash of the policy", c.Policy.Digest)
		row("  Hash of the plan", c.Run.PlanHash)
		row("  Run", c.Run.Name)
	})
}

func writeErased(b *bytes.Buffer, c *certificate.Certificate) {
	b.WriteString("\nWhat was erased\n")
	table(b, func(row func(...any)) {
		row("  Category", "People", "Rows", "Rule", "When", "Ground")
		for _, r := range c.Rules {
			row("  "+r.Category, r.Erased.Members, r.Erased.Rows, r.Name, when(r), r.LegalBasis)
		}
	})
	byCategory := map[string]certificate.Total{}
	var names []string
	for _, r := range c.Rules {
		if !slices.Contains(names, r.Category) {
			names = append(names, r.Category)
		}
		byCategory[r.Category] = byCategory[r.Category].Add(r.Erased)
	}
	slices.Sort(names)
	for _, name := range names {
		line(b, "  In all, %s: %s", name, total(byCategory[name]))
	}
}

// when says which events made a rule's data due.
func when(r certificate.Rule) string {
	if r.Since == "" {
		return "at once"
	}
	return fmt.Sprintf("%s after %s, so %s or earlier", r.After, r.Since, r.Cutoff)
}

// writeKept tells what was found due and is still there.
func writeKept(b *bytes.Buffer, c *certificate.Certificate) {
	b.WriteString("\nWhat was found due and is still there\n")
	kept := 0
	tell := func(r certificate.Rule, t certificate.Total, why string) {
		if t != (certificate.Total{}) {
			kept++
			line(b, "  %s (rule %s): %s, %s", r.Category, r.Name, total(t), why)
		}
	}
	for _, r := range c.Rules {
		for _, w := range r.Withheld {
			tell(r, w.Total, "withheld: "+ground(w))
		}
		tell(r, r.Changed, "no longer due when their turn came")
		tell(r, r.Failed, "could not be erased; the next run tries again")
	}
	if kept == 0 {
		b.WriteString("  Nothing.\n")
	}
}

// ground says why something was withheld.
func ground(w certificate.Withheld) string {
	if w.Ground == certificate.GroundCatalogue {
		return "the store held more than the operator knew how to erase"
	}
	if w.Ground == certificate.GroundHold {
		return fmt.Sprintf("kept because of legal hold %s until it is released", w.Hold)
	}
	if w.Ground != certificate.GroundMinimum {
		return w.Ground
	}
	duty := "the business wants to keep it"
	if w.Basis == "Statutory" {
		duty = "the law wants it kept"
	}
	if w.LegalBasis != "" {
		duty += " (" + w.LegalBasis + ")"
	}
	return fmt.Sprintf("%s for %s after %s; all of it may be erased from %s on (minimum %s)", duty, w.Keep, w.Since, w.Until, w.Minimum)
}

func writeLevel(b *bytes.Buffer, c *certificate.Certificate) {
	b.WriteString("\nHow deep the erasure went\n")
	line(b, "  %s, reached on %s. %s", c.Sanitisation.Level, c.Run.FinishedAt, c.Sanitisation.Meaning)
	b.WriteString("  This certificate gives no date for\n")
	for _, s := range c.Sanitisation.DoesNotCover {
		line(b, "  - %s", s)
	}
}

func total(t certificate.Total) string { return fmt.Sprintf("%d people, %d rows", t.Members, t.Rows) }
