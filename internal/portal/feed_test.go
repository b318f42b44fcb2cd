// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

// talker signs in a member who shows a name.
func talker(w *portaltest.World, site *portaltest.Site, givenName string) (*portaltest.Browser, portaltest.Person) {
	b, person := site.Browser(), w.Person(community.StateActive)
	w.Exec(`UPDATE alumni.member SET given_name = $2 WHERE id = $1`, person.ID, givenName)
	w.Exec(`INSERT INTO alumni.visibility VALUES ($1, 'Name', 'Alumni')`, person.ID)
	b.SignIn(w, person)
	return b, person
}

// tell publishes a post and returns its address.
func tell(b *portaltest.Browser, kind, body string) string {
	path, _, _ := strings.Cut(b.Post("/feed/new", "Kind", kind, "Post", body).Location, "?")
	return path
}

// commentLink finds the identifier of a comment in a page's links.
var commentLink = regexp.MustCompile(`\?comment=([0-9a-f-]{36})`)

// feedAnswers asks for every page of the feed.
func feedAnswers(w *portaltest.World, site *portaltest.Site, member *portaltest.Browser, language string) map[string]portaltest.Answer {
	all := map[string]portaltest.Answer{}
	all["new, name asked for"] = member.Get("/feed/new")
	all["nothing told"] = member.Post("/feed/new", "Kind", "Idea", "Post", " ")
	all["no name"] = member.Post("/feed/new", "Kind", "Idea", "Post", "x", "Newsletter", "yes")
	other, _ := talker(w, site, "太郎")
	other.Language = language
	all["empty"] = other.Get("/feed?kind=Question")
	first := tell(other, "News", "近況です。\n\nくわしくは https://x.example/ へ。")
	tell(other, "Idea", strings.Repeat("とても長い提案です。", 60))
	other.Post(first, "act", "comment", "Comment", "追伸")
	all["list"] = member.Get("/feed?kind=")
	all["list of a kind"] = member.Get("/feed?kind=Idea&before=0.00000000-0000-0000-0000-000000000000")
	all["thread"] = member.Get(first)
	all["comment without a name"] = member.Post(first, "act", "comment", "Comment", "よかった")
	all["comment"] = member.Post(first, "act", "comment", "Comment", "よかった", "ShowName", "yes")
	all["thanks"] = member.Post(first, "act", "thank")
	all["commented"] = member.Get(all["comment"].Location)
	all["own thread"] = other.Get(first)
	all["edit"] = other.Get(first + "/edit")
	all["wrong edit"] = other.Post(first+"/edit", "Kind", "Rant", "Post", "x")
	all["withdraw"] = other.Get(first + "/withdraw")
	all["report"] = member.Get(first + "/report")
	all["wrong report"] = member.Post(first+"/report", "Reason", "")
	reported := commentLink.FindStringSubmatch(all["thread"].Body)[1]
	all["report of a comment"] = member.Get(first + "/report?comment=" + reported)
	all["reported"] = member.Post(first+"/report", "comment", reported, "Reason", "Other")
	all["withdraw a comment"] = other.Get(first + "/withdraw?comment=" + reported)
	all["mine"] = other.Get("/feed/mine")
	all["home"] = member.Get("/home")
	w.Exec(`UPDATE alumni.post SET state = 'Hidden' WHERE state = 'Published'`)
	w.Exec(`UPDATE alumni.post_comment SET state = 'Hidden' WHERE id = $1`, reported)
	all["hidden"] = other.Get(first)
	all["mine, hidden"] = other.Get("/feed/mine")
	all["gone"] = member.Get(first)
	for _, path := range []string{"/feed/none", "/feed/00000000-0000-0000-0000-000000000000", first + "/edit", first + "/withdraw?comment=x"} {
		all["member "+path] = member.Get(path)
	}
	all["withdrawn"] = other.Post(first + "/withdraw")
	return all
}

func TestMembersTalkInTheFeed(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	hana, _ := talker(w, site, "花子")
	taro, _ := talker(w, site, "太郎")
	g.Expect(taro.Get("/feed").Body).To(And(ContainSubstring("There are no posts yet"), ContainSubstring(`href="/feed" aria-current="page"`)))

	a := hana.Post("/feed/new", "Kind", "Question", "Post", "Who knows <b>koji</b>?\n\nSee https://x.example/koji.", "Newsletter", "yes")
	g.Expect(a.Location).To(MatchRegexp(`^/feed/[0-9a-f-]{36}\?done=postPublished$`))
	post, _, _ := strings.Cut(a.Location, "?")
	g.Expect(hana.Get(a.Location).Body).To(And(ContainSubstring("Your post is published."), ContainSubstring("The newsletter may tell this post."), ContainSubstring(post+"/edit")))
	list := taro.Get("/feed").Body
	g.Expect(list).To(And(ContainSubstring("星野 花子"), ContainSubstring("<p>Who knows &lt;b&gt;koji&lt;/b&gt;?</p>"),
		ContainSubstring(`<a href="https://x.example/koji" rel="nofollow ugc noopener">https://x.example/koji</a>.`)))
	g.Expect(taro.Get("/feed?kind=News").Body).NotTo(ContainSubstring("koji"))
	g.Expect(taro.Get("/home").Body).To(And(ContainSubstring("Who knows &lt;b&gt;koji"), ContainSubstring("星野 花子 · Question · ")))
	g.Expect(hana.Get("/home").Body).To(ContainSubstring("Nobody else has posted anything yet."), "one's own posts are no news")

	g.Expect(taro.Post(post, "act", "comment", "Comment", "I do.").Location).To(Equal(post + "?done=commented"))
	g.Expect(taro.Post(post, "act", "thank").Location).To(Equal(post))
	g.Expect(hana.Get(post).Body).To(And(ContainSubstring("<p>I do.</p>"), ContainSubstring("Thanks: 1"), Not(ContainSubstring("Take my thanks back"))))
	g.Expect(taro.Get(post).Body).To(ContainSubstring("Take my thanks back"))
	taro.Post(post, "act", "takeBack")
	g.Expect(hana.Get(post).Body).To(ContainSubstring("Thanks: 0"))

	g.Expect(hana.Get(post + "/edit").Body).To(And(ContainSubstring("Who knows &lt;b&gt;koji"), ContainSubstring(`value="yes" checked`)))
	g.Expect(hana.Post(post+"/edit", "Kind", "Question", "Post", "Who knows miso?").Location).To(Equal(post + "?done=saved"))
	g.Expect(taro.Get(post).Body).To(And(ContainSubstring("Who knows miso?"), ContainSubstring("edited "), Not(ContainSubstring("koji"))))

	comment := commentLink.FindStringSubmatch(taro.Get(post).Body)[1]
	g.Expect(taro.Post(post+"/withdraw", "comment", comment).Location).To(Equal("/feed/mine?done=commentWithdrawn"))
	g.Expect(hana.Post(post + "/withdraw").Location).To(Equal("/feed/mine?done=postWithdrawn"))
	g.Expect(taro.Get(post).Status).To(Equal(http.StatusNotFound))
}

func TestAPostOfOthersCannotBeChanged(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	hana, _ := talker(w, site, "花子")
	taro, _ := talker(w, site, "太郎")
	post := tell(hana, "News", "of hana")
	hana.Post(post, "act", "comment", "Comment", "mine too")
	comment := commentLink.FindStringSubmatch(hana.Get(post).Body)[1]
	for what, a := range map[string]portaltest.Answer{
		"edit form":                  taro.Get(post + "/edit"),
		"edit":                       taro.Post(post+"/edit", "Kind", "News", "Post", "of taro"),
		"withdraw form":              taro.Get(post + "/withdraw"),
		"withdraw":                   taro.Post(post + "/withdraw"),
		"withdraw a comment's form":  taro.Get(post + "/withdraw?comment=" + comment),
		"withdraw a comment":         taro.Post(post+"/withdraw", "comment", comment),
		"report one's own":           hana.Get(post + "/report"),
		"thank oneself":              hana.Post(post, "act", "thank"),
		"a comment of another post":  taro.Get("/feed/00000000-0000-0000-0000-000000000000/report?comment=" + comment),
		"an identifier written else": taro.Get(strings.ToUpper(post)),
	} {
		g.Expect(a.Status).To(Equal(http.StatusNotFound), what)
	}
	g.Expect(w.Value(`SELECT body || state FROM alumni.post`)).To(Equal("of hanaPublished"))
	guest := site.Browser()
	for _, path := range []string{"/home", "/feed", "/feed/mine", "/feed/new", post, post + "/edit"} {
		g.Expect(guest.Get(path).Location).To(Equal("/sign-in"), path)
	}
}

func TestWhatWasWrittenIsKeptWhenAFieldIsWrong(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	b := site.Browser()
	b.SignIn(w, w.Person(community.StateActive))
	long := strings.Repeat("あ", community.MaxPost+1)
	for name, c := range map[string]struct {
		form  []string
		says  string
		keeps []string
	}{
		"no name shown": {[]string{"Kind", "Idea", "Post", "keep <this>", "Newsletter", "yes"}, "tick that your name is shown",
			[]string{"keep &lt;this&gt;", `value="Idea" selected`, `name="Newsletter" value="yes" checked`, `id="ShowName" name="ShowName" value="yes" aria-describedby="hint-ShowName problem" aria-invalid="true"`}},
		"nothing written": {[]string{"Kind", "Idea", "Post", "", "ShowName", "yes"}, "“Post” is empty", []string{`name="ShowName" value="yes" checked`, `problem" aria-invalid="true"></textarea>`}},
		"too much":        {[]string{"Kind", "Idea", "Post", long, "ShowName", "yes"}, "“Post” is too long", []string{long}},
		"no such kind":    {[]string{"Kind", "Rant", "Post", "keep", "ShowName", "yes"}, "choose one of the options", []string{"keep"}},
		"odd characters":  {[]string{"Kind", "News", "Post", "a\x07b", "ShowName", "yes"}, "characters that cannot be used", nil},
	} {
		a := b.Post("/feed/new", c.form...)
		g.Expect(a.Status).To(Equal(http.StatusUnprocessableEntity), name)
		g.Expect(a.Body).To(ContainSubstring(c.says), name)
		for _, kept := range c.keeps {
			g.Expect(a.Body).To(ContainSubstring(kept), name)
		}
	}
	g.Expect(w.Value(`SELECT count(*) FROM alumni.post`)).To(Equal("0"))
	g.Expect(w.Value(`SELECT count(*) FROM alumni.visibility`)).To(Equal("0"), "nothing is shown by a form that was refused")

	other, _ := talker(w, site, "太郎")
	post := tell(other, "News", "hello")
	a := b.Post(post, "act", "comment", "Comment", "keep this too")
	g.Expect([]any{a.Status, strings.Contains(a.Body, ">keep this too</textarea>")}).To(Equal([]any{422, true}))
}

func TestTheAuthorOfAHiddenPostSeesThatAndWhy(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	hana, _ := talker(w, site, "花子")
	post := tell(hana, "News", "secret")
	var last *portaltest.Browser
	for i := range community.ReportsToHide {
		last, _ = talker(w, site, fmt.Sprint("報告", i))
		g.Expect(last.Post(post+"/report", "Reason", "Confidential").Location).To(Equal("/feed?done=reported"))
	}
	g.Expect(last.Get("/feed?done=reported").Body).To(And(ContainSubstring("Your report is noted."), Not(ContainSubstring("secret"))))
	g.Expect(last.Get(post).Status).To(Equal(http.StatusNotFound))
	g.Expect(hana.Get(post).Body).To(And(ContainSubstring("This post is hidden."), ContainSubstring("<li>It tells something confidential</li>"), Not(ContainSubstring("報告"))))
	g.Expect(hana.Get("/feed/mine").Body).To(ContainSubstring("This post is hidden."))
}

func TestANetworkWithoutTheFeedHasNoneOfIt(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	w.Network.Modules = []string{}
	b := w.Serve().Browser()
	b.SignIn(w, w.Person(community.StateActive))
	home := b.Get("/home")
	g.Expect([]any{home.Status, strings.Contains(home.Body, "/feed"), strings.Contains(home.Body, "Notices you have not read")}).To(Equal([]any{200, false, true}))
	g.Expect([]int{b.Get("/feed").Status, b.Get("/feed/new").Status, b.Post("/feed/new", "Kind", "News", "Post", "x").Status}).To(HaveEach(http.StatusNotFound))
	g.Expect(b.Get("/privacy").Body).NotTo(ContainSubstring("posts and comments"))
}

func TestTheHomePageTellsWhatIsNew(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b, person := w.Serve().Browser(), w.Person(community.StateActive)
	g.Expect(b.SignIn(w, person).Location).To(Equal("/home"))
	g.Expect(b.Get("/home").Body).To(And(ContainSubstring("You have read all notices."), ContainSubstring(`href="/home" aria-current="page"`)))
	id := w.Notice(w.Run("a"), person, "ja", "秋の<集い>", "<p>x</p>")
	path := fmt.Sprintf("/notices/%d", id)
	g.Expect(b.Get("/home").Body).To(ContainSubstring(`<a href="` + path + `" lang="ja">秋の&lt;集い&gt;</a>`))
	b.Get(path)
	g.Expect(b.Get("/home").Body).NotTo(ContainSubstring(path))
}
