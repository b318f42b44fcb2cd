// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"archive/zip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/net/html"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

// unpacked are the files of a copy.
func unpacked(t *testing.T, answer portaltest.Answer) map[string]string {
	t.Helper()
	g := NewWithT(t)
	g.Expect(answer.Status).To(Equal(http.StatusOK))
	archive, err := zip.NewReader(strings.NewReader(answer.Body), int64(len(answer.Body)))
	g.Expect(err).NotTo(HaveOccurred())
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		g.Expect(err).NotTo(HaveOccurred())
		text, err := io.ReadAll(r)
		g.Expect(err).NotTo(HaveOccurred())
		files[f.Name] = string(text)
	}
	return files
}

// copied is the form of your-data.json.
type copied struct {
	Format   string
	Network  string
	Purposes []string
	Data     map[string]map[string][]map[string]any
}

func TestAMemberTakesACopyOfEverythingThatIsHeld(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b, person, other := w.Serve().Browser(), w.Person(community.StateActive), w.Person(community.StateActive)
	b.SignIn(w, person)
	run := w.Run("a")
	w.Notice(run, person, "en", "Autumn <news>", `<h2>The hall</h2><script>alert(1)</script>`)
	w.Notice(run, other, "en", "Private", "<p>words</p>")
	w.Exec(`UPDATE alumni.member SET about = '<script>alert(2)</script>' WHERE id = $1`, person.ID)

	page := b.Get("/me/data").Body
	g.Expect(page).To(And(ContainSubstring("Your time at the company"), ContainSubstring("Entries: 1")))
	answer := b.Post("/me/data")
	g.Expect(answer.Header.Get("Content-Disposition")).To(MatchRegexp(`^attachment; filename="alumni-data-\d{4}-\d\d-\d\d\.zip"$`))
	g.Expect(answer.Header.Get("Cache-Control")).To(ContainSubstring("no-store"))
	files := unpacked(t, answer)
	var data copied
	g.Expect(json.Unmarshal([]byte(files["your-data.json"]), &data)).To(Succeed())
	g.Expect([]string{data.Format, data.Network}).To(Equal([]string{"alumni-operator.io/subject-copy/v1", w.Network.DisplayName}))
	g.Expect(data.Purposes).To(Equal(w.Network.Purposes))
	g.Expect(data.Data["Contact"]["contact"]).To(ConsistOf(HaveKeyWithValue("address", person.Address)))
	g.Expect(data.Data["Profile"]["employment"]).To(ConsistOf(HaveKeyWithValue("departure_reason", "転職")))
	g.Expect(data.Data["Messages"]["notice"]).To(ConsistOf(HaveKeyWithValue("title", "Autumn <news>")))

	readable := files["your-data.html"]
	g.Expect(readable).To(And(ContainSubstring("転職"), ContainSubstring("<h3>The hall</h3>"), ContainSubstring("Autumn &lt;news&gt;"), ContainSubstring("&lt;script&gt;alert(2)")))
	g.Expect(readable).NotTo(Or(ContainSubstring("<script"), ContainSubstring("alert(1)")))
	_, err := html.Parse(strings.NewReader(readable))
	g.Expect(err).NotTo(HaveOccurred())
	for name, text := range files {
		g.Expect(text).NotTo(Or(ContainSubstring(other.Address), ContainSubstring(other.ID.String()), ContainSubstring("Private")), name)
	}
	g.Expect(w.Log.String()).NotTo(ContainSubstring(person.Address))
	g.Expect(unpacked(t, b.Post("/me/data?lang=ja"))["your-data.html"]).To(And(ContainSubstring(`<html lang="ja">`), ContainSubstring("人事が記録した退職理由")))
}

func TestOnlyTheMemberTakesTheCopy(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	guest, left, person := site.Browser(), site.Browser(), w.Person(community.StateActive)
	for _, answer := range []portaltest.Answer{guest.Get("/me/data"), guest.Post("/me/data")} {
		g.Expect([]any{answer.Status, answer.Header.Get("Location")}).To(Equal([]any{http.StatusSeeOther, "/sign-in"}))
	}
	left.SignIn(w, person)
	g.Expect(left.Get("/me/leave").Body).To(ContainSubstring(`href="/me/data"`), "it is offered to those who leave")
	left.Post("/me/leave/confirm", "understood", "yes")
	g.Expect(left.Post("/me/data").Status).To(Equal(http.StatusSeeOther))
}

func TestEveryColumnOfACopyHasANameInEveryLanguage(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	texts, err := i18n.Load()
	g.Expect(err).NotTo(HaveOccurred())
	names := w.Value(`SELECT string_agg(DISTINCT 'data.column.' || column_name, ' ') || ' ' || string_agg(DISTINCT 'data.table.' || table_name, ' ')
		FROM information_schema.view_column_usage WHERE view_schema = 'alumni' AND view_name = 'subject_copy'`)
	names += " " + w.Value(`SELECT string_agg(DISTINCT 'data.category.' || split_part(obj_description(format('alumni.%I', u.table_name)::regclass, 'pg_class'), ': ', 1), ' ')
		FROM information_schema.view_column_usage u WHERE u.view_schema = 'alumni' AND u.view_name = 'subject_copy'`)
	for _, locale := range community.Locales() {
		for _, key := range strings.Fields(names) {
			g.Expect(texts.Text(locale, key)).NotTo(Equal(key), "say it in texts/%s.json", locale)
		}
	}
}
