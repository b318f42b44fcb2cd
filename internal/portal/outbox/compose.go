// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

//go:embed mails/mail.html mails/mail.txt
var files embed.FS

// Composer writes the portal's mails.
type Composer struct {
	network   settings.Network
	zone      *time.Location
	catalogue *i18n.Catalogue
	html      *htmltemplate.Template
	text      *texttemplate.Template
}

// letter is what a mail says: paragraphs around, perhaps, one link. Name and address are not in it: whoever
// mistyped an address must not read who has it.
type letter struct {
	Locale  community.Locale
	Network settings.Network
	Subject string
	Before  []string
	Button  string
	Link    string
	After   []string
	Footer  string
	Labels  struct{ Operator, Contact string }
}

// NewComposer reads the templates.
func NewComposer(network settings.Network, catalogue *i18n.Catalogue) (*Composer, error) {
	zone, err := time.LoadLocation(network.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("read the network's time zone: %w", err)
	}
	functions := map[string]any{"isMail": func(contact string) bool { return !strings.HasPrefix(contact, "https://") },
		"lines": func(text string) []string { return strings.Split(text, "\n") }}
	c := &Composer{network: network, zone: zone, catalogue: catalogue}
	if c.html, err = htmltemplate.New("mail.html").Funcs(functions).ParseFS(files, "mails/mail.html"); err != nil {
		return nil, fmt.Errorf("read the mail template: %w", err)
	}
	if c.text, err = texttemplate.New("mail.txt").Funcs(functions).ParseFS(files, "mails/mail.txt"); err != nil {
		return nil, fmt.Errorf("read the mail template: %w", err)
	}
	return c, nil
}

// Compose writes one mail; token is the secret of a sign-in link.
func (c *Composer) Compose(m community.Mail, token string) (mail.Message, error) {
	l := letter{Locale: m.Locale, Network: c.network, Footer: c.say(m.Locale, "mail.footer")}
	l.Labels.Operator, l.Labels.Contact = c.say(m.Locale, "footer.operator"), c.say(m.Locale, "footer.contact")
	switch m.Kind {
	case community.MailSignInLink:
		c.signIn(&l, token)
	case community.MailStaffSignInLink:
		c.staffSignIn(&l, token)
	case community.MailWithdrawalReceipt:
		c.receipt(&l, m)
	case community.MailAddressConfirmation:
		c.confirmAddress(&l, token)
	case community.MailAddressChanged:
		c.addressChanged(&l, m)
	case community.MailEventSeat:
		c.event(&l, m, "mail.eventSeat.subject", "mail.eventSeat.lead", "mail.eventSeat.after")
	case community.MailEventCancelled:
		c.event(&l, m, "mail.eventCancelled.subject", "mail.eventCancelled.lead", "mail.eventCancelled.after")
	default:
		return mail.Message{}, fmt.Errorf("the portal has no mail of kind %q", m.Kind)
	}
	var html, text bytes.Buffer
	if err := c.html.Execute(&html, l); err != nil {
		return mail.Message{}, fmt.Errorf("write a mail of kind %s: template failed", m.Kind)
	}
	if err := c.text.Execute(&text, l); err != nil {
		return mail.Message{}, fmt.Errorf("write a mail of kind %s: template failed", m.Kind)
	}
	return mail.Message{
		To: m.Address, Subject: l.Subject, Locale: string(m.Locale), Text: text.String(), HTML: html.String(),
		// Holiday replies to such mails help nobody (RFC 3834).
		Headers: [][2]string{{"Auto-Submitted", "auto-generated"}, {"X-Auto-Response-Suppress", "All"}},
	}, nil
}

func (c *Composer) signIn(l *letter, token string) {
	l.Subject = c.say(l.Locale, "mail.signIn.subject")
	l.Before = []string{c.say(l.Locale, "mail.greeting"), c.say(l.Locale, "mail.signIn.lead")}
	l.Button = c.say(l.Locale, "mail.signIn.button")
	l.Link = c.network.PublicURL + "/sign-in/" + token + "?lang=" + string(l.Locale)
	l.After = []string{c.say(l.Locale, "mail.signIn.valid"), c.say(l.Locale, "mail.signIn.ignore")}
}

func (c *Composer) staffSignIn(l *letter, token string) {
	l.Subject = c.say(l.Locale, "mail.staffSignIn.subject")
	l.Before = []string{c.say(l.Locale, "mail.greeting"), c.say(l.Locale, "mail.staffSignIn.lead")}
	l.Button = c.say(l.Locale, "mail.signIn.button")
	l.Link = c.network.PublicURL + "/console/sign-in/" + token + "?lang=" + string(l.Locale)
	l.After = []string{c.say(l.Locale, "mail.signIn.valid"), c.say(l.Locale, "mail.staffSignIn.ignore")}
}

func (c *Composer) receipt(l *letter, m community.Mail) {
	l.Subject = c.say(l.Locale, "mail.receipt.subject")
	received := m.Received.In(c.zone)
	l.Before = []string{
		c.say(l.Locale, "mail.receipt.lead"),
		c.say(l.Locale, "mail.receipt.request", "request", m.Request.String()),
		c.say(l.Locale, "mail.receipt.received", "date", i18n.Moment(l.Locale, received)),
		c.say(l.Locale, "mail.receipt.what", "date", i18n.Moment(l.Locale, received.Add(c.network.ErasurePromise()))),
	}
	l.After = []string{c.say(l.Locale, "mail.receipt.last"), c.say(l.Locale, "mail.receipt.notYou")}
}

func (c *Composer) confirmAddress(l *letter, token string) {
	l.Subject = c.say(l.Locale, "mail.address.subject")
	l.Before = []string{c.say(l.Locale, "mail.greeting"), c.say(l.Locale, "mail.address.lead")}
	l.Button = c.say(l.Locale, "mail.address.button")
	l.Link = c.network.PublicURL + "/me/address/" + token + "?lang=" + string(l.Locale)
	l.After = []string{c.say(l.Locale, "mail.address.valid"), c.say(l.Locale, "mail.address.ignore")}
}

func (c *Composer) addressChanged(l *letter, m community.Mail) {
	l.Subject = c.say(l.Locale, "mail.addressChanged.subject")
	l.Before = []string{c.say(l.Locale, "mail.greeting"), c.say(l.Locale, "mail.addressChanged.lead", "date", i18n.Moment(l.Locale, m.CreatedAt.In(c.zone)))}
	l.After = []string{c.say(l.Locale, "mail.addressChanged.last"), c.say(l.Locale, "mail.addressChanged.notYou")}
}

// event tells of an event, with its times by the clock of its place.
func (c *Composer) event(l *letter, m community.Mail, subject, lead, after string) {
	e := m.Event
	zone, err := time.LoadLocation(e.TimeZone)
	if err != nil {
		zone = c.zone
	}
	l.Subject = c.say(l.Locale, subject, "title", e.Title)
	l.Before = []string{c.say(l.Locale, "mail.greeting"), c.say(l.Locale, lead, "title", e.Title),
		c.say(l.Locale, "mail.event.when", "when", i18n.Span(l.Locale, e.StartsAt.In(zone), e.EndsAt.In(zone)), "zone", c.catalogue.Zone(l.Locale, e.TimeZone))}
	if e.Place != "" {
		l.Before = append(l.Before, c.say(l.Locale, "mail.event.place", "place", e.Place))
	}
	l.Button = c.say(l.Locale, "mail.event.button")
	l.Link = c.network.PublicURL + "/events/" + e.ID.String() + "?lang=" + string(l.Locale)
	l.After = []string{c.say(l.Locale, after)}
}

func (c *Composer) say(locale community.Locale, key string, args ...string) string {
	return c.catalogue.Text(locale, key, append(args, "network", c.network.DisplayName)...)
}
