// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"cmp"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/bounce"
	"github.com/alumni-operator/alumni-operator/internal/content"
	"github.com/alumni-operator/alumni-operator/internal/mail/compose"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/survey"
	"github.com/alumni-operator/alumni-operator/internal/tracking"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

// words are the texts of a run and the links in them. They are safe for concurrent use.
type words struct {
	texts   map[edition]*content.Content
	signer  *unsubscribe.Signer
	base    string // where unsubscribe links begin
	purpose string
	run     int64
	tracker *tracking.Signer
	reader  bool           // links tell who follows them, of members who consented to it
	asks    *survey.Signer // of the links to the campaign's survey; nil without one
	survey  string         // where these begin
	image   string         // where the image of an opened mail is; empty without one
}

// compiler reads the text of a campaign for one kind of channel.
type compiler func(settings.Network, settings.Campaign, content.Tracking, content.Blocks) (*content.Content, error)

// newWords reads the texts of a run. The error wraps ErrFinal.
func newWords(job Job, runID int64, compile compiler) (*words, error) {
	w := &words{base: job.Network.PublicURL + "/u/", purpose: job.stops(), run: runID}
	var err error
	if w.tracker, err = tracking.NewSigner(job.TokenKey); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFinal, err)
	}
	if w.signer, err = unsubscribe.NewSigner(job.TokenKey); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFinal, err)
	}
	if job.Campaign.Survey != nil {
		w.survey = job.Network.PublicURL + survey.Path
		if w.asks, err = survey.NewSigner(job.TokenKey); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFinal, err)
		}
	}
	if err := w.compile(job, compile); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFinal, err)
	}
	return w, nil
}

// needsEmployment tells whether any of the texts says something of the member's work, which need not be looked up otherwise.
func (w *words) needsEmployment() bool {
	for _, text := range w.texts {
		if text.NeedsEmployment() {
			return true
		}
	}
	return false
}

// unsubscribe is the link that stops what a member is written for.
func (w *words) unsubscribe(member uuid.UUID) string {
	return w.base + w.signer.Token(unsubscribe.Claim{Member: member, Purpose: w.purpose, Run: w.run})
}

// question is the link by which a member answers the campaign's survey; empty without one.
func (w *words) question(member uuid.UUID) string {
	if w.asks == nil {
		return ""
	}
	return w.survey + w.asks.Token(survey.Claim{Member: member, Run: w.run})
}

// writer makes the whole mail of a row. It is safe for concurrent use.
type writer struct {
	*words
	from    compose.Address // in the header, and of the envelope of networks without a bounce address
	bounces *bounce.Sender  // of the envelope; nil without a bounce address
	head    []byte          // the headers that are the same in every mail of the run
	runName string
	idKey   []byte    // of message ids
	ids     sync.Pool // of keyed hashes
	now     func() time.Time
	sign    func(mail []byte) ([]byte, error) // by DKIM, where the network wants it
}

// newWriter compiles the texts and the constant headers of a run.
func newWriter(job Job, runID int64, now func() time.Time) (*writer, error) {
	w := &writer{runName: job.RunName, now: now, sign: job.Mail.Sign}
	var err error
	if w.words, err = newWords(job, runID, content.CompileTracked); err != nil {
		return nil, err
	}
	if w.from, err = compose.ParseAddress(job.Network.Email.FromAddress); err != nil {
		return nil, fmt.Errorf("%w: read the sender's address: %w", ErrFinal, err)
	}
	if address := job.Network.Email.BounceAddress; address != "" {
		if w.bounces, err = bounce.NewSender(address, job.TokenKey); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFinal, err)
		}
	}
	if w.idKey, err = hkdf.Key(sha256.New, job.TokenKey, nil, "alumni message id", 32); err != nil {
		return nil, fmt.Errorf("derive the key of message ids: %w", err)
	}
	w.head = compose.AppendMailbox(nil, "From", job.Network.Email.FromName, w.from.Mailbox)
	w.head = compose.AppendHeader(w.head, "List-Id", "<"+strings.ToLower(job.Campaign.Type)+"."+w.from.Domain()+">")
	w.head = compose.AppendHeader(w.head, "Precedence", "bulk")
	return w, nil
}

// edition is one text of a run: the words of a variant, and the variant that its links name. What the winner of a test says to those who
// waited for it is no part of the test.
type edition struct {
	step         int
	words, links string
}

// name says of which text an error is.
func (e edition) name(c settings.Campaign) string {
	if e.step > firstStep {
		return "step " + c.Steps[e.step-firstStep-1].Name
	}
	return cmp.Or(e.words, "text")
}

// compile reads every text that the run may need.
func (w *words) compile(job Job, compile compiler) error {
	editions := []edition{{step: firstStep}}
	for _, name := range job.Campaign.Variants() {
		editions = append(editions, edition{firstStep, name, name}, edition{firstStep, name, ""})
	}
	for i := range job.Campaign.Steps {
		editions = append(editions, edition{step: firstStep + 1 + i})
	}
	w.texts = map[edition]*content.Content{}
	for _, e := range editions {
		text, err := compile(job.Network, job.Campaign.Step(e.step).Variant(e.words), w.track(job, e.links), job.blocks)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name(job.Campaign), err)
		}
		w.texts[e] = text
	}
	return nil
}

// text is what an item says. A variant that the campaign does not have any more is as it would be without; a step that it does not have
// any more says nothing, and is an error.
func (w *words) text(i *item) (*content.Content, error) {
	if c := w.texts[edition{i.step, i.text, i.variant}]; c != nil {
		return c, nil
	}
	if c := w.texts[edition{step: i.step}]; c != nil {
		return c, nil
	}
	return nil, errNoStep
}

// render makes the bare message of one member.
func (w *words) render(i *item, unsubscribe string) (*content.Mail, error) {
	text, err := w.text(i)
	if err != nil {
		return nil, err
	}
	return text.Render(&i.facts, w.links(i, unsubscribe))
}

// track says what the mails of a run tell after they were sent.
func (w *words) track(job Job, variant string) content.Tracking {
	var t content.Tracking
	declared := job.Campaign.Tracks()
	if declared.Clicks != "" {
		t.Link = func(number int, target string) (before, after string, ok bool) {
			return w.tracker.Link(job.Network.PublicURL, tracking.Link{Run: w.run, Number: number, Variant: variant, Target: target})
		}
		w.reader = declared.Clicks == settings.TrackConsented
	}
	if declared.Opens != "" {
		t.Opens, w.image = true, job.Network.PublicURL+tracking.OpenPath
	}
	return t
}

// links are the addresses that belong to the mail of one member.
func (w *words) links(i *item, unsubscribe string) content.Links {
	l := content.Links{Unsubscribe: unsubscribe, Survey: w.question(i.member)}
	if !i.tracked {
		return l
	}
	token := w.tracker.Reader(tracking.Reader{Member: i.member, Run: w.run})
	if w.reader {
		l.Reader = "/" + token
	}
	if w.image != "" {
		l.Image = w.image + token
	}
	return l
}

// messageID is the same for every try of a row and tells nothing about it to those without the key.
func (w *writer) messageID(i *item) string {
	mac, ok := w.ids.Get().(hash.Hash)
	if !ok {
		mac = hmac.New(sha256.New, w.idKey)
	}
	defer w.ids.Put(mac)
	mac.Reset()
	var buf [128]byte
	key := append(append(buf[:0], w.runName...), 0)
	key = append(append(key, i.member[:]...), 0, byte(i.step), 0)
	mac.Write(append(key, channelEmail...))
	var sum [sha256.Size]byte
	id := hex.AppendEncode(buf[:0], mac.Sum(sum[:0])[:16])
	return string(append(append(id, '@'), w.from.Domain()...))
}

// envelope is the sender to which a member's mail comes back.
func (w *writer) envelope(member uuid.UUID) compose.Address {
	if w.bounces == nil {
		return w.from
	}
	return compose.Address{Mailbox: w.bounces.Address(bounce.Claim{Member: member, Run: w.run})}
}

// make makes the mail of an item, into a buffer of its own.
func (w *writer) make(i *item, buffer func() *[]byte) (reason string, err error) {
	to, err := compose.ParseAddress(i.address)
	if err != nil {
		return reasonAddress, errAddress
	}
	i.letter.From, i.letter.To = w.envelope(i.member), to
	i.messageID = w.messageID(i)
	i.buffer = buffer()
	body, err := w.write((*i.buffer)[:0], i)
	if err == nil {
		body, err = w.sign(body)
	}
	*i.buffer = body
	if err != nil {
		return reasonRender, err
	}
	i.letter.Body = body
	return "", nil
}

// write appends the mail of one member.
func (w *writer) write(dst []byte, i *item) ([]byte, error) {
	text, err := w.text(i)
	if err != nil {
		return dst, err
	}
	link := w.unsubscribe(i.member)
	dst = append(dst, w.head...)
	dst = compose.AppendTo(dst, "To", i.letter.To.Mailbox)
	dst = compose.AppendDate(dst, w.now())
	dst = append(append(append(dst, "Message-ID: <"...), i.messageID...), ">\r\n"...)
	dst = compose.AppendHeader(dst, "List-Unsubscribe", "<"+link+">")
	if strings.HasPrefix(w.base, "https://") { // RFC 8058, section 3.1
		dst = append(dst, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"...)
	}
	return text.Append(dst, &i.facts, w.links(i, link))
}
