// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"cmp"
	"errors"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// Broadcast is the text of a campaign as it is posted to everybody, in one language.
type Broadcast struct {
	Locale string
	Title  string // one line
	Text   string // plain, with "\n" line ends, without what stands around a mail
}

// CompileBroadcast makes the post of a campaign, in the network's default language or else in the first. It reads the
// texts of every language, for the default may change, and refuses what only a mail to one member can say. The error joins one
// *Error for each text that cannot be posted.
func CompileBroadcast(network settings.Network, campaign settings.Campaign) (Broadcast, error) {
	if len(campaign.Locales) == 0 {
		return Broadcast{}, errors.New("the campaign has no text")
	}
	known := networkValues(network)
	var chosen Broadcast
	var errs []error
	for i, l := range campaign.Locales {
		b, err := compileBroadcast(&known, l, use{everybody: true, survey: campaign.Survey != nil, blocks: noBlocks})
		if err != nil {
			errs = append(errs, err)
		} else if i == 0 || l.Locale == network.DefaultLocale {
			chosen = b
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Broadcast{}, err
	}
	return chosen, nil
}

// noBlocks says why a post has no block.
func noBlocks(fieldID) string {
	return "a post to Slack, Teams or a webhook goes to everybody, and what members wrote is for members; take it out, or give this language " +
		"a text of its own for posts in broadcast"
}

// compileBroadcast renders one language: nothing in it depends on who reads it.
func compileBroadcast(v *values, l settings.LocalisedContent, u use) (Broadcast, error) {
	own := settings.Broadcast{}
	if l.Broadcast != nil {
		own = *l.Broadcast
	}
	subjectPart, bodyPart := partSubject, partBody
	if own.Subject != "" {
		subjectPart = partBroadcastSubject
	}
	if own.Body != "" {
		bodyPart = partBroadcastBody
	}
	subject, subjectErr := parsePart(l.Locale, subjectPart, cmp.Or(own.Subject, l.Subject), u)
	body, bodyErr := parsePart(l.Locale, bodyPart, cmp.Or(own.Body, l.Body), u)
	if err := errors.Join(subjectErr, bodyErr); err != nil {
		return Broadcast{}, err
	}
	b := Broadcast{Locale: l.Locale, Title: renderSubject(subject, v)}
	if b.Title == "" {
		return Broadcast{}, &Error{l.Locale, subjectPart, 0, "nothing of it is left for a post"}
	}
	e := body.expand(body.shapeOf(v))
	document, err := e.parse(l.Locale, bodyPart)
	if err != nil {
		return Broadcast{}, err
	}
	text := fill(nil, e.marker.split(e.plainText(document, nil), false), v)
	if len(text) > maxOutput {
		return Broadcast{}, &Error{l.Locale, bodyPart, 0, "it is too large for a post"}
	}
	b.Text = strings.TrimSpace(string(text))
	return b, nil
}
