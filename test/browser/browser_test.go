// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build browser

package browser

import (
	"encoding/json"
	"fmt"
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

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

func TestMain(m *testing.M) { os.Exit(portaltest.Run(m)) }

// BROWSER_TESTS names the files to run, all of them when it is empty; SCREENS keeps pictures of the pages.
func TestPortalInABrowser(t *testing.T) {
	w := portaltest.New(t)
	w.WithLINE()
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
	mux.HandleFunc("GET /state", func(rw http.ResponseWriter, r *http.Request) {
		reply(rw, map[string]string{"state": w.Value(`SELECT state FROM alumni.member WHERE id = $1`, r.FormValue("id"))})
	})
	return mux
}

func reply(rw http.ResponseWriter, v any) {
	rw.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(rw).Encode(v)
}
