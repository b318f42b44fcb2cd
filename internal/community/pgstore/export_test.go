// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

// FeedStatements are the queries of the feed's pages by name, for the plans that PostgreSQL makes of them.
func FeedStatements() map[string]string {
	return map[string]string{"newest": sqlPostsNewest, "of kind": sqlPostsOfKind, "own": sqlPostsOwn, "one": sqlPostOne, "comments": sqlCommentsOfPost}
}
