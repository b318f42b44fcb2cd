// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/smtp"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// running is a mailbox on loopback.
type running struct {
	t          *testing.T
	smtp, http string
	box        *box
}

func start(t *testing.T, b *box) *running {
	t.Helper()
	r := &running{t: t, box: b}
	var listeners [2]net.Listener
	for i, address := range []*string{&r.smtp, &r.http} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners[i], *address = l, l.Addr().String()
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, slog.New(slog.DiscardHandler), b, listeners[0], listeners[1])
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return r
}

// send sends one message by Go's own SMTP client.
func (r *running) send(to, id, subject string) error {
	message := fmt.Sprintf("From: sender@hoshino.example\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%s@hoshino.example>\r\n\r\nHello\r\n", to, subject, id)
	return smtp.SendMail(r.smtp, nil, "sender@hoshino.example", []string{to}, []byte(message))
}

func (r *running) get(path string, into any) *http.Response {
	r.t.Helper()
	res, err := http.Get("http://" + r.http + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	switch into := into.(type) {
	case nil:
	case *string:
		*into = string(body)
	default:
		if err := json.Unmarshal(body, into); err != nil {
			r.t.Fatalf("%s: %v: %s", path, err, body)
		}
	}
	return res
}

func (r *running) fault(json string) int {
	r.t.Helper()
	res, err := http.Post("http://"+r.http+"/api/faults", "application/json", strings.NewReader(json))
	if err != nil {
		r.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func TestMailsAreTakenAndCounted(t *testing.T) {
	g := NewWithT(t)
	r := start(t, newBox(100, maxKeptBytes))
	g.Expect(r.send("hana@mail.example", "1", "First")).To(Succeed())
	g.Expect(r.send("ken@mail.example", "1", "First")).To(Succeed())
	g.Expect(r.send("HANA@mail.example", "2", "Second")).To(Succeed())
	g.Expect(r.send("hana@mail.example", "2", "Second")).To(Succeed(), "the same mail again")

	var c counts
	r.get("/api/counts", &c)
	g.Expect(c).To(Equal(counts{Messages: 4, Recipients: 2, Duplicates: 1}))
	var each struct{ Each map[string]int64 }
	r.get("/api/counts?each=1", &each)
	g.Expect(each.Each).To(Equal(map[string]int64{"hana@mail.example": 3, "ken@mail.example": 1}))

	var mails []message
	r.get("/api/messages?to=Hana@mail.example", &mails)
	g.Expect(mails).To(HaveLen(3))
	g.Expect(mails[2]).To(HaveField("Subject", "First"), "the newest is first")
	g.Expect(mails[2].Text).To(Equal("Hello\n"))
	g.Expect(mails[2].Headers["Message-Id"]).To(Equal([]string{"<1@hoshino.example>"}))
	r.get("/api/messages", &mails)
	g.Expect(mails).To(HaveLen(4))
	r.get("/api/messages?limit=1&skip=3", &mails)
	g.Expect(mails).To(HaveLen(1))
	r.get("/api/messages?to=nobody@mail.example", &mails)
	g.Expect(mails).To(BeEmpty())
}

const newsletter = "From: =?UTF-8?B?44Ob44K344OO?= <alumni@hoshino.example>\r\n" +
	"To: hana@mail.example\r\n" +
	"Subject: =?UTF-8?Q?=E5=86=AC=E3=81=AE=E3=81=9F=E3=82=88=E3=82=8A?=\r\n" +
	"List-Unsubscribe: <https://alumni.example/u/t>\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n44GT44KT44Gr44Gh44Gv\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"<p style=3D\"color: red\">=E3=81=93</p><script>alert(1)</script>\r\n--b--\r\n"

func TestAMailIsShownInAllItsParts(t *testing.T) {
	g := NewWithT(t)
	r := start(t, newBox(100, maxKeptBytes))
	g.Expect(smtp.SendMail(r.smtp, nil, "alumni@hoshino.example", []string{"hana@mail.example"}, []byte(newsletter))).To(Succeed())

	var mails []message
	r.get("/api/messages", &mails)
	g.Expect(mails[0].Subject).To(Equal("冬のたより"))
	g.Expect(mails[0].Text).To(Equal("こんにちは"))
	g.Expect(mails[0].HTML).To(HavePrefix(`<p style="color: red">こ</p>`))
	g.Expect(mails[0].Headers["From"]).To(Equal([]string{"ホシノ <alumni@hoshino.example>"}))
	g.Expect(mails[0].Headers["List-Unsubscribe"]).To(Equal([]string{"<https://alumni.example/u/t>"}))

	var page string
	r.get("/m/"+mails[0].ID, &page)
	g.Expect(page).To(And(ContainSubstring("冬のたより"), ContainSubstring("こんにちは"), ContainSubstring("List-Unsubscribe"), ContainSubstring(`sandbox="allow-popups`)))
	g.Expect(page).NotTo(ContainSubstring("alert(1)"), "the mail's HTML is in the frame only")
	res := r.get("/m/"+mails[0].ID+"/html", &page)
	g.Expect(page).To(HavePrefix(`<base target="_blank"><p style`))
	g.Expect(res.Header.Get("Content-Security-Policy")).To(And(HavePrefix("sandbox "), Not(ContainSubstring("allow-scripts"))))
	r.get("/m/"+mails[0].ID+"/source", &page)
	g.Expect(page).To(ContainSubstring("multipart/alternative"))
	g.Expect(r.get("/m/999", nil).StatusCode).To(Equal(http.StatusNotFound))
	g.Expect(r.get("/m/abc", nil).StatusCode).To(Equal(http.StatusNotFound))
	g.Expect(r.get("/healthz", nil).StatusCode).To(Equal(http.StatusOK))
}

func TestTheListIsSearchedAndPaged(t *testing.T) {
	g := NewWithT(t)
	b := newBox(1000, maxKeptBytes)
	r := start(t, b)
	for i := range 120 {
		b.put("a@hoshino.example", []string{fmt.Sprintf("person%d@mail.example", i)}, []byte(fmt.Sprintf("Subject: Mail <%d>\r\n\r\n", i)))
	}
	var page string
	r.get("/", &page)
	g.Expect(page).To(And(ContainSubstring("Mail &lt;119&gt;"), ContainSubstring("1–50 of 120"), ContainSubstring(`rel="next"`)))
	g.Expect(page).NotTo(ContainSubstring("Mail &lt;69&gt;"))
	r.get("/?page=3", &page)
	g.Expect(page).To(And(ContainSubstring("101–120 of 120"), ContainSubstring("Mail &lt;0&gt;"), Not(ContainSubstring(`rel="next"`))))
	r.get("/?to=PERSON11", &page)
	g.Expect(page).To(ContainSubstring("1–11 of 11"))
	r.get("/?to=nobody", &page)
	g.Expect(page).To(ContainSubstring("No mail to such a recipient"))
	r.get("/?page=-1", &page)
	g.Expect(page).To(ContainSubstring("1–50 of 120"))
}

func TestMemoryIsBoundedByNumberAndBySize(t *testing.T) {
	g := NewWithT(t)
	b := newBox(10, 5000)
	for i := range 25 {
		b.put("a@hoshino.example", []string{"x@mail.example"}, []byte(fmt.Sprintf("Message-ID: <%d>\r\n\r\n", i)))
	}
	mails, total := b.find("", false, 0, 100)
	g.Expect(total).To(Equal(10))
	g.Expect(mails[0].ID).To(Equal(uint64(25)))
	g.Expect(b.get(15)).To(BeNil())
	g.Expect(b.get(16).ID).To(Equal(uint64(16)))
	g.Expect(b.totals()).To(Equal(counts{Messages: 25, Recipients: 1}))

	b.put("a@hoshino.example", []string{"x@mail.example"}, bytes.Repeat([]byte("x"), 4900))
	_, total = b.find("", false, 0, 100)
	g.Expect(total).To(BeNumerically("<", 10), "a large mail drives out small ones")
	b.forget()
	g.Expect(b.get(26)).To(BeNil())
	g.Expect(b.totals()).To(Equal(counts{}))
	b.put("a@hoshino.example", []string{"x@mail.example"}, []byte("\r\n"))
	g.Expect(b.get(27)).NotTo(BeNil())
}

func TestFaultsRefuseTheNextRecipients(t *testing.T) {
	g := NewWithT(t)
	r := start(t, newBox(100, maxKeptBytes))
	g.Expect(r.fault(`{"code": 451, "next": 2}`)).To(Equal(http.StatusCreated))
	g.Expect(r.fault(`{"code": 550, "to": "gone"}`)).To(Equal(http.StatusCreated))

	var answer *textproto.Error
	for range 2 {
		g.Expect(errorAs(r.send("hana@mail.example", "1", "x"), &answer)).To(BeTrue())
		g.Expect(answer.Code).To(Equal(451))
	}
	g.Expect(r.send("hana@mail.example", "1", "x")).To(Succeed())
	for range 3 {
		g.Expect(errorAs(r.send("GONE@mail.example", "2", "x"), &answer)).To(BeTrue())
		g.Expect(answer.Code).To(Equal(550))
	}
	var all []fault
	r.get("/api/faults", &all)
	g.Expect(all).To(HaveLen(2))
	g.Expect(all[0].Met).To(Equal(2))
	g.Expect(all[1].Met).To(Equal(3))

	request, err := http.NewRequest(http.MethodDelete, "http://"+r.http+"/api/faults", nil)
	g.Expect(err).NotTo(HaveOccurred())
	res, err := http.DefaultClient.Do(request)
	g.Expect(err).NotTo(HaveOccurred())
	_ = res.Body.Close()
	g.Expect(r.send("gone@mail.example", "2", "x")).To(Succeed())
	g.Expect(r.box.totals().Messages).To(Equal(int64(2)))
}

func errorAs(err error, target **textproto.Error) bool {
	found, ok := err.(*textproto.Error) //nolint:errorlint // net/smtp gives it bare
	*target = found
	return ok
}

func TestFaultsAfterTheData(t *testing.T) {
	for name, c := range map[string]struct {
		fault string
		kept  int64
		code  int
	}{
		"refused":                {`{"at": "data", "code": 554, "next": 1}`, 0, 554},
		"dropped before keeping": {`{"at": "data", "drop": "before", "next": 1}`, 0, 0},
		"dropped after keeping":  {`{"at": "data", "drop": "after", "next": 1}`, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := start(t, newBox(100, maxKeptBytes))
			g.Expect(r.fault(c.fault)).To(Equal(http.StatusCreated))
			err := r.send("hana@mail.example", "1", "x")
			g.Expect(err).To(HaveOccurred())
			var answer *textproto.Error
			if errorAs(err, &answer) {
				g.Expect(answer.Code).To(Equal(c.code))
			} else {
				g.Expect(c.code).To(BeZero(), err.Error())
			}
			g.Expect(r.box.totals().Messages).To(Equal(c.kept))
			g.Expect(r.send("hana@mail.example", "2", "x")).To(Succeed())
		})
	}
}

func TestADelayIsAsLongAsAskedAndEndsWithTheServer(t *testing.T) {
	g := NewWithT(t)
	ctx, stop := context.WithCancel(t.Context())
	f := newFaults(ctx)
	begun := time.Now()
	f.wait(fault{DelayMilliseconds: 30})
	g.Expect(time.Since(begun)).To(BeNumerically(">=", 30*time.Millisecond))
	stop()
	f.wait(fault{DelayMilliseconds: 600_000})
}

func TestBadFaultsAreRefused(t *testing.T) {
	r := start(t, newBox(10, maxKeptBytes))
	for name, body := range map[string]string{
		"no JSON":            `code=451`,
		"an unknown field":   `{"kode": 451}`,
		"nothing to do":      `{}`,
		"a code of success":  `{"code": 250}`,
		"a place unheard of": `{"code": 451, "at": "lunch"}`,
		"a drop too late":    `{"at": "rcpt", "drop": "after"}`,
		"an endless delay":   `{"delayMilliseconds": 99999999}`,
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(r.fault(body)).To(Equal(http.StatusBadRequest))
		})
	}
}

func TestManySendersAtOnce(t *testing.T) {
	g := NewWithT(t)
	r := start(t, newBox(50, maxKeptBytes))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 25 {
				if err := r.send(fmt.Sprintf("p%d@mail.example", i), fmt.Sprintf("%d-%d", i, k), "x"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	g.Expect(r.box.totals()).To(Equal(counts{Messages: 200, Recipients: 8}))
}

func TestBrokenMailsAreShownAsFarAsTheyGo(t *testing.T) {
	for name, source := range map[string]string{
		"no header":        "just text",
		"nothing":          "",
		"no boundary":      "Content-Type: multipart/mixed\r\n\r\nx",
		"an open boundary": "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nabc",
		"a bad encoding":   "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
		"nested deeply":    strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 500),
	} {
		t.Run(name, func(t *testing.T) {
			c := readContent([]byte(source))
			NewWithT(t).Expect(c.parts).To(BeNumerically("<=", maxParts))
		})
	}
}
