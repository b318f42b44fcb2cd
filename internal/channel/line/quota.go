// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package line

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/egress"
)

// Quota is how many messages the account may send this month, and how many it has sent. A message to 500 users is
// 500 messages.
type Quota struct {
	Limited bool // without it there is no limit, and Limit says nothing
	Limit   int64
	Used    int64
}

// Remaining is how many messages are left; it says nothing of an account without a limit.
func (q Quota) Remaining() int64 { return max(0, q.Limit-q.Used) }

// ReadQuota asks LINE for the quota and what is used of it. What others send with the account in the meantime is not
// in it, so it is a forecast. The error is a *channel.Failure.
func (c *Client) ReadQuota(ctx context.Context) (Quota, error) {
	var limit struct {
		Type  string `json:"type"`
		Value *int64 `json:"value"`
	}
	var used struct {
		Total *int64 `json:"totalUsage"`
	}
	if err := c.get(ctx, "/v2/bot/message/quota", &limit); err != nil {
		return Quota{}, fmt.Errorf("read the quota of LINE: %w", err)
	}
	if err := c.get(ctx, "/v2/bot/message/quota/consumption", &used); err != nil {
		return Quota{}, fmt.Errorf("read the consumption of LINE: %w", err)
	}
	q := Quota{Limited: limit.Type != "none"}
	switch {
	case q.Limited && (limit.Value == nil || *limit.Value < 0), used.Total == nil, *used.Total < 0:
		return Quota{}, fmt.Errorf("read the quota of LINE: %w", unreadable(http.StatusOK))
	case q.Limited:
		q.Limit = *limit.Value
	}
	q.Used = *used.Total
	return q, nil
}

// get reads one JSON document.
func (c *Client) get(ctx context.Context, path string, into any) error {
	answer, err := c.call(ctx, http.MethodGet, path, nil, uuid.Nil)
	if err != nil {
		return channel.NoReply(err).Failure()
	}
	if answer.Status != http.StatusOK {
		return c.notRead(answer).Failure()
	}
	if json.Unmarshal(answer.Body, into) != nil {
		return unreadable(answer.Status)
	}
	return nil
}

// notRead is read, but for a request that only reads: whatever failed may be asked again.
func (c *Client) notRead(a *egress.Answer) channel.Outcome {
	o := c.read(a)
	if o.Kind == channel.Unknown || o.Kind == channel.Accepted {
		o.Kind, o.Reason = channel.Trouble, channel.ServerError
	}
	return o
}

func unreadable(status int) error {
	return channel.Outcome{Kind: channel.Trouble, Reason: channel.ServerError, Code: status}.Failure()
}

// QuotaRule says what to do with a run that needs more messages than are left.
type QuotaRule uint8

const (
	// Refuse sends to nobody: everybody or no one.
	Refuse QuotaRule = iota
	// Trim sends to as many as there are messages left.
	Trim
)

// QuotaPlan is what a run may send.
type QuotaPlan struct {
	Send  int64 // to how many members
	Short int64 // how many messages are missing
}

// Refused tells that a run with recipients may send nothing.
func (p QuotaPlan) Refused() bool { return p.Send == 0 && p.Short > 0 }

// PlanQuota decides before a run what the quota allows. reserve messages are left for others, such as answers that
// people write by hand; it is pure.
func PlanQuota(q Quota, needed, reserve int64, rule QuotaRule) QuotaPlan {
	needed = max(0, needed)
	left := max(0, q.Remaining()-max(0, reserve))
	switch {
	case !q.Limited || needed <= left:
		return QuotaPlan{Send: needed}
	case rule == Trim:
		return QuotaPlan{Send: left, Short: needed - left}
	}
	return QuotaPlan{Short: needed - left}
}
