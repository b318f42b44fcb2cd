// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

// recorder is a test that keeps what it is told instead of failing.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func TestScanFindsEveryForm(t *testing.T) {
	quoted, _ := json.Marshal("<b>" + canary.NameJa)
	cases := map[string]struct {
		output any
		want   string
	}{
		"plain text":               {"hello " + canary.Email, "line 1: e-mail address (plain)"},
		"another line":             {"one\ntwo\nthree " + canary.Phone, "line 3: phone number (plain)"},
		"upper case":               {strings.ToUpper(canary.Email), "e-mail address (plain)"},
		"bytes":                    {[]byte(canary.NameEn), "English name (plain)"},
		"an error":                 {errors.New("dial " + canary.Password), "password (plain)"},
		"a reader":                 {strings.NewReader("x" + canary.Token), "token (plain)"},
		"a JSON string":            {string(quoted), "Japanese name (plain)"},
		"escaped JSON":             {`"\u767e\u820c\u9ce5\u91ce"`, "Japanese family name (JSON)"},
		"a quoted Go string":       {fmt.Sprintf("%+q", canary.GivenNameJa), "Japanese given name"},
		"a query string":           {"?to=" + url.QueryEscape(canary.Email), "e-mail address (percent)"},
		"a path":                   {"/" + url.PathEscape(canary.NameJa), "Japanese name (percent)"},
		"hex":                      {fmt.Sprintf("%x", canary.NameKana), "kana name (hex)"},
		"base64 in front":          {base64.StdEncoding.EncodeToString([]byte(canary.Password + "!")), "password (base64)"},
		"base64 at offset one":     {base64.StdEncoding.EncodeToString([]byte("a" + canary.Password)), "password (base64)"},
		"base64 at offset two":     {base64.URLEncoding.EncodeToString([]byte("ab" + canary.NameJa)), "Japanese name (base64)"},
		"part of a name":           {"Dear " + canary.GivenNameEn + ",", "English given name (plain)"},
		"a Kubernetes object":      {&corev1.Event{Message: "Mailed " + canary.Email}, "e-mail address (plain)"},
		"an object's Secret bytes": {&corev1.Secret{Data: map[string][]byte{"dsn": []byte("postgres://x:" + canary.Password + "@h")}}, "password (base64)"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := &recorder{TB: t}

			canary.Scan(r, "the output", c.output)

			g.Expect(r.failures).To(ContainElement(ContainSubstring(c.want)))
			g.Expect(r.failures).To(HaveEach(HavePrefix("personal data or a secret leaked into the output, line")))
			g.Expect(canary.Find(strings.Join(r.failures, "\n"))).To(BeEmpty(), "a finding never repeats the value")
		})
	}
}

func TestScanIsSilentAboutCleanOutput(t *testing.T) {
	g := NewWithT(t)
	r := &recorder{TB: t}

	canary.Scan(r, "log", "member=01900000-0000-7000-8000-000000000000 sent=1\n")
	canary.Scan(r, "object", &corev1.ConfigMap{Data: map[string]string{"subject": "Hello"}})
	canary.ScanAll(r, map[string]any{"metrics": "alumni_sent_total 3"})

	g.Expect(r.failures).To(BeEmpty())
}

func TestScanFileTellsPlaceAndKind(t *testing.T) {
	g := NewWithT(t)
	r := &recorder{TB: t}
	path := filepath.Join(t.TempDir(), "server.log")
	g.Expect(os.WriteFile(path, []byte("ALTER ROLE x PASSWORD '"+canary.Password+"'\n"), 0o600)).To(Succeed())

	canary.ScanFile(r, path)
	canary.ScanFile(r, path+".missing")

	g.Expect(r.failures).To(HaveLen(2))
	g.Expect(r.failures[0]).To(Equal("personal data or a secret leaked into server.log, line 1: password (plain)"))
	g.Expect(r.failures[1]).To(ContainSubstring("no such file"))
}

func TestScanAllWantsSomethingToScan(t *testing.T) {
	g := NewWithT(t)
	r := &recorder{TB: t}

	canary.ScanAll(r, nil)

	g.Expect(r.failures).To(ConsistOf(ContainSubstring("no output was collected")))
}

func TestRequireAcceptsWhatWasPlanted(t *testing.T) {
	canary.Require(t, "the mail", "Subject: for "+canary.NameEn, canary.NameEn)
	canary.Require(t, "the secret", &corev1.Secret{Data: map[string][]byte{"p": []byte(canary.Password)}}, canary.Password)
}
