// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
	"github.com/alumni-operator/alumni-operator/internal/portal/middleware"
	"github.com/alumni-operator/alumni-operator/internal/portal/prose"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

//go:embed templates/*.html
var templateFiles embed.FS

// baseTemplate is the frame around every page.
const baseTemplate = "base.html"

// pages holds each page's template in each language.
type pages struct {
	byLocale map[community.Locale]map[string]*template.Template
}

// view is what the frame shows; Data is the page's own.
type view struct {
	Page      string
	Locale    community.Locale
	Network   settings.Network
	Title     string
	Signed    bool                  // a member's page: shows the members' menu
	Unseen    int                   // how many notices the member has not opened
	Session   bool                  // there seems to be a session: offers the way to the members' pages
	Office    bool                  // a page of the console
	Staff     community.StaffViewer // who is signed in there
	Path      string                // of this page, to mark it in the menu
	Switches  []languageSwitch
	Done      string
	Problem   *problem
	Faulty    bool // the page itself says what is wrong with the form
	Style     string
	Icon      string
	Findable  bool
	Banners   []banner // of a trial
	Trial     string   // where its mails are
	Reference string
	Data      any
}

// fieldOf is one field of a member, for the template that shows its value.
type fieldOf struct {
	Field  community.Field
	Member community.Member
}

// languageSwitch leads to the same page in another language.
type languageSwitch struct {
	Locale community.Locale
	URL    string
}

// problem is a rule that the visitor's input breaks.
type problem struct {
	Field string
	Text  string
}

// loadPages parses every template once for each language, so that a fault shows when the portal starts.
func (s *Server) loadPages() (*pages, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	all := &pages{byLocale: map[community.Locale]map[string]*template.Template{}}
	for _, locale := range community.Locales() {
		all.byLocale[locale] = map[string]*template.Template{}
		for _, name := range names {
			if path.Base(name) == baseTemplate {
				continue
			}
			t, err := template.New(baseTemplate).Option("missingkey=error").Funcs(s.functions(locale)).
				ParseFS(templateFiles, "templates/"+baseTemplate, name)
			if err != nil {
				return nil, fmt.Errorf("read template %s: %w", name, err)
			}
			all.byLocale[locale][strings.TrimSuffix(path.Base(name), ".html")] = t
		}
	}
	return all, nil
}

// functions are what templates can call, bound to a language.
func (s *Server) functions(locale community.Locale) template.FuncMap {
	return template.FuncMap{
		"t":         func(key string, args ...string) string { return s.text(locale, key, args...) },
		"date":      func(t time.Time) string { return i18n.Date(locale, t.In(s.zone)) },
		"month":     func(t time.Time) string { return i18n.Month(locale, t) },
		"moment":    func(t time.Time) string { return i18n.Moment(locale, t.In(s.zone)) },
		"monthDay":  func(d community.MonthDay) string { return i18n.MonthDay(locale, d) },
		"monthName": func(m time.Month) string { return i18n.MonthName(locale, m) },
		"dayName":   func(day int) string { return i18n.DayName(locale, day) },
		"zone":      func(name string) string { return s.catalogue.Zone(locale, name) },
		"lines":     func(text string) []string { return strings.Split(text, "\n") },
		"join":      strings.Join,
		"str":       func(v any) string { return fmt.Sprint(v) },
		"field":     func(f community.Field, m community.Member) fieldOf { return fieldOf{f, m} },
		"number":    i18n.Number,
		"coded":     func(of string, code any) string { return s.coded(locale, of, fmt.Sprint(code)) },
		"prose":     prose.HTML,
		"told":      func(p community.Post, shown int) postOfList { return postOfList{p, shown} },
		"asked":     func(n nameAsked, p *problem) nameField { return nameField{n, p != nil && p.Field == "ShowName"} },
		"beginning": community.Beginning,
		"long":      func(text string, limit int) bool { return utf8.RuneCountInString(text) > limit },
		"isMail":    func(contact string) bool { return !strings.HasPrefix(contact, "https://") },
	}
}

// text is a text of the catalogue with the network's own words filled in.
func (s *Server) text(locale community.Locale, key string, args ...string) string {
	members := s.Network.MemberLabel
	if members == "" {
		members = s.catalogue.Text(locale, "members.default")
	}
	return s.catalogue.Text(locale, key, append(args[:len(args):len(args)], "network", s.Network.DisplayName, "operator", s.Network.Operator.Name,
		"members", members, "hours", strconv.Itoa(int(s.Network.ErasurePromise().Hours())))...)
}

// coded puts a code into words: the text of the key that it ends, or the code itself where a later version has made it up.
func (s *Server) coded(locale community.Locale, of, code string) string {
	if key := of + "." + code; s.catalogue.Has(locale, key) {
		return s.text(locale, key)
	}
	return code
}

// moment writes an instant in the network's zone and the visitor's language.
func (s *Server) moment(v *visit, t time.Time) string { return i18n.Moment(v.locale, t.In(s.zone)) }

// frame is the view of a page before its own data.
func (s *Server) frame(v *visit, name, titleKey string, data any) view {
	vw := view{
		Page: name, Locale: v.locale, Network: s.Network, Title: s.text(v.locale, titleKey),
		Signed: v.viewer != community.Viewer{}, Unseen: s.unseen(v), Session: !v.office && s.sessionToken(v.r) != "", Office: v.office, Staff: v.staff,
		Path: v.r.URL.Path, Style: s.assets.path("style.css"), Icon: s.assets.path("icon.svg"), Data: data,
		Banners: s.banners(), Trial: trialPath,
	}
	if key, ok := doneKeys[v.r.URL.Query().Get("done")]; ok {
		vw.Done = s.text(v.locale, key)
	}
	for _, locale := range community.Locales() {
		if locale != v.locale {
			query := v.r.URL.Query()
			query.Set("lang", string(locale))
			vw.Switches = append(vw.Switches, languageSwitch{locale, v.r.URL.EscapedPath() + "?" + query.Encode()})
		}
	}
	return vw
}

// doneKeys are the acts that a page can report after a redirect; anything else in the query is ignored.
var doneKeys = map[string]string{
	"welcome": "me.welcome", "saved": "done.saved", "unchanged": "done.unchanged", "paused": "done.paused",
	"resumed": "done.resumed", "mailResumed": "done.mailResumed", "signedOut": "done.signedOut", "unlinked": "done.unlinked",
	"addressAsked": "done.addressAsked", "addressChanged": "done.addressChanged", "expired": "signIn.expired",
	"registered": "done.registered", "waiting": "done.waiting", "unregistered": "done.unregistered", "published": "done.published",
	"eventCancelled": "done.eventCancelled",
	"postPublished":  "done.postPublished", "commented": "done.commented", "postWithdrawn": "done.postWithdrawn", "commentWithdrawn": "done.commentWithdrawn",
	"reported": "done.reported",
}

// show renders a page. The page is complete before its first byte is sent, so a fault can still be told.
func (s *Server) show(v *visit, status int, vw view) error {
	var out bytes.Buffer
	if err := s.pages.byLocale[v.locale][vw.Page].ExecuteTemplate(&out, baseTemplate, vw); err != nil {
		return fmt.Errorf("render page %s: %w", vw.Page, &renderError{err})
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(out.Bytes()) // the visitor may have gone
	return nil
}

// renderError keeps the template's own text, which may quote data, out of logs.
type renderError struct{ cause error }

func (e *renderError) Error() string { return "template failed" }
func (e *renderError) Unwrap() error { return e.cause }

// ok shows a page that is as it should be.
func (s *Server) ok(v *visit, name, titleKey string, data any) error {
	return s.show(v, http.StatusOK, s.frame(v, name, titleKey, data))
}

// again shows a form again when the input breaks a rule; any other error is passed on.
func (s *Server) again(v *visit, err error, name, titleKey string, data any) error {
	p := s.problemOf(v, err)
	if p == nil {
		return err
	}
	vw := s.frame(v, name, titleKey, data)
	vw.Problem = p
	return s.show(v, http.StatusUnprocessableEntity, vw)
}

// reference is the number under which the log speaks of a request.
func reference(r *http.Request) string { return middleware.IDOf(r.Context()) }
