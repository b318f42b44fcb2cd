// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// talker is a signed-in member who shows a name.
func (w *world) talker(name string) community.Viewer {
	w.Helper()
	viewer, _ := w.signedIn(name + "@mail.example")
	w.exec(`UPDATE alumni.member SET given_name = $2 WHERE id = $1`, viewer.Member, name)
	w.exec(`INSERT INTO alumni.visibility VALUES ($1, 'Name', 'Alumni')`, viewer.Member)
	return viewer
}

func draft(body string) community.PostDraft {
	return community.PostDraft{Kind: community.PostNews, Body: body, Locale: community.Japanese}
}

// tell publishes a post; the clock goes on, so that its place is its own.
func (w *world) tell(by community.Viewer, body string) uuid.UUID {
	w.Helper()
	w.clock.Advance(time.Second)
	id, err := w.portal.Publish(w.Context(), by, draft(body), false)
	w.Expect(err).NotTo(HaveOccurred())
	return id
}

// answer comments on a post and returns the comment's id.
func (w *world) answer(by community.Viewer, post uuid.UUID, body string) uuid.UUID {
	w.Helper()
	w.clock.Advance(time.Second)
	w.Expect(w.portal.Comment(w.Context(), by, post, body, false)).To(Succeed())
	return uuid.MustParse(w.value(`SELECT id FROM alumni.post_comment WHERE body = $1`, body))
}

// heard lists what a member reads in the feed.
func (w *world) heard(by community.Viewer, filter community.PostFilter) []string {
	w.Helper()
	posts, err := w.portal.Posts(w.Context(), by, filter, community.Place{}, 100)
	w.Expect(err).NotTo(HaveOccurred())
	bodies := []string{}
	for _, p := range posts {
		bodies = append(bodies, p.Body)
	}
	return bodies
}

// comments lists what a member reads below a post.
func (w *world) comments(by community.Viewer, post uuid.UUID) []string {
	w.Helper()
	t, err := w.portal.Thread(w.Context(), by, post, community.Place{}, 100)
	w.Expect(err).NotTo(HaveOccurred())
	bodies := []string{}
	for _, c := range t.Comments {
		bodies = append(bodies, c.Body)
	}
	return bodies
}

func TestMembersTellEachOtherSomething(t *testing.T) {
	w := newWorld(t)
	hana, taro := w.talker("hana"), w.talker("taro")
	w.exec(`INSERT INTO alumni.visibility VALUES ($1, 'Department', 'Staff'), ($1, 'Employer', 'Employees')`, hana.Member)
	w.exec(`UPDATE alumni.member SET employer = 'みどり発酵研究所', title = '所長' WHERE id = $1`, hana.Member)
	post := w.tell(hana, "  one\r\n\r\n\r\n\u202etwo ")
	w.answer(taro, post, "fine")
	w.Expect(w.portal.Thank(t.Context(), taro, post, true)).To(Succeed())
	w.Expect(w.portal.Thank(t.Context(), taro, post, true)).To(Succeed(), "once more does nothing")

	thread, err := w.portal.Thread(t.Context(), taro, post, community.Place{}, 10)
	w.Expect(err).NotTo(HaveOccurred())
	p := thread.Post
	w.Expect(p.Body).To(Equal("one\n\ntwo"))
	w.Expect(p.Author).To(Equal(community.Author{FamilyName: "星野", GivenName: "hana", Employer: "みどり発酵研究所"}), "and nothing that alumni do not see")
	w.Expect([]any{p.Own, p.Kind, p.State, p.EditedAt, p.Comments, p.Thanks, p.Thanked}).To(
		Equal([]any{false, community.PostNews, community.PostPublished, (*time.Time)(nil), 1, 1, true}))
	w.Expect(thread.Comments).To(HaveLen(1))
	w.Expect([]any{thread.Comments[0].Own, thread.Comments[0].Author.Name()}).To(Equal([]any{true, "星野 taro"}))

	w.Expect(w.portal.Thank(t.Context(), taro, post, false)).To(Succeed())
	mine, err := w.portal.Posts(t.Context(), hana, community.PostFilter{Mine: true}, community.Place{}, 10)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect([]any{len(mine), mine[0].Own, mine[0].Thanks}).To(Equal([]any{1, true, 0}))
}

// The permission matrix: who may do what to a post of hana's, and to a comment of hers.
func TestWhoMayDoWhatInTheFeed(t *testing.T) {
	w := newWorld(t)
	hana := w.talker("hana")
	viewers := map[string]community.Viewer{"own": hana, "other": w.talker("other"), "paused": w.talker("paused"), "withdrawn": w.talker("withdrawn")}
	w.Expect(w.portal.Pause(t.Context(), viewers["paused"], nil)).To(Succeed())
	_, err := w.portal.Withdraw(t.Context(), viewers["withdrawn"], community.English)
	w.Expect(err).NotTo(HaveOccurred())
	viewers["nobody"] = community.Viewer{Member: uuid.Must(uuid.NewV7())}

	const fine, no, none = community.Code(""), community.CodeForbidden, community.CodeNotFound
	acts := map[string]struct {
		do   func(v community.Viewer, post, comment uuid.UUID) error
		want map[string]community.Code // paused as other; withdrawn and nobody never
	}{
		"list": {func(v community.Viewer, _, _ uuid.UUID) error {
			_, err := w.portal.Posts(t.Context(), v, community.PostFilter{}, community.Place{}, 1)
			return err
		}, map[string]community.Code{"own": fine, "other": fine}},
		"read": {func(v community.Viewer, post, _ uuid.UUID) error {
			_, err := w.portal.Thread(t.Context(), v, post, community.Place{}, 1)
			return err
		}, map[string]community.Code{"own": fine, "other": fine}},
		"read a comment": {func(v community.Viewer, _, comment uuid.UUID) error {
			_, err := w.portal.OneComment(t.Context(), v, comment)
			return err
		}, map[string]community.Code{"own": fine, "other": fine}},
		"list own comments": {func(v community.Viewer, _, _ uuid.UUID) error {
			_, err := w.portal.OwnComments(t.Context(), v, community.Place{}, 1)
			return err
		}, map[string]community.Code{"own": fine, "other": fine}},
		"publish": {func(v community.Viewer, _, _ uuid.UUID) error {
			_, err := w.portal.Publish(t.Context(), v, draft("more"), false)
			return err
		}, map[string]community.Code{"own": fine, "other": fine}},
		"comment": {func(v community.Viewer, post, _ uuid.UUID) error {
			return w.portal.Comment(t.Context(), v, post, "so", false)
		},
			map[string]community.Code{"own": fine, "other": fine}},
		"edit": {func(v community.Viewer, post, _ uuid.UUID) error {
			return w.portal.EditPost(t.Context(), v, post, draft("other"))
		},
			map[string]community.Code{"own": fine, "other": none}},
		"withdraw": {func(v community.Viewer, post, _ uuid.UUID) error { return w.portal.WithdrawPost(t.Context(), v, post) },
			map[string]community.Code{"own": fine, "other": none}},
		"withdraw a comment": {func(v community.Viewer, _, comment uuid.UUID) error {
			return w.portal.WithdrawComment(t.Context(), v, comment)
		},
			map[string]community.Code{"own": fine, "other": none}},
		"thank": {func(v community.Viewer, post, _ uuid.UUID) error { return w.portal.Thank(t.Context(), v, post, true) },
			map[string]community.Code{"own": none, "other": fine}},
		"report": {func(v community.Viewer, post, _ uuid.UUID) error {
			return w.portal.ReportPost(t.Context(), v, post, community.ReportOther)
		},
			map[string]community.Code{"own": none, "other": fine}},
		"report a comment": {func(v community.Viewer, _, comment uuid.UUID) error {
			return w.portal.ReportComment(t.Context(), v, comment, community.ReportOther)
		}, map[string]community.Code{"own": none, "other": fine}},
	}
	for name, act := range acts {
		for who, viewer := range viewers {
			post := w.tell(hana, "post "+name+who)
			comment := w.answer(hana, post, "comment "+name+who)
			w.exec(`UPDATE alumni.post SET created_at = '2020-01-01'`) // not today's
			want := act.want["other"]
			switch who {
			case "own":
				want = act.want["own"]
			case "withdrawn", "nobody":
				want = no
			}
			w.Expect(code(act.do(viewer, post, comment))).To(Equal(want), "%s: %s", who, name)
		}
	}
}

func TestNobodySeesWhatIsWithdrawnOrOfSomebodyWhoLeft(t *testing.T) {
	w := newWorld(t)
	hana, taro, yuki := w.talker("hana"), w.talker("taro"), w.talker("yuki")
	kept, taken := w.tell(hana, "kept"), w.tell(hana, "taken")
	w.answer(yuki, kept, "of yuki")
	below := w.answer(taro, taken, "of taro")
	w.Expect(w.portal.Thank(t.Context(), yuki, kept, true)).To(Succeed())
	w.Expect(w.portal.WithdrawPost(t.Context(), hana, taken)).To(Succeed())
	w.Expect(w.value(`SELECT body || state FROM alumni.post WHERE id = $1`, taken)).To(Equal("Withdrawn"), "the text is gone")
	w.Expect(w.heard(taro, community.PostFilter{})).To(Equal([]string{"kept"}))
	w.Expect(w.heard(hana, community.PostFilter{Mine: true})).To(Equal([]string{"kept"}))

	thread, err := w.portal.Thread(t.Context(), yuki, taken, community.Place{}, 10)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect([]any{thread.Gone, thread.Post.Body, thread.Comments[0].Body}).To(Equal([]any{true, "", "of taro"}), "what others wrote stays")
	w.Expect(code(w.portal.Comment(t.Context(), taro, taken, "more", false))).To(Equal(community.CodeNotFound))
	w.Expect(code(w.portal.EditPost(t.Context(), hana, taken, draft("again")))).To(Equal(community.CodeNotFound), "it cannot be brought back")
	w.Expect(w.portal.WithdrawComment(t.Context(), taro, below)).To(Succeed())
	_, err = w.portal.Thread(t.Context(), yuki, taken, community.Place{}, 10)
	w.Expect(code(err)).To(Equal(community.CodeNotFound), "nothing is left")

	_, err = w.portal.Withdraw(t.Context(), yuki, community.English)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(w.comments(taro, kept)).To(BeEmpty())
	posts, err := w.portal.Posts(t.Context(), taro, community.PostFilter{}, community.Place{}, 10)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect([]int{posts[0].Comments, posts[0].Thanks}).To(Equal([]int{0, 0}), "nor is it counted")
	_, err = w.portal.Withdraw(t.Context(), hana, community.English)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(w.heard(taro, community.PostFilter{})).To(BeEmpty())
}

func TestWhatAnErasedMemberWroteGoesAndWhatOthersWroteBelowStays(t *testing.T) {
	w := newWorld(t)
	hana, taro := w.talker("hana"), w.talker("taro")
	post, other := w.tell(hana, "of hana"), w.tell(taro, "of taro")
	w.answer(taro, post, "below")
	w.answer(hana, other, "hers")
	w.Expect(w.portal.Thank(t.Context(), taro, post, true)).To(Succeed())
	w.Expect(w.portal.Thank(t.Context(), hana, other, true)).To(Succeed())
	w.Expect(w.portal.ReportPost(t.Context(), taro, post, community.ReportOther)).To(Succeed())
	w.Expect(w.portal.ReportPost(t.Context(), hana, other, community.ReportOther)).To(Succeed())
	w.exec(`DELETE FROM alumni.member WHERE id = $1`, hana.Member)
	w.Expect(w.value(`SELECT concat_ws(' ', (SELECT string_agg(body, ',') FROM alumni.post), (SELECT string_agg(body, ',') FROM alumni.post_comment),
		(SELECT count(*) FROM alumni.post_reaction), (SELECT count(*) FROM alumni.post_report))`)).To(Equal("of taro below 0 0"))
	thread, err := w.portal.Thread(t.Context(), taro, post, community.Place{}, 10)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect([]any{thread.Gone, len(thread.Comments)}).To(Equal([]any{true, 1}))
}

func TestThreeReportsOfDifferentMembersHide(t *testing.T) {
	w := newWorld(t)
	hana := w.talker("hana")
	post := w.tell(hana, "bad")
	comment := w.answer(hana, post, "worse")
	var reporters []community.Viewer
	for i := range community.ReportsToHide {
		reporters = append(reporters, w.talker(fmt.Sprint("reporter", i)))
	}
	for range 5 {
		w.Expect(w.portal.ReportPost(t.Context(), reporters[0], post, community.ReportSlander)).To(Succeed())
	}
	w.Expect(code(w.portal.ReportPost(t.Context(), reporters[0], post, "Dislike"))).To(Equal(community.CodeInvalid))
	w.Expect(w.heard(reporters[0], community.PostFilter{})).To(Equal([]string{"bad"}), "one member reports once")

	var all sync.WaitGroup // all at once: none of them may miss the others
	for _, r := range reporters {
		all.Go(func() {
			_ = w.portal.ReportPost(t.Context(), r, post, community.ReportConfidential)
			_ = w.portal.ReportComment(t.Context(), r, comment, community.ReportOther)
		})
	}
	all.Wait()
	w.Expect(w.value(`SELECT (SELECT state FROM alumni.post) || (SELECT state FROM alumni.post_comment)`)).To(Equal("HiddenHidden"))
	w.Expect(w.heard(reporters[0], community.PostFilter{})).To(BeEmpty())
	_, err := w.portal.Thread(t.Context(), reporters[0], post, community.Place{}, 10)
	w.Expect(code(err)).To(Equal(community.CodeNotFound))

	thread, err := w.portal.Thread(t.Context(), hana, post, community.Place{}, 10)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(thread.Post.State).To(Equal(community.PostHidden))
	w.Expect(thread.Reasons).To(ConsistOf(community.ReportSlander, community.ReportConfidential), "the author learns why, and not who")
	w.Expect(thread.Comments[0].State).To(Equal(community.PostHidden))
	w.Expect(code(w.portal.EditPost(t.Context(), hana, post, draft("better")))).To(Equal(community.CodeNotFound), "others decide now")
	w.Expect(w.portal.WithdrawPost(t.Context(), hana, post)).To(Succeed())
}

func TestWhoShowsNoNameWritesNothing(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@mail.example")
	post := w.tell(w.talker("taro"), "hello")
	shown := func() string {
		return w.value(`SELECT audience FROM alumni.visibility WHERE member_id = $1 AND field = 'Name'`, viewer.Member)
	}
	for _, audience := range []string{"", "Nobody", "Staff"} {
		if audience != "" {
			w.exec(`INSERT INTO alumni.visibility VALUES ($1, 'Name', $2) ON CONFLICT (member_id, field) DO UPDATE SET audience = $2`, viewer.Member, audience)
		}
		_, err := w.portal.Publish(t.Context(), viewer, draft("x"), false)
		w.Expect([]community.Code{code(err), code(w.portal.Comment(t.Context(), viewer, post, "x", false))}).
			To(HaveEach(community.CodeInvalid), "name shown to %q", audience)
		w.Expect(shown()).To(Equal(audience), "nothing is shown that was not asked for")
	}
	w.Expect(w.portal.Comment(t.Context(), viewer, post, "x", true)).To(Succeed())
	w.Expect(shown()).To(Equal("Alumni"))
	w.exec(`UPDATE alumni.visibility SET audience = 'Employees' WHERE member_id = $1`, viewer.Member)
	_, err := w.portal.Publish(t.Context(), viewer, draft("x"), true)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(shown()).To(Equal("Employees"), "a wider circle stays")

	w.exec(`DELETE FROM alumni.visibility WHERE member_id = $1`, viewer.Member)
	posts, err := w.portal.Posts(t.Context(), viewer, community.PostFilter{}, community.Place{}, 1)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(posts[0].Author.Named()).To(BeFalse(), "who hides the name later is not named on older posts either")
}

func TestOneMemberWritesOnlySoMuchADay(t *testing.T) {
	w := newWorld(t)
	hana := w.talker("hana")
	var posts []uuid.UUID
	for i := range community.PostsPerDay {
		posts = append(posts, w.tell(hana, fmt.Sprint("post ", i)))
	}
	w.Expect(w.portal.WithdrawPost(t.Context(), hana, posts[3])).To(Succeed())
	_, err := w.portal.Publish(t.Context(), hana, draft("one more"), false)
	w.Expect(err).To(MatchError(ContainSubstring("error.postsPerDay")), "what was withdrawn counts")
	w.exec(`INSERT INTO alumni.post_comment (id, post_id, recipient_id, body, created_at)
		SELECT gen_random_uuid(), $1, $2, 'x', $3 FROM generate_series(1, $4)`, posts[0], hana.Member, w.clock.Now(), community.CommentsPerDay)
	w.Expect(w.portal.Comment(t.Context(), hana, posts[0], "one more", false)).To(MatchError(ContainSubstring("error.commentsPerDay")))
	w.clock.Advance(community.FeedSpan + time.Minute)
	w.tell(hana, "tomorrow")
	w.answer(hana, posts[0], "tomorrow too")
}

func TestAPostIsMarkedWhenWhatOthersReadChanges(t *testing.T) {
	w := newWorld(t)
	hana := w.talker("hana")
	post := w.tell(hana, "text")
	allowed := draft("text")
	allowed.Newsletter = true
	w.Expect(w.portal.EditPost(t.Context(), hana, post, allowed)).To(Succeed())
	w.Expect(w.value(`SELECT newsletter || coalesce(edited_at::text, ' unmarked') FROM alumni.post`)).To(Equal("Allowed unmarked"))
	w.Expect(w.portal.EditPost(t.Context(), hana, post, draft("other"))).To(Succeed())
	w.Expect(w.value(`SELECT newsletter || body || (edited_at IS NOT NULL) FROM alumni.post`)).To(Equal("NotAllowedothertrue"))
	for field, bad := range map[string]community.PostDraft{
		"Post":   draft(" \u202e\n "),
		"Kind":   {Kind: "Rant", Body: "x", Locale: "ja"},
		"Locale": {Kind: community.PostIdea, Body: "x", Locale: "fr"},
	} {
		w.Expect(w.portal.EditPost(t.Context(), hana, post, bad)).To(MatchError(ContainSubstring("Invalid "+field)), field)
	}
	w.Expect(code(w.portal.EditPost(t.Context(), hana, post, draft(strings.Repeat("あ", community.MaxPost+1))))).To(Equal(community.CodeInvalid))
	w.Expect(w.portal.EditPost(t.Context(), hana, post, draft(strings.Repeat("あ", community.MaxPost)))).To(Succeed())
}

func TestPagesOfPostsAndCommentsLeaveNothingOut(t *testing.T) {
	w := newWorld(t)
	hana, taro := w.talker("hana"), w.talker("taro")
	// Many of the same instant, of two kinds and two authors.
	w.exec(`INSERT INTO alumni.post (id, recipient_id, kind, body, locale, created_at)
		SELECT gen_random_uuid(), CASE WHEN n % 3 = 0 THEN $1::uuid ELSE $2::uuid END, CASE WHEN n % 2 = 0 THEN 'News' ELSE 'Idea' END, 'post ' || n, 'ja',
		       timestamptz '2026-11-01' + n / 7 * interval '1 minute' FROM generate_series(1, 60) n`, hana.Member, taro.Member)
	for name, c := range map[string]struct {
		filter community.PostFilter
		want   int
	}{
		"all": {community.PostFilter{}, 60}, "a kind": {community.PostFilter{Kind: community.PostIdea}, 30}, "mine": {community.PostFilter{Mine: true}, 20},
		"of others": {community.PostFilter{Others: true}, 40},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var seen []community.Post
			for before := (community.Place{}); ; {
				page, err := w.portal.Posts(t.Context(), hana, c.filter, before, 7)
				g.Expect(err).NotTo(HaveOccurred())
				seen = append(seen, page...)
				if len(page) < 7 {
					break
				}
				before = community.Place{At: page[6].CreatedAt, ID: page[6].ID}
			}
			ids := map[uuid.UUID]bool{}
			for _, p := range seen {
				ids[p.ID] = true
			}
			g.Expect([]int{len(seen), len(ids)}).To(Equal([]int{c.want, c.want}))
			g.Expect(slices.IsSortedFunc(seen, func(a, b community.Post) int { return b.CreatedAt.Compare(a.CreatedAt) })).To(BeTrue())
		})
	}
	post := w.tell(hana, "talked of")
	w.exec(`INSERT INTO alumni.post_comment (id, post_id, recipient_id, body, created_at)
		SELECT gen_random_uuid(), $1, $2, lpad(n::text, 2, '0'), timestamptz '2026-11-01' + n * interval '1 minute' FROM generate_series(1, 12) n`, post, taro.Member)
	var pages []string
	for before := (community.Place{}); ; {
		thread, err := w.portal.Thread(t.Context(), hana, post, before, 5)
		w.Expect(err).NotTo(HaveOccurred())
		if len(thread.Comments) == 0 {
			break
		}
		pages = append(pages, thread.Comments[0].Body+"-"+thread.Comments[len(thread.Comments)-1].Body)
		before = community.Place{At: thread.Comments[0].CreatedAt, ID: thread.Comments[0].ID}
	}
	w.Expect(pages).To(Equal([]string{"08-12", "03-07", "01-02"}), "the newest last on each page")
}
