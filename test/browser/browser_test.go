// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build browser

package browser

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/campaign"
	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/survey"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

func TestMain(m *testing.M) { os.Exit(portaltest.Run(m)) }

// BROWSER_TESTS names the files to run, all of them when it is empty; SCREENS keeps pictures of the pages.
func TestPortalInABrowser(t *testing.T) {
	w := portaltest.New(t)
	w.WithLINE()
	w.Staff("hr@hoshino-foods.example ProgrammeOwner,CommunityManager,PrivacyOfficer\n")
	lookOver(t, w)
	port := freePort(t)
	w.Network.PublicURL = fmt.Sprintf("http://localhost:%d", port)
	w.Start("--listen", fmt.Sprintf("127.0.0.1:%d", port))
	control := httptest.NewServer(controls(w))
	t.Cleanup(control.Close)

	if _, err := os.Stat(nodeProgram()); err != nil {
		execute(t, "npm", "ci", "--no-audit", "--no-fund")
	}
	t.Setenv("PORTAL_URL", w.Network.PublicURL)
	t.Setenv("CONTROL_URL", control.URL)
	execute(t, "node", append([]string{"--test", "--test-concurrency=1"}, strings.Fields(os.Getenv("BROWSER_TESTS"))...)...)
}

// lookOver gives the office something to see: a campaign that was looked over, and one that ran.
func lookOver(t *testing.T, w *portaltest.World) {
	t.Helper()
	w.Network.PublicURL = "http://localhost"
	withdrawn := w.Person(community.StateWithdrawn)
	w.Exec(`INSERT INTO alumni.erasure_request (id, member_id, source, received_at) VALUES (gen_random_uuid(), $1, 'Withdrawal', now() - interval '30 hours')`, withdrawn.ID)
	body := "{{ .Member.DisplayName }}さん\n\n## 秋の集い\n\n- **11月3日**に[本館](https://hoshino-foods.example/autumn-gathering-with-a-rather-long-address)で\n- 参加費はいただきません"
	err := campaign.Preview(t.Context(), w.Store.Pool(naming.RoleCampaign), campaign.Job{
		RunName: "autumn-preview", ScheduledAt: time.Now().AddDate(0, 0, 3), TokenKey: w.Key, Network: w.Network, Log: slog.New(slog.DiscardHandler),
		Campaign: settings.Campaign{UID: "autumn", Name: "autumn-gathering-2026", Generation: 1, Type: "EventInvitation", MaxRecipients: 100, RetryDeadlineSeconds: 3600, OnUnknown: "Resend",
			Locales: []settings.LocalisedContent{{Locale: "ja", Subject: "{{ .Member.FamilyName }}さん、秋の集いへのご案内です", Body: body},
				{Locale: "en", Subject: "{{ .Member.GivenName }}, come to the autumn gathering", Body: "Dear {{ .Member.GivenName }},\n\nplease come."}},
			Steps: []settings.Step{{Name: "reminder", AfterDays: 3, Locales: []settings.LocalisedContent{{Locale: "ja", Subject: "秋の集い、まもなくです", Body: body}}}}},
	})
	if err != nil {
		t.Fatalf("look a campaign over: %v", err)
	}
	run := w.Run("news")
	w.Exec(`UPDATE alumni.campaign_run SET audience = 4 WHERE id = $1`, run)
	for i, outcome := range []string{"Sent", "Sent", "Failed HardBounce", "Skipped Paused"} {
		state, reason, _ := strings.Cut(outcome, " ")
		w.Exec(`INSERT INTO alumni.delivery (run_id, member_id, channel, state, reason, attempts) VALUES ($1, $2, 'Email', $3, $4, $5)`,
			run, w.Person(community.StateActive).ID, state, reason, i)
	}
}

// nodeProgram is the Node.js that package.json pins: Debian's own is too old for Playwright.
func nodeProgram() string {
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	return filepath.Join("node_modules", "node-linux-"+arch, "bin", "node")
}

func execute(t *testing.T, name string, args ...string) {
	t.Helper()
	command := exec.Command(name, args...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// controls lets the Node tests set up people and read their mail.
func controls(w *portaltest.World) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /person", func(rw http.ResponseWriter, r *http.Request) {
		p := w.Person(community.State(r.FormValue("state")))
		reply(rw, map[string]string{"id": p.ID.String(), "address": p.Address})
	})
	mux.HandleFunc("POST /notice", func(rw http.ResponseWriter, r *http.Request) {
		id := w.Notice(w.Run(uuid.NewString()), portaltest.Person{ID: uuid.MustParse(r.FormValue("to"))}, community.Locale(r.FormValue("locale")),
			r.FormValue("title"), r.FormValue("body"))
		reply(rw, map[string]int64{"id": id})
	})
	mux.HandleFunc("POST /line", func(rw http.ResponseWriter, r *http.Request) {
		body := portaltest.LINEBody(portaltest.LINEEvent{Kind: r.FormValue("kind"), User: "U" + strings.ReplaceAll(r.FormValue("from"), "-", ""),
			Text: r.FormValue("text"), At: time.Now()})
		request, _ := http.NewRequestWithContext(r.Context(), http.MethodPost, w.Network.PublicURL+"/line/events", strings.NewReader(body))
		request.Header.Set("X-Line-Signature", portaltest.SignLINE(body))
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadGateway)
			return
		}
		_ = answer.Body.Close()
		reply(rw, map[string]int{"status": answer.StatusCode})
	})
	mux.HandleFunc("GET /mail", func(rw http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		m := w.AwaitMail(r.FormValue("to"), n)
		reply(rw, map[string]string{"subject": m.Subject, "text": m.Text, "html": m.HTML, "token": m.Token()})
	})
	mux.HandleFunc("GET /unsubscribe", func(rw http.ResponseWriter, r *http.Request) {
		run := w.Run(uuid.NewString())
		reply(rw, map[string]string{"token": w.Tokens.Token(unsubscribe.Claim{
			Member: uuid.MustParse(r.FormValue("id")), Purpose: r.FormValue("purpose"), Run: run})})
	})
	mux.HandleFunc("GET /survey", func(rw http.ResponseWriter, r *http.Request) {
		run := w.Survey(uuid.NewString(), surveyOf(r.FormValue("anonymity")), time.Now().Add(14*24*time.Hour))
		reply(rw, map[string]string{"path": survey.Path + w.Surveys.Token(survey.Claim{Member: uuid.MustParse(r.FormValue("id")), Run: run})})
	})
	mux.HandleFunc("GET /state", func(rw http.ResponseWriter, r *http.Request) {
		reply(rw, map[string]string{"state": w.Value(`SELECT state FROM alumni.member WHERE id = $1`, r.FormValue("id"))})
	})
	return mux
}

// surveyOf asks one question of each kind.
func surveyOf(anonymity string) survey.Definition {
	titles := func(ja, en string) []survey.Title {
		return []survey.Title{{Locale: "ja", Text: ja}, {Locale: "en", Text: en}}
	}
	return survey.Definition{Anonymity: anonymity, ClosesAfterDays: 14, Questions: []survey.Question{
		{Name: "back", Kind: survey.SingleChoice, Required: survey.Required, Title: titles("また一緒に働きたいですか", "Would you like to work with us again?"), Options: []survey.Option{
			{Name: "yes", Title: titles("はい", "Yes")},
			{Name: "no", Title: titles("いいえ", "No")},
			{Name: "maybe", Title: titles("条件しだいで、たとえば勤務地や時間が合えば考えたいです", "It depends, for example on where and at which hours I could work")}}},
		{Name: "topics", Kind: survey.MultipleChoice, Title: titles("関心のあること", "What interests you"), Options: []survey.Option{
			{Name: "events", Title: titles("集まり", "Events")}, {Name: "jobs", Title: titles("求人", "Job openings")}}},
		{Name: "mood", Kind: survey.Scale, Required: survey.Required, Title: titles("このネットワークに満足していますか", "How satisfied are you with this network?")},
		{Name: "words", Kind: survey.Text, Title: titles("ご意見", "Anything else?")},
	}}
}

func reply(rw http.ResponseWriter, v any) {
	rw.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(rw).Encode(v)
}
