// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// pageSize is the number of mails on one page.
const pageSize = 50

//go:embed pages
var pages embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.Format("15:04:05") },
	"day":   func(t time.Time) string { return t.Format(time.DateOnly) },
}).ParseFS(pages, "pages/*.html"))

// The pages load nothing from elsewhere. A mail's own HTML is shown in a frame that may run nothing: it comes
// with a policy of its own.
const (
	pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	mailPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)

// newHandler has all pages.
func newHandler(b *box, f *faults) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { showList(w, r, b) })
	mux.HandleFunc("GET /m/{id}", func(w http.ResponseWriter, r *http.Request) { showMail(w, r, b) })
	mux.HandleFunc("GET /m/{id}/html", func(w http.ResponseWriter, r *http.Request) { showHTML(w, r, b) })
	mux.HandleFunc("GET /m/{id}/source", func(w http.ResponseWriter, r *http.Request) { showSource(w, r, b) })
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pages, "pages/style.css") })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	api{box: b, faults: f}.routes(mux)
	return http.NewCrossOriginProtection().Handler(guarded(mux))
}

// guarded sets the headers that every answer has.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// listPage is what list.html shows.
type listPage struct {
	Query        string
	Counts       counts
	Mails        []*mail
	Total        int
	First, Last  int
	Newer, Older string
}

func showList(w http.ResponseWriter, r *http.Request, b *box) {
	query := r.URL.Query().Get("to")
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || page < 1 || page > 1_000_000 {
		page = 1
	}
	skip := (page - 1) * pageSize
	mails, total := b.find(query, false, skip, pageSize)
	p := listPage{Query: query, Counts: b.totals(), Mails: mails, Total: total, First: min(skip+1, total), Last: skip + len(mails)}
	link := func(n int) string { return "/?" + url.Values{"to": {query}, "page": {strconv.Itoa(n)}}.Encode() }
	if page > 1 {
		p.Newer = link(page - 1)
	}
	if p.Last < total && len(mails) > 0 {
		p.Older = link(page + 1)
	}
	render(w, "list.html", p)
}

// mailPage is what mail.html shows.
type mailPage struct {
	*mail
	content
	HasHTML bool
}

func showMail(w http.ResponseWriter, r *http.Request, b *box) {
	m := wanted(w, r, b)
	if m == nil {
		return
	}
	c := readContent(m.Source)
	render(w, "mail.html", mailPage{mail: m, content: c, HasHTML: c.HTML != ""})
}

// showHTML gives a mail's own HTML to the frame. Its links open in a new tab.
func showHTML(w http.ResponseWriter, r *http.Request, b *box) {
	m := wanted(w, r, b)
	if m == nil {
		return
	}
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprint(w, `<base target="_blank">`, readContent(m.Source).HTML)
}

func showSource(w http.ResponseWriter, r *http.Request, b *box) {
	m := wanted(w, r, b)
	if m == nil {
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(m.Source)
}

// wanted finds the mail of the path, or answers that it is not there.
func wanted(w http.ResponseWriter, r *http.Request, b *box) *mail {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err == nil {
		if m := b.get(id); m != nil {
			return m
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_ = templates.ExecuteTemplate(w, "missing.html", nil)
	return nil
}

func render(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := templates.ExecuteTemplate(w, name, data); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
	}
}
