// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bounce

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// sample reads a report of testdata with the address of a claim in it.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "reports", name+".eml"))
	if err != nil {
		t.Fatal(err)
	}
	address := sender(t).Address(testClaim)
	return bytes.ReplaceAll(b, []byte("bounces+TOKEN@hoshino.example"), []byte(address))
}

func TestReportsAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		kind   Kind
		status string
		code   int
		id     bool // names the message that was sent
		link   bool
	}{
		"postfix-unknown":    {HardBounce, "5.1.1", 550, true, true},
		"postfix-content":    {Refused, "5.0.0", 550, false, false},
		"postfix-delayed":    {Delayed, "4.4.1", 0, false, false},
		"postfix-expired":    {SoftBounce, "4.4.1", 0, false, false},
		"exchange-unknown":   {HardBounce, "5.1.10", 550, true, false},
		"exchange-policy":    {Refused, "5.7.606", 550, false, false},
		"gmail-unknown":      {HardBounce, "5.1.1", 550, true, false},
		"gmail-full":         {SoftBounce, "5.2.2", 552, false, false},
		"qmail-unknown":      {HardBounce, "5.1.1", 0, true, true},
		"qmail-remote":       {SoftBounce, "", 452, false, false},
		"exim-unknown":       {HardBounce, "", 550, true, false},
		"arf-yahoo":          {Complaint, "", 0, true, true},
		"arf-fastmail":       {Complaint, "", 0, true, true},
		"arf-notspam":        {Ignored, "", 0, false, false},
		"malformed-encoded":  {HardBounce, "5.2.1", 0, false, false},
		"malformed-boundary": {HardBounce, "", 550, false, false},
		"malformed-no-part":  {HardBounce, "5.1.2", 550, false, false},
		"malformed-arf":      {Complaint, "", 0, false, false},
		"absence":            {Ignored, "", 0, false, false},
		"receipt":            {Ignored, "", 0, false, false},
	} {
		for ends, message := range map[string][]byte{
			"": sample(t, name), " with CRLF": bytes.ReplaceAll(sample(t, name), []byte("\n"), []byte("\r\n")),
		} {
			t.Run(name+ends, func(t *testing.T) {
				g := NewWithT(t)
				r := Parse(message)
				g.Expect([]any{r.Kind, r.Status.String(), r.Code}).To(Equal([]any{c.kind, c.status, c.code}))
				g.Expect(r.MessageID != "").To(Equal(c.id))
				if c.id {
					g.Expect(r.MessageID).To(Equal("0123456789abcdef0123456789abcdef@hoshino.example"))
				}
				if c.link {
					g.Expect(r.Links).To(ConsistOf("<https://alumni.hoshino.example/u/LINK>"))
				}
				if name != "arf-notspam" {
					claim, found := sender(t).Find(strings.Join(r.Hints, "\n"))
					g.Expect(found).To(BeTrue(), "the report names the mail's sender")
					g.Expect(claim).To(Equal(testClaim))
				}
			})
		}
	}
}

func TestAStatusHasOneMeaning(t *testing.T) {
	for _, c := range []struct {
		status Status
		code   int
		want   Kind
	}{
		{Status{5, 1, 1}, 550, HardBounce}, {Status{5, 1, 10}, 0, HardBounce}, {Status{5, 1, 2}, 0, HardBounce}, {Status{5, 2, 1}, 554, HardBounce},
		{Status{5, 1, 7}, 550, Refused}, {Status{5, 1, 8}, 550, Refused}, {Status{4, 1, 8}, 450, Refused},
		{Status{5, 7, 1}, 550, Refused}, {Status{5, 7, 606}, 550, Refused}, {Status{4, 7, 1}, 451, Refused},
		{Status{5, 6, 0}, 550, Refused}, {Status{5, 5, 0}, 550, Refused}, {Status{5, 3, 4}, 552, Refused}, {Status{5, 2, 3}, 552, Refused},
		{Status{5, 2, 2}, 552, SoftBounce}, {Status{4, 2, 2}, 452, SoftBounce}, {Status{4, 4, 7}, 0, SoftBounce}, {Status{5, 4, 4}, 0, SoftBounce},
		{Status{4, 1, 1}, 450, SoftBounce}, {Status{5, 3, 2}, 0, SoftBounce},
		{Status{}, 550, HardBounce}, {Status{}, 551, HardBounce}, {Status{}, 553, HardBounce}, {Status{}, 556, HardBounce}, {Status{5, 0, 0}, 550, HardBounce},
		{Status{}, 552, SoftBounce}, {Status{}, 554, Refused}, {Status{5, 0, 0}, 554, Refused}, {Status{}, 451, SoftBounce}, {Status{}, 0, SoftBounce},
		{Status{2, 1, 5}, 250, Delivered},
	} {
		NewWithT(t).Expect(Classify(c.status, c.code)).To(Equal(c.want), "%s %d", c.status, c.code)
	}
}

func TestStatusesAreFoundAndAddressesAreNot(t *testing.T) {
	for text, want := range map[string]string{
		"5.1.1": "5.1.1", "550 5.1.1 <x>": "5.1.1", "(#5.1.1)": "5.1.1", "5.1.1 (bad address)": "5.1.1", "no mailbox. 5.7.1.": "5.7.1",
		"host 10.5.1.1 said": "", "192.0.2.25 4.2.2 full": "4.2.2", "version 15.5.1.20": "", "5.1": "", "3.1.1": "", "": "", "4.4.4444": "",
	} {
		NewWithT(t).Expect(findStatus(text).String()).To(Equal(want), text)
	}
}

// hostile are messages that would cost much if they were read without bounds.
func hostile() map[string][]byte {
	const multipart = "Content-Type: multipart/mixed; boundary=b\n\n"
	deep := multipart + strings.Repeat("--b\n"+multipart, 20000)
	siblings := multipart + strings.Repeat("--b\nContent-Type: message/delivery-status\n\nAction: failed\nStatus: 4.2.2\n\n", 12000)
	return map[string][]byte{
		"parts in parts":        []byte(deep),
		"very many parts":       []byte(siblings),
		"a header without end":  []byte("X: " + strings.Repeat("a\n ", 400000)),
		"very many headers":     []byte(strings.Repeat("X: y\n", 200000)),
		"one line":              bytes.Repeat([]byte("--"), 600000),
		"nothing but line ends": bytes.Repeat([]byte("\n"), MaxMessage),
		"more than is looked at": append([]byte("Content-Type: multipart/report; boundary=b\n\n"),
			bytes.Repeat([]byte("--b\nFinal-Recipient: x\nStatus: 4.0.0\n\n"), 200000)...),
		"zero bytes":                 make([]byte, MaxMessage),
		"a boundary of nothing":      append([]byte("Content-Type: multipart/report; boundary=\"\"\n\n"), bytes.Repeat([]byte("--\n"), 300000)...),
		"many addresses in one line": append([]byte("To: "), bytes.Repeat([]byte("bounces+"), 100000)...),
	}
}

func TestHostileMessagesCostLittle(t *testing.T) {
	s := sender(t)
	for name, message := range hostile() {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			begun := time.Now()
			allocated := testing.AllocsPerRun(1, func() {
				r := Parse(message)
				for _, h := range r.Hints {
					s.Find(h)
				}
				g.Expect(len(r.Hints) + len(r.Links)).To(BeNumerically("<=", 2*maxHints))
			})
			g.Expect(time.Since(begun)).To(BeNumerically("<", 2*time.Second))
			g.Expect(allocated).To(BeNumerically("<", 100000))
		})
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/reports/*.eml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		f.Add(sample(f, strings.TrimSuffix(filepath.Base(name), ".eml")))
	}
	s := sender(f)
	f.Fuzz(func(t *testing.T, message []byte) {
		r := Parse(message)
		if int(r.Kind) >= len(kindNames) || len(r.Hints) > maxHints || len(r.Links) > maxHints {
			t.Fatalf("out of bounds: %v", r.Kind)
		}
		if again := Parse(message); again.Kind != r.Kind || again.Status != r.Status || again.Code != r.Code {
			t.Fatalf("read twice, understood twice: %v and %v", r.Kind, again.Kind)
		}
		for _, h := range append(r.Hints, r.EnvelopeID, r.MessageID) {
			if len(h) > maxValue {
				t.Fatalf("a text of %d bytes is kept", len(h))
			}
			if c, found := s.Find(h); found && !bytes.Contains(bytes.ToLower([]byte(h)), []byte(s.Address(c))) {
				t.Fatal("a claim was found that nobody made")
			}
		}
	})
}
