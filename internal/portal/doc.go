// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package portal is the web app of one network: the public landing page, sign-in by mailed link, the member's own
// pages with the notices that campaigns wrote, what members tell each other, the events to which members register, one-click unsubscribe,
// the links of campaign mails, and what LINE tells of its users; and the console, the office's pages. Everything works without JavaScript,
// in each language of the platform.
//
// It imports the domain, internal/settings, internal/unsubscribe, internal/tracking, internal/content, internal/icalendar, internal/channel/line and its own sub-packages. It must never import
// SQL, the Kubernetes API or the controllers, and never log or count a path, query, address, name or token. What
// a member may do is decided by the domain's services, not here.
package portal
