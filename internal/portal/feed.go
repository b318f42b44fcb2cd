// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

const (
	// postsListed and commentsListed are how many one page has.
	postsListed    = 20
	commentsListed = 50
	// postShown is how much of a post a list shows, in characters.
	postShown = 400
)

// feedRoutes are the pages on which members tell each other something.
func (s *Server) feedRoutes() map[string]page {
	return map[string]page{
		"GET /feed":                s.feed,
		"GET /feed/mine":           s.feedMine,
		"GET /feed/new":            s.postForm,
		"POST /feed/new":           s.publishPost,
		"GET /feed/{id}":           s.thread,
		"POST /feed/{id}":          s.answerPost,
		"GET /feed/{id}/edit":      s.editForm,
		"POST /feed/{id}/edit":     s.savePost,
		"GET /feed/{id}/withdraw":  s.withdrawForm,
		"POST /feed/{id}/withdraw": s.saveWithdrawal,
		"GET /feed/{id}/report":    s.reportForm,
		"POST /feed/{id}/report":   s.saveReport,
	}
}

// feedData is one page of posts.
type feedData struct {
	Posts []community.Post
	Kinds []community.PostKind
	Kind  community.PostKind // empty: every kind
	Older string             // the list goes on before this place; empty: it does not
	First bool
	Shown int
}

// mineData is what a member wrote.
type mineData struct {
	Posts    []community.Post
	Comments []community.Comment
	// OlderPosts and OlderComments are where the lists go on.
	OlderPosts, OlderComments string
	Shown                     int
}

// threadData is a post with its comments and the form for another.
type threadData struct {
	community.Thread
	Earlier string // the comments go on before this place
	Typed   string
	Form    nameAsked
}

// nameAsked is whether a form has to ask for the name to be shown.
type nameAsked struct{ Ask, Ticked bool }

// nameField is that part of the form, for its template.
type nameField struct {
	Form  nameAsked
	Wrong bool
}

// postOfList is a post of which a list shows the beginning.
type postOfList struct {
	Post  community.Post
	Shown int
}

// postData is the form of a post.
type postData struct {
	Draft community.PostDraft
	Kinds []community.PostKind
	Path  string
	Form  nameAsked
}

// aboutData is a question about a post or a comment.
type aboutData struct {
	Post    uuid.UUID
	Comment string // empty: about the post
	Author  community.Author
	Body    string
	Reasons []community.ReportReason
}

// placeIn reads where a list goes on. What is no place is the beginning.
func placeIn(text string) community.Place {
	micros, id, _ := strings.Cut(text, ".")
	at, err := strconv.ParseInt(micros, 10, 64)
	post, ok := parseID(id)
	if err != nil || !ok || at < 0 {
		return community.Place{}
	}
	return community.Place{At: time.UnixMicro(at), ID: post}
}

// placeOf writes a place for an address.
func placeOf(at time.Time, id uuid.UUID) string {
	return strconv.FormatInt(at.UnixMicro(), 10) + "." + id.String()
}

// parseID reads an identifier in the one form that we write.
func parseID(text string) (uuid.UUID, bool) {
	id, err := uuid.Parse(text)
	return id, err == nil && id.String() == text
}

// postOf is the post that the address names.
func postOf(v *visit) (uuid.UUID, error) {
	id, ok := parseID(v.r.PathValue("id"))
	if !ok {
		return id, errNowhere()
	}
	return id, nil
}

func errNowhere() error {
	return &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
}

// older cuts off what was read to see whether a list goes on, and says where it does.
func older(posts []community.Post) ([]community.Post, string) {
	if len(posts) <= postsListed {
		return posts, ""
	}
	end := posts[postsListed-1]
	return posts[:postsListed], placeOf(end.CreatedAt, end.ID)
}

// earlier is older of comments, whose newest are last.
func earlier(comments []community.Comment, listed int) ([]community.Comment, string) {
	if len(comments) <= listed {
		return comments, ""
	}
	comments = comments[len(comments)-listed:]
	return comments, placeOf(comments[0].CreatedAt, comments[0].ID)
}

func (s *Server) feed(v *visit) error {
	before := placeIn(v.r.URL.Query().Get("before"))
	kind, ok := community.ParsePostKind(v.r.URL.Query().Get("kind"))
	if !ok {
		kind = ""
	}
	posts, err := s.Services.Posts(v.r.Context(), v.viewer, community.PostFilter{Kind: kind}, before, postsListed+1)
	if err != nil {
		return err
	}
	d := feedData{Kinds: community.PostKinds(), Kind: kind, First: before == community.Place{}, Shown: postShown}
	d.Posts, d.Older = older(posts)
	return s.ok(v, "feed", "feed.title", d)
}

// feedMine shows a member all that he or she wrote, also below posts that are gone.
func (s *Server) feedMine(v *visit) error {
	query := v.r.URL.Query()
	posts, err := s.Services.Posts(v.r.Context(), v.viewer, community.PostFilter{Mine: true}, placeIn(query.Get("posts")), postsListed+1)
	if err != nil {
		return err
	}
	comments, err := s.Services.OwnComments(v.r.Context(), v.viewer, placeIn(query.Get("comments")), postsListed+1)
	if err != nil {
		return err
	}
	d := mineData{Shown: postShown}
	d.Posts, d.OlderPosts = older(posts)
	d.Comments, d.OlderComments = earlier(comments, postsListed)
	slices.Reverse(d.Comments)
	return s.ok(v, "feedmine", "feed.mine", d)
}

// homeFeed are the newest posts of others.
func (s *Server) homeFeed(v *visit) (homePart, error) {
	part := homePart{Title: "home.feed", None: "home.feed.none", More: "feed.all", URL: "/feed"}
	posts, err := s.Services.Posts(v.r.Context(), v.viewer, community.PostFilter{Others: true}, community.Place{}, homeListed)
	for _, p := range posts {
		author := p.Author.Name()
		if author == "" {
			author = s.text(v.locale, "feed.unnamed")
		}
		part.Items = append(part.Items, homeItem{Text: community.Beginning(p.Body, 80), URL: "/feed/" + p.ID.String(), Locale: p.Locale,
			Hint: s.text(v.locale, "home.by", "author", author, "kind", s.text(v.locale, "feed.kind."+string(p.Kind)), "moment", s.moment(v, p.CreatedAt))})
	}
	return part, err
}

// askName tells whether the member's name must be shown to alumni before he or she can write.
func (s *Server) askName(v *visit, form url.Values) (nameAsked, error) {
	m, err := s.Services.Member(v.r.Context(), v.viewer)
	return nameAsked{Ask: !m.SeenAs(community.AudienceAlumni).Named(), Ticked: form.Get("ShowName") == "yes"}, err
}

// readThread reads a post that the address names, with one page of its comments.
func (s *Server) readThread(v *visit, form url.Values) (threadData, error) {
	post, err := postOf(v)
	if err != nil {
		return threadData{}, err
	}
	d := threadData{Typed: form.Get("Comment")}
	if d.Thread, err = s.Services.Thread(v.r.Context(), v.viewer, post, placeIn(v.r.URL.Query().Get("before")), commentsListed+1); err != nil {
		return d, err
	}
	d.Comments, d.Earlier = earlier(d.Comments, commentsListed)
	d.Form, err = s.askName(v, form)
	return d, err
}

func (s *Server) thread(v *visit) error {
	d, err := s.readThread(v, nil)
	if err != nil {
		return err
	}
	return s.ok(v, "thread", "feed.post", d)
}

// answerPost takes a comment or thanks.
func (s *Server) answerPost(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	post, err := postOf(v)
	if err != nil {
		return err
	}
	there := "/feed/" + post.String()
	if act := form.Get("act"); act == "thank" || act == "takeBack" {
		if err := s.Services.Thank(v.r.Context(), v.viewer, post, act == "thank"); err != nil {
			return err
		}
		return v.redirect(there)
	}
	err = s.Services.Comment(v.r.Context(), v.viewer, post, form.Get("Comment"), form.Get("ShowName") == "yes")
	if s.problemOf(v, err) != nil {
		d, broken := s.readThread(v, form)
		if broken != nil {
			return broken
		}
		return s.again(v, err, "thread", "feed.post", d)
	}
	if err != nil {
		return err
	}
	return v.redirect(there + "?done=commented")
}

// readDraft takes the form as it is; the domain says what is wrong with it.
func readDraft(form url.Values, locale community.Locale) community.PostDraft {
	return community.PostDraft{Kind: community.PostKind(form.Get("Kind")), Body: form.Get("Post"), Locale: locale, Newsletter: form.Get("Newsletter") == "yes"}
}

func (s *Server) postForm(v *visit) error {
	asked, err := s.askName(v, nil)
	if err != nil {
		return err
	}
	return s.ok(v, "post", "feed.new", postData{Draft: community.PostDraft{Kind: community.PostNews}, Kinds: community.PostKinds(), Path: "/feed/new", Form: asked})
}

func (s *Server) publishPost(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	draft := readDraft(form, v.locale)
	id, err := s.Services.Publish(v.r.Context(), v.viewer, draft, form.Get("ShowName") == "yes")
	if s.problemOf(v, err) != nil {
		asked, broken := s.askName(v, form)
		if broken != nil {
			return broken
		}
		return s.again(v, err, "post", "feed.new", postData{Draft: draft, Kinds: community.PostKinds(), Path: "/feed/new", Form: asked})
	}
	if err != nil {
		return err
	}
	return v.redirect("/feed/" + id.String() + "?done=postPublished")
}

// ownPost reads the member's own post that the address names, with the address of a page about it.
func (s *Server) ownPost(v *visit, about string) (community.Post, string, error) {
	id, err := postOf(v)
	if err != nil {
		return community.Post{}, "", err
	}
	t, err := s.Services.Thread(v.r.Context(), v.viewer, id, community.Place{}, 1)
	if err == nil && !t.Post.Own {
		err = errNowhere()
	}
	return t.Post, "/feed/" + id.String() + about, err
}

func (s *Server) editForm(v *visit) error {
	p, path, err := s.ownPost(v, "/edit")
	if err != nil {
		return err
	}
	if p.State != community.PostPublished {
		return errNowhere()
	}
	draft := community.PostDraft{Kind: p.Kind, Body: p.Body, Locale: p.Locale, Newsletter: p.Newsletter}
	return s.ok(v, "post", "feed.edit", postData{Draft: draft, Kinds: community.PostKinds(), Path: path})
}

func (s *Server) savePost(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	p, path, err := s.ownPost(v, "/edit")
	if err != nil {
		return err
	}
	draft := readDraft(form, p.Locale)
	if err := s.Services.EditPost(v.r.Context(), v.viewer, p.ID, draft); err != nil {
		return s.again(v, err, "post", "feed.edit", postData{Draft: draft, Kinds: community.PostKinds(), Path: path})
	}
	return v.redirect("/feed/" + p.ID.String() + "?done=saved")
}
