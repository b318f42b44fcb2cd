// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

// The planted person. Each value occurs nowhere else in the project, so that a
// finding is always a leak. Names are spelt as Japanese and English systems
// would; the address is under the reserved domain .example.
const (
	FamilyNameJa   = "百舌鳥野"
	GivenNameJa    = "翡翠子"
	NameJa         = FamilyNameJa + " " + GivenNameJa
	NameKana       = "モズノ ヒスイコ"
	FamilyNameEn   = "Quillfeather"
	GivenNameEn    = "Zephyrine"
	NameEn         = GivenNameEn + " " + FamilyNameEn
	Email          = "zephyrine.quillfeather@mozuno.example"
	EmployeeNumber = "EMP-7Q3X9-CANARY"
	Phone          = "+81-90-5550-7391"
	Birthday       = "1961-02-29" // no such day, so that no real date is taken for it
	Address        = "翡翠町三丁目九十一番"
	Note           = "left after the marmalade incident"

	// Password and Token are secrets, not personal data, and must stay out of
	// the same places.
	Password = "pw-Brisling-Ochre-58213"
	Token    = "tok_VEXILLOLOGY_q7Jb2mZk4T"
	// WebhookPath is a channel address that is a secret in itself.
	WebhookPath = "hooks/T0CANARY/B0CANARY/x5wQ"
)

// planted is one value that outputs are searched for.
type planted struct {
	kind  string
	value string
}

// person lists every value, whole values before their parts, so that a finding
// is named by the most telling kind.
var person = []planted{
	{"Japanese name", NameJa},
	{"Japanese family name", FamilyNameJa},
	{"Japanese given name", GivenNameJa},
	{"kana name", NameKana},
	{"kana name", "モズノ"},
	{"English name", NameEn},
	{"e-mail address", Email},
	{"e-mail domain", "mozuno.example"},
	{"English family name", FamilyNameEn},
	{"English given name", GivenNameEn},
	{"employee number", EmployeeNumber},
	{"phone number", Phone},
	{"phone number", "0905550739"},
	{"birthday", Birthday},
	{"postal address", Address},
	{"note", Note},
	{"password", Password},
	{"token", Token},
	{"webhook address", WebhookPath},
}
