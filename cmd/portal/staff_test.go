// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

// TestARunningPortalFollowsItsListOfStaff changes the file under a process that goes on, as kubelet does with a mounted Secret.
func TestARunningPortalFollowsItsListOfStaff(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	w.Network.PublicURL = "http://localhost"
	w.Staff("# nobody yet\n")
	p := w.Start()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, path, form string, cookies ...*http.Cookie) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.Address+path, strings.NewReader(form))
		g.Expect(err).NotTo(HaveOccurred())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, c := range cookies {
			r.AddCookie(c)
		}
		answer, err := client.Do(r)
		g.Expect(err).NotTo(HaveOccurred())
		_ = answer.Body.Close()
		return answer
	}

	w.Staff(canary.Email + " PrivacyOfficer\n")
	g.Expect(ask(http.MethodPost, "/console/sign-in", "address="+canary.Email).StatusCode).To(Equal(http.StatusSeeOther))
	session := ask(http.MethodPost, "/console/sign-in/"+w.AwaitMail(canary.Email, 1).Token(), "").Cookies()
	g.Expect(session).To(HaveLen(1))
	g.Expect(ask(http.MethodGet, "/console", "", session...).StatusCode).To(Equal(http.StatusOK))

	w.Staff("# nobody any more\n")
	g.Expect(ask(http.MethodGet, "/console", "", session...).Header.Get("Location")).To(Equal("/console/sign-in?done=expired"))
	canary.Scan(t, "the log", p.Log.String())
}
