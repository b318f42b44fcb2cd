// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/survey"
)

// Where the operator mounts what a workload needs. Every path is a folder with one file for each key.
const (
	// NetworkDir holds NetworkFile.
	NetworkDir = "/etc/alumni/network"
	// NetworkFile is a Network as JSON.
	NetworkFile = "network.json"
	// DatabaseDir holds the workload's own role: host, port, dbname, username, password, sslmode and perhaps ca.crt.
	DatabaseDir = "/etc/alumni/db"
	// TokenKeyDir holds TokenKeyFile: 32 random bytes that sign unsubscribe links (portal and campaign).
	TokenKeyDir = "/etc/alumni/token-key"
	// TokenKeyFile is the name of the key inside TokenKeyDir.
	TokenKeyFile = "key"
	// PepperDir holds PepperFile: 32 random bytes that key tombstones (roster and retention).
	PepperDir = "/etc/alumni/pepper"
	// PepperFile is the name of the key inside PepperDir.
	PepperFile = "pepper"
	// EmailDir holds username and password of the mail server, when it wants any.
	EmailDir = "/etc/alumni/email"
	// DKIMDir holds tls.key, the private key that signs mails, in PEM.
	DKIMDir = "/etc/alumni/dkim"
	// DestinationsDir holds a folder for each destination of a run, called after channel and name: slack/news. In it are url, and
	// signingKey of a webhook.
	DestinationsDir = "/etc/alumni/destinations"
	// TestRecipientsDir holds TestRecipientsFile.
	TestRecipientsDir = "/etc/alumni/test-recipients"
	// TestRecipientsFile lists those who look a campaign over, one address on each line.
	TestRecipientsFile = "addresses"
	// StaffDir holds StaffFile; in the portal alone.
	StaffDir = "/etc/alumni/staff"
	// StaffFile lists those of the office who may enter the console; see internal/staff.
	StaffFile = "staff"
	// CampaignDir holds CampaignFile.
	CampaignDir = "/etc/alumni/campaign"
	// CampaignFile is a Campaign as JSON.
	CampaignFile = "campaign.json"
	// RetentionDir holds RetentionFile.
	RetentionDir = "/etc/alumni/retention"
	// RetentionFile is a Retention as JSON.
	RetentionFile = "retention.json"
	// SigningDir holds SigningKeyFile.
	SigningDir = "/etc/alumni/signing"
	// SigningKeyFile is an Ed25519 private key, PKCS 8 in PEM.
	SigningKeyFile = "private-key"
	// HoldsDir holds the lists of members on legal hold; see RetentionHold.
	HoldsDir = "/etc/alumni/holds"
	// RosterSecretDir holds username and password, or token, and perhaps ca.crt, for an HTTPS roster.
	RosterSecretDir = "/etc/alumni/roster-secret"
	// BackupDir holds BackupFile.
	BackupDir = "/etc/alumni/backup"
	// BackupFile is a Backup as JSON.
	BackupFile = "backup.json"
	// LINEDir holds LINETokenFile in a worker, and LINESecretFile in the portal.
	LINEDir = "/etc/alumni/line"
	// LINETokenFile is the channel access token that sends messages.
	LINETokenFile = "channelAccessToken"
	// LINESecretFile is the channel secret by which an event is known to come from LINE.
	LINESecretFile = "channelSecret"
	// BackupSecretDir holds accessKeyID and secretAccessKey, and perhaps ca.crt, of an S3 destination.
	BackupSecretDir = "/etc/alumni/backup-secret"
	// BackupIdentityDir holds BackupIdentityFile; drills only.
	BackupIdentityDir = "/etc/alumni/backup-identity"
	// BackupIdentityFile is an age identity that opens the backups.
	BackupIdentityFile = "identity"
	// BackupVolumeDir is where the claim with the backups is mounted.
	BackupVolumeDir = "/var/lib/alumni/backup"
	// ProgramDir is where a pod of another image finds our program, and RootsFile, the roots of trust that it may lack.
	ProgramDir = "/alumni"
	// RootsFile is the name of the roots of trust inside ProgramDir.
	RootsFile = "ca-certificates.crt"
	// RosterVolumeDir is where the claim with the roster file is mounted, read-only.
	RosterVolumeDir = "/var/lib/alumni/roster"
)

// Network is what every workload knows of its network.
type Network struct {
	UID           string   `json:"uid"`
	Namespace     string   `json:"namespace"`
	Name          string   `json:"name"`
	DisplayName   string   `json:"displayName"`
	Description   string   `json:"description,omitempty"`
	MemberLabel   string   `json:"memberLabel,omitempty"`
	DefaultLocale string   `json:"defaultLocale"`
	TimeZone      string   `json:"timeZone"`
	PublicURL     string   `json:"publicURL"` // no slash at the end
	ErasureHours  int      `json:"erasureHours,omitempty"`
	Purposes      []string `json:"purposes,omitempty"`
	Modules       []string `json:"modules,omitzero"`  // of the portal; nil: all that there are. See Serves
	Console       bool     `json:"console,omitempty"` // staff sign in; who they are is in StaffDir
	Operator      Operator `json:"operator"`
	Email         *Email   `json:"email,omitempty"`
	LINE          *LINE    `json:"line,omitempty"`
	Roster        *Roster  `json:"roster,omitempty"`

	QuietHours   *QuietHours   `json:"quietHours,omitempty"`   // nil: what Rest says
	FrequencyCap *FrequencyCap `json:"frequencyCap,omitempty"` // nil: what Cap says
}

// The modules of the portal, as the API names them.
const (
	ModuleFeed   = "Feed"
	ModuleEvents = "Events"
)

// Serves tells whether the portal has a module.
func (n Network) Serves(module string) bool {
	return n.Modules == nil || slices.Contains(n.Modules, module)
}

// QuietHours are the times at which no campaign writes to a member; see QuietHours of the API.
type QuietHours struct {
	From  string   `json:"from"`  // as 21:00
	Until string   `json:"until"` // as 08:00
	Days  []string `json:"days,omitempty"`
	// Holidays are dates as 2027-01-01, in their order.
	Holidays []string `json:"holidays,omitempty"`
}

// FrequencyCap is how many messages of all campaigns one member gets at most.
type FrequencyCap struct {
	PerDay       int `json:"perDay"`
	PerSevenDays int `json:"perSevenDays"`
}

// What members are promised where the network declares nothing (campaign.md M12 and M13). In a trial nobody is woken, and
// whoever tries things out sees every message at once.
var (
	defaultRest = QuietHours{From: "21:00", Until: "08:00"}
	trialRest   = QuietHours{From: "00:00", Until: "00:00"}
	defaultCap  = FrequencyCap{PerDay: 1, PerSevenDays: 3}
	trialCap    = FrequencyCap{PerDay: math.MaxInt32, PerSevenDays: math.MaxInt32}
)

// Rest is when nobody is written to.
func (n Network) Rest() QuietHours { return promised(n, n.QuietHours, defaultRest, trialRest) }

// Cap is how much anybody is written.
func (n Network) Cap() FrequencyCap { return promised(n, n.FrequencyCap, defaultCap, trialCap) }

func promised[T any](n Network, declared *T, usual, trial T) T {
	switch {
	case declared != nil:
		return *declared
	case n.Trial():
		return trial
	}
	return usual
}

// ErasurePromise is how long a person who leaves may wait to be erased, as the portal tells it.
func (n *Network) ErasurePromise() time.Duration {
	if n.ErasureHours == 0 {
		return 24 * time.Hour
	}
	return time.Duration(n.ErasureHours) * time.Hour
}

// Trial tells that the network is a rehearsal: everybody in it is invented, and its mail is captured and shown to anyone. It
// is the transport that says so, so that no mail can leave a network that shows itself as a trial, or the other way round.
func (n Network) Trial() bool { return n.Email != nil && n.Email.Transport == TransportCapture }

// Operator is the organisation that answers for the network's personal data.
type Operator struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Contact string `json:"contact"`
}

// The values of Email.Transport.
const (
	// TransportSMTP hands mails to a mail server. It is what an empty Transport means.
	TransportSMTP = "SMTP"
	// TransportCapture keeps mails in the network's store, and knows of no mail server.
	TransportCapture = "Capture"
)

// LINE is the network's LINE account. Its token is in LINEDir of a worker, its secret in LINEDir of the portal.
type LINE struct {
	AccountID    string `json:"accountID"`
	MaxPerSecond int    `json:"maxPerSecond,omitempty"` // 0: DefaultLINEPerSecond
	OnQuota      string `json:"onQuota,omitempty"`      // Trim; empty means Refuse
}

// DefaultLINEPerSecond is the limit of a LINE account that names none (campaign.md M10).
const DefaultLINEPerSecond = 1000

// QuotaTrim is the value of LINE.OnQuota that writes to as many as there are messages left.
const QuotaTrim = "Trim"

// Email is how a network sends: by a mail server, whose password, if any, is in EmailDir; or, in a trial, into its store.
type Email struct {
	Transport      string `json:"transport,omitempty"`
	Host           string `json:"host"`
	Port           int    `json:"port"`
	TLS            string `json:"tls"` // StartTLS, Implicit or None
	FromAddress    string `json:"fromAddress"`
	FromName       string `json:"fromName"`
	MaxPerSecond   int    `json:"maxPerSecond"`
	MaxConnections int    `json:"maxConnections"`
	MaxPerHour     int    `json:"maxPerHour,omitempty"` // 0: what HourlyLimit says
	// PerDomain are the limits of single domains; what is not here has none of its own.
	PerDomain []DomainLimit `json:"perDomain,omitempty"`
	// WarmUp bounds what goes in a day while the sender is new; nil: it does not.
	WarmUp *WarmUp `json:"warmUp,omitempty"`
	// DKIM is how mails are signed, by the key in DKIMDir; nil: they are not signed here.
	DKIM *DKIM `json:"dkim,omitempty"`
	// BounceAddress is where campaign mails come back to, each with a token of its own; empty: they come back to FromAddress.
	BounceAddress string `json:"bounceAddress,omitempty"`
	// BounceReceiver is the protocol by which the portal takes what comes back: LMTP or SMTP; empty: it takes nothing.
	BounceReceiver string `json:"bounceReceiver,omitempty"`
}

// DKIM names the key in DNS by which signatures are verified: <selector>._domainkey.<domain>.
type DKIM struct {
	Domain   string `json:"domain"`
	Selector string `json:"selector"`
}

// DomainLimit is how many messages of campaigns go to the addresses of one domain; 0: as many as there are.
type DomainLimit struct {
	Domain       string `json:"domain"` // lower-case ASCII
	MaxPerSecond int    `json:"maxPerSecond,omitempty"`
	MaxPerHour   int    `json:"maxPerHour,omitempty"`
}

// The values of Email.BounceReceiver.
const (
	// BounceLMTP is RFC 2033, which mail servers speak to what keeps their mails.
	BounceLMTP = "LMTP"
	// BounceSMTP is RFC 5321.
	BounceSMTP = "SMTP"
)

// HourlyLimit is how many messages go to the mail server in an hour at most (campaign.md M10).
func (e Email) HourlyLimit() int {
	switch {
	case e.MaxPerHour > 0:
		return e.MaxPerHour
	case e.Transport == TransportCapture:
		return math.MaxInt32
	}
	return DefaultPerHour
}

// DefaultPerHour is what a network gets that declares no limit for an hour.
const DefaultPerHour = 10_000

// Roster is the HR feed of a network.
type Roster struct {
	Path     string            `json:"path,omitempty"` // below RosterVolumeDir
	URL      string            `json:"url,omitempty"`
	Encoding string            `json:"encoding"` // UTF-8 or Shift_JIS
	Columns  map[string]string `json:"columns,omitempty"`
	Invented int               `json:"invented,omitempty"` // people to invent instead of reading a file; only in a trial
}

// Campaign is one campaign with its texts resolved.
type Campaign struct {
	UID                  string             `json:"uid"`
	Name                 string             `json:"name"`
	Generation           int64              `json:"generation"`
	Type                 string             `json:"type"`
	MatchExpressions     []MatchExpression  `json:"matchExpressions,omitempty"`
	Exclude              []Exclusion        `json:"exclude,omitempty"`
	Locales              []LocalisedContent `json:"locales"`
	MaxPerSecond         int                `json:"maxPerSecond,omitempty"` // 0: the channel's own limit
	MaxRecipients        int                `json:"maxRecipients"`
	RetryDeadlineSeconds int                `json:"retryDeadlineSeconds"`
	OnUnknown            string             `json:"onUnknown"`            // Resend or Hold
	QuietHours           string             `json:"quietHours,omitempty"` // Skip leaves out whom it would wake; otherwise they wait
	Employees            string             `json:"employees,omitempty"`  // Include or Only; empty leaves them out
	Trigger              *Trigger           `json:"trigger,omitempty"`
	PauseOn              *PauseOn           `json:"pauseOn,omitempty"`
	Channels             []Channel          `json:"channels,omitempty"`    // empty: Email alone
	ChannelMode          string             `json:"channelMode,omitempty"` // FirstReachable; otherwise every channel writes to everybody
	Tracking             *Tracking          `json:"tracking,omitempty"`    // nil: nothing is learnt of mails
	ABTest               *ABTest            `json:"abTest,omitempty"`
	Event                *Event             `json:"event,omitempty"`    // of an EventInvitation; nil: its mails carry none
	Steps                []Step             `json:"steps,omitempty"`    // what follows the first message
	FirstAt              *time.Time         `json:"firstAt,omitempty"`  // with steps or a survey: when the first message goes, of a campaign that begins once
	Survey               *survey.Definition `json:"survey,omitempty"`   // what members are asked
	ResendOf             string             `json:"resendOf,omitempty"` // the run whose failed and unknown messages are sent again
}

// Event is what a campaign invites to; see CampaignEvent of the API.
type Event struct {
	StartsAt time.Time   `json:"startsAt"`
	EndsAt   time.Time   `json:"endsAt"`
	URL      string      `json:"url,omitempty"`
	Locales  []EventText `json:"locales"`
}

// EventText is what an event is called in one language, and where it is.
type EventText struct {
	Locale   string `json:"locale"`
	Title    string `json:"title"`
	Location string `json:"location,omitempty"`
}

// Step is a message that follows another; see CampaignStep of the API.
type Step struct {
	Name      string             `json:"name"`
	AfterDays int                `json:"afterDays"` // after the message before
	ExitWhen  []MatchExpression  `json:"exitWhen,omitempty"`
	Locales   []LocalisedContent `json:"locales"`
}

// Step is the campaign with the texts of a step in the place of its own, and without variants. The first message is step 1.
func (c Campaign) Step(number int) Campaign {
	if number > 1 && number <= len(c.Steps)+1 {
		c.Locales, c.ABTest = c.Steps[number-2].Locales, nil
	}
	return c
}

// ABTest tries the variants of the texts on a part of the audience; see ABTest of the API.
type ABTest struct {
	TestPercent    int `json:"testPercent"`
	HoldOutPercent int `json:"holdOutPercent,omitempty"`
	AfterSeconds   int `json:"afterSeconds"` // how long the others wait for the winner
}

// Variants names the variants of the texts, in order; the same in every language.
func (c Campaign) Variants() []string {
	var names []string
	if c.ABTest != nil && len(c.Locales) > 0 {
		for _, v := range c.Locales[0].Variants {
			names = append(names, v.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Variant is the campaign with the texts of one variant in the place of its own.
func (c Campaign) Variant(name string) Campaign {
	c.Locales = slices.Clone(c.Locales)
	for i, l := range c.Locales {
		for _, v := range l.Variants {
			if v.Name == name {
				c.Locales[i].Subject, c.Locales[i].Body = cmp.Or(v.Subject, l.Subject), cmp.Or(v.Body, l.Body)
			}
		}
	}
	return c
}

// The values of Tracking. Disabled is the empty one.
const (
	TrackAggregate = "Aggregate"
	TrackConsented = "Consented"
)

// Tracking is what is learnt of mails after they were sent; see Tracking of the API.
type Tracking struct {
	Clicks string `json:"clicks,omitempty"` // Aggregate or Consented
	Opens  string `json:"opens,omitempty"`  // Consented
}

// Tracks is what is learnt of the campaign's mails.
func (c Campaign) Tracks() Tracking {
	if c.Tracking == nil {
		return Tracking{}
	}
	return *c.Tracking
}

// OfMembers says whether something is learnt of single members, for which their consent is needed.
func (t Tracking) OfMembers() bool { return t.Clicks == TrackConsented || t.Opens == TrackConsented }

// The types of channels. Email, LINE and Portal write to members; each of the others posts once to each destination.
const (
	ChannelEmail   = "Email"
	ChannelLINE    = "LINE"
	ChannelPortal  = "Portal"
	ChannelSlack   = "Slack"
	ChannelTeams   = "Teams"
	ChannelWebhook = "Webhook"
)

// FirstReachable is the value of Campaign.ChannelMode by which each member is written to by the first channel that reaches them.
const FirstReachable = "FirstReachable"

// Channel is one way by which a run goes out; see CampaignChannel of the API.
type Channel struct {
	Type        string `json:"type"`                  // one of the types of channels
	Destination string `json:"destination,omitempty"` // its name in the network; only of those that post
	OnUnknown   string `json:"onUnknown,omitempty"`   // Resend or Hold; only of those that post
}

// isOfMembers tells a channel that reaches members one by one.
func (c Channel) isOfMembers() bool {
	return c.Type == ChannelEmail || c.Type == ChannelLINE || c.Type == ChannelPortal
}

// DestinationDir is where the Secret of a destination is mounted below DestinationsDir.
func DestinationDir(root, channel, name string) string {
	return filepath.Join(root, strings.ToLower(channel), name)
}

// MemberChannels are the channels by which members are written to, in order.
func (c Campaign) MemberChannels() []string {
	if len(c.Channels) == 0 {
		return []string{ChannelEmail}
	}
	var all []string
	for _, each := range c.Channels {
		if each.isOfMembers() {
			all = append(all, each.Type)
		}
	}
	return all
}

// Uses says whether members are written to by a channel.
func (c Campaign) Uses(channel string) bool { return slices.Contains(c.MemberChannels(), channel) }

// Broadcasts are the channels that get one post for each run.
func (c Campaign) Broadcasts() []Channel {
	return slices.DeleteFunc(slices.Clone(c.Channels), Channel.isOfMembers)
}

// QuietSkip is the value of Campaign.QuietHours that leaves people out.
const QuietSkip = "Skip"

// Trigger is the occasion in a member's life that a campaign writes for; see CampaignTrigger of the API.
type Trigger struct {
	Event string `json:"event"`
	After string `json:"after,omitempty"` // ISO 8601 calendar period
}

// Limits are the shares at which a run of the campaign rests.
func (c Campaign) Limits() PauseOn {
	if c.PauseOn != nil {
		return *c.PauseOn
	}
	return PauseOn{FailedPercent: 5, BouncedPercent: 5, ComplaintsPerMille: 3}
}

// PauseOn are the shares at which a run stops and waits for a person.
type PauseOn struct {
	FailedPercent  int `json:"failedPercent"`
	BouncedPercent int `json:"bouncedPercent"`

	ComplaintsPerMille int `json:"complaintsPerMille"`
}

// MatchExpression compares one fact of a member; see AudienceExpression of the API.
type MatchExpression struct {
	Field    string   `json:"field"`
	Operator string   `json:"operator"`
	Values   []string `json:"values,omitempty"`
}

// Exclusion leaves out the recipients of a campaign; see AudienceExclusion of the API.
type Exclusion struct {
	Campaign   string `json:"campaign"`
	WithinDays int    `json:"withinDays,omitempty"` // 0: whenever it was
}

// LocalisedContent is the text of a campaign in one language.
type LocalisedContent struct {
	Locale  string `json:"locale"`
	Subject string `json:"subject"`
	Body    string `json:"body"`

	Broadcast *Broadcast `json:"broadcast,omitempty"` // what posts say instead
	Variants  []Variant  `json:"variants,omitempty"`
}

// Variant is a text that an A/B test tries; what is empty is as without it.
type Variant struct {
	Name    string `json:"name"` // one letter
	Subject string `json:"subject,omitempty"`
	Body    string `json:"body,omitempty"`
}

// Broadcast is the text of posts; what is empty is as in the mail.
type Broadcast struct {
	Subject string `json:"subject,omitempty"`
	Body    string `json:"body,omitempty"`
}

// Retention is one policy as it applies to one network: rules that a more explicit policy overrides are gone.
type Retention struct {
	PolicyUID         string          `json:"policyUID"`
	Policy            string          `json:"policy"`
	Generation        int64           `json:"generation"`
	TimeZone          string          `json:"timeZone"`
	Mode              string          `json:"mode"` // DryRun or Enforce
	Rules             []RetentionRule `json:"rules,omitempty"`
	BatchMembers      int             `json:"batchMembers"`
	PauseMilliseconds int             `json:"pauseMilliseconds"`
	Ledger            *Ledger         `json:"ledger,omitempty"` // where erasures are written down before they happen

	Minimums []RetentionMinimum `json:"minimums,omitempty"` // of all policies over the network
	Ceiling  *RetentionCeiling  `json:"ceiling,omitempty"`
	Holds    []RetentionHold    `json:"holds,omitempty"`    // of all policies over the network
	Releases []string           `json:"releases,omitempty"` // of policy and hold: what somebody confirmed to release
	HoldsAt  string             `json:"holdsAt,omitempty"`  // RFC 3339: when Holds and Releases were as they are here
}

// RetentionHold is a legal hold; see RetentionHold of the API.
type RetentionHold struct {
	Name       string   `json:"name"` // of policy and hold: group-default/dispute
	Categories []string `json:"categories"`
	Reason     string   `json:"reason"`
	ReviewOn   string   `json:"reviewOn,omitempty"`
	Members    string   `json:"members"` // file below HoldsDir
	Version    string   `json:"version"` // of the Secret that the file is from
}

// RetentionCeiling is when nobody is kept any longer; see RetentionCeiling of the API.
type RetentionCeiling struct {
	Since      string `json:"since"`
	After      string `json:"after"`
	LegalBasis string `json:"legalBasis,omitempty"`
}

// Ledger says where a network's erasure ledger lies: beside its backups.
type Ledger struct {
	Cluster    string  `json:"cluster"`
	NetworkUID string  `json:"networkUID"`
	Namespace  string  `json:"namespace"`
	Name       string  `json:"name"`
	Folder     string  `json:"folder"`         // of the network's backups, below Path or Bucket.Prefix
	Path       string  `json:"path,omitempty"` // below BackupVolumeDir; without a bucket
	Bucket     *Bucket `json:"bucket,omitempty"`
}

// RetentionRule says when one category is due; see RetentionRule of the API.
type RetentionRule struct {
	Name       string `json:"name"`
	Category   string `json:"category"`
	Since      string `json:"since"`
	After      string `json:"after"`
	Action     string `json:"action"`
	LegalBasis string `json:"legalBasis,omitempty"`
	IfMissing  string `json:"ifMissing,omitempty"` // empty: it is never due without its event
}

// RetentionMinimum says how long something is kept at least; see RetentionMinimum of the API.
type RetentionMinimum struct {
	Name       string `json:"name"` // of policy and minimum: group-default/provision-records
	Category   string `json:"category"`
	Basis      string `json:"basis"`
	Since      string `json:"since"`
	Keep       string `json:"keep"`
	LegalBasis string `json:"legalBasis,omitempty"`
}

// Backup is what one backup, drill or restore was told when it was started. For a restore the names and the folder are those
// of the network that was backed up.
type Backup struct {
	Cluster    string   `json:"cluster"`
	NetworkUID string   `json:"networkUID"`
	Namespace  string   `json:"namespace"`
	Name       string   `json:"name"`
	TimeZone   string   `json:"timeZone"`
	Folder     string   `json:"folder"`         // of this network, below Path or Bucket.Prefix
	Path       string   `json:"path,omitempty"` // below BackupVolumeDir; without a bucket
	Bucket     *Bucket  `json:"bucket,omitempty"`
	Recipients []string `json:"recipients"`
	KeepCount  int      `json:"keepCount"`
	KeepAge    string   `json:"keepAge,omitempty"` // ISO 8601 calendar period
	Scratch    string   `json:"scratch"`           // database into which drills restore
	Backup     string   `json:"backup,omitempty"`  // name of the backup to restore; empty for the newest
}

// Bucket is a bucket of an S3-compatible server; its keys are in BackupSecretDir.
type Bucket struct {
	Endpoint string `json:"endpoint"`
	Name     string `json:"name"`
	Prefix   string `json:"prefix,omitempty"`
	Region   string `json:"region"`
}

// RunEnvironment names the environment variables of a job's pod.
const (
	// EnvRunName is the deterministic name of the run.
	EnvRunName = "ALUMNI_RUN_NAME"
	// EnvScheduledAt is the due time of the run, RFC 3339.
	EnvScheduledAt = "ALUMNI_SCHEDULED_AT"
	// EnvWorkers is how many workers share a campaign run; missing means one.
	EnvWorkers = "ALUMNI_WORKERS"
	// EnvResume is when a campaign run was paused that may go on, RFC 3339 with microseconds.
	EnvResume = "ALUMNI_RESUME"
	// EnvEgressAllow lists prefixes and addresses that posts may be sent to although they are not public, with commas between.
	EnvEgressAllow = "ALUMNI_EGRESS_ALLOW"
	// EnvSettingsDigest is the SHA-256 of the run's own settings, in hex: nobody changes them after the run was started.
	EnvSettingsDigest = "ALUMNI_SETTINGS_DIGEST"
)

// ErrChanged says that the settings of a run are not those that it was started with.
var ErrChanged = errors.New("the settings of this run are not those that the operator started it with")

// Digest is the value of EnvSettingsDigest for settings as they are mounted.
func Digest(encoded []byte) string {
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}

// LoadFrozen reads the settings of a run, and refuses any but those with the digest that the run was started with. An
// empty digest, of a run that an earlier version started, refuses none.
func LoadFrozen[T any](path, digest string) (T, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return *new(T), fmt.Errorf("read settings: %w", err)
	}
	if digest != "" && Digest(content) != digest {
		return *new(T), fmt.Errorf("read settings %s: %w", path, ErrChanged)
	}
	return decode[T](path, bytes.NewReader(content))
}

// Load reads one settings file strictly: an unknown field means that operator and workload differ in version.
func Load[T any](path string) (T, error) {
	var v T
	f, err := os.Open(path)
	if err != nil {
		return v, fmt.Errorf("read settings: %w", err)
	}
	defer f.Close()
	return decode[T](path, f)
}

func decode[T any](path string, from io.Reader) (T, error) {
	var v T
	d := json.NewDecoder(from)
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, fmt.Errorf("read settings %s: %w", path, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, fmt.Errorf("read settings %s: more than one JSON value", path)
	}
	return v, nil
}

// ScheduledAt parses the due time of a run as the operator wrote it.
func ScheduledAt(value string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return time.Time{}, fmt.Errorf("read %s: %w", EnvScheduledAt, err)
	}
	return t, nil
}
