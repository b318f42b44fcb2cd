// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/channel/line"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/channeltest"
	"github.com/alumni-operator/alumni-operator/internal/testutil/sink"
	"github.com/alumni-operator/alumni-operator/internal/testutil/smtptest"
)

const lineToken = "canary-channel-access-token-0123456789"

// fakeLINE is a LINE that takes a key once, as the reference of the Messaging API has it, and can be told to fail.
type fakeLINE struct {
	URL string

	mu     sync.Mutex
	keys   map[string]string // retry key -> request id
	texts  map[string]string // of each user, the last
	taken  map[string]int
	asked  int // how often it was asked to send
	quota  int // 0: no limit
	used   int
	fail   func(user string, asked int) int // a status to answer with instead; 0: none
	after  func(user string) int            // likewise, after the message was taken
	tokens map[string]bool                  // that are accepted; nil: every one
}

func newLINE(t *testing.T) *fakeLINE {
	f := &fakeLINE{keys: map[string]string{}, texts: map[string]string{}, taken: map[string]int{}}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	f.URL = s.URL
	return f
}

func (f *fakeLINE) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	status, body := f.answer(r, w.Header())
	if status == 0 {
		panic(http.ErrAbortHandler)
	}
	if status == http.StatusConflict {
		w.Header().Set("X-Line-Accepted-Request-Id", f.keys[r.Header.Get("X-Line-Retry-Key")])
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func (f *fakeLINE) answer(r *http.Request, header http.Header) (status int, body string) {
	if f.tokens != nil && !f.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")] {
		return http.StatusUnauthorized, `{"message":"Authentication failed"}`
	}
	switch r.URL.Path {
	case "/v2/bot/message/quota":
		if f.quota == 0 {
			return 200, `{"type":"none"}`
		}
		return 200, fmt.Sprintf(`{"type":"limited","value":%d}`, f.quota)
	case "/v2/bot/message/quota/consumption":
		return 200, fmt.Sprintf(`{"totalUsage":%d}`, f.used)
	}
	var push struct {
		To       string
		Messages []struct{ Text string }
	}
	if json.NewDecoder(r.Body).Decode(&push) != nil || len(push.Messages) != 1 {
		return 400, `{"message":"The request body has 1 error(s)"}`
	}
	f.asked++
	if f.fail != nil {
		if status := f.fail(push.To, f.asked); status != 0 {
			return status, failureTexts[status]
		}
	}
	key := r.Header.Get("X-Line-Retry-Key")
	if f.keys[key] != "" {
		return 409, `{"message":"The retry key is already accepted"}`
	}
	if f.quota > 0 && f.used >= f.quota {
		return 429, `{"message":"You have reached your monthly limit."}`
	}
	f.keys[key] = "rq-" + strconv.Itoa(len(f.keys)+1)
	header.Set("X-Line-Request-Id", f.keys[key])
	f.used++
	f.taken[push.To]++
	f.texts[push.To] = push.Messages[0].Text
	if f.after != nil {
		if status := f.after(push.To); status != 0 {
			return status - 1, ""
		}
	}
	return 200, `{"sentMessages":[]}`
}

var failureTexts = map[int]string{400: `{"message":"Failed to send messages"}`, 429: `{"message":"The API rate limit has been exceeded"}`, 500: `{}`, 503: `{}`}

// cutOff is an answer that never comes.
const cutOff = 1

// total is how many messages users got, and how many got more than one.
func (f *fakeLINE) total() (messages, doubled int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.taken {
		messages += n
		if n > 1 {
			doubled++
		}
	}
	return messages, doubled
}

func user(i int) string { return fmt.Sprintf("U%032x", i) }

// link gives members a LINE account.
func (r *rig) link(from, to int) {
	r.Helper()
	r.exec(`INSERT INTO alumni.line_link (recipient_id, user_id, linked_at)
		SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'U' || lpad(to_hex(i), 32, '0'), now() FROM generate_series($1::int, $2::int) i`, from, to)
}

// forgetMail takes their address from members.
func (r *rig) forgetMail(from, to int) {
	r.Helper()
	r.exec("DELETE FROM alumni.contact WHERE channel = 'Email' AND member_id BETWEEN $1 AND $2", member(from), member(to))
}

// by makes the campaign write to members by channels, and LINE answer at a URL.
func (r *rig) by(url string, channels ...string) {
	r.job.Campaign.Channels = nil
	for _, c := range channels {
		r.job.Campaign.Channels = append(r.job.Campaign.Channels, settings.Channel{Type: c})
	}
	r.job.Network.LINE = &settings.LINE{AccountID: "@hoshino"}
	r.job.LINE = func() (*line.Client, error) {
		return line.New(channeltest.Client(), line.Options{Token: channel.NewSecret(lineToken), BaseURL: url})
	}
}

// outcomes are the rows of all runs by channel, state and reason.
func (r *rig) outcomes() map[string]int {
	r.Helper()
	out := map[string]int{}
	for _, row := range strings.Split(scalar[string](r, `SELECT coalesce(string_agg(k || ' ' || n, ',' ORDER BY k), '') FROM (
		SELECT trim(trailing '/' from channel || '/' || state || '/' || reason) AS k, count(*) AS n FROM alumni.delivery GROUP BY 1) c`), ",") {
		key, n, _ := strings.Cut(row, " ")
		out[key], _ = strconv.Atoi(n)
	}
	return out
}

func TestARunOnEveryChannelReachesEachMemberOnEachOnce(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 30), newLINE(t)
	r.link(1, 30)
	r.by(f.URL, "Email", "LINE", "Portal")
	r.job.Network.FrequencyCap = &settings.FrequencyCap{PerDay: 1, PerSevenDays: 1}
	r.mustRun()
	r.mustRun() // a second start joins the run that is done

	g.Expect(r.outcomes()).To(Equal(map[string]int{"Email/Sent": 30, "LINE/Sent": 30, "Portal/Sent": 30}))
	r.expectEach(30, 1)
	messages, doubled := f.total()
	g.Expect([]int{messages, doubled}).To(Equal([]int{30, 0}))
	g.Expect(f.texts[user(7)]).To(HavePrefix("Hello Given7\n\nDear Given7 Canary-Family-7,\n\nnews.\n\nStop these messages\nhttps://alumni.hoshino.example/u/"))
	g.Expect(scalar[string](r, "SELECT locale || '|' || title || '|' || body FROM alumni.notice WHERE recipient_id = $1", member(7))).
		To(Equal("en|Hello Given7|<p>Dear Given7 Canary-Family-7,</p>\n<p>news.</p>\n"))
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.notice")).To(Equal(30))
	g.Expect(scalar[string](r, "SELECT state FROM alumni.campaign_run")).To(Equal("Finished"))
	g.Expect(scalar[int](r, "SELECT count(DISTINCT message_id) FROM alumni.delivery WHERE channel = 'LINE'")).To(Equal(30), "the provider's id of each request")

	r.job.RunName += "-2"
	r.mustRun()
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.delivery WHERE reason = 'Capped' AND channel IN ('Email', 'LINE')")).To(Equal(60),
		"what went out by two channels counts as one message")
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.notice")).To(Equal(60), "nobody is disturbed by the portal")
	g.Expect(r.log.String()).NotTo(Or(ContainSubstring("anary"), ContainSubstring(user(7))))
}

func TestCapsCountAMessageOnSeveralChannelsOnce(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 5), newLINE(t)
	r.link(1, 5)
	r.by(f.URL, "Email", "LINE")
	r.job.Network.FrequencyCap = &settings.FrequencyCap{PerDay: 2, PerSevenDays: 2}
	for range 3 {
		r.mustRun()
		r.job.RunName += "-next"
	}
	g.Expect(r.outcomes()).To(Equal(map[string]int{"Email/Sent": 10, "LINE/Sent": 10, "Email/Skipped/Capped": 5, "LINE/Skipped/Capped": 5}))
}

// TestEachMemberIsWrittenToByTheFirstChannelThatReachesThem has members of every kind: who they are is in the comments.
func TestEachMemberIsWrittenToByTheFirstChannelThatReachesThem(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 70), newLINE(t)
	r.link(1, 30)
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason) SELECT member_id, 'LINE', 'Unfollowed' FROM alumni.contact WHERE channel = 'LINE' AND member_id >= $1", member(21))
	r.forgetMail(51, 70)
	r.exec("UPDATE alumni.member SET state = 'Paused' WHERE id > $1", member(60))
	f.fail = func(to string, _ int) int { // 11 to 20 removed their account without telling
		if to > user(10) {
			return 400
		}
		return 0
	}
	r.smtp.SetHooks(smtptest.Hooks{Rcpt: func(to string, _ int) smtptest.Verdict { // 41 to 50 have no mailbox any more
		if to > address(40) {
			return smtptest.Verdict{Reply: 550, Status: [3]int{5, 1, 1}}
		}
		return smtptest.Verdict{}
	}})
	r.by(f.URL, "LINE", "Email", "Portal")
	r.job.Campaign.ChannelMode, r.job.Campaign.PauseOn = settings.FirstReachable, &settings.PauseOn{}
	r.mustRun()

	g.Expect(r.outcomes()).To(Equal(map[string]int{
		"LINE/Sent":           10, // 1 to 10
		"Email/Sent":          30, // 11 to 40: unknown to LINE, blocked it, or never linked
		"Portal/Sent":         20, // 41 to 60
		"LINE/Skipped/Paused": 10, // 61 to 70: who wants to be left alone is not looked for elsewhere
	}))
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.notice")).To(Equal(20))
	messages, _ := f.total()
	g.Expect(messages).To(Equal(10))
	g.Expect(scalar[int](r, "SELECT audience FROM alumni.campaign_run")).To(Equal(70))
	g.Expect(scalar[int](r, "SELECT count(DISTINCT member_id) FROM alumni.delivery")).To(Equal(70), "one row for each member")
	g.Expect(scalar[string](r, "SELECT state FROM alumni.campaign_run")).To(Equal("Finished"))
}

func TestWhoIsCappedIsNotReachedByAnotherChannel(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 5), newLINE(t)
	r.link(1, 5)
	r.by(f.URL, "LINE", "Email", "Portal")
	r.job.Campaign.ChannelMode = settings.FirstReachable
	r.job.Network.FrequencyCap = &settings.FrequencyCap{PerDay: 1, PerSevenDays: 1}
	r.mustRun()
	r.job.RunName += "-2"
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": 5, "LINE/Skipped/Capped": 5}))
}

func TestAMessageWhoseAnswerWasLostArrivesByLINEOnce(t *testing.T) {
	g := NewWithT(t)
	const n = 400
	s := sink.Start(t, "-lost", "0.05", "-temp", "0.05", "-line-rps", "1000000")
	r := newRig(t, n)
	r.link(1, n)
	r.by(s.URL, "LINE")
	r.mustRun()
	stats := s.Stats(n)
	g.Expect(stats.Histogram).To(Equal(map[string]int64{"0": 0, "1": n}))
	g.Expect(stats.HTTP409).To(BeNumerically(">", 0), "some were sent again")
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": n}))
	g.Expect(scalar[int](r, "SELECT sum(resent) FROM alumni.delivery")).To(BeZero(), "nothing may have arrived twice")
}

func TestALimitOfLINEIsWaitedOutWithoutATry(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 40), newLINE(t)
	r.link(1, 40)
	f.fail = func(_ string, asked int) int {
		if asked > 5 && asked < 12 {
			return 429
		}
		return 0
	}
	r.by(f.URL, "LINE")
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": 40}))
	g.Expect(scalar[int](r, "SELECT max(attempts) FROM alumni.delivery")).To(Equal(1))
	g.Expect(r.log.String()).To(ContainSubstring("Pausing because the server is in trouble"))
}

func TestARunNeedsNoMoreMessagesThanLINEHasLeft(t *testing.T) {
	for name, c := range map[string]struct {
		quota int
		rule  string
		mode  string
		want  map[string]int
	}{
		"enough":                 {110, "", "", map[string]int{"LINE/Sent": 10, "Email/Sent": 10}},
		"refused":                {109, "", "", map[string]int{"LINE/Skipped/MonthlyQuota": 10, "Email/Sent": 10}},
		"trimmed":                {104, settings.QuotaTrim, "", map[string]int{"LINE/Sent": 4, "LINE/Skipped/MonthlyQuota": 6, "Email/Sent": 10}},
		"refused, and by mail":   {109, "", settings.FirstReachable, map[string]int{"Email/Sent": 10}},
		"trimmed, and by mail":   {104, settings.QuotaTrim, settings.FirstReachable, map[string]int{"LINE/Sent": 4, "Email/Sent": 6}},
		"an account without end": {0, "", "", map[string]int{"LINE/Sent": 10, "Email/Sent": 10}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r, f := newRig(t, 10), newLINE(t)
			r.link(1, 10)
			f.quota, f.used = c.quota, 100
			r.by(f.URL, "LINE", "Email")
			r.job.Network.LINE.OnQuota, r.job.Campaign.ChannelMode = c.rule, c.mode
			r.mustRun()
			g.Expect(r.outcomes()).To(Equal(c.want))
			messages, _ := f.total()
			g.Expect(messages).To(Equal(c.want["LINE/Sent"]))
			g.Expect(f.asked).To(Equal(messages), "nobody else was tried")
		})
	}
}

func TestWhenTheQuotaEndsUnderwayTheOthersGoByTheNextChannel(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 100), newLINE(t)
	r.link(1, 100)
	f.quota = 100
	f.fail = func(string, int) int { f.quota = 20; return 0 } // somebody else sends meanwhile
	r.by(f.URL, "LINE", "Email")
	r.job.Campaign.ChannelMode = settings.FirstReachable
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": 20, "Email/Sent": 80}))
	g.Expect(r.log.String()).To(ContainSubstring("month's messages are used up"))
}

func TestWhatLINENeverConfirmsIsInDoubtAndNotSentByAnotherChannel(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 3), newLINE(t)
	r.link(1, 3)
	f.after = func(to string) int { // one is taken, and nobody learns of it
		if to == user(2) {
			return cutOff
		}
		return 0
	}
	f.fail = func(to string, asked int) int { // and asked again LINE is down
		if to == user(2) && f.taken[to] > 0 {
			return 500
		}
		return 0
	}
	r.by(f.URL, "LINE", "Email")
	r.job.Campaign.ChannelMode, r.job.Campaign.RetryDeadlineSeconds = settings.FirstReachable, 3
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": 2, "LINE/Unknown/NoAnswer": 1}))
	g.Expect(r.smtp.Taken()).To(BeZero())
}

func TestAKeyThatIsADayOldProvesNothingAndIsNotUsed(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 2), newLINE(t)
	r.link(1, 2)
	r.by(f.URL, "LINE")
	_, err := r.ledger(time.Now).join(t.Context(), r.job, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	r.exec("UPDATE alumni.delivery SET doubt_since = now() - interval '23 hours 51 minutes' WHERE member_id = $1", member(1))
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": 1, "LINE/Unknown/KeyExpired": 1}))
	g.Expect(f.asked).To(Equal(1))
}

func TestATokenThatWasMendedIsTakenWithoutARestart(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 3), newLINE(t)
	r.link(1, 3)
	f.tokens = map[string]bool{"the-new-one": true}
	r.by(f.URL, "LINE")
	var mu sync.Mutex
	opened := 0
	r.job.LINE = func() (*line.Client, error) {
		mu.Lock()
		defer mu.Unlock()
		opened++
		switch {
		case opened < 3:
			return nil, os.ErrNotExist
		case opened < 6:
			return line.New(channeltest.Client(), line.Options{Token: channel.NewSecret(lineToken), BaseURL: f.URL})
		}
		return line.New(channeltest.Client(), line.Options{Token: channel.NewSecret("the-new-one"), BaseURL: f.URL})
	}
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": 3}))
}

func TestWhoComplainedAboutAMailIsLeftAloneByLINEToo(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 4), newLINE(t)
	r.link(1, 4)
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'Email', 'Complaint'), ($2, 'Email', 'HardBounce')", member(1), member(2))
	r.by(f.URL, "LINE")
	_, err := r.ledger(time.Now).join(t.Context(), r.job, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	r.exec("INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'Email', 'Complaint')", member(3)) // after it was planned
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Suppressed/Suppressed": 2, "LINE/Sent": 2}))
}

func TestNobodyIsWokenByLINEAndEverybodyFindsTheNotice(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 4), newLINE(t)
	r.link(1, 4)
	r.by(f.URL, "LINE", "Portal")
	now := time.Now().UTC()
	r.job.Network.TimeZone = "UTC"
	r.job.Network.QuietHours = &settings.QuietHours{From: now.Add(-time.Hour).Format("15:04"), Until: now.Add(time.Hour).Format("15:04")}
	r.job.Campaign.QuietHours = settings.QuietSkip
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Skipped/QuietHours": 4, "Portal/Sent": 4}))
}

func TestNobodyIsWrittenToByLINEInATrial(t *testing.T) {
	g := NewWithT(t)
	r := newRig(t, 4)
	r.link(1, 4)
	r.by("", "LINE", "Portal")
	r.job.Network.Email.Transport, r.job.LINE = settings.TransportCapture, nil
	r.job.Campaign.ChannelMode = settings.FirstReachable
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"Portal/Sent": 4}))
}

func TestARunThatIsTakenUpAgainFitsTheChannelsOfItsCampaign(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 6), newLINE(t)
	r.link(1, 6)
	r.forgetMail(1, 2)
	r.by(f.URL, "LINE", "Email")
	r.job.Campaign.ChannelMode = settings.FirstReachable
	_, err := r.ledger(time.Now).join(t.Context(), r.job, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Planned": 6}))
	r.exec("DELETE FROM alumni.line_link WHERE recipient_id <= $1", member(2))

	r.by(f.URL, "LINE", "Portal") // Email is not named any more, and Portal is new
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": 4, "Portal/Sent": 2}))

	r.job.RunName += "-2"
	r.by(f.URL, "Email", "LINE")
	r.job.Campaign.ChannelMode = ""
	_, err = r.ledger(time.Now).join(t.Context(), r.job, r.job.day())
	g.Expect(err).NotTo(HaveOccurred())
	r.by(f.URL, "Email")
	r.exec("DELETE FROM alumni.delivery WHERE run_id IN (SELECT id FROM alumni.campaign_run WHERE state = 'Finished')")
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"Email/Sent": 4, "Email/Skipped/Unreachable": 2, "LINE/Skipped/NotDeclared": 4, "LINE/Skipped/Unreachable": 2}))
}

func TestOccasionsAndTestsHoldOnEveryChannel(t *testing.T) {
	g := NewWithT(t)
	r, f := tested(t, 600, settings.ABTest{TestPercent: 20, AfterSeconds: 0}), newLINE(t)
	r.link(1, 600)
	r.by(f.URL, "LINE", "Email")
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": 600, "Email/Sent": 600}))
	g.Expect(scalar[int](r, "SELECT count(*) FROM (SELECT FROM alumni.delivery GROUP BY member_id HAVING count(DISTINCT variant) > 1) m")).To(BeZero(),
		"a member reads the same on every channel")
}

func TestAResendGoesByTheChannelThatFailed(t *testing.T) {
	g := NewWithT(t)
	r, f := newRig(t, 6), newLINE(t)
	r.link(1, 6)
	f.fail = func(to string, _ int) int {
		if to == user(2) || to == user(5) {
			return 400
		}
		return 0
	}
	r.by(f.URL, "LINE", "Email")
	r.job.Campaign.PauseOn = &settings.PauseOn{}
	r.mustRun()
	f.fail = nil
	r.job.Campaign.ResendOf, r.job.RunName = r.job.RunName, r.job.RunName+"-r1"
	r.mustRun()
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": 6, "LINE/Failed/InvalidRecipient": 2, "Email/Sent": 6}))
	messages, doubled := f.total()
	g.Expect([]int{messages, doubled}).To(Equal([]int{6, 0}))
}

// TestAWorkerThatIsKilledLosesAndDoublesNothingByLINE kills the real worker in the middle, twice.
func TestAWorkerThatIsKilledLosesAndDoublesNothingByLINE(t *testing.T) {
	g := NewWithT(t)
	const n = 1500
	r, f := newRig(t, n), newLINE(t)
	server := httptest.NewTLSServer(f)
	t.Cleanup(server.Close)
	r.link(1, n)
	r.by(server.URL, "LINE", "Portal")
	r.tokenOfLINE(server)
	for _, at := range []int{n / 4, n * 3 / 4} {
		p := r.worker()
		g.Eventually(func() int { messages, _ := f.total(); return messages }, time.Minute, time.Millisecond).Should(BeNumerically(">=", at), r.log.String)
		g.Expect(p.Process.Signal(syscall.SIGKILL)).To(Succeed())
		g.Expect(exitCode(r, p)).To(Equal(-1))
	}
	g.Expect(exitCode(r, r.worker())).To(Equal(0), r.log.String())
	messages, doubled := f.total()
	g.Expect([]int{messages, doubled}).To(Equal([]int{n, 0}))
	g.Expect(r.outcomes()).To(Equal(map[string]int{"LINE/Sent": n, "Portal/Sent": n}))
	g.Expect(scalar[int](r, "SELECT count(*) FROM alumni.notice")).To(Equal(n))
	g.Expect(f.asked).To(BeNumerically(">", n), "what was in doubt was asked again")
	g.Expect(r.log.String()).NotTo(ContainSubstring("canary"))
}

// tokenOfLINE mounts the account's token for the rig's workers, and lets them reach a server.
func (r *rig) tokenOfLINE(server *httptest.Server) {
	r.Helper()
	dir := r.TempDir()
	roots := filepath.Join(dir, "roots.pem")
	for path, content := range map[string]string{
		filepath.Join(dir, settings.LINETokenFile): lineToken + "\n",
		roots: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			r.Fatal(err)
		}
	}
	r.flags = []string{"--line-dir", dir, "--line-url", server.URL}
	r.env = []string{"SSL_CERT_FILE=" + roots, settings.EnvEgressAllow + "=127.0.0.0/8"}
}
