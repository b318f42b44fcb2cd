// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package teams

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/egress"
)

// ErrRetired is the answer to the URL of an Office 365 connector.
var ErrRetired = errors.New("this is the URL of an Office 365 connector, which Microsoft has retired: in Teams, add the workflow " +
	`"Send webhook alerts to a channel" in the Workflows app and use its URL`)

// ErrNotWorkflows is the answer to any other URL that is not of a flow.
var ErrNotWorkflows = errors.New("this is no URL of a Teams workflow: its host must be one of Power Automate or Logic Apps, such as " +
	"*.environment.api.powerplatform.com or *.logic.azure.com")

// ErrUnsigned is the answer to a flow's URL that lets in its own tenant only.
var ErrUnsigned = errors.New(`the URL of the workflow holds no signature (sig=): let "Anyone" trigger the workflow, and copy the URL again`)

// workflows are the domains of Power Automate and Logic Apps, also in the clouds of governments and of China.
var workflows = []string{
	"api.powerplatform.com", "logic.azure.com", "api.gov.powerplatform.microsoft.us", "api.high.powerplatform.microsoft.us",
	"api.appsplatform.us", "logic.azure.us", "api.powerplatform.partner.microsoftonline.cn", "logic.azure.cn",
}

// retired are the domains of Office 365 connectors.
var retired = []string{"webhook.office.com", "outlook.office.com", "outlook.office365.com", "webhook.office365.com"}

// Options are what a Client needs.
type Options struct {
	// URL is the flow's.
	URL channel.Secret
	// Hosts are taken beside Microsoft's, with their ports if they have any: an API gateway in front of the flow.
	Hosts []string
	// Now is the clock; nil means the system's.
	Now func() time.Time
}

// Client posts to one flow. It is safe for concurrent use.
type Client struct {
	http *egress.Client
	url  channel.Secret
	now  func() time.Time
}

// New makes a client of a flow. It sends nothing. Its error is ErrRetired, ErrNotWorkflows, ErrUnsigned or an
// *egress.Error.
func New(client *egress.Client, o Options) (*Client, error) {
	// The host comes first: of a retired connector that must be told, whatever else is wrong.
	if err := checkHost(o.URL.Reveal(), o.Hosts); err != nil {
		return nil, fmt.Errorf("read the URL of the Teams workflow: %w", err)
	}
	if err := client.CheckURL(o.URL.Reveal()); err != nil {
		return nil, fmt.Errorf("read the URL of the Teams workflow: %w", err)
	}
	c := &Client{http: client, url: o.URL, now: o.Now}
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

// checkHost tells whether a URL is of a flow. What cannot be read is left to the HTTP client.
func checkHost(raw string, extra []string) error {
	target, err := url.Parse(raw)
	if err != nil || target.Host == "" {
		return nil //nolint:nilerr // the caller asks the HTTP client next, which words it
	}
	host := strings.TrimSuffix(strings.ToLower(target.Hostname()), ".")
	switch {
	case slices.Contains(extra, target.Host):
		return nil
	case under(host, retired):
		return ErrRetired
	case !under(host, workflows):
		return ErrNotWorkflows
	case target.Query().Get("sig") == "":
		return ErrUnsigned
	}
	return nil
}

func under(host string, domains []string) bool {
	return slices.ContainsFunc(domains, func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) })
}

// Post sends a post once.
func (c *Client) Post(ctx context.Context, p channel.Post) channel.Outcome {
	body, err := Build(p)
	if err != nil {
		return channel.NotBuilt(err)
	}
	answer, err := c.http.Do(ctx, egress.Request{Method: http.MethodPost, URL: c.url.Reveal(), Body: body,
		Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}})
	if err != nil {
		return channel.NoReply(err)
	}
	return read(answer, c.now())
}

// stopped are the codes of flows that were switched off or deleted.
var stopped = []string{"WorkflowTriggerIsNotEnabled", "WorkflowNotFound", "WorkflowDisabled", "FlowSuspended", "TriggerNotFound"}

// read turns an answer into what became of the post.
func read(a *egress.Answer, now time.Time) channel.Outcome {
	o := channel.Reply(a, now)
	o.ProviderID = channel.ProviderID(a.Header.Get("X-Ms-Workflow-Run-Id"))
	if o.Kind == channel.Permanent {
		for _, code := range stopped {
			if strings.Contains(string(a.Body), code) {
				o.Reason = channel.DestinationGone
			}
		}
	}
	return o
}
