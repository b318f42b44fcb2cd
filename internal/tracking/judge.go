// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tracking

import (
	"net/http"
	"strings"
)

// machines are words in the names of programs that look at links before people do, or instead of them.
var machines = []string{"bot", "crawl", "spider", "scan", "preview", "slurp", "barracuda", "proofpoint", "mimecast", "forcepoint", "ironport",
	"safelinks", "zscaler", "symantec", "trendmicro", "fortiguard", "curl", "wget", "python", "java/", "okhttp", "go-http-client",
	"headless", "libwww", "httpclient", "axios", "node-fetch"}

// IsMachine tells a request of a program that looks at links, such as a mail server that scans them or a browser that fetches pages
// in advance, from one of a person. It errs towards machines: what is counted must be of people.
func IsMachine(r *http.Request) bool {
	if looksAhead(r) {
		return true
	}
	h := r.Header
	mode := h.Get("Sec-Fetch-Mode")
	return mode != "" && mode != "navigate" || h.Get("Accept-Language") == ""
}

// IsMachineImage is IsMachine for images. Mail providers fetch them for their users, in ways that browsers do not.
func IsMachineImage(r *http.Request) bool { return looksAhead(r) }

// looksAhead tells requests that say themselves that nobody asked for them.
func looksAhead(r *http.Request) bool {
	if r.Method != http.MethodGet {
		return true
	}
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if said := strings.ToLower(r.Header.Get(name)); strings.Contains(said, "prefetch") || strings.Contains(said, "preview") || strings.Contains(said, "prerender") {
			return true
		}
	}
	agent := strings.ToLower(r.UserAgent())
	if agent == "" {
		return true
	}
	for _, word := range machines {
		if strings.Contains(agent, word) {
			return true
		}
	}
	return false
}
