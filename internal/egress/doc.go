// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package egress is the HTTP client for every URL that a user of the platform gave: webhooks, and whatever else the
// operator is asked to call.
//
// What it promises:
//   - An address is judged when it is dialled, after the name was resolved, so that no name can be turned to another
//     address in between. What is not on the public internet is refused: loopback, link-local with the clouds'
//     metadata services, private and shared networks, multicast, special and reserved ranges, also when an IPv6
//     address carries them (mapped, NAT64, 6to4, Teredo, ISATAP), and the ranges of the cluster that it is told.
//     What the operator allowed by prefix is dialled all the same.
//   - https only, unless told. Redirects are answers and are not followed. Proxies of the environment are not used.
//   - Nothing is sent twice by itself, every wait has an end, and no more than a bounded piece of an answer is kept.
//   - An Error tells whether the request may have reached the server (Sent).
//
// It imports the standard library only. It must never put a URL, a host, an address, a header or what a server wrote
// into an error, for URLs and headers are secrets here, and must never log.
package egress
