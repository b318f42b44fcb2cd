// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
)

// The bounds of what members tell each other.
const (
	// MaxPost and MaxComment are in characters.
	MaxPost    = 4000
	MaxComment = 2000
	// PostsPerDay and CommentsPerDay bound what one member writes within FeedSpan; what was withdrawn since counts too.
	PostsPerDay    = 20
	CommentsPerDay = 100
	FeedSpan       = 24 * time.Hour
	// ReportsToHide is how many members report a post or a comment before it is hidden until somebody of the office looks.
	ReportsToHide = 3
)

// PostKind says what a post is, so that others can look for it.
type PostKind string

// The kinds of posts.
const (
	// PostNews tells what has become of somebody.
	PostNews PostKind = "News"
	// PostQuestion asks what others know.
	PostQuestion PostKind = "Question"
	// PostIdea proposes something.
	PostIdea PostKind = "Idea"
)

// PostKinds lists the kinds in the order in which they are offered.
func PostKinds() []PostKind { return []PostKind{PostNews, PostQuestion, PostIdea} }

// ParsePostKind reads the name of a kind.
func ParsePostKind(name string) (kind PostKind, ok bool) {
	k := PostKind(name)
	return k, slices.Contains(PostKinds(), k)
}

// PostState says whether others see a post or a comment.
type PostState string

// The states of posts and comments.
const (
	// PostPublished ones are seen by all who take part.
	PostPublished PostState = "Published"
	// PostWithdrawn ones were taken back by their authors. Their text is gone.
	PostWithdrawn PostState = "Withdrawn"
	// PostHidden ones were reported by ReportsToHide members. Their authors alone see them.
	PostHidden PostState = "Hidden"
)

// ReportReason is the rule that a post or a comment breaks, as the one sees it who reports it.
type ReportReason string

// The reasons.
const (
	ReportSlander      ReportReason = "Slander"
	ReportConfidential ReportReason = "Confidential"
	ReportSolicitation ReportReason = "Solicitation"
	ReportOther        ReportReason = "Other"
)

// ReportReasons lists the reasons in the order in which they are offered.
func ReportReasons() []ReportReason {
	return []ReportReason{ReportSlander, ReportConfidential, ReportSolicitation, ReportOther}
}

// Author is who wrote something, by what he or she shows to alumni; empty where nothing is shown.
type Author struct {
	FamilyName, GivenName       string
	Department, Employer, Title string
}

// Named tells whether the author shows a name.
func (a Author) Named() bool { return a.FamilyName != "" || a.GivenName != "" }

// Name is the author's name in one line; empty when it is not shown.
func (a Author) Name() string { return strings.TrimSpace(a.FamilyName + " " + a.GivenName) }

// PostDraft is what a member writes to all.
type PostDraft struct {
	Kind       PostKind
	Body       string // plain text; an empty line begins a paragraph
	Locale     Locale
	Newsletter bool // the network's newsletter may tell it
}

// Normalise brings the text to one form; see CleanText.
func (d PostDraft) Normalise() PostDraft {
	d.Body = CleanText(d.Body)
	return d
}

// Validate checks a normalised draft and answers with CodeInvalid for the first field that breaks a rule.
func (d PostDraft) Validate() error {
	if !slices.Contains(PostKinds(), d.Kind) {
		return Invalid("Kind", "error.choice")
	}
	if !slices.Contains(Locales(), d.Locale) {
		return Invalid("Locale", "error.choice")
	}
	return checkTold("Post", d.Body, MaxPost)
}

// CheckComment checks a text that CleanText has brought to its form.
func CheckComment(body string) error { return checkTold("Comment", body, MaxComment) }

func checkTold(field, text string, limit int) error {
	if text == "" {
		return Invalid(field, "error.empty")
	}
	return checkText(field, text, limit, func(r rune) bool { return r == '\n' || r == '\t' })
}

// turns are the characters that turn the direction of the text around them, so that it can read as something else than it is.
func turns(r rune) bool {
	return r == '\u061c' || r == '\u200e' || r == '\u200f' || (r >= '\u202a' && r <= '\u202e') || (r >= '\u2066' && r <= '\u2069')
}

// CleanText brings what somebody typed to one form: one kind of line end, no space at ends of lines, no more than one empty line in a
// row, and no characters that turn the direction of text.
func CleanText(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n").Replace(text)
	if strings.ContainsFunc(text, turns) {
		text = strings.Map(func(r rune) rune {
			if turns(r) {
				return -1
			}
			return r
		}, text)
	}
	var kept []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		if line == "" && (len(kept) == 0 || kept[len(kept)-1] == "") {
			continue
		}
		kept = append(kept, line)
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// Beginning is the first part of a text in one line, of at most so many characters; a text that goes on ends with an ellipsis.
func Beginning(text string, limit int) string {
	line := []rune(strings.Join(strings.Fields(CleanText(text)), " "))
	if len(line) <= limit {
		return string(line)
	}
	end := limit - 1
	for end > 0 && joins(line[end]) { // a character and what is put onto it stay together
		end--
	}
	return strings.TrimSpace(string(line[:end])) + "…"
}

// joins are the characters that are one with the one before them.
func joins(r rune) bool {
	return unicode.Is(unicode.M, r) || r == '\u200d' || (r >= 0x1f3fb && r <= 0x1f3ff)
}

// Post is what a member told all others.
type Post struct {
	ID         uuid.UUID
	Author     Author
	Own        bool // the viewer wrote it
	Kind       PostKind
	Body       string
	Locale     Locale
	Newsletter bool
	State      PostState
	CreatedAt  time.Time
	EditedAt   *time.Time // nil: never
	Comments   int        // those that are seen
	Thanks     int
	Thanked    bool // by the viewer
}

// Comment is an answer to a post.
type Comment struct {
	ID        uuid.UUID
	Post      uuid.UUID
	Author    Author
	Own       bool
	Body      string
	State     PostState
	CreatedAt time.Time
}

// Thread is a post with what was answered.
type Thread struct {
	Post     Post
	Gone     bool // the post is not for the viewer any more, or for nobody: only answers are left
	Comments []Comment
	Reasons  []ReportReason // why the viewer's own post is hidden
}

// Place is where a list goes on, in the order of time and identifier. The zero Place is its beginning.
type Place struct {
	At time.Time
	ID uuid.UUID
}

// PostFilter chooses posts by what they are and by whom.
type PostFilter struct {
	Kind   PostKind // empty: of every kind
	Mine   bool     // the viewer's own only, hidden ones too
	Others bool     // those of others only
}

// FeedService lets members tell each other something. Every method answers CodeForbidden when the viewer does not take part any more,
// and none shows what was written by somebody who does not.
type FeedService interface {
	// Posts lists the newest posts before a place, at most limit.
	Posts(ctx context.Context, viewer Viewer, filter PostFilter, before Place, limit int) ([]Post, error)
	// Thread is a post with its newest comments before a place, at most limit, the newest last. CodeNotFound: there is neither the post
	// nor a comment to it that the viewer may see.
	Thread(ctx context.Context, viewer Viewer, post uuid.UUID, before Place, limit int) (Thread, error)
	// OneComment is one comment. CodeNotFound: there is none, or none that the viewer may see.
	OneComment(ctx context.Context, viewer Viewer, comment uuid.UUID) (Comment, error)
	// OwnComments lists the viewer's newest comments before a place, at most limit, the newest last.
	OwnComments(ctx context.Context, viewer Viewer, before Place, limit int) ([]Comment, error)
	// Publish tells all members something. showName shows the viewer's name to alumni from now on; CodeInvalid: whoever does not show
	// it tells nothing, a field breaks a rule, or the viewer has told too much today.
	Publish(ctx context.Context, viewer Viewer, draft PostDraft, showName bool) (uuid.UUID, error)
	// EditPost changes the viewer's own post while it is published. CodeNotFound: it is not. CodeInvalid: a field breaks a rule.
	EditPost(ctx context.Context, viewer Viewer, post uuid.UUID, draft PostDraft) error
	// WithdrawPost takes the viewer's own post back; its text is gone then. CodeNotFound: there is none.
	WithdrawPost(ctx context.Context, viewer Viewer, post uuid.UUID) error
	// Comment answers a post. showName and CodeInvalid are as of Publish. CodeNotFound: the viewer does not see the post.
	Comment(ctx context.Context, viewer Viewer, post uuid.UUID, body string, showName bool) error
	// WithdrawComment takes the viewer's own comment back, as WithdrawPost.
	WithdrawComment(ctx context.Context, viewer Viewer, comment uuid.UUID) error
	// Thank gives thanks for somebody else's post, or takes them back. It may be repeated. CodeNotFound: the viewer does not see it, or
	// wrote it.
	Thank(ctx context.Context, viewer Viewer, post uuid.UUID, thanks bool) error
	// ReportPost and ReportComment say that what somebody else wrote breaks a rule, once for each viewer. CodeNotFound: the viewer does
	// not see it, or wrote it. CodeInvalid: a reason that there is not.
	ReportPost(ctx context.Context, viewer Viewer, post uuid.UUID, reason ReportReason) error
	ReportComment(ctx context.Context, viewer Viewer, comment uuid.UUID, reason ReportReason) error
}
