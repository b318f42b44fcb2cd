// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"context"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/content"
)

// portalLanes is how many notices are made at once: nothing is waited for but the store.
const portalLanes = 2

// portalWay shows members what they are told when they open the portal (campaign.md S10). A notice is written in the transaction of its
// outcome, so that it is there exactly once.
func portalWay(job Job, run int64) (way, error) {
	job.blocks = content.Blocks{} // a notice is kept, and would keep what its author takes back; the portal shows it anyway
	words, err := newWords(job, run, content.CompileBare)
	if err != nil {
		return way{}, err
	}
	return way{
		channel: channelPortal, maker: (*noticeMaker)(words), words: words, onUnknown: OnUnknownResend, lanes: portalLanes,
		lane: func(ctx context.Context, q *queue) {
			each(ctx, q, func(i *item) { q.settle(i, settlement{state: stateSent, attempts: 1}) })
		},
	}, nil
}

// noticeMaker makes what members find in the portal.
type noticeMaker words

func (m *noticeMaker) make(i *item, _ func() *[]byte) (reason string, err error) {
	w := (*words)(m)
	if i.notice, err = w.render(i, w.unsubscribe(i.member)); err != nil {
		return reasonRender, err
	}
	return "", nil
}

// notices are the columns of one write into alumni.notice.
type notices struct {
	members                 []uuid.UUID
	locales, titles, bodies []string
}

func (n *notices) add(member uuid.UUID, m *content.Mail) {
	n.members = append(n.members, member)
	n.locales, n.titles, n.bodies = append(n.locales, m.Locale), append(n.titles, m.Subject), append(n.bodies, string(m.HTML))
}

func (n *notices) reset() {
	n.members, n.locales, n.titles, n.bodies = n.members[:0], n.locales[:0], n.titles[:0], n.bodies[:0]
}
