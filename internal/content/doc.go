// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package content turns the texts of a campaign into mails.
//
// A text is Markdown with template fields such as {{ .Member.GivenName }}. Compile reads every text once: it
// admits only fields, if, else, with, eq, ne, and, or and not, and refuses everything else with language, part and
// line, before anything is sent. For each way through the conditions ("shape") the Markdown is parsed, turned to
// HTML and to plain text, and sanitised once; a mail is then made by filling in escaped values. A value can
// therefore never become Markdown, HTML, a header or another template.
//
// The fields that a text may use:
//
//	.Member.FamilyName .Member.GivenName    as in the roster or the profile
//	.Member.DisplayName                     both, in the order of the member's language
//	.Member.Department .Member.Post         of the employment that ended last; may be empty
//	.Member.Region                          may be empty
//	.Member.YearsSinceJoining               whole years since joining the company, a number; 0 in the first year and when unknown
//	.Member.YearsSinceDeparture             whole years, a number; 0 in the first year and when unknown
//	.Network.DisplayName .Network.MemberLabel .Network.URL
//	.Network.OperatorName .Network.OperatorAddress .Network.OperatorContact
//	.Links.Portal                           the portal, without a slash at the end
//	.Links.Unsubscribe                      one-click; every mail ends with it anyway
//	.Blocks.News                            what members told each other lately; a paragraph of its own, in the body
//	.Blocks.Events                          the meetings to come; likewise
//
// CompileBroadcast makes of the same texts what is posted to everybody: plain text without what stands around a mail. There
// the fields of .Member and .Links.Unsubscribe are refused.
//
// CompileTracked leads the links of a body by way of the portal, where somebody wants to learn whether they are followed: only those
// that begin with https:// and are the same for every reader, and none of the footer. That happens once for each shape.
//
// Page makes the HTML of a message fit to stand inside a page of the portal.
//
// The package is pure: no network, no store, no clock, no files. It imports the standard library, the settings, the
// message encoders of internal/mail/compose, goldmark, bluemonday and golang.org/x/net/html. It must never put a member's
// data into an error, and must never fetch anything that a text names.
package content
