// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"strings"
)

// footer is the words that end every mail, in one language: who sends it, why it came, and how to stop it.
// Japan's Specified Electronic Mail Act and CAN-SPAM want them.
type footer struct {
	operator, address, contact string // labels
	reason                     map[string]string
	unsubscribe                string
	portal                     string
}

// In reasons, %network% and %operator% stand for their names.
var footers = map[string]footer{
	"ja": {
		operator: "送信者", address: "住所", contact: "お問い合わせ先",
		unsubscribe: "配信を停止する", portal: "受信設定・プロフィールの変更",
		reason: map[string]string{
			"Newsletter":      "このメールは、%network%でニュースレターの受け取りに同意された方にお送りしています。",
			"Announcement":    "このメールは、%network%に参加されている方へのお知らせとしてお送りしています。",
			"EventInvitation": "このメールは、%network%でイベントのご案内の受け取りに同意された方にお送りしています。",
			"JobAnnouncement": "このメールは、%network%で求人のご案内の受け取りに同意された方にお送りしています。",
			"Survey":          "このメールは、%network%でアンケートのご案内の受け取りに同意された方にお送りしています。",
			"Milestone":       "このメールは、%network%に参加されている方に、記念の日にお送りしています。",
			"Onboarding":      "このメールは、%network%に新しく参加された方にお送りしています。",
			"Reactivation":    "このメールは、%network%にしばらくお越しになっていない方にお送りしています。",
			"Invitation":      "このメールは、以前%operator%に在籍されていた方に、%network%へのご参加をお誘いするため一度だけお送りしています。",
		},
	},
	"en": {
		operator: "Sent by", address: "Address", contact: "Contact",
		unsubscribe: "Unsubscribe", portal: "Mail settings and profile",
		reason: map[string]string{
			"Newsletter":      "You receive this mail because you agreed to newsletters of %network%.",
			"Announcement":    "You receive this mail because you are a member of %network%.",
			"EventInvitation": "You receive this mail because you agreed to event invitations of %network%.",
			"JobAnnouncement": "You receive this mail because you agreed to job announcements of %network%.",
			"Survey":          "You receive this mail because you agreed to surveys of %network%.",
			"Milestone":       "You receive this mail as a member of %network%, on a day worth keeping.",
			"Onboarding":      "You receive this mail because you joined %network% not long ago.",
			"Reactivation":    "You receive this mail as a member of %network% who has not been there for a while.",
			"Invitation":      "You receive this mail once, because you used to work at %operator%, to invite you to %network%.",
		},
	},
}

// style serves light and dark screens. What must hold without it is in the style attributes.
const style = `:root{color-scheme:light dark;supported-color-schemes:light dark}` +
	`@media (prefers-color-scheme:dark){body,.m{background:#14171a!important;color:#e6e8ea!important}` +
	`.m a{color:#8ab8ff!important}.f{color:#a9b0b7!important;border-color:#3a4046!important}}`

// tagStyles are written into the tags that the sanitiser passed, because many mail programs drop style sheets.
var tagStyles = strings.NewReplacer(
	"<h1>", `<h1 style="font-size:1.5em;line-height:1.3;margin:1.2em 0 .6em">`,
	"<h2>", `<h2 style="font-size:1.25em;line-height:1.35;margin:1.2em 0 .5em">`,
	"<h3>", `<h3 style="font-size:1.1em;line-height:1.4;margin:1.2em 0 .5em">`,
	"<a href", `<a style="color:#0b57d0" href`,
	"<blockquote>", `<blockquote style="margin:1em 0;padding:0 0 0 1em;border-left:3px solid #c4c9ce">`,
	"<img ", `<img style="max-width:100%;height:auto" `,
	"<table>", `<table style="border-collapse:collapse">`,
	"<td", `<td style="padding:.3em .8em .3em 0;vertical-align:top"`,
	"<th ", `<th style="padding:.3em .8em .3em 0;text-align:left" `,
	"<th>", `<th style="padding:.3em .8em .3em 0;text-align:left">`,
	"<hr>", `<hr style="border:0;border-top:1px solid #c4c9ce;margin:2em 0">`,
	"<pre>", `<pre style="white-space:pre-wrap">`,
)

// layout puts a body into the page of a mail.
type layout struct {
	locale string
	reason string
	known  values // of the network, to leave out lines that are empty
	image  bool   // there is a place for the image of an opened mail
}

// htmlSegments surrounds the body's HTML with page and footer.
func (l layout) htmlSegments(body []segment) []segment {
	f := footers[l.locale]
	field := func(id fieldID) segment { return segment{field: id, escape: escapeHTML} }
	text := func(s string) segment { return segment{literal: s} }
	out := []segment{
		text(`<!DOCTYPE html>` + "\n" + `<html lang="` + l.locale + `"><head><meta charset="utf-8">` +
			`<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><title>`),
		field(subjectLine),
		text(`</title>` + "\n" + `<style>` + style + `</style></head>` + "\n" +
			`<body style="margin:0;padding:0;background:#ffffff;color:#1b1f23">` +
			`<div class="m" role="article" aria-roledescription="email" lang="` + l.locale + `" style="max-width:36em;margin:0 auto;padding:24px 16px;` +
			`font-family:system-ui,-apple-system,'Hiragino Sans','Noto Sans JP',sans-serif;font-size:16px;line-height:1.7;overflow-wrap:anywhere">` + "\n"),
	}
	out = append(out, body...)
	out = append(out, text(`<div class="f" role="contentinfo" style="margin-top:2.5em;padding-top:1em;border-top:1px solid #c4c9ce;color:#57606a;font-size:13px;line-height:1.6">`+"\n<p>"))
	out = append(out, l.reasonSegments(escapeHTML)...)
	out = append(out, text("</p>\n<p>"), field(networkDisplayName))
	for _, line := range l.operatorLines(f) {
		out = append(out, text("<br>\n"+line.literal+": "), field(line.field))
	}
	out = append(out, text("</p>\n"+`<p><a style="color:#0b57d0" href="`), field(linksUnsubscribe), text(`">`+f.unsubscribe+`</a> · <a style="color:#0b57d0" href="`),
		field(linksPortal), text(`">`+f.portal+"</a></p>\n</div>"))
	if l.image {
		out = append(out, segment{field: linksImage, escape: escapeNothing})
	}
	return append(out, text("</div></body></html>\n"))
}

// textSegments surrounds the body's plain text with the footer.
func (l layout) textSegments(body []segment) []segment {
	f := footers[l.locale]
	field := func(id fieldID) segment { return segment{field: id, escape: escapeNothing} }
	text := func(s string) segment { return segment{literal: s} }
	out := append([]segment{}, body...)
	out = append(out, text("\n-- \n"))
	out = append(out, l.reasonSegments(escapeNothing)...)
	out = append(out, text("\n\n"), field(networkDisplayName))
	for _, line := range l.operatorLines(f) {
		out = append(out, text("\n"+line.literal+": "), field(line.field))
	}
	return append(out, text("\n\n"+f.unsubscribe+":\n"), field(linksUnsubscribe), text("\n"+f.portal+":\n"), field(linksPortal), text("\n"))
}

// operatorLines are the labelled lines of the footer that have a value.
func (l layout) operatorLines(f footer) []segment {
	var out []segment
	for _, s := range []segment{
		{literal: f.operator, field: networkOperatorName},
		{literal: f.address, field: networkOperatorAddress},
		{literal: f.contact, field: networkOperatorContact},
	} {
		if l.known.text[s.field] != "" {
			out = append(out, s)
		}
	}
	return out
}

// reasonSegments is the sentence why this mail came.
func (l layout) reasonSegments(e escaping) []segment {
	var out []segment
	rest := l.reason
	for rest != "" {
		before, after, found := strings.Cut(rest, "%")
		out = append(out, segment{literal: before})
		if !found {
			break
		}
		name, behind, _ := strings.Cut(after, "%")
		id := networkDisplayName
		if name == "operator" {
			id = networkOperatorName
		}
		out = append(out, segment{field: id, escape: e})
		rest = behind
	}
	return out
}
