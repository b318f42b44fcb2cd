// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SurveyAnonymity says whether answers are kept with the members who gave them.
//
// +kubebuilder:validation:Enum=Anonymous;Named
type SurveyAnonymity string

const (
	// SurveyAnonymous keeps an answer without the member, and apart from it that the member has answered.
	SurveyAnonymous SurveyAnonymity = "Anonymous"
	// SurveyNamed keeps the member with the answer.
	SurveyNamed SurveyAnonymity = "Named"
)

// SurveyQuestionKind is how a question is answered.
//
// +kubebuilder:validation:Enum=SingleChoice;MultipleChoice;Scale;Text
type SurveyQuestionKind string

// The kinds of questions. Scale is from 1 to 5.
const (
	SurveySingleChoice   SurveyQuestionKind = "SingleChoice"
	SurveyMultipleChoice SurveyQuestionKind = "MultipleChoice"
	SurveyScale          SurveyQuestionKind = "Scale"
	SurveyText           SurveyQuestionKind = "Text"
)

// SurveyRequired says whether a question must be answered.
//
// +kubebuilder:validation:Enum=Required;Optional
type SurveyRequired string

// Whether a question must be answered.
const (
	SurveyQuestionRequired SurveyRequired = "Required"
	SurveyQuestionOptional SurveyRequired = "Optional"
)

// Survey is what a campaign asks members, once each. It is kept as it was when the first message was planned, or a later one while nobody
// has answered yet.
type Survey struct {
	// anonymity Anonymous keeps an answer without the member who gave it. Named keeps the member with it, and the page says so. Defaults to
	// Anonymous.
	// +optional
	// +kubebuilder:default=Anonymous
	Anonymity SurveyAnonymity `json:"anonymity,omitempty"`

	// closesAfter is how long after schedule.at members can answer: P1D to P90D, or P1W to P12W. Defaults to P14D.
	// +optional
	// +kubebuilder:default=P14D
	// +kubebuilder:validation:MaxLength=4
	// +kubebuilder:validation:XValidation:rule="self.matches('^P([1-9]D|[1-8][0-9]D|90D|[1-9]W|1[0-2]W)$')",message="closesAfter is a number of days or weeks from P1D to P90D, for example P14D or P2W"
	ClosesAfter string `json:"closesAfter,omitempty"`

	// questions, in the order in which they are asked.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=30
	Questions []SurveyQuestion `json:"questions"`
}

// SurveyQuestion is one question of a survey.
//
// +kubebuilder:validation:XValidation:rule="!(self.kind in ['SingleChoice','MultipleChoice']) || has(self.options)",message="SingleChoice and MultipleChoice need options to choose from"
// +kubebuilder:validation:XValidation:rule="self.kind in ['SingleChoice','MultipleChoice'] || !has(self.options)",message="options go with SingleChoice and MultipleChoice; Scale is from 1 to 5, and Text is free"
// +kubebuilder:validation:XValidation:rule="!has(self.options) || self.options.all(o, o.title.size() == self.title.size() && o.title.all(t, self.title.exists(u, u.locale == t.locale)))",message="every option needs a title in the languages of its question"
type SurveyQuestion struct {
	// name of the question, for people; results in status are by this name. Members do not see it.
	// +required
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`

	// kind is how it is answered.
	// +required
	Kind SurveyQuestionKind `json:"kind"`

	// required says whether it must be answered. Defaults to Optional.
	// +optional
	// +kubebuilder:default=Optional
	Required SurveyRequired `json:"required,omitempty"`

	// title is the question in each language of content.
	// +required
	// +listType=map
	// +listMapKey=locale
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	Title []SurveyTitle `json:"title"`

	// options to choose from, in the order in which they are shown.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=2
	// +kubebuilder:validation:MaxItems=20
	Options []SurveyOption `json:"options,omitempty"`
}

// SurveyOption can be chosen.
type SurveyOption struct {
	// name of the option; results in status are by this name. Members do not see it.
	// +required
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`

	// title is the option in each language of content.
	// +required
	// +listType=map
	// +listMapKey=locale
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	Title []SurveyTitle `json:"title"`
}

// SurveyTitle is what members read in one language.
type SurveyTitle struct {
	// locale of this text.
	// +required
	Locale Locale `json:"locale"`

	// text is one line, and no template.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\r\\n]')",message="text is a single line"
	Text string `json:"text"`
}

// SurveyStatus is what members answered. How many were asked stands in the runs.
type SurveyStatus struct {
	// closesAt is when nobody can answer any more.
	// +optional
	ClosesAt *metav1.Time `json:"closesAt,omitempty"`
	// answered is how many members have. Neither it nor questions are there before five have, so that nobody can tell who answered what.
	// +optional
	Answered int64 `json:"answered,omitempty"`
	// questions, with how often each answer was given.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=30
	Questions []SurveyQuestionStatus `json:"questions,omitempty"`
}

// SurveyQuestionStatus counts the answers to one question.
type SurveyQuestionStatus struct {
	// name of the question.
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name"`
	// answered is how many answered this question. What they wrote to a Text is nowhere but in the store.
	Answered int64 `json:"answered"`
	// options count how often each was chosen; of a Scale its values.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=20
	Options []SurveyOptionCount `json:"options,omitempty"`
}

// SurveyOptionCount counts one option, or one value of a Scale.
type SurveyOptionCount struct {
	// name of the option, or the value.
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name"`
	// count of members who chose it.
	Count int64 `json:"count"`
}
