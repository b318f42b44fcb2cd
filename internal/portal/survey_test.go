// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/survey"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

func titles(ja, en string) []survey.Title {
	return []survey.Title{{Locale: "ja", Text: ja}, {Locale: "en", Text: en}}
}

// questions has one of each kind, of which two must be answered.
func questions(anonymity string) survey.Definition {
	return survey.Definition{Anonymity: anonymity, ClosesAfterDays: 14, Questions: []survey.Question{
		{Name: "back", Kind: survey.SingleChoice, Required: survey.Required, Title: titles("また働きたいですか", "Would you come back?"), Options: []survey.Option{
			{Name: "yes", Title: titles("はい", "Yes")}, {Name: "no", Title: titles("いいえ", "No")}}},
		{Name: "topics", Kind: survey.MultipleChoice, Title: titles("関心のあること", "What interests you"), Options: []survey.Option{
			{Name: "events", Title: titles("催し", "Events")}, {Name: "jobs", Title: titles("求人", "Jobs")}}},
		{Name: "mood", Kind: survey.Scale, Required: survey.Required, Title: titles("満足度", "How satisfied are you?")},
		{Name: "words", Kind: survey.Text, Title: titles("ご意見", "Anything else <b>?")},
	}}
}

// surveyLink is the link of a member to a survey that a new run asks.
func surveyLink(w *portaltest.World, name string, d survey.Definition, p portaltest.Person) string {
	run := w.Survey(name, d, w.Clock.Now().Add(14*24*time.Hour))
	return survey.Path + w.Surveys.Token(survey.Claim{Member: p.ID, Run: run})
}

func TestAnAnswerIsKeptOnceAndAnonymously(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := w.Serve().Browser()
	p := w.Person(community.StateActive)
	link := surveyLink(w, "s", questions(""), p)
	a := b.Get(link)
	g.Expect(a.Status).To(Equal(http.StatusOK))
	g.Expect(a.Body).To(And(ContainSubstring(`lang="ja"`), ContainSubstring("また働きたいですか"), ContainSubstring("匿名です")), "the page is in the member's language")
	g.Expect(b.Get(link + "?lang=en").Body).To(And(ContainSubstring("Would you come back?"), ContainSubstring("&lt;b&gt;")))
	g.Expect(w.Value("SELECT count(*) FROM alumni.survey_participant")).To(Equal("0"), "looking is not answering")

	a = b.Post(link, "q-back", "yes", "q-topics", "jobs", "q-topics", "events", "q-mood", "4", "q-words", " もっと\r\n集まりたい ")
	g.Expect(a.Status).To(Equal(http.StatusOK))
	g.Expect(a.Body).To(ContainSubstring("Thank you"))
	g.Expect(w.Value("SELECT answers FROM alumni.survey_answer")).To(MatchJSON(`{"back": ["yes"], "topics": ["events", "jobs"], "mood": ["4"], "words": ["もっと\n集まりたい"]}`))
	g.Expect(w.Value("SELECT count(*) FROM alumni.survey_answer WHERE recipient_id IS NULL")).To(Equal("1"))
	g.Expect(w.Value("SELECT recipient_id FROM alumni.survey_participant")).To(Equal(p.ID.String()))

	for _, again := range []portaltest.Answer{b.Get(link), b.Post(link, "q-back", "no", "q-mood", "1")} {
		g.Expect(again.Status).To(Equal(http.StatusOK))
		g.Expect(again.Body).To(ContainSubstring("Already answered"))
	}
	g.Expect(w.Value("SELECT count(*) FROM alumni.survey_answer")).To(Equal("1"))
	g.Expect(w.Log.String()).NotTo(Or(ContainSubstring(p.ID.String()), ContainSubstring("集まりたい"), ContainSubstring(strings.TrimPrefix(link, survey.Path))))
}

func TestANamedAnswerIsTheMembersAndSaysSo(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := w.Serve().Browser()
	p := w.Person(community.StatePaused)
	link := surveyLink(w, "s", questions(survey.Named), p)
	g.Expect(b.Get(link + "?lang=en").Body).To(And(ContainSubstring("not anonymous"), ContainSubstring(`name="named" value="yes"`)))
	g.Expect(b.Post(link, "named", "yes", "q-back", "no", "q-mood", "1").Body).To(ContainSubstring("Thank you"))
	g.Expect(w.Value("SELECT recipient_id FROM alumni.survey_answer")).To(Equal(p.ID.String()))
	w.Exec("DELETE FROM alumni.member WHERE id = $1", p.ID)
	g.Expect(w.Value("SELECT count(*) FROM alumni.survey_answer")).To(Equal("0"), "it goes with the member")
	g.Expect(w.Value("SELECT count(*) FROM alumni.survey_participant")).To(Equal("0"))
}

// The campaign may change until somebody has answered, while others have the page open.
func TestNobodyWhoWasPromisedAnonymityIsNamed(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := w.Serve().Browser()
	link := surveyLink(w, "s", questions(""), w.Person(community.StateActive))
	g.Expect(b.Get(link + "?lang=en").Body).To(And(ContainSubstring("is anonymous"), Not(ContainSubstring(`name="named"`))))
	w.Exec("UPDATE alumni.survey SET definition = $1", questions(survey.Named))
	a := b.Post(link, "q-back", "no", "q-mood", "1")
	g.Expect(a.Status).To(Equal(http.StatusConflict))
	g.Expect(a.Body).To(And(ContainSubstring("not anonymous any more"), ContainSubstring(`value="no" checked`), ContainSubstring(`name="named" value="yes"`)))
	g.Expect(w.Value("SELECT count(*) FROM alumni.survey_participant")).To(Equal("0"))
	g.Expect(b.Post(link, "named", "yes", "q-back", "no", "q-mood", "1").Body).To(ContainSubstring("Thank you"))
}

func TestAFormWithFaultsComesBackWithWhatWasGiven(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := w.Serve().Browser()
	link := surveyLink(w, "s", questions(""), w.Person(community.StateActive))
	a := b.Post(link+"?lang=en", "q-topics", "jobs", "q-mood", "9", "q-words", strings.Repeat("字", survey.MaxText+1))
	g.Expect(a.Status).To(Equal(http.StatusUnprocessableEntity))
	g.Expect(a.Body).To(And(ContainSubstring(`<a href="#q-back">`), ContainSubstring(`<a href="#q-mood">`), ContainSubstring(`<a href="#q-words">`), Not(ContainSubstring(`<a href="#q-topics">`))))
	g.Expect(a.Body).To(And(ContainSubstring(`id="q-topics--jobs" name="q-topics" value="jobs" checked`), ContainSubstring("字字字"), ContainSubstring("too long"), ContainSubstring("<title>Please check")))
	g.Expect(b.Post(link, "q-back", "yes", "q-mood", "3", "q-words", strings.Repeat("x", 70<<10)).Status).To(Equal(http.StatusRequestEntityTooLarge))
	g.Expect(w.Value("SELECT count(*) FROM alumni.survey_participant")).To(Equal("0"))
	g.Expect(b.Post(link, "q-back", "yes", "q-mood", "3").Body).To(ContainSubstring("Thank you"))
}

func TestALinkThatAsksNobodyIsNoPage(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := w.Serve().Browser()
	p := w.Person(community.StateActive)
	run := w.Survey("s", questions(""), w.Clock.Now().Add(time.Hour))
	token := func(member uuid.UUID, run int64) string {
		return w.Surveys.Token(survey.Claim{Member: member, Run: run})
	}
	for name, link := range map[string]string{
		"a run without a survey":   token(p.ID, w.Run("news")),
		"a run that there is not":  token(p.ID, run+1000),
		"nobody":                   token(uuid.New(), run),
		"who left":                 token(w.Person(community.StateWithdrawn).ID, run),
		"who never joined":         token(w.Person(community.StateListed).ID, run),
		"a link to unsubscribe":    w.Tokens.Token(unsubscribe.Claim{Member: p.ID, Purpose: "Surveys", Run: run}),
		"a changed link":           "B" + token(p.ID, run)[1:],
		"a link that is too long":  strings.Repeat("A", 200),
		"a link that is cut":       token(p.ID, run)[:survey.Length-1],
		"the member's id in clear": p.ID.String(),
	} {
		g.Expect(b.Get(survey.Path+link).Status).To(Equal(http.StatusNotFound), name)
		g.Expect(b.Post(survey.Path+link, "q-back", "yes", "q-mood", "3").Status).To(Equal(http.StatusNotFound), name)
	}
	g.Expect(w.Value("SELECT count(*) FROM alumni.survey_answer")).To(Equal("0"))
	g.Expect(b.Get(survey.Path + token(uuid.Nil, 0) + "?lang=en").Body).To(ContainSubstring("test mail"))
}

func TestAClosedSurveyTakesNoAnswer(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := w.Serve().Browser()
	link := surveyLink(w, "s", questions(""), w.Person(community.StateActive))
	w.Clock.Advance(14*24*time.Hour + time.Minute)
	for _, a := range []portaltest.Answer{b.Get(link + "?lang=en"), b.Post(link, "q-back", "yes", "q-mood", "3")} {
		g.Expect(a.Status).To(Equal(http.StatusOK))
		g.Expect(a.Body).To(And(ContainSubstring("Survey closed"), Not(ContainSubstring("<form method=\"post\" action=\"/s/"))))
	}
	g.Expect(w.Value("SELECT count(*) FROM alumni.survey_answer")).To(Equal("0"))
}

func TestOfManyAnswersAtOnceOneIsKept(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	link := surveyLink(w, "s", questions(""), w.Person(community.StateActive))
	var all sync.WaitGroup
	var mu sync.Mutex
	thanks := 0
	for i := range 8 {
		b := site.Browser()
		all.Go(func() {
			a := b.Post(link+"?lang=en", "q-back", "yes", "q-mood", fmt.Sprint(1+i%5))
			mu.Lock()
			defer mu.Unlock()
			if strings.Contains(a.Body, "Thank you") && !strings.Contains(a.Body, "Already") {
				thanks++
			}
		})
	}
	all.Wait()
	g.Expect(thanks).To(Equal(1))
	g.Expect(w.Value("SELECT count(*) FROM alumni.survey_answer")).To(Equal("1"))
}

// Whatever a member is known by, or when they did something, stands nowhere in an anonymous answer or beside one.
func TestNothingInAnAnonymousAnswerIsOfItsMember(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	run := w.Survey("s", questions(""), w.Clock.Now().Add(time.Hour))
	var people []portaltest.Person
	for i := range 12 {
		p := w.Person(community.StateActive)
		people = append(people, p)
		b := site.Browser()
		b.SignIn(w, p)
		g.Expect(b.Post(survey.Path+w.Surveys.Token(survey.Claim{Member: p.ID, Run: run}), "q-back", "yes", "q-mood", "3", "q-words", string(rune('a'+i))).Status).To(Equal(http.StatusOK))
	}
	g.Expect(w.Value(`SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY column_name) FROM information_schema.columns
		WHERE table_schema = 'alumni' AND table_name IN ('survey_answer', 'survey_participant')`)).To(Equal(
		"answers jsonb, campaign_uid text, campaign_uid text, id uuid, recipient_id uuid, recipient_id uuid"), "neither a time, nor a number that counts up, nor a run")
	for _, p := range people {
		g.Expect(w.Value(`SELECT count(*) FROM alumni.survey_answer a WHERE to_jsonb(a)::text LIKE '%' || $1 || '%' OR to_jsonb(a)::text LIKE '%' || $2 || '%'`,
			p.ID.String(), p.Address)).To(Equal("0"))
	}
	g.Expect(w.Value(`SELECT count(*) FROM alumni.survey_answer WHERE substr(id::text, 15, 1) <> '4'`)).To(Equal("0"), "identifiers are random, and not of a time")
	order := w.Value("SELECT string_agg(answers -> 'words' ->> 0, '' ORDER BY ctid) FROM alumni.survey_answer")
	g.Expect(order).To(HaveLen(12))
	g.Expect(order).NotTo(Equal("abcdefghijkl"), "the order of the rows does not tell who")
	g.Expect(w.Value(`SELECT count(*) FROM alumni.survey_answer a JOIN alumni.survey_participant p ON p.xmin = a.xmin WHERE p.recipient_id = $1`,
		people[11].ID)).To(Equal("5"), "and neither does the transaction that wrote them")
}

// Answers that come at once would otherwise not see each other, and each stand alone beside the note that its member has answered.
func TestAnAnswerIsMixedWithOneThatIsBeingWritten(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	run := w.Survey("s", questions(""), w.Clock.Now().Add(time.Hour))
	first, err := w.Store.Pool(naming.RolePortal).Begin(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	_, err = first.Exec(t.Context(), `INSERT INTO alumni.survey_answer (campaign_uid, answers) VALUES ('s', '{"mood": ["1"]}')`)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = first.Rollback(context.Background()) })
	second := make(chan int, 1)
	link := survey.Path + w.Surveys.Token(survey.Claim{Member: w.Person(community.StateActive).ID, Run: run})
	go func() { second <- site.Browser().Post(link, "q-back", "yes", "q-mood", "5").Status }()
	w.Eventually("the second waits for the first", func() bool {
		return w.Value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == "1"
	})
	g.Expect(first.Commit(t.Context())).To(Succeed())
	g.Expect(<-second).To(Equal(http.StatusOK))
	g.Expect(w.Value("SELECT count(*) FROM alumni.survey_answer a JOIN alumni.survey_participant p ON p.xmin = a.xmin")).To(Equal("2"))
}

func TestOfManyMembersAtOnceEachIsHeardAndHidden(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	run := w.Survey("s", questions(""), w.Clock.Now().Add(time.Hour))
	const many = 16
	answered := make(chan int, many)
	for range many {
		link, b := survey.Path+w.Surveys.Token(survey.Claim{Member: w.Person(community.StateActive).ID, Run: run}), site.Browser()
		go func() { answered <- b.Post(link, "q-back", "yes", "q-mood", "3").Status }()
	}
	for range many {
		g.Expect(<-answered).To(Equal(http.StatusOK))
	}
	g.Expect(w.Value("SELECT count(*) FROM alumni.survey_answer")).To(Equal("16"))
	g.Expect(w.Value("SELECT max(n) FROM (SELECT count(*) AS n FROM alumni.survey_answer GROUP BY xmin) t")).To(Equal("5"), "the last was written with four others")
}
