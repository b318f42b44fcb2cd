// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/emersion/go-smtp"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/bounce"
	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

// notification says that an address does not exist.
const notification = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" +
	"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; " + canary.Email + "\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"

func TestThePortalTakesWhatComesBackToCampaignMails(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	w.Network.Email.BounceAddress, w.Network.Email.BounceReceiver = "bounces@hoshino-foods.example", settings.BounceSMTP
	person, run := w.Person(community.StateActive), w.Run("news-1")
	w.Exec(`INSERT INTO alumni.delivery (run_id, member_id, channel, state, sent_at) VALUES ($1, $2, 'Email', 'Sent', now())`, run, person.ID)
	sender, err := bounce.NewSender(w.Network.Email.BounceAddress, w.Key)
	g.Expect(err).NotTo(HaveOccurred())
	p := w.Start("--shutdown-delay", "0s")
	g.Expect(p.Bounces).NotTo(BeEmpty())
	deliver := func(to string) int {
		c, err := smtp.Dial(p.Bounces)
		g.Expect(err).NotTo(HaveOccurred())
		defer func() { _ = c.Close() }()
		err = c.SendMail("", []string{to}, strings.NewReader(notification))
		if refusal := (*smtp.SMTPError)(nil); errors.As(err, &refusal) {
			return refusal.Code
		}
		g.Expect(err).NotTo(HaveOccurred())
		return 250
	}
	address := sender.Address(bounce.Claim{Member: person.ID, Run: run})
	role := w.Store.Login("portal").Username
	w.Exec(`ALTER ROLE ` + role + ` NOLOGIN`)
	w.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1`, role)
	g.Expect(deliver(address)).To(Equal(451), "the store is away")
	w.Exec(`ALTER ROLE ` + role + ` LOGIN`)
	w.Eventually("the store is back", func() bool { return deliver(address) == 250 })
	g.Expect(deliver("alumni@hoshino-foods.example")).To(Equal(550))
	g.Expect(w.Value(`SELECT reason FROM alumni.suppression WHERE member_id = $1`, person.ID)).To(Equal("HardBounce"))
	g.Expect(w.Value(`SELECT state || reason FROM alumni.delivery`)).To(Equal("FailedHardBounce"))

	answer, err := http.Get("http://" + p.Metrics + "/metrics")
	g.Expect(err).NotTo(HaveOccurred())
	metrics, err := io.ReadAll(answer.Body)
	g.Expect(errors.Join(err, answer.Body.Close())).To(Succeed())
	g.Expect(string(metrics)).To(And(ContainSubstring("alumni_portal_bounces_total{kind=\"HardBounce\"} 1"), ContainSubstring("alumni_portal_bounce_refusals_total{reason=\"Recipient\"} 1")))
	p.Signal(syscall.SIGTERM)
	g.Expect(p.Wait()).To(Equal(0), p.Log.String())
	canary.Scan(t, "the log", p.Log.String())
	g.Expect(p.Log.String()).NotTo(ContainSubstring("@"))
}

func TestATrialAndANetworkWithoutAReceiverTakeNothing(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	g.Expect(w.Start().Bounces).To(BeEmpty())
	w.Network.Email = &settings.Email{Transport: settings.TransportCapture, FromAddress: "a@b.example", BounceAddress: "bounces@b.example", BounceReceiver: settings.BounceLMTP}
	g.Expect(w.Start().Bounces).To(BeEmpty())
}
