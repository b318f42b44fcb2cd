// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// maxOutput bounds the text part and the HTML part of a mail, in bytes each, as it is sent.
const maxOutput = 512 << 10

// maxShapes bounds the shapes that are kept. A text with more of them is compiled again for the rest.
const maxShapes = 512

// Content is the compiled text of one campaign. It is safe for concurrent use.
type Content struct {
	network  values
	tracking Tracking
	blocks   func(locale string) Blocks
	bare     bool // without what stands around a mail
	use      use
	texts    map[string]*localeText
	fallback *localeText
}

// localeText is the text in one language.
type localeText struct {
	locale  string
	subject *program
	body    *program
	layout  layout
	bare    bool
	blocks  Blocks
	tracked *tracked // nil when links stay as they are

	calendar []byte // the event as a file; nil without one
	attached []byte // the same as the end of a mail

	mu     sync.RWMutex
	shapes map[shape]*shapeText
}

// shapeText is everything about one shape of a body that does not depend on a person.
type shapeText struct {
	text, html []segment
	// quotedText and quotedHTML are the same with literals in quoted-printable; nil when that is not how the mail
	// is encoded.
	quotedText, quotedHTML []segment
}

// Compile reads every text of a campaign, to look it over: its blocks are invented. The error joins one *Error for each text that cannot
// be sent.
func Compile(network settings.Network, campaign settings.Campaign) (*Content, error) {
	return compile(network, campaign, &Content{blocks: func(locale string) Blocks { return SampleBlocks(network, locale) }})
}

// CompileTracked is Compile for mails that are sent, with their blocks, and tell something after they were.
func CompileTracked(network settings.Network, campaign settings.Campaign, tracking Tracking, blocks Blocks) (*Content, error) {
	return compile(network, campaign, &Content{tracking: tracking, blocks: func(string) Blocks { return blocks }})
}

// CompileBare is CompileTracked for channels that have a form of their own: Render gives the words alone, without the page and the footer
// of a mail. The HTML has passed the sanitiser.
func CompileBare(network settings.Network, campaign settings.Campaign, tracking Tracking, blocks Blocks) (*Content, error) {
	return compile(network, campaign, &Content{tracking: tracking, blocks: func(string) Blocks { return blocks }, bare: true})
}

// blocksOf says of each block why the texts of a campaign may not have it; nothing of one that they may.
func blocksOf(network settings.Network, campaign settings.Campaign) func(fieldID) string {
	return func(f fieldID) string {
		switch module := blockNames[f]; {
		case !network.Serves(module):
			return "the network does without the module " + module + "; add it to programme.modules of the network, or take the field out"
		case campaign.Type == "Invitation":
			return "an invitation goes to people who do not take part, and what members wrote is for members; take it out"
		}
		return ""
	}
}

// compile reads the texts into c, which says how.
func compile(network settings.Network, campaign settings.Campaign, c *Content) (*Content, error) {
	if len(campaign.Locales) == 0 {
		return nil, errors.New("the campaign has no text")
	}
	c.network, c.texts = networkValues(network), map[string]*localeText{}
	c.use = use{survey: campaign.Survey != nil, blocks: blocksOf(network, campaign)}
	c.blocks(network.DefaultLocale).values(&c.network)
	var errs []error
	for _, l := range campaign.Locales {
		t, err := c.compileLocale(campaign.Type, l)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if t.calendar = calendar(network, campaign, l.Locale); t.calendar != nil {
			t.attached = attachment(t.calendar)
		}
		c.texts[l.Locale] = t
		if c.fallback == nil || l.Locale == network.DefaultLocale {
			c.fallback = t
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

// NeedsEmployment tells whether a text says something of the member's work: department, post, or years.
func (c *Content) NeedsEmployment() bool {
	for _, t := range c.texts {
		if t.subject.employment || t.body.employment {
			return true
		}
	}
	return false
}

// LacksSurvey lists the languages whose body does not lead to the campaign's survey.
func (c *Content) LacksSurvey() []string {
	var without []string
	for _, locale := range slices.Sorted(maps.Keys(c.texts)) {
		if !c.texts[locale].body.survey {
			without = append(without, locale)
		}
	}
	return without
}

// compileLocale parses subject and body and tries the body in its extreme shapes.
func (c *Content) compileLocale(campaignType string, l settings.LocalisedContent) (*localeText, error) {
	reason, ok := footers[l.Locale].reason[campaignType]
	if !ok {
		return nil, fmt.Errorf("no footer for type %q in locale %q", campaignType, l.Locale)
	}
	t := &localeText{locale: l.Locale, shapes: map[shape]*shapeText{}, layout: layout{locale: l.Locale, reason: reason, known: c.network, image: c.tracking.Opens},
		bare: c.bare, blocks: c.blocks(l.Locale)}
	var errs []error
	var err error
	if t.subject, err = parsePart(l.Locale, partSubject, l.Subject, c.use); err != nil {
		errs = append(errs, err)
	}
	if t.body, err = parsePart(l.Locale, partBody, l.Body, c.use); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	everything := t.body.expandAll()
	document, err := everything.parse(l.Locale, partBody)
	if err != nil {
		return nil, err
	}
	if c.tracking.Link != nil {
		t.tracked = &tracked{link: c.tracking.Link, known: &c.network}
		t.tracked.number(everything, document)
	}
	shapes := []shape{0}
	if t.body.conditions > 0 {
		shapes = append(shapes, ^shape(0)>>(64-t.body.conditions))
	}
	for _, s := range shapes {
		if _, err := t.shape(s); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// The parts of a text, as errors name them.
const (
	partSubject          = "subject"
	partBody             = "body"
	partBroadcastSubject = "broadcast.subject"
	partBroadcastBody    = "broadcast.body"
)

// parsePart checks the bounds of one part and reads its template.
func parsePart(locale, part, source string, u use) (*program, error) {
	fail := func(problem string) error { return &Error{locale, part, 0, problem} }
	isSubject := part == partSubject || part == partBroadcastSubject
	switch {
	case strings.TrimSpace(source) == "":
		return nil, fail("it is empty")
	case !utf8.ValidString(source):
		return nil, fail("it is not valid UTF-8")
	case isSubject && strings.ContainsFunc(source, breaksLine):
		return nil, fail("it is a single line without control characters")
	case isSubject && utf8.RuneCountInString(source) > maxSubject:
		return nil, fail(fmt.Sprintf("it has more than %d characters", maxSubject))
	case len(source) > maxSource:
		return nil, fail(fmt.Sprintf("it has more than %d bytes", maxSource))
	}
	if i := strings.IndexFunc(source, badControl); i >= 0 {
		return nil, &Error{locale, part, 1 + strings.Count(source[:i], "\n"), "control characters are not allowed"}
	}
	return parseProgram(locale, part, source, u)
}

func breaksLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

func badControl(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' || r == utf8.RuneError
}

// shape returns the compiled text of a shape, and makes it when it is met for the first time.
func (t *localeText) shape(s shape) (*shapeText, error) {
	t.mu.RLock()
	st := t.shapes[s]
	t.mu.RUnlock()
	if st != nil {
		return st, nil
	}
	st, err := t.compileShape(s)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.shapes) < maxShapes {
		t.shapes[s] = st
	}
	return st, nil
}

func (t *localeText) compileShape(s shape) (*shapeText, error) {
	e := t.body.expand(s)
	document, err := e.parse(t.locale, partBody)
	if err != nil {
		return nil, err
	}
	text := e.plainText(document, func(address string) string { return t.tracked.word(e, address) })
	t.tracked.rewrite(e, document)
	html, err := e.html(document)
	if err != nil {
		return nil, err
	}
	html, text = t.blocks.free(e.marker, html, text)
	if t.bare {
		return &shapeText{html: merge(t.segments(e, html, true)), text: merge(t.segments(e, text, false))}, nil
	}
	st := &shapeText{
		html: merge(t.layout.htmlSegments(t.segments(e, tagStyles.Replace(html), true))),
		text: merge(t.layout.textSegments(t.segments(e, text, false))),
	}
	if mostlyASCII(st.text) {
		st.quotedText, st.quotedHTML = encodeAhead(st.text), encodeAhead(st.html)
	}
	return st, nil
}

// segments cuts finished output at its markers, and fills in what is the same for every reader.
func (t *localeText) segments(e *expansion, s string, html bool) []segment {
	return t.blocks.fill(t.tracked.fillLinks(e.marker.split(s, html), html), t.locale, html)
}

// merge joins literals that stand side by side.
func merge(segments []segment) []segment {
	var out []segment
	for _, s := range segments {
		if n := len(out); s.escape == literalSegment && n > 0 && out[n-1].escape == literalSegment {
			out[n-1].literal += s.literal
			continue
		}
		out = append(out, s)
	}
	return out
}

// mostlyASCII looks at what every mail of a shape has in common.
func mostlyASCII(segments []segment) bool {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString(s.literal)
	}
	return compose.MostlyASCII(b.String())
}

// text chooses the language of a member: their own, else the network's default, else the first.
func (c *Content) text(locale string) *localeText {
	if t := c.texts[locale]; t != nil {
		return t
	}
	return c.fallback
}
