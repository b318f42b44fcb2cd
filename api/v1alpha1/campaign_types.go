// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Campaign is a mailing to members of one network: who, what and when.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=camp,categories=alumni
// +kubebuilder:printcolumn:name="Network",type=string,JSONPath=`.spec.networkRef.name`
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Audience",type=integer,JSONPath=`.status.lastRun.audience`
// +kubebuilder:printcolumn:name="Sent",type=integer,JSONPath=`.status.lastRun.sent`
// +kubebuilder:printcolumn:name="Next",type=string,JSONPath=`.status.nextRunAt`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40",message="metadata.name of a Campaign has at most 40 characters, so that the names of its runs fit"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name of a Campaign begins with a letter and has lower case letters, digits and hyphens only, so that its children can be named after it"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.survey) || !has(oldSelf.spec.survey) || !has(oldSelf.status) || !has(oldSelf.status.runs) || !oldSelf.status.runs.exists(r, r.sent > 0) || !has(self.spec.schedule.at) || !has(oldSelf.spec.schedule.at) || self.spec.schedule.at == oldSelf.spec.schedule.at",message="members have been asked, and a survey asks each member once; leave schedule.at as it is, and declare a campaign for another round"
type Campaign struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the declared campaign.
	// +required
	Spec CampaignSpec `json:"spec"`

	// status is what became of it.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status CampaignStatus `json:"status,omitempty"`
}

// CampaignSpec declares a campaign.
//
// +kubebuilder:validation:XValidation:rule="self.type != 'Milestone' || (has(self.schedule.trigger) && self.schedule.trigger.event in ['Birthday','WorkAnniversary','DepartureAnniversary'])",message="type Milestone needs schedule.trigger with event Birthday, WorkAnniversary or DepartureAnniversary"
// +kubebuilder:validation:XValidation:rule="self.type != 'Onboarding' || (has(self.schedule.trigger) && self.schedule.trigger.event == 'JoinedNetwork')",message="type Onboarding needs schedule.trigger with event JoinedNetwork"
// +kubebuilder:validation:XValidation:rule="self.type != 'Reactivation' || (has(self.schedule.trigger) && self.schedule.trigger.event == 'Inactive')",message="type Reactivation needs schedule.trigger with event Inactive"
// +kubebuilder:validation:XValidation:rule="!has(self.channels) || self.channels.all(c, c.type in ['Email','LINE','Portal']) || !has(self.schedule.trigger)",message="schedule.trigger writes to single members, and so by types Email, LINE and Portal; take the other channels out, or declare a campaign with cron or at for them"
// +kubebuilder:validation:XValidation:rule="!has(self.channels) || self.channels.exists(c, c.type in ['Email','LINE','Portal']) || !has(self.audience)",message="audience chooses members, who are written to by types Email, LINE and Portal; add one of them to channels, or remove audience"
// +kubebuilder:validation:XValidation:rule="!has(self.channels) || self.channels.exists(c, c.type in ['Email','LINE','Portal']) || !has(self.tracking)",message="tracking is of what members are written; add Email, LINE or Portal to channels, or remove tracking"
// +kubebuilder:validation:XValidation:rule="!has(self.channels) || self.channels.exists(c, c.type == 'Email') || !has(self.testRecipients)",message="testRecipients get mails; add Email to channels, or remove testRecipients"
// +kubebuilder:validation:XValidation:rule="!has(self.channelMode) || self.channelMode != 'FirstReachable' || (has(self.channels) && self.channels.filter(c, c.type in ['Email','LINE','Portal']).size() >= 2)",message="channelMode FirstReachable chooses among the channels that write to members; name two of Email, LINE and Portal in channels, in the order in which they are tried"
// +kubebuilder:validation:XValidation:rule="self.type != 'Invitation' || !has(self.channels) || !self.channels.exists(c, c.type in ['LINE','Portal'])",message="type Invitation writes to people who have not joined, and who have neither portal nor linked LINE account; take LINE and Portal out of channels"
// +kubebuilder:validation:XValidation:rule="!has(self.steps) || has(self.schedule.at) || has(self.schedule.beforeEvent) || (has(self.schedule.trigger) && self.schedule.trigger.event == 'JoinedNetwork')",message="steps follow a message that each member gets once; take schedule.at or schedule.beforeEvent, or schedule.trigger with event JoinedNetwork"
// +kubebuilder:validation:XValidation:rule="!has(self.schedule.beforeEvent) || has(self.event)",message="schedule.beforeEvent needs event, whose startsAt it counts back from"
// +kubebuilder:validation:XValidation:rule="!has(self.event) || self.type == 'EventInvitation'",message="event goes with type EventInvitation; remove it, or change type"
// +kubebuilder:validation:XValidation:rule="!has(self.steps) || self.type != 'Invitation'",message="type Invitation takes no steps: what HR knows of people who have not joined serves for one invitation only"
// +kubebuilder:validation:XValidation:rule="!has(self.steps) || !has(self.content.abTest)",message="content.abTest and steps cannot be together; declare a campaign for each"
// +kubebuilder:validation:XValidation:rule="!has(self.steps) || !has(self.channels) || self.channels.exists(c, c.type in ['Email','LINE','Portal'])",message="steps are written to members; add Email, LINE or Portal to channels, or remove steps"
// +kubebuilder:validation:XValidation:rule="!has(self.content.abTest) || (has(self.tracking) && has(self.tracking.clicks) && self.tracking.clicks != 'Disabled')",message="content.abTest is decided by clicks; set tracking.clicks to Aggregate or Consented"
// +kubebuilder:validation:XValidation:rule="!has(self.content.abTest) || !has(self.schedule.trigger)",message="content.abTest compares mails of one run; schedule.trigger writes to few members a day, of whom nothing can be told"
// +kubebuilder:validation:XValidation:rule="self.type != 'Invitation' || !has(self.schedule.trigger)",message="type Invitation takes no schedule.trigger: what HR knows of people who have not joined serves for one invitation only"
// +kubebuilder:validation:XValidation:rule="!has(self.survey) || self.type == 'Survey'",message="survey goes with type Survey, which asks for the consent to Surveys; set type: Survey, or remove survey"
// +kubebuilder:validation:XValidation:rule="!has(self.survey) || has(self.schedule.at)",message="a survey asks each member once; take schedule.at, and declare a campaign for each round"
// +kubebuilder:validation:XValidation:rule="!has(self.survey) || !has(self.channels) || self.channels.exists(c, c.type in ['Email','LINE','Portal'])",message="survey asks members; add Email, LINE or Portal to channels, or remove survey"
// +kubebuilder:validation:XValidation:rule="!has(self.survey) || self.survey.questions.all(q, q.title.size() == self.content.locales.size() && q.title.all(t, self.content.locales.exists(l, l.locale == t.locale)))",message="every question of survey needs a title in the languages of content.locales, and in no other"
// +kubebuilder:validation:XValidation:rule="!has(self.survey) || !has(self.steps) || !self.survey.closesAfter.matches('^P[0-9]{1,2}[DW]$') || !self.steps.all(s, s.after.matches('^P[0-9]{1,3}[DW]$')) || self.steps.map(s, int(s.after.substring(1, s.after.size() - 1)) * (s.after.endsWith('W') ? 7 : 1)).sum() < int(self.survey.closesAfter.substring(1, self.survey.closesAfter.size() - 1)) * (self.survey.closesAfter.endsWith('W') ? 7 : 1)",message="the last of steps comes when survey has closed: together their after must be less than survey.closesAfter"
// +kubebuilder:validation:XValidation:rule="has(self.survey) || !has(self.steps) || !self.steps.exists(s, has(s.exitWhen) && s.exitWhen.exists(x, x.field == 'surveyAnswered'))",message="field surveyAnswered is of the campaign's own survey; declare survey, or take it out of exitWhen"
// +kubebuilder:validation:XValidation:rule="!has(self.audience) || !has(self.audience.matchExpressions) || !self.audience.matchExpressions.exists(x, x.field == 'surveyAnswered')",message="field surveyAnswered goes with exitWhen of steps alone: nobody has answered before they are asked"
type CampaignSpec struct {
	// networkRef names the network whose members are written to; of the same namespace, and fixed.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="networkRef cannot be changed; declare a new Campaign for another network"
	NetworkRef NetworkReference `json:"networkRef"`

	// type decides whose consent is needed: Newsletter needs consent to Newsletter, EventInvitation to Events,
	// JobAnnouncement to Jobs, Survey to Surveys; Announcement, Milestone, Onboarding and Reactivation to Network. Invitation
	// goes once to people who are only listed in the roster. Milestone, Onboarding and Reactivation need schedule.trigger.
	// +required
	Type CampaignType `json:"type"`

	// schedule says when it runs.
	// +required
	Schedule CampaignSchedule `json:"schedule"`

	// audience narrows who is written to. Without it, everybody whose consent allows it.
	// +optional
	Audience *Audience `json:"audience,omitempty"`

	// channels are the ways by which a run goes out. Members are written to by Email, by LINE where they linked their account, and in
	// the Portal; Slack, Teams and Webhook get one post for each run at each destination, the same for everybody. Defaults to Email
	// alone. A run that has begun keeps its own.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=31
	// +kubebuilder:validation:XValidation:rule="['Email','LINE','Portal'].all(t, self.filter(c, c.type == t).size() <= 1)",message="types Email, LINE and Portal can be named once each"
	// +kubebuilder:validation:XValidation:rule="self.all(c, c.type in ['Email','LINE','Portal'] || self.exists_one(d, d.type == c.type && has(d.destination) == has(c.destination) && (!has(d.destination) || d.destination == c.destination)))",message="each destination can be named once"
	Channels []CampaignChannel `json:"channels,omitempty"`

	// channelMode says how Email, LINE and Portal share the members. All writes to everybody by each of them. FirstReachable
	// writes to each member once, by the first of them in the order of channels that reaches the member: where there is no address or
	// linked account, where it was blocked or does not exist, and where LINE's messages of the month are used up, the next one is
	// taken. Defaults to All.
	// +optional
	// +kubebuilder:default=All
	ChannelMode ChannelMode `json:"channelMode,omitempty"`

	// content is the text for each language.
	// +required
	Content Content `json:"content"`

	// event is what type EventInvitation invites to. Every mail carries it as a calendar file.
	// +optional
	Event *CampaignEvent `json:"event,omitempty"`

	// steps are further messages to those who got the first, each so long after the one before. Posts are of the first alone.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Steps []CampaignStep `json:"steps,omitempty"`

	// survey is what members are asked on the portal, by the link {{ .Links.Survey }} of a text. Only of type Survey; without it such a
	// campaign may link to somebody else's tool.
	// +optional
	Survey *Survey `json:"survey,omitempty"`

	// delivery tunes how a run is sent.
	// +optional
	Delivery *Delivery `json:"delivery,omitempty"`

	// tracking is what is learnt of mails after they were sent. Without it, nothing.
	// +optional
	Tracking *Tracking `json:"tracking,omitempty"`

	// testRecipients are those who get the texts to look them over when the annotation alumni-operator.io/test-send gets a new value.
	// They are no members, and no run is made for them.
	// +optional
	TestRecipients *TestRecipients `json:"testRecipients,omitempty"`

	// approval Required lets no run of a generation start before somebody has approved that generation by the annotation
	// alumni-operator.io/approved-generation; the condition Approved names its value. A run under way goes on as it was
	// approved. Defaults to NotRequired.
	// +optional
	// +kubebuilder:default=NotRequired
	Approval Approval `json:"approval,omitempty"`

	// state Suspended starts no run and drains a running one. Defaults to Active.
	// +optional
	// +kubebuilder:default=Active
	State State `json:"state,omitempty"`
}

// ChannelType is a way by which a run of a campaign goes out.
//
// +kubebuilder:validation:Enum=Email;LINE;Portal;Slack;Teams;Webhook
type ChannelType string

// The ways by which a run goes out: Email, LINE and Portal to members, the others to one destination each.
const (
	ChannelEmail   ChannelType = "Email"
	ChannelLINE    ChannelType = "LINE"
	ChannelPortal  ChannelType = "Portal"
	ChannelSlack   ChannelType = "Slack"
	ChannelTeams   ChannelType = "Teams"
	ChannelWebhook ChannelType = "Webhook"
)

// ChannelMode says how the channels that write to members share them.
//
// +kubebuilder:validation:Enum=All;FirstReachable
type ChannelMode string

// The channel modes.
const (
	ChannelModeAll            ChannelMode = "All"
	ChannelModeFirstReachable ChannelMode = "FirstReachable"
)

// CampaignChannel is one way by which a run goes out.
//
// +kubebuilder:validation:XValidation:rule="!(self.type in ['Email','LINE','Portal']) || !has(self.destination)",message="types Email, LINE and Portal take no destination, for they reach members where each of them is; remove it"
// +kubebuilder:validation:XValidation:rule="self.type in ['Email','LINE','Portal'] || has(self.destination)",message="types Slack, Teams and Webhook need destination: a name from channels.slack, channels.teams or channels.webhook of the network"
// +kubebuilder:validation:XValidation:rule="self.type != 'Email' || !has(self.onUnknown)",message="onUnknown of type Email is set in delivery.onUnknown"
// +kubebuilder:validation:XValidation:rule="!(self.type in ['LINE','Portal']) || !has(self.onUnknown)",message="types LINE and Portal take no onUnknown: what is sent again arrives once; remove it"
type CampaignChannel struct {
	// type of the channel.
	// +required
	Type ChannelType `json:"type"`

	// destination is the name that the network gives it, in channels.slack, channels.teams or channels.webhook. Only of Slack,
	// Teams and Webhook.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Destination string `json:"destination,omitempty"`

	// onUnknown decides about a post of which nobody knows whether it arrived. Defaults to Hold. Resend is harmless where a
	// Webhook's receiver remembers ids. Only of Slack, Teams and Webhook.
	// +optional
	OnUnknown OnUnknown `json:"onUnknown,omitempty"`
}

// Approval says whether somebody must agree before anything is sent.
//
// +kubebuilder:validation:Enum=Required;NotRequired
type Approval string

// The kinds of approval.
const (
	ApprovalRequired    Approval = "Required"
	ApprovalNotRequired Approval = "NotRequired"
)

// NetworkReference names an AlumniNetwork of the object's own namespace.
type NetworkReference struct {
	// name of the AlumniNetwork, in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name"`
}

// CampaignType is the kind of a mailing.
//
// +kubebuilder:validation:Enum=Newsletter;Announcement;EventInvitation;JobAnnouncement;Survey;Milestone;Onboarding;Reactivation;Invitation
type CampaignType string

// The kinds of mailing. Each needs the consent of its own purpose.
const (
	CampaignNewsletter      CampaignType = "Newsletter"
	CampaignAnnouncement    CampaignType = "Announcement"
	CampaignEventInvitation CampaignType = "EventInvitation"
	CampaignJobAnnouncement CampaignType = "JobAnnouncement"
	CampaignSurvey          CampaignType = "Survey"
	CampaignMilestone       CampaignType = "Milestone"
	CampaignOnboarding      CampaignType = "Onboarding"
	CampaignReactivation    CampaignType = "Reactivation"
	CampaignInvitation      CampaignType = "Invitation"
)

// CampaignSchedule is a union of cron, at, trigger and beforeEvent.
//
// +kubebuilder:validation:XValidation:rule="[has(self.cron), has(self.at), has(self.trigger), has(self.beforeEvent)].filter(x, x).size() == 1",message="set exactly one of cron, at, trigger and beforeEvent"
// +kubebuilder:validation:XValidation:rule="!has(self.timeZone) || !has(self.at)",message="timeZone goes with cron, trigger and beforeEvent; at carries its own offset"
// +kubebuilder:validation:XValidation:rule="has(self.at) || has(self.timeZone)",message="cron, trigger and beforeEvent need timeZone, for example Asia/Tokyo"
type CampaignSchedule struct {
	// cron is five fields: minute, hour, day of month, month, day of week.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="!self.contains('TZ=')",message="write the zone in timeZone, not inside cron"
	// +kubebuilder:validation:XValidation:rule="self.trim().split(' ').filter(f, f != '').size() == 5",message="cron needs five fields: minute, hour, day of month, month, day of week, for example '0 9 1 * *'"
	Cron string `json:"cron,omitempty"`

	// timeZone is the IANA name of the zone in which cron, or the trigger's time, is read.
	// +optional
	TimeZone *TimeZone `json:"timeZone,omitempty"`

	// at is one instant, RFC 3339, for example 2027-04-01T09:00:00+09:00.
	// +optional
	At *metav1.Time `json:"at,omitempty"`

	// trigger writes to each member when something in their life comes round. A run a day looks for whom it does today.
	// +optional
	Trigger *CampaignTrigger `json:"trigger,omitempty"`

	// beforeEvent runs once, so many days before the event of the campaign begins.
	// +optional
	BeforeEvent *BeforeEvent `json:"beforeEvent,omitempty"`
}

// BeforeEvent is a moment so many days before an event. When the event is moved, so is the moment; one that has been and comes again is a
// run of its own, with the new date.
type BeforeEvent struct {
	// by is how long before: P0D to P999D, or P1W to P99W. P0D is the day of the event.
	// +required
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule="self.matches('^P(0D|[1-9][0-9]{0,2}D|[1-9][0-9]?W)$')",message="by is a number of days or weeks, for example P7D or P2W"
	By string `json:"by"`

	// time of the day in timeZone. Defaults to 09:00.
	// +optional
	// +kubebuilder:default="09:00"
	Time ClockTime `json:"time,omitempty"`
}

// TriggerEvent is what a campaign writes to a member for.
//
// +kubebuilder:validation:Enum=Birthday;WorkAnniversary;DepartureAnniversary;JoinedNetwork;Inactive
type TriggerEvent string

const (
	// TriggerBirthday is the day and month of birth; once a year.
	TriggerBirthday TriggerEvent = "Birthday"
	// TriggerWorkAnniversary is the day of joining the company; once a year.
	TriggerWorkAnniversary TriggerEvent = "WorkAnniversary"
	// TriggerDepartureAnniversary is the day of leaving the company; once a year.
	TriggerDepartureAnniversary TriggerEvent = "DepartureAnniversary"
	// TriggerJoinedNetwork is a while after joining the network; once.
	TriggerJoinedNetwork TriggerEvent = "JoinedNetwork"
	// TriggerInactive is a while without a visit; twice, with 90 days between, and then no more until the member comes back.
	TriggerInactive TriggerEvent = "Inactive"
)

// CampaignTrigger writes to each member when an event comes round. After an outage members are written to up to three days
// late; nobody is written to twice for the same day, by whichever campaign.
//
// +kubebuilder:validation:XValidation:rule="self.event in ['JoinedNetwork','Inactive'] || !has(self.after)",message="after goes with JoinedNetwork and Inactive; a day that comes every year has none"
// +kubebuilder:validation:XValidation:rule="self.event != 'JoinedNetwork' || has(self.after)",message="JoinedNetwork needs after, for example P0D or P7D"
type CampaignTrigger struct {
	// event that members are written to for.
	// +required
	Event TriggerEvent `json:"event"`

	// after is how long after joining, or how long without a visit, a member is written to. Inactive defaults to P180D.
	// +optional
	After Period `json:"after,omitempty"`

	// time of the day at which members are written to, in timeZone. Defaults to 09:00.
	// +optional
	// +kubebuilder:default="09:00"
	Time ClockTime `json:"time,omitempty"`
}

// Audience narrows who is written to.
type Audience struct {
	// matchExpressions must all hold.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	MatchExpressions []AudienceExpression `json:"matchExpressions,omitempty"`

	// employees says what becomes of members who work for the company today. Defaults to Exclude.
	// +optional
	// +kubebuilder:default=Exclude
	Employees EmployeesInAudience `json:"employees,omitempty"`

	// exclude leaves out the recipients of other campaigns, or of earlier runs of this one.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	Exclude []AudienceExclusion `json:"exclude,omitempty"`
}

// EmployeesInAudience says what becomes of members who work for the company today.
//
// +kubebuilder:validation:Enum=Exclude;Include;Only
type EmployeesInAudience string

const (
	// EmployeesExclude writes to alumni alone.
	EmployeesExclude EmployeesInAudience = "Exclude"
	// EmployeesInclude writes to both.
	EmployeesInclude EmployeesInAudience = "Include"
	// EmployeesOnly writes to employees alone.
	EmployeesOnly EmployeesInAudience = "Only"
)

// AudienceExclusion leaves out the recipients of a campaign: everybody to whom one of its runs has sent something, is about to, or
// may have.
type AudienceExclusion struct {
	// campaignRef names the Campaign, of the same network; it may be this one.
	// +required
	CampaignRef CampaignReference `json:"campaignRef"`

	// withinDays leaves out only those who were written to in the last so many days; everybody who ever was when it is missing.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	WithinDays int32 `json:"withinDays,omitempty"`
}

// CampaignReference names a Campaign of the object's own namespace.
type CampaignReference struct {
	// name of the Campaign, in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name"`
}

// AudienceField is a fact about a member that an audience can be narrowed by.
//
// +kubebuilder:validation:Enum=department;post;tenureMonths;monthsSinceDeparture;departureReason;lifeStage;skills;locale;region;daysSinceJoined;daysSinceActive;engagement;surveyAnswered
type AudienceField string

// AudienceOperator compares a fact with values.
//
// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist;Gt;Lt
type AudienceOperator string

// The operators of an audience expression.
const (
	AudienceIn           AudienceOperator = "In"
	AudienceNotIn        AudienceOperator = "NotIn"
	AudienceExists       AudienceOperator = "Exists"
	AudienceDoesNotExist AudienceOperator = "DoesNotExist"
	AudienceGt           AudienceOperator = "Gt"
	AudienceLt           AudienceOperator = "Lt"
)

// AudienceExpression compares one fact.
//
// +kubebuilder:validation:XValidation:rule="self.operator in ['In','NotIn'] ? (has(self.values) && self.values.size() > 0) : true",message="In and NotIn need at least one value"
// +kubebuilder:validation:XValidation:rule="self.operator in ['Exists','DoesNotExist'] ? !has(self.values) : true",message="Exists and DoesNotExist take no values"
// +kubebuilder:validation:XValidation:rule="self.operator in ['Gt','Lt'] ? (has(self.values) && self.values.size() == 1 && self.values[0].matches('^[0-9]{1,5}$') && self.field in ['tenureMonths','monthsSinceDeparture','daysSinceJoined','daysSinceActive']) : true",message="Gt and Lt take one whole number and go with tenureMonths, monthsSinceDeparture, daysSinceJoined or daysSinceActive"
// +kubebuilder:validation:XValidation:rule="self.operator in ['In','NotIn'] ? !(self.field in ['tenureMonths','monthsSinceDeparture','daysSinceJoined','daysSinceActive']) : true",message="tenureMonths, monthsSinceDeparture, daysSinceJoined and daysSinceActive are compared by Gt and Lt"
// +kubebuilder:validation:XValidation:rule="self.field != 'surveyAnswered' || self.operator in ['Exists','DoesNotExist']",message="surveyAnswered goes with Exists and DoesNotExist"
type AudienceExpression struct {
	// field is the fact that is compared.
	// +required
	Field AudienceField `json:"field"`

	// operator is how it is compared.
	// +required
	Operator AudienceOperator `json:"operator"`

	// values to compare with.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=200
	Values []string `json:"values,omitempty"`
}

// Content is the text of a campaign.
//
// +kubebuilder:validation:XValidation:rule="self.locales.size() == 0 || self.locales.all(l, has(l.body) != has(l.bodyFrom))",message="each locale sets exactly one of body and bodyFrom"
// +kubebuilder:validation:XValidation:rule="has(self.abTest) || !self.locales.exists(l, has(l.variants))",message="variants are for abTest; declare it, or remove them"
// +kubebuilder:validation:XValidation:rule="!has(self.abTest) || self.locales.all(l, has(l.variants))",message="abTest needs variants in every locale"
// +kubebuilder:validation:XValidation:rule="self.locales.all(l, self.locales.all(m, !has(l.variants) || !has(m.variants) || (l.variants.size() == m.variants.size() && l.variants.all(v, m.variants.exists(w, w.name == v.name)))))",message="every locale needs variants of the same names"
type Content struct {
	// locales holds one text per language. A member whose language is missing gets the network's default
	// language, or else the first of this list.
	// +required
	// +listType=map
	// +listMapKey=locale
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	Locales []LocalisedContent `json:"locales"`

	// abTest tries the variants of the texts on a part of the audience, and sends the better one to the others.
	// +optional
	ABTest *ABTest `json:"abTest,omitempty"`
}

// ABTestMetric is what decides an A/B test.
//
// +kubebuilder:validation:Enum=Clicks
type ABTestMetric string

// MetricClicks is how often links were followed, for each mail that was sent.
const MetricClicks ABTestMetric = "Clicks"

// ABTest tries variants on a part of the audience. Who gets what is a matter of run and member alone. Where fewer than 200 mails of a
// variant were sent when the time has come, clicks say nothing, and the first variant goes to the others.
type ABTest struct {
	// testPercent of the recipients are in the test, in equal parts for each variant. Defaults to 20.
	// +optional
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=30
	TestPercent int32 `json:"testPercent,omitempty"`

	// holdOutPercent of the recipients get nothing, so that the effect of the campaign can be told. Defaults to 0.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10
	HoldOutPercent *int32 `json:"holdOutPercent,omitempty"`

	// metric decides the test. Clicks, the only one, needs tracking.clicks: neither opens, which mail programs fake, nor replies, which
	// do not come this way, are counted. Defaults to Clicks.
	// +optional
	// +kubebuilder:default=Clicks
	Metric ABTestMetric `json:"metric,omitempty"`

	// after is how long after it is due the run is decided and goes to the others: PT1H to PT48H, whole hours. Defaults to PT4H.
	// +optional
	// +kubebuilder:default=PT4H
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:XValidation:rule="self.matches('^PT([1-9]|[1-3][0-9]|4[0-8])H$')",message="after is a number of whole hours from PT1H to PT48H"
	After string `json:"after,omitempty"`
}

// TextVariant is a text that an A/B test tries. What it leaves out is as in the locale.
//
// +kubebuilder:validation:XValidation:rule="has(self.subject) || has(self.body)",message="a variant needs subject, body or both"
type TextVariant struct {
	// name of the variant: a, b, c or d.
	// +required
	// +kubebuilder:validation:Enum=a;b;c;d
	Name string `json:"name"`

	// subject is one line; a template like body.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\r\\n]')",message="subject is a single line"
	Subject string `json:"subject,omitempty"`

	// body is Markdown with template fields.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Body string `json:"body,omitempty"`
}

// LocalisedContent is the text of a campaign in one language.
type LocalisedContent struct {
	// locale of this text.
	// +required
	Locale Locale `json:"locale"`

	// subject is one line; a template like body.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\r\\n]')",message="subject is a single line"
	Subject string `json:"subject"`

	// body is Markdown with template fields such as {{ .Member.GivenName }}; docs/spec lists them all.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Body string `json:"body,omitempty"`

	// bodyFrom reads the body from a ConfigMap of the same namespace.
	// +optional
	BodyFrom *ConfigMapKeyReference `json:"bodyFrom,omitempty"`

	// broadcast is what Slack, Teams and Webhook get instead, so that subject and body may use fields of a member.
	// +optional
	Broadcast *BroadcastText `json:"broadcast,omitempty"`

	// variants of the mail for abTest, of the same names in every locale.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=2
	// +kubebuilder:validation:MaxItems=4
	Variants []TextVariant `json:"variants,omitempty"`
}

// BroadcastText is the text for channels that say the same to everybody. What it leaves out is as in the mail.
//
// +kubebuilder:validation:XValidation:rule="has(self.subject) || has(self.body)",message="broadcast needs subject, body or both; remove it to post what the mail says"
type BroadcastText struct {
	// subject is one line, the title of the post; a template without fields of a member.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\r\\n]')",message="subject is a single line"
	Subject string `json:"subject,omitempty"`

	// body is Markdown and a template without fields of a member; it is posted as plain text.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Body string `json:"body,omitempty"`
}

// OnUnknown says what becomes of a message or post of which nobody knows whether it was taken.
//
// +kubebuilder:validation:Enum=Resend;Hold
type OnUnknown string

const (
	// OnUnknownResend sends again: it may arrive twice, never not at all.
	OnUnknownResend OnUnknown = "Resend"
	// OnUnknownHold leaves it for a person to decide: it may be missing, and never arrives twice.
	OnUnknownHold OnUnknown = "Hold"
)

// TestRecipients are people who look a campaign over. Their addresses are personal data, and stand in a Secret alone.
type TestRecipients struct {
	// secretRef names a Secret whose key addresses holds up to ten mail addresses, one on each line.
	// +required
	SecretRef SecretReference `json:"secretRef"`
}

// ClickTracking says what is learnt of the links of a mail.
//
// +kubebuilder:validation:Enum=Disabled;Aggregate;Consented
type ClickTracking string

const (
	// ClicksDisabled leaves links as they are.
	ClicksDisabled ClickTracking = "Disabled"
	// ClicksAggregate counts how often each link is followed, and learns nothing of who did.
	ClicksAggregate ClickTracking = "Aggregate"
	// ClicksConsented also notes which links a member followed who consented to it.
	ClicksConsented ClickTracking = "Consented"
)

// OpenTracking says whether it is learnt that a mail was opened.
//
// +kubebuilder:validation:Enum=Disabled;Consented
type OpenTracking string

const (
	// OpensDisabled puts nothing into mails.
	OpensDisabled OpenTracking = "Disabled"
	// OpensConsented puts an image into the mails of members who consented to it.
	OpensConsented OpenTracking = "Consented"
)

// Tracking is what is learnt of the mails of a campaign after they were sent. Nothing is kept of the machine that a link is
// followed with: no address, and no name of a program.
type Tracking struct {
	// clicks says what is learnt of links that begin with https://, which lead by way of the portal unless it is Disabled. Aggregate
	// counts how often each is followed. Consented also notes it for members who consented to Tracking on the portal, and counts
	// for the others. Defaults to Disabled.
	// +optional
	// +kubebuilder:default=Disabled
	Clicks ClickTracking `json:"clicks,omitempty"`

	// opens Consented puts an image into the mails of members who consented to Tracking, which tells that the mail was opened; or
	// that a mail program fetched it in advance, as many do. Defaults to Disabled.
	// +optional
	// +kubebuilder:default=Disabled
	Opens OpenTracking `json:"opens,omitempty"`
}

// QuietHoursMode says what becomes of members whom a message would reach in their quiet hours.
//
// +kubebuilder:validation:Enum=Defer;Skip
type QuietHoursMode string

const (
	// QuietHoursDefer writes to them when their quiet hours end.
	QuietHoursDefer QuietHoursMode = "Defer"
	// QuietHoursSkip leaves them out.
	QuietHoursSkip QuietHoursMode = "Skip"
)

// Delivery tunes how a run is sent.
type Delivery struct {
	// maxPerSecond lowers the channel's own limit for this campaign.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	MaxPerSecond *int32 `json:"maxPerSecond,omitempty"`

	// maxRecipients refuses a run with a larger audience before anything is sent. Defaults to 50000.
	// +optional
	// +kubebuilder:default=50000
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	MaxRecipients int32 `json:"maxRecipients,omitempty"`

	// startingDeadlineSeconds is how late a run may start. A later one is skipped and said so. Defaults to 3600.
	// +optional
	// +kubebuilder:default=3600
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=604800
	StartingDeadlineSeconds int32 `json:"startingDeadlineSeconds,omitempty"`

	// retryDeadlineSeconds is how long a run goes on trying addresses that answer "later". Defaults to 86400.
	// +optional
	// +kubebuilder:default=86400
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=259200
	RetryDeadlineSeconds int32 `json:"retryDeadlineSeconds,omitempty"`

	// onUnknown decides about mails that were on the wire when a worker died; of posts each channel says it itself. Defaults to
	// Resend.
	// +optional
	// +kubebuilder:default=Resend
	OnUnknown OnUnknown `json:"onUnknown,omitempty"`

	// quietHours says what becomes of members whom a message would reach in the network's quiet hours, by their own clock.
	// Defaults to Defer. Who is deferred beyond the retry deadline is not written to, and counted as expired.
	// +optional
	// +kubebuilder:default=Defer
	QuietHours QuietHoursMode `json:"quietHours,omitempty"`

	// parallelism is how many workers share a run. Without a value it is one, and one more for each 200,000 members that the
	// network has beyond the first 200,000; eight at most.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=8
	Parallelism int32 `json:"parallelism,omitempty"`

	// pauseOn lets a run rest of which too much goes wrong, until somebody lets it go on.
	// +optional
	PauseOn *PauseOn `json:"pauseOn,omitempty"`
}

// PauseOn are the shares of a run's messages at which it rests. They are of the last 500 messages whose outcome is known, and say
// nothing while there are fewer than 100. 100 percent is never exceeded.
type PauseOn struct {
	// failedPercent of messages that could not be made or were refused for good, bounces included. Defaults to 5.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	FailedPercent int32 `json:"failedPercent,omitempty"`

	// bouncedPercent of messages to mailboxes that do not exist. Defaults to 5.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	BouncedPercent int32 `json:"bouncedPercent,omitempty"`

	// complaintsPerMille of members who reported the run as unwanted, of those it was sent to, from two complaints on. Mail
	// providers block senders from 3 in a thousand on, which is the default.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	ComplaintsPerMille int32 `json:"complaintsPerMille,omitempty"`
}

// CampaignStatus is what became of a campaign.
type CampaignStatus struct {
	// conditions: Ready sums up ContentValid, AudienceResolved, Approved, Scheduled and LastRunSucceeded; Reconciling and
	// Stalled are there only while they are true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that the conditions speak of; -1 until the operator has
	// looked at the object, so that whoever waits for it does not take it for settled.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// nextRunAt is when the next run starts.
	// +optional
	NextRunAt *metav1.Time `json:"nextRunAt,omitempty"`

	// lastScheduledAt is the due time of the last run that was started or skipped.
	// +optional
	LastScheduledAt *metav1.Time `json:"lastScheduledAt,omitempty"`

	// missedRuns counts due times that passed without a run, because the starting deadline had gone by.
	// +optional
	MissedRuns int64 `json:"missedRuns,omitempty"`

	// preview is how the next run would go, counted while the campaign waits for an approval, or when the annotation
	// alumni-operator.io/preview gets a new value.
	// +optional
	Preview *CampaignPreview `json:"preview,omitempty"`

	// testSend is what became of the newest test send, which the annotation alumni-operator.io/test-send asks for.
	// +optional
	TestSend *CampaignTestSend `json:"testSend,omitempty"`

	// steps count whom the steps of the campaign follow.
	// +optional
	Steps *StepsStatus `json:"steps,omitempty"`

	// survey is what members answered.
	// +optional
	Survey *SurveyStatus `json:"survey,omitempty"`

	// lastRun is the newest run.
	// +optional
	LastRun *CampaignRun `json:"lastRun,omitempty"`

	// runs are the last ten runs, newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	Runs []CampaignRun `json:"runs,omitempty"`
}

// CampaignRunState is how far a run is.
//
// +kubebuilder:validation:Enum=Starting;Sending;Paused;Finished;Failed
type CampaignRunState string

// The states of a run.
const (
	RunStarting CampaignRunState = "Starting"
	RunSending  CampaignRunState = "Sending"
	RunPaused   CampaignRunState = "Paused"
	RunFinished CampaignRunState = "Finished"
	RunFailed   CampaignRunState = "Failed"
)

// CampaignRun counts one run. All numbers come from the ledger: sent, pending, deferred, failed, bounced,
// inDoubt, expired and refused add up to audience.
type CampaignRun struct {
	// id of the run: the campaign's name and the due time in Unix minutes.
	ID string `json:"id"`
	// state of the run.
	State CampaignRunState `json:"state"`
	// resendOf is the run that this one sends again, to those whom it did not reach.
	// +optional
	ResendOf string `json:"resendOf,omitempty"`
	// startedAt is when the audience was frozen.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// finishedAt is when the last message was settled.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// audience is the number of messages the run was planned for: one for each member, and with channelMode All for each member and
	// channel.
	Audience int64 `json:"audience"`
	// sent is the number of messages that the mail server or LINE took, or that are in the portal.
	Sent int64 `json:"sent"`
	// channels count the messages of each channel, where members are written to by more than Email.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=3
	Channels []ChannelCount `json:"channels,omitempty"`
	// pending messages wait for their turn.
	// +optional
	Pending int64 `json:"pending,omitempty"`
	// deferred messages were answered "later" and will be tried again.
	// +optional
	Deferred int64 `json:"deferred,omitempty"`
	// failed messages could not be made or sent, other than by a bounce.
	// +optional
	Failed int64 `json:"failed,omitempty"`
	// bounced messages were refused by the receiving server for good.
	// +optional
	Bounced int64 `json:"bounced,omitempty"`
	// inDoubt messages may or may not have been taken; see delivery.onUnknown.
	// +optional
	InDoubt int64 `json:"inDoubt,omitempty"`
	// expired messages were still deferred when the retry deadline passed.
	// +optional
	Expired int64 `json:"expired,omitempty"`
	// unsubscribed counts members who left by the link of this run.
	// +optional
	Unsubscribed int64 `json:"unsubscribed,omitempty"`
	// complained counts members who reported a mail of this run as unwanted; see channels.email.bounces of the network.
	// +optional
	Complained int64 `json:"complained,omitempty"`
	// clicked counts how often links of this run were followed, each link once for a member who consented to Tracking. Only with
	// tracking.clicks.
	// +optional
	Clicked *int64 `json:"clicked,omitempty"`
	// opened counts members who consented to Tracking and opened a mail of this run. Only with tracking.opens.
	// +optional
	Opened *int64 `json:"opened,omitempty"`
	// abTest is how the test of this run went.
	// +optional
	ABTest *ABTestStatus `json:"abTest,omitempty"`
	// refused counts people who were not written to, by reason.
	// +optional
	// +listType=map
	// +listMapKey=reason
	// +kubebuilder:validation:MaxItems=24
	Refused []RefusedCount `json:"refused,omitempty"`
	// posts to Slack, Teams and webhooks, one for each destination.
	// +optional
	// +listType=map
	// +listMapKey=channel
	// +listMapKey=destination
	// +kubebuilder:validation:MaxItems=30
	Posts []PostStatus `json:"posts,omitempty"`
}

// ChannelCount counts the messages of one channel of a run.
type ChannelCount struct {
	// type of the channel.
	Type ChannelType `json:"type"`
	// audience is the number of messages it was planned for, or took over from another.
	Audience int64 `json:"audience"`
	// sent is the number of those that were sent.
	Sent int64 `json:"sent"`
}

// ABTestStatus is how the A/B test of a run went.
type ABTestStatus struct {
	// decidesAt is when the winner is decided and goes to those who are not in the test.
	// +optional
	DecidesAt *metav1.Time `json:"decidesAt,omitempty"`
	// winner is the variant that they get; empty until it is decided.
	// +optional
	// +kubebuilder:validation:MaxLength=1
	Winner string `json:"winner,omitempty"`
	// variants count those in the test.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=4
	Variants []VariantCount `json:"variants,omitempty"`
}

// VariantCount counts one variant of an A/B test.
type VariantCount struct {
	// name of the variant.
	// +kubebuilder:validation:MaxLength=1
	Name string `json:"name"`
	// sent is the number of mails of it that the mail server took, in the test.
	Sent int64 `json:"sent"`
	// clicked counts how often their links were followed.
	Clicked int64 `json:"clicked"`
}

// PostState is how far a post is.
//
// +kubebuilder:validation:Enum=Planned;Claimed;Sent;Deferred;Failed;Skipped;Expired;Unknown
type PostState string

const (
	// PostSent was taken.
	PostSent PostState = "Sent"
	// PostFailed was refused for good.
	PostFailed PostState = "Failed"
	// PostUnknown may or may not have been taken, and waits for a person.
	PostUnknown PostState = "Unknown"
)

// PostStatus is what became of the post of a run at one destination.
type PostStatus struct {
	// channel that it goes to: Slack, Teams or Webhook.
	Channel ChannelType `json:"channel"`
	// destination by its name in the network.
	// +kubebuilder:validation:MaxLength=40
	Destination string `json:"destination"`
	// state: Planned; Claimed while it is on its way; Deferred until it is tried again; or, at the end, Sent, Failed, Skipped,
	// Expired or Unknown.
	State PostState `json:"state"`
	// reason why it is not Sent, for example RateLimited or DestinationGone.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`
}

// CampaignTestSendState is how far a test send is.
//
// +kubebuilder:validation:Enum=Sending;Sent;Failed
type CampaignTestSendState string

// The states of a test send.
const (
	TestSendSending CampaignTestSendState = "Sending"
	TestSendSent    CampaignTestSendState = "Sent"
	TestSendFailed  CampaignTestSendState = "Failed"
)

// Reasons of a test send that the operator gives; the worker has others.
const (
	// TestSendUndeclared: spec.testRecipients is missing.
	TestSendUndeclared = "NoTestRecipients"
	// TestSendWorkerFailed: its worker gave up; some mails may have gone out.
	TestSendWorkerFailed = "WorkerFailed"
)

// CampaignTestSend counts the mails by which people who are no members look a campaign over.
type CampaignTestSend struct {
	// name of the Job that sends: the campaign's, and a digest of the annotation.
	Name string `json:"name"`
	// state of the test send.
	State CampaignTestSendState `json:"state"`
	// sentAt is when it was done.
	// +optional
	SentAt *metav1.Time `json:"sentAt,omitempty"`
	// sent is the number of mails that the mail server took: one for each recipient, language and variant.
	// +optional
	Sent int64 `json:"sent,omitempty"`
	// failed is the number of those that it did not take.
	// +optional
	Failed int64 `json:"failed,omitempty"`
	// reason why it failed, for example NoRecipients.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`
}

// CampaignPreviewState is how far a preview is.
//
// +kubebuilder:validation:Enum=Counting;Counted;Failed
type CampaignPreviewState string

// The states of a preview.
const (
	PreviewCounting CampaignPreviewState = "Counting"
	PreviewCounted  CampaignPreviewState = "Counted"
	PreviewFailed   CampaignPreviewState = "Failed"
)

// CampaignPreview counts whom a run would write to and whom not. Nothing was planned or sent for it.
type CampaignPreview struct {
	// name of the Job that counts: the campaign's, and a digest of what is declared.
	Name string `json:"name"`
	// state of the preview.
	State CampaignPreviewState `json:"state"`
	// asOf is the moment at which the run would start.
	// +optional
	AsOf *metav1.Time `json:"asOf,omitempty"`
	// countedAt is when it was counted. What other campaigns send later is not taken into account.
	// +optional
	CountedAt *metav1.Time `json:"countedAt,omitempty"`
	// audience is the number of people who match.
	Audience int64 `json:"audience"`
	// recipients is the number of those who would be written to.
	Recipients int64 `json:"recipients"`
	// refused counts the others, by reason.
	// +optional
	// +listType=map
	// +listMapKey=reason
	// +kubebuilder:validation:MaxItems=24
	Refused []RefusedCount `json:"refused,omitempty"`
}

// RefusedCount is a number of people who were not written to for one reason.
type RefusedCount struct {
	// reason, for example NoConsent, Suppressed or Unreachable.
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason"`
	// count of people.
	Count int64 `json:"count"`
}

// CampaignList is a list of campaigns.
//
// +kubebuilder:object:root=true
type CampaignList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Campaign `json:"items"`
}
