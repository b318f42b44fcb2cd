// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/tracking"
)

// tracker is a rig whose campaign has a link, and whose member 2 consented to Tracking.
func tracker(t *testing.T, members int, declared *settings.Tracking) *rig {
	r := newRig(t, members)
	r.job.Campaign.Locales[0].Body = "[shop](https://shop.example/a?b=1)"
	r.job.Campaign.Tracking = declared
	r.exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) VALUES ($1, 'Tracking', 'Given', '1', 'Portal', 'test', now())`, member(2))
	return r
}

// bodies are the mails by recipient, decoded as far as the test needs.
func (r *rig) bodies() map[string]string {
	r.Helper()
	soft := strings.NewReplacer("=\r\n", "", "=3D", "=")
	out := map[string]string{}
	for _, m := range r.smtp.Messages() {
		out[m.To] = soft.Replace(string(m.Data))
	}
	return out
}

var (
	clickLinks = regexp.MustCompile(`https://alumni\.hoshino\.example/c/([A-Za-z0-9_-]+)(?:/([A-Za-z0-9_-]+))?\?to=([A-Za-z0-9%._-]+)`)
	openLinks  = regexp.MustCompile(`<img src="https://alumni\.hoshino\.example/o/([A-Za-z0-9_-]+)"`)
)

func TestMailsTellOnlyWhatWasDeclaredAndOfWhomItWasAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		declared               *settings.Tracking
		links, ofMember, image bool
		clicks, opens          string
	}{
		"nothing":         {nil, false, false, false, "Disabled", "Disabled"},
		"counts":          {&settings.Tracking{Clicks: "Aggregate"}, true, false, false, "Aggregate", "Disabled"},
		"clicks of those": {&settings.Tracking{Clicks: "Consented"}, true, true, false, "Consented", "Disabled"},
		"opens of those":  {&settings.Tracking{Opens: "Consented"}, false, false, true, "Disabled", "Consented"},
		"both":            {&settings.Tracking{Clicks: "Consented", Opens: "Consented"}, true, true, true, "Consented", "Consented"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := tracker(t, 3, c.declared)
			r.mustRun()
			signer, err := tracking.NewSigner(r.job.TokenKey)
			g.Expect(err).NotTo(HaveOccurred())
			run := scalar[int64](r, "SELECT id FROM alumni.campaign_run WHERE tracked_clicks = $1 AND tracked_opens = $2", c.clicks, c.opens)
			for i := 1; i <= 3; i++ {
				body := r.bodies()[address(i)]
				found := clickLinks.FindAllStringSubmatch(body, -1)
				if !c.links {
					g.Expect(found).To(BeEmpty())
					g.Expect(body).To(ContainSubstring(`href="https://shop.example/a?b=1"`))
				}
				for _, part := range found {
					target, _ := url.QueryUnescape(part[3])
					g.Expect(signer.ParseLink(part[1], target)).To(Equal(tracking.Link{Run: run, Number: 1, Target: "https://shop.example/a?b=1"}))
					g.Expect(part[2] != "").To(Equal(c.ofMember && i == 2), "member %d", i)
					if part[2] != "" {
						g.Expect(signer.ParseReader(part[2])).To(Equal(tracking.Reader{Member: uuid.MustParse(member(2)), Run: run}))
					}
				}
				g.Expect(len(found) == 2).To(Equal(c.links), "in both parts")
				g.Expect(openLinks.MatchString(body)).To(Equal(c.image && i == 2), "member %d", i)
				g.Expect(body).To(ContainSubstring(`href="https://alumni.hoshino.example/u/`), "the way out stays direct")
			}
		})
	}
}

func TestAConsentThatIsTakenBackHoldsForMailsThatWait(t *testing.T) {
	g := NewWithT(t)
	r := tracker(t, 2, &settings.Tracking{Clicks: "Consented", Opens: "Consented"})
	r.exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) VALUES ($1, 'Tracking', 'Withdrawn', '1', 'Portal', 'test', now())`, member(2))
	r.mustRun()
	for to, body := range r.bodies() {
		g.Expect(openLinks.MatchString(body)).To(BeFalse(), to)
		for _, part := range clickLinks.FindAllStringSubmatch(body, -1) {
			g.Expect(part[2]).To(BeEmpty())
		}
	}
}
