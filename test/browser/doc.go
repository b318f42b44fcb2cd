// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package browser looks at the portal with a real browser: the journeys of a member, accessibility, and pages that
// fit a telephone, in both languages and without JavaScript.
//
// The test starts a real store, a real mail server and the real portal binary, and runs the Node tests of this
// folder against them. It needs Debian's chromium, fonts-noto-cjk, nodejs and npm, and the build tag "browser".
package browser
