// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package campaign looks a Campaign over: it shows what its status counted, makes samples of its texts for invented people, and asks
// for test mails.
//
// It imports the API, the text compiler, the builders of settings and a client. It reads Campaigns, their network and the ConfigMaps of
// their texts, and must never need more: no store, no Secret, no person.
package campaign
