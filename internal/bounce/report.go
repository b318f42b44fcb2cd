// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bounce

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// status reads the part of a notification that is for programs: fields of the message, then those of each recipient.
func (p *parser) status(text []byte) {
	for _, group := range groups(text, maxGroups) {
		if id := group.get("original-envelope-id"); id != "" && p.report.EnvelopeID == "" {
			p.report.EnvelopeID = id
			p.hint(id)
		}
		p.hint(group.get("x-postfix-sender"))
		p.recipient(group)
	}
}

// recipient reads the fields of one recipient. Of several the worst counts: each of our mails has one.
func (p *parser) recipient(group fields) {
	action, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(group.get("action"))), " ")
	status, diagnostic := findStatus(group.get("status")), group.get("diagnostic-code")
	if action == "" && status.Class == 0 && group.get("final-recipient") == "" && diagnostic == "" {
		return
	}
	p.found = true
	code := findCode(afterType(diagnostic))
	if told := findStatus(afterType(diagnostic)); !status.says() && told.says() {
		status = told
	}
	kind := kindOf(action, status, code)
	if kind < p.report.Kind || kind == Ignored {
		return
	}
	p.report.Kind, p.report.Status, p.report.Code = kind, status, code
}

// kindOf reads the action of a recipient. A status stands for one that is missing.
func kindOf(action string, status Status, code int) Kind {
	action = strings.TrimRight(action, ".,;(")
	if action == "" {
		action = map[uint16]string{2: "delivered", 4: "delayed", 5: "failed"}[status.Class]
	}
	switch action {
	case "failed", "failure":
		if kind := Classify(status, code); kind.Failed() {
			return kind
		}
		return SoftBounce // it failed, with a status of success
	case "delayed":
		return Delayed
	case "delivered":
		return Delivered
	}
	return Ignored // relayed and expanded: nobody knows yet
}

// atContent is how servers write that the reply was to the content of the message and not to its recipient.
var atContent = regexp.MustCompile("(?i)end of data")

// aboutContent takes back what a bare 550 seemed to say of the mailbox where it was the content that was refused.
func (p *parser) aboutContent() {
	r := &p.report
	if r.Kind == HardBounce && !r.Status.says() && atContent.Match(p.text) {
		r.Kind = Refused
	}
}

// feedback reads the part of a complaint that is for programs.
func (p *parser) feedback(text []byte) {
	for _, group := range groups(text, maxGroups) {
		kind := strings.ToLower(group.get("feedback-type"))
		if kind == "" {
			continue
		}
		p.found = true
		p.report.EnvelopeID = group.get("original-envelope-id")
		p.hint(group.get("original-mail-from"))
		p.hint(p.report.EnvelopeID)
		switch kind {
		case "abuse", "fraud", "opt-out", "opt-out-list":
			p.report.Kind = Complaint
		}
		return
	}
}

// Words by which the notices of servers without delivery status parts are known: qmail, and Exim and what learned of it.
var (
	qmailNotice = []byte("This is the qmail-send program")
	copyOfMail  = regexp.MustCompile("(?m)^-{2,}.{0,20}(?i:below this line is a copy|this is a copy of (?:the|your) message)")
	goesOn      = regexp.MustCompile("(?i)has not yet been delivered|will (?:continue|keep on) to try|will be retried|no action is required")
)

// plain reads a notice in words. Only notices that are known by a mark count: a person may write of errors too.
func (p *parser) plain(header fields) {
	if !bytes.Contains(p.text, qmailNotice) && header.get("x-failed-recipients") == "" {
		return
	}
	text := p.text
	if i := copyOfMail.FindIndex(text); i != nil {
		_, rest := cutLine(text[i[0]:])
		returned, _ := readFields(bytes.TrimLeft(rest, "\r\n"))
		p.returned(returned)
		text = text[:i[0]]
	}
	p.report.Status, p.report.Code = findStatus(string(text)), findCode(string(text))
	p.report.Kind = kindOf("failed", p.report.Status, p.report.Code)
	if goesOn.Match(text) {
		p.report.Kind = Delayed
	}
}

var (
	statusPattern = regexp.MustCompile(`(?:^|[^0-9.])([245])\.([0-9]{1,3})\.([0-9]{1,3})(?:[^0-9.]|\.(?:[^0-9]|$)|$)`)
	codePattern   = regexp.MustCompile(`(?:^|[^0-9.])([245][0-9]{2})(?:[ -]|$)`)
)

// findStatus is the first enhanced status in a text, and not a piece of an address or a version.
func findStatus(text string) Status {
	m := statusPattern.FindStringSubmatch(text)
	if m == nil {
		return Status{}
	}
	return Status{number(m[1]), number(m[2]), number(m[3])}
}

// findCode is the first reply code in a text.
func findCode(text string) int {
	m := codePattern.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	return int(number(m[1]))
}

// number reads at most three digits.
func number(digits string) uint16 {
	n, _ := strconv.ParseUint(digits, 10, 16)
	return uint16(n)
}

// afterType takes the "smtp;" off a diagnostic.
func afterType(value string) string {
	if _, after, found := strings.Cut(value, ";"); found {
		return strings.TrimSpace(after)
	}
	return value
}
