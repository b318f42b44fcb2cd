// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"hash/maphash"
	"strings"
	"sync"
	"time"
)

const (
	// maxKeptBytes bounds the mails that are kept, whatever their number.
	maxKeptBytes = 160 << 20
	// maxKnown bounds what is remembered to count recipients and duplicates.
	maxKnown = 2_000_000
)

// mail is one message to one recipient. The source is shared by the recipients of one message.
type mail struct {
	ID        uint64
	To        string
	From      string
	Subject   string
	MessageID string
	Received  time.Time
	Source    []byte
}

// counts are over all mails that were ever taken, also those that are no longer kept.
type counts struct {
	Messages   int64 `json:"messages"`   // one for each recipient
	Recipients int64 `json:"recipients"` // different recipients
	Duplicates int64 `json:"duplicates"` // the same Message-ID to the same recipient again
}

// box holds the last mails.
type box struct {
	mu        sync.RWMutex
	maxMails  int
	maxBytes  int
	bytes     int
	mails     []*mail // oldest first
	lastID    uint64
	counts    counts
	seed      maphash.Seed
	delivered map[uint64]struct{} // Message-ID and recipient
	each      map[string]int64    // mails of each recipient
}

func newBox(maxMails, maxBytes int) *box {
	b := &box{maxMails: max(maxMails, 1), maxBytes: maxBytes, seed: maphash.MakeSeed()}
	b.forget()
	return b
}

// put takes one message for all its recipients.
func (b *box) put(from string, to []string, source []byte) {
	head := readHead(source)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, recipient := range to {
		b.lastID++
		b.count(recipient, head.messageID)
		b.mails = append(b.mails, &mail{
			ID: b.lastID, To: recipient, From: from, Subject: head.subject, MessageID: head.messageID, Received: time.Now().UTC(), Source: source,
		})
		b.bytes += len(source)
	}
	drop := 0
	for len(b.mails)-drop > b.maxMails || b.bytes > b.maxBytes && len(b.mails)-drop > 1 {
		b.bytes -= len(b.mails[drop].Source)
		b.mails[drop] = nil
		drop++
	}
	b.mails = b.mails[drop:]
}

func (b *box) count(recipient, messageID string) {
	b.counts.Messages++
	address := strings.ToLower(recipient)
	if _, known := b.each[address]; known || len(b.each) < maxKnown {
		b.each[address]++
		b.counts.Recipients = int64(len(b.each))
	}
	if messageID == "" {
		return
	}
	key := maphash.String(b.seed, messageID+"\x00"+address)
	if _, again := b.delivered[key]; again {
		b.counts.Duplicates++
	} else if len(b.delivered) < maxKnown {
		b.delivered[key] = struct{}{}
	}
}

// totals are the counts over all recipients.
func (b *box) totals() counts {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.counts
}

// perRecipient is the number of mails of each recipient, by address in lower case.
func (b *box) perRecipient() map[string]int64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := make(map[string]int64, len(b.each))
	for address, n := range b.each {
		all[address] = n
	}
	return all
}

// find gives mails whose recipient contains a text, newest first: at most limit after skipping some, and how many
// there are in all. Exact wants the whole address to be equal.
func (b *box) find(to string, exact bool, skip, limit int) (page []*mail, total int) {
	to = strings.ToLower(strings.TrimSpace(to))
	b.mu.RLock()
	defer b.mu.RUnlock()
	for i := len(b.mails) - 1; i >= 0; i-- {
		address := strings.ToLower(b.mails[i].To)
		if exact && to != "" && address != to || !exact && !strings.Contains(address, to) {
			continue
		}
		if total >= skip && len(page) < limit {
			page = append(page, b.mails[i])
		}
		total++
	}
	return page, total
}

// get finds one mail by its number.
func (b *box) get(id uint64) *mail {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if len(b.mails) == 0 || id < b.mails[0].ID || id > b.lastID {
		return nil
	}
	return b.mails[id-b.mails[0].ID]
}

// forget begins anew.
func (b *box) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails, b.bytes, b.counts = nil, 0, counts{}
	b.delivered, b.each = map[uint64]struct{}{}, map[string]int64{}
}
