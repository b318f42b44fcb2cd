// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/survey"
)

// surveyData is what a survey's page shows. It holds nothing of the member: whoever has the mail can open the link.
type surveyData struct {
	State     string // of a page without a form: Thanks, Answered, Closed, or Sample of a mail that people look over
	Named     bool
	Renamed   bool
	ClosesAt  time.Time
	Questions []surveyQuestion
	Faulty    []surveyQuestion // those of Questions with a fault, for the summary
}

// surveyQuestion is a question in the language of the page, with what was given so far.
type surveyQuestion struct {
	Field    string // of the form, and the beginning of every id
	Kind     string
	Title    string
	Required bool
	Several  bool
	Fault    string
	Options  []surveyOption
	Text     string
	Limit    int
}

// surveyOption can be chosen.
type surveyOption struct {
	Value, Title string
	Chosen       bool
}

// surveyNamed is the field by which the form of a named survey says that it told the member.
const surveyNamed = "named"

// surveyField is the name of a question's field: it cannot be that of anything else in the page.
func surveyField(question string) string { return "q-" + question }

// surveyForm shows what is asked and never acts: programs that scan mail open every link.
func (s *Server) surveyForm(v *visit) error {
	link, err := s.surveyLink(v)
	if err != nil {
		return err
	}
	if link.Member == uuid.Nil {
		return s.surveyPage(v, http.StatusOK, surveyData{State: "Sample"})
	}
	asked, err := s.Services.Survey(v.r.Context(), link)
	if err != nil {
		return err
	}
	s.speak(v, asked.Locale)
	return s.surveyPage(v, http.StatusOK, s.surveyOf(v, asked, nil, nil))
}

// answerSurvey keeps what was given, once. A form with faults comes back with what was given.
func (s *Server) answerSurvey(v *visit) error {
	link, err := s.surveyLink(v)
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	if link.Member == uuid.Nil {
		return s.surveyPage(v, http.StatusOK, surveyData{State: "Sample"})
	}
	asked, answers, faults, err := s.Services.Answer(v.r.Context(), link, community.SurveyForm{Named: form.Get(surveyNamed) != "",
		Given: func(question string) []string { return form[surveyField(question)] }})
	if err != nil {
		return err
	}
	s.speak(v, asked.Locale)
	data := s.surveyOf(v, asked, answers, faults)
	switch {
	case data.State != "":
		return s.surveyPage(v, http.StatusOK, data)
	case data.Renamed:
		return s.surveyPage(v, http.StatusConflict, data)
	case len(faults) > 0:
		return s.surveyPage(v, http.StatusUnprocessableEntity, data)
	}
	return s.surveyPage(v, http.StatusOK, surveyData{State: "Thanks", Named: data.Named})
}

// surveyLink reads the link. A link that we did not make is a page that does not exist.
func (s *Server) surveyLink(v *visit) (survey.Claim, error) {
	link, err := s.Surveys.Parse(v.token())
	if err != nil {
		return link, &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
	}
	return link, nil
}

// speak shows the page in the member's language, unless the visitor has chosen one.
func (s *Server) speak(v *visit, locale community.Locale) {
	if _, known := community.ParseLocale(string(locale)); !known || v.chosen {
		return
	}
	v.locale = locale
	v.w.Header().Set("Content-Language", string(locale))
}

func (s *Server) surveyPage(v *visit, status int, data surveyData) error {
	title := "survey.title"
	if data.State != "" {
		title = "survey.page." + data.State + ".title"
	}
	v.w.Header().Set("Cache-Control", "no-store")
	vw := s.frame(v, "survey", title, data)
	vw.Faulty = data.Renamed || len(data.Faulty) > 0
	return s.show(v, status, vw)
}

// surveyOf puts a survey into the language of the page.
func (s *Server) surveyOf(v *visit, asked community.Survey, answers survey.Answers, faults map[string]survey.Fault) surveyData {
	data := surveyData{Named: asked.IsNamed(), Renamed: asked.Renamed, ClosesAt: asked.ClosesAt}
	switch {
	case asked.Answered:
		data.State = "Answered"
		return data
	case asked.Closed:
		data.State = "Closed"
		return data
	}
	in := func(titles []survey.Title) string {
		return survey.In(titles, string(v.locale), s.Network.DefaultLocale)
	}
	for _, q := range asked.Questions {
		given := answers[q.Name]
		shown := surveyQuestion{Field: surveyField(q.Name), Kind: q.Kind, Title: in(q.Title), Required: q.IsRequired(),
			Several: q.Kind == survey.MultipleChoice, Fault: string(faults[q.Name]), Limit: survey.MaxText}
		for i, value := range q.Values() {
			option := surveyOption{Value: value, Title: value, Chosen: slices.Contains(given, value)}
			if len(q.Options) > 0 {
				option.Title = in(q.Options[i].Title)
			}
			shown.Options = append(shown.Options, option)
		}
		if q.IsText() && len(given) > 0 {
			shown.Text = given[0]
		}
		data.Questions = append(data.Questions, shown)
		if shown.Fault != "" {
			data.Faulty = append(data.Faulty, shown)
		}
	}
	return data
}
