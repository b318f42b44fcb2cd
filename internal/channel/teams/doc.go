// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package teams posts to one channel or chat of Microsoft Teams through a flow of the Workflows app, as an Adaptive Card.
//
// Only URLs of Power Automate and Logic Apps are taken. The connectors of Office 365 (webhook.office.com) were
// retired, and their URLs are refused with what to do instead. Teams has no key that makes a repetition harmless: a
// request without an answer is Unknown and not Safe. What a post says is text: nothing of it is taken for Markdown.
//
// It may import internal/channel and internal/egress. It must never put the flow's URL, whose signature is a secret, or a
// text into an error.
package teams
