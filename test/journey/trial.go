// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package journey

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
)

// Captured reads the mail of a trial on the portal's own pages, as whoever rehearses does.
type Captured struct {
	// Portal is host and port at which the trial's portal answers.
	Portal string
}

var (
	capturedMail = regexp.MustCompile(`href="(/trial/mail/[0-9]+)"`)
	namedPerson  = regexp.MustCompile(`name="address" value="([^"]+)"`)
)

// Mails reads the mails to one recipient among the newest, newest first. Their Text is the whole page.
func (c Captured) Mails(ctx context.Context, to string) ([]Mail, error) {
	list, err := c.page(ctx, "/trial/mail")
	if err != nil {
		return nil, err
	}
	var mails []Mail
	for _, found := range capturedMail.FindAllStringSubmatch(list, -1) {
		text, err := c.page(ctx, found[1])
		if err != nil {
			return nil, err
		}
		if strings.Contains(text, to) {
			mails = append(mails, Mail{ID: found[1], To: to, Text: text})
		}
	}
	return mails, nil
}

// People are the addresses of those whom the page offers for signing in.
func (c Captured) People(ctx context.Context) ([]string, error) {
	list, err := c.page(ctx, "/trial/mail")
	var people []string
	for _, found := range namedPerson.FindAllStringSubmatch(list, -1) {
		people = append(people, found[1])
	}
	return people, err
}

func (c Captured) page(ctx context.Context, path string) (string, error) {
	visitor := &Visitor{Portal: c.Portal}
	page, err := visitor.Get(ctx, path)
	if err == nil && page.Status != http.StatusOK {
		err = fmt.Errorf("open %s: the portal answered %d", path, page.Status)
	}
	return html.UnescapeString(page.Body), err
}
