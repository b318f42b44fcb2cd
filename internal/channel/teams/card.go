// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package teams

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/channel"
)

// MaxBody bounds a request, in bytes. Teams itself refuses about 28 KB, counted by its own rules.
const MaxBody = 24 << 10

// maxLines bounds the lines of a card. Phones are slow with hundreds of blocks.
const maxLines = 200

// The pieces of a message with an Adaptive Card, as far as they are used.
type (
	message struct {
		Type        string       `json:"type"`
		Attachments []attachment `json:"attachments"`
	}
	attachment struct {
		ContentType string  `json:"contentType"`
		ContentURL  *string `json:"contentUrl"`
		Content     card    `json:"content"`
	}
	card struct {
		Schema       string   `json:"$schema"`
		Type         string   `json:"type"`
		Version      string   `json:"version"`
		FallbackText string   `json:"fallbackText"`
		MSTeams      msTeams  `json:"msteams"`
		Body         []block  `json:"body"`
		Actions      []action `json:"actions,omitempty"`
	}
	msTeams struct {
		Width string `json:"width"`
	}
	block struct {
		Type    string `json:"type"`
		Spacing string `json:"spacing,omitempty"`
		Inlines []run  `json:"inlines"`
	}
	run struct {
		Type   string  `json:"type"`
		Text   string  `json:"text"`
		Size   string  `json:"size,omitempty"`
		Weight string  `json:"weight,omitempty"`
		Select *action `json:"selectAction,omitempty"`
	}
	action struct {
		Type  string `json:"type"`
		Title string `json:"title,omitempty"`
		URL   string `json:"url"`
	}
)

// Build writes a post as the body of a request: an Adaptive Card 1.5 with the title, the lines of the text, and a
// button that opens the link. The error is channel.ErrPost or channel.ErrNoRoom.
func Build(p channel.Post) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	whole := p.CleanText()
	fits := func(s string) bool {
		if strings.Count(s, "\n") >= maxLines {
			return false
		}
		body, err := write(p, s, s != whole)
		return err == nil && len(body) <= MaxBody
	}
	short, cut, ok := channel.Cut(whole, fits)
	if !ok {
		return nil, channel.ErrNoRoom
	}
	return write(p, short, cut)
}

func write(p channel.Post, text string, cut bool) ([]byte, error) {
	c := card{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.5",
		FallbackText: p.Title, MSTeams: msTeams{"Full"},
		Body: []block{{Type: "RichTextBlock", Inlines: []run{{Type: "TextRun", Text: p.Title, Size: "Large", Weight: "Bolder"}}}},
	}
	if cut {
		text += channel.Ellipsis
	}
	c.Body = append(c.Body, lines(text)...)
	if p.Link != "" {
		c.Actions = []action{{Type: "Action.OpenUrl", Title: p.Label(), URL: p.Link}}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(message{"message", []attachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: c}}}); err != nil {
		return nil, fmt.Errorf("write the card: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// lines makes a block of each line. Blocks of text runs, unlike text blocks, show text as it is: no Markdown. An empty
// line is the space above the next block.
func lines(text string) []block {
	var out []block
	spacing := "Medium"
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) == "" {
			spacing = "Medium"
			continue
		}
		out = append(out, block{Type: "RichTextBlock", Spacing: spacing, Inlines: runs(line)})
		spacing = "None"
	}
	return out
}

// runs splits a line into words and web addresses, which can be opened.
func runs(line string) []run {
	var out []run
	text := func(s string) {
		if s != "" {
			out = append(out, run{Type: "TextRun", Text: s})
		}
	}
	from := 0
	for _, at := range channel.WebAddresses(line) {
		text(line[from:at[0]])
		address := line[at[0]:at[1]]
		out = append(out, run{Type: "TextRun", Text: address, Select: &action{Type: "Action.OpenUrl", URL: address}})
		from = at[1]
	}
	text(line[from:])
	return out
}
