// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

// Samples are three invented people who read a language: one of whom everything is known, one who left this year, and one of whom little
// is known and whose name tries the text's patience.
func Samples(locale string) []Member {
	if locale == "ja" {
		return []Member{
			{FamilyName: "星野", GivenName: "花子", Locale: "ja", Department: "商品開発部", Post: "課長", Region: "東京都", YearsSinceJoining: 18, YearsSinceDeparture: 3},
			{FamilyName: "青木", GivenName: "健", Locale: "ja", Department: "製造部", Region: "北海道", YearsSinceJoining: 2},
			{FamilyName: "勅使河原", GivenName: "桜子アレクサンドラ", Locale: "ja"},
		}
	}
	return []Member{
		{FamilyName: "Meyer", GivenName: "Alex", Locale: locale, Department: "Product Development", Post: "Manager", Region: "Tokyo", YearsSinceJoining: 18, YearsSinceDeparture: 3},
		{FamilyName: "Ng", GivenName: "Bo", Locale: locale, Department: "R&D", Region: "Hokkaido", YearsSinceJoining: 2},
		{FamilyName: "O'Brien-Featherstonehaugh", GivenName: "Wilhelmina", Locale: locale},
	}
}
