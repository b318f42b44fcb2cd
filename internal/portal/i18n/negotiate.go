// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package i18n

import (
	"golang.org/x/text/language"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// maxAcceptLanguage bounds what is read of a header that anyone may fill.
const maxAcceptLanguage = 200

// Wish is what a visit says about its language, in the order in which it counts.
type Wish struct {
	Query  string // the ?lang parameter
	Cookie string // what the visitor chose before
	Header string // Accept-Language
}

// Choose picks the language of a visit: the first part of the wish that names a language of the platform, or else
// the network's own.
func Choose(wish Wish, network community.Locale) community.Locale {
	for _, code := range []string{wish.Query, wish.Cookie} {
		if locale, ok := community.ParseLocale(code); ok {
			return locale
		}
	}
	if len(wish.Header) > maxAcceptLanguage {
		return network
	}
	wanted, _, err := language.ParseAcceptLanguage(wish.Header)
	if err != nil {
		return network
	}
	for _, tag := range wanted {
		base, _ := tag.Base()
		if locale, ok := community.ParseLocale(base.String()); ok {
			return locale
		}
	}
	return network
}
