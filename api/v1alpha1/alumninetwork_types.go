// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AlumniNetwork is one community of a company's former employees: its PostgreSQL store, its HR roster feed,
// its web portal and the senders its campaigns use.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=an,categories=alumni
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Trial",type=string,JSONPath=`.spec.trial`
// +kubebuilder:printcolumn:name="Active",type=integer,JSONPath=`.status.members.active`
// +kubebuilder:printcolumn:name="Listed",type=integer,JSONPath=`.status.members.listed`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.url`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40",message="metadata.name of an AlumniNetwork has at most 40 characters, so that the names of its children fit"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name of an AlumniNetwork begins with a letter and has lower case letters, digits and hyphens only, so that its children can be named after it"
type AlumniNetwork struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the declared network.
	// +required
	Spec AlumniNetworkSpec `json:"spec"`

	// status is what the operator has seen of the network.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status AlumniNetworkStatus `json:"status,omitempty"`
}

// AlumniNetworkSpec declares a network.
//
// +kubebuilder:validation:XValidation:rule="self.trial != 'Enabled' || !has(self.roster)",message="roster cannot be set while trial is Enabled, for real people never come among invented ones; remove roster, or declare another network with trial Disabled"
// +kubebuilder:validation:XValidation:rule="self.trial != 'Enabled' || !has(self.store.restoreFrom)",message="store.restoreFrom cannot be set while trial is Enabled, for a backup holds real people; remove restoreFrom, or declare another network with trial Disabled"
// +kubebuilder:validation:XValidation:rule="self.trial == 'Enabled' || !has(self.trialMembers)",message="trialMembers is set only while trial is Enabled"
// +kubebuilder:validation:XValidation:rule="(has(self.trialMembers) ? self.trialMembers : 200) >= (has(oldSelf.trialMembers) ? oldSelf.trialMembers : 200)",message="trialMembers can be raised and never lowered, for an import removes nobody; without a value it is 200"
type AlumniNetworkSpec struct {
	// displayName is the network's name as people read it, on the portal and in mails.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\r\\n]')",message="displayName is a single line"
	DisplayName string `json:"displayName"`

	// description is one paragraph for the public landing page: what the network is for.
	// +optional
	// +kubebuilder:validation:MaxLength=2000
	Description string `json:"description,omitempty"`

	// operator is the organisation that runs the network and answers for its personal data. It stands at the
	// foot of every mail and on the landing page, as mail and privacy laws ask.
	// +required
	Operator Organisation `json:"operator"`

	// defaultLocale is the language used where a member has chosen none. Defaults to ja.
	// +optional
	// +kubebuilder:default=ja
	DefaultLocale Locale `json:"defaultLocale,omitempty"`

	// timeZone is the zone of the network's schedules and dates. Defaults to UTC.
	// +optional
	// +kubebuilder:default=UTC
	TimeZone TimeZone `json:"timeZone,omitempty"`

	// memberLabel is what members are called on the portal, for example アルムナイ or alumni. Defaults to the
	// usual word of each language.
	// +optional
	// +kubebuilder:validation:MaxLength=40
	MemberLabel string `json:"memberLabel,omitempty"`

	// programme says what the network is for.
	// +optional
	Programme *Programme `json:"programme,omitempty"`

	// store is the PostgreSQL database of the network. Defaults to a Standalone server.
	// +optional
	// +kubebuilder:default={type: "Standalone"}
	Store Store `json:"store,omitempty"`

	// roster is the HR feed of leavers. Without it nobody is imported.
	// +optional
	Roster *Roster `json:"roster,omitempty"`

	// portal is the web app of the network.
	// +required
	Portal Portal `json:"portal"`

	// signIn says who signs in on the portal besides members.
	// +optional
	SignIn *SignIn `json:"signIn,omitempty"`

	// channels are the senders that the portal and campaigns use.
	// +optional
	Channels *Channels `json:"channels,omitempty"`

	// quietHours are the times at which no campaign writes to a member, by the member's own clock where it is known and the
	// network's otherwise. Defaults to 21:00 until 08:00 on every day; none in a trial.
	// +optional
	QuietHours *QuietHours `json:"quietHours,omitempty"`

	// frequencyCap is how many messages of all campaigns together one member gets at most. Defaults to 1 in a day and 3 in
	// seven days; no cap in a trial.
	// +optional
	FrequencyCap *FrequencyCap `json:"frequencyCap,omitempty"`

	// group is the company group that the network's company belongs to. Networks of one group list each other in status, by
	// name and address only. The namespace must carry the label alumni-operator.io/group with the same value.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="group has lower case letters, digits and hyphens, and begins and ends with a letter or digit, so that it can be a label"
	Group string `json:"group,omitempty"`

	// trial Enabled makes the network a rehearsal: its people are invented, and its mail stays in its store and is shown on the
	// portal's page /trial/mail, to anyone who opens it. Defaults to Disabled. It cannot be changed: a rehearsal and a network
	// for real people are two networks, with a store each.
	// +optional
	// +kubebuilder:default=Disabled
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="trial cannot be changed on a live network, so that invented and real people never mix: declare a new network, under another name, with the trial that you want"
	Trial Trial `json:"trial,omitempty"`

	// trialMembers is the number of people that are invented for a trial. It can be raised, which adds people, and never
	// lowered. Defaults to 200.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	TrialMembers int32 `json:"trialMembers,omitempty"`

	// state Suspended stops the portal and every job of the network and keeps all data. Defaults to Active.
	// +optional
	// +kubebuilder:default=Active
	State State `json:"state,omitempty"`
}

// Organisation is the body that answers for the personal data of a network.
type Organisation struct {
	// name of the organisation, as registered.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\r\\n]')",message="name is a single line"
	Name string `json:"name"`

	// address is the postal address shown at the foot of mails.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=300
	Address string `json:"address"`

	// contact is the mail address or https page of the desk that answers enquiries and complaints. Name a
	// desk, never a person.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^@\\\\s<>]+@[^@\\\\s<>]+$') || self.matches('^https://[^\\\\s<>]+$')",message="contact is a mail address or an https URL"
	Contact string `json:"contact"`
}

// Programme is the purpose of a network.
type Programme struct {
	// purposes lists what the programme is for. They are shown to people before they consent.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=6
	Purposes []ProgrammePurpose `json:"purposes,omitempty"`
	// modules lists what members find in the portal beside their own profile and notices. Unset means every module of this version; a list
	// keeps a network as it is when a later version brings more, and an empty one leaves the profile alone.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Modules []Module `json:"modules,omitzero"`
}

// Module is one part of the portal that a network can do without.
//
// +kubebuilder:validation:Enum=Feed;Events
type Module string

const (
	// ModuleFeed is what members tell each other: posts, comments and reactions.
	ModuleFeed Module = "Feed"
	// ModuleEvents are meetings to which members register.
	ModuleEvents Module = "Events"
)

// ProgrammePurpose is one thing a programme is for.
//
// +kubebuilder:validation:Enum=Rehire;Referral;Collaboration;Brand;KnowledgeTransfer;FutureExecutives
type ProgrammePurpose string

// StoreType is the kind of PostgreSQL a network lives in.
//
// +kubebuilder:validation:Enum=Standalone;External;CloudNativePG
type StoreType string

const (
	// StoreStandalone is one PostgreSQL server with a volume, run by the operator.
	StoreStandalone StoreType = "Standalone"
	// StoreExternal is one database on an existing server.
	StoreExternal StoreType = "External"
	// StoreCloudNativePG is one database in a Cluster that CloudNativePG runs.
	StoreCloudNativePG StoreType = "CloudNativePG"
)

// StoreReclaimPolicy says what becomes of a store when its network is deleted.
//
// +kubebuilder:validation:Enum=Retain;Delete
type StoreReclaimPolicy string

const (
	// StoreRetain leaves database, roles and volumes as they are, ready to be adopted by the same network again.
	StoreRetain StoreReclaimPolicy = "Retain"
	// StoreDelete drops the store for good when the network is deleted and its deletion is confirmed.
	StoreDelete StoreReclaimPolicy = "Delete"
)

// Store is a union on type.
//
// +kubebuilder:validation:XValidation:rule="self.type == 'External' ? has(self.external) : !has(self.external)",message="external is set exactly when type is External"
// +kubebuilder:validation:XValidation:rule="self.type == 'Standalone' || !has(self.standalone)",message="standalone is set only when type is Standalone"
// +kubebuilder:validation:XValidation:rule="self.type == 'CloudNativePG' || !has(self.cloudNativePG)",message="cloudNativePG is set only when type is CloudNativePG"
// +kubebuilder:validation:XValidation:rule="(has(self.external) && has(self.external.database)) == (has(oldSelf.external) && has(oldSelf.external.database))",message="external.database cannot be set or removed on a live store"
// +kubebuilder:validation:XValidation:rule="(has(self.standalone) && has(self.standalone.storageSize) ? quantity(self.standalone.storageSize) : quantity('5Gi')).compareTo(has(oldSelf.standalone) && has(oldSelf.standalone.storageSize) ? quantity(oldSelf.standalone.storageSize) : quantity('5Gi')) >= 0",message="standalone.storageSize can be raised and never lowered; without a value it is 5Gi"
// +kubebuilder:validation:XValidation:rule="(has(self.standalone) && has(self.standalone.storageClassName)) == (has(oldSelf.standalone) && has(oldSelf.standalone.storageClassName))",message="standalone.storageClassName cannot be set or removed on a live store"
// +kubebuilder:validation:XValidation:rule="has(self.restoreFrom) == has(oldSelf.restoreFrom)",message="restoreFrom is set when a network is declared, and neither added nor removed later; declare a new network to restore a backup"
// +kubebuilder:validation:XValidation:rule="(has(self.cloudNativePG) && has(self.cloudNativePG.clusterRef)) == (has(oldSelf.cloudNativePG) && has(oldSelf.cloudNativePG.clusterRef))",message="cloudNativePG.clusterRef cannot be set or removed on a live store: back up, declare a new network, and restore the backup into that one"
// +kubebuilder:validation:XValidation:rule="(has(self.cloudNativePG) && has(self.cloudNativePG.storage) && has(self.cloudNativePG.storage.size) ? quantity(self.cloudNativePG.storage.size) : quantity('5Gi')).compareTo(has(oldSelf.cloudNativePG) && has(oldSelf.cloudNativePG.storage) && has(oldSelf.cloudNativePG.storage.size) ? quantity(oldSelf.cloudNativePG.storage.size) : quantity('5Gi')) >= 0",message="cloudNativePG.storage.size can be raised and never lowered; without a value it is 5Gi"
// +kubebuilder:validation:XValidation:rule="(has(self.cloudNativePG) && has(self.cloudNativePG.storage) && has(self.cloudNativePG.storage.storageClassName)) == (has(oldSelf.cloudNativePG) && has(oldSelf.cloudNativePG.storage) && has(oldSelf.cloudNativePG.storage.storageClassName))",message="cloudNativePG.storage.storageClassName cannot be set or removed on a live store"
type Store struct {
	// type of the store. It cannot be changed: back up, declare a new network, and restore into it.
	// +optional
	// +kubebuilder:default=Standalone
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="store.type cannot be changed on a live network: back up its store, declare a new network, and restore the backup into that one"
	Type StoreType `json:"type,omitempty"`

	// standalone tunes the server that the operator runs.
	// +optional
	Standalone *StandaloneStore `json:"standalone,omitempty"`

	// external names the server on which the operator makes a database and roles for this network.
	// +optional
	External *ExternalStore `json:"external,omitempty"`

	// cloudNativePG says in which Cluster of CloudNativePG the database lives. Without it the operator declares a
	// Cluster of three instances.
	// +optional
	CloudNativePG *CloudNativePGStore `json:"cloudNativePG,omitempty"`

	// reclaimPolicy says what becomes of the store when the network is deleted. Retain, the default, keeps
	// database, roles and volumes; the same network declared again adopts them. Delete drops them for good, once the
	// deletion is confirmed by the annotation alumni-operator.io/confirm-delete with the value NAME@YYYY-MM-DD, of which
	// the date is that of the day; until then the deleted network waits. It can be changed at any time, on a network
	// that is being deleted too.
	// +optional
	// +kubebuilder:default=Retain
	ReclaimPolicy StoreReclaimPolicy `json:"reclaimPolicy,omitempty"`

	// backup says when the store is backed up, and to where. Without it nothing is backed up. The network's erasure ledger
	// is kept at the same place.
	// +optional
	Backup *StoreBackup `json:"backup,omitempty"`

	// restoreFrom builds the store of a new network from a backup. It is declared when the network is made, and stays as it
	// is. The portal and every job stay away until who was erased since the backup is erased again.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="restoreFrom cannot be changed: it says what the network's store was made of; declare a new network to restore another backup"
	RestoreFrom *RestoreFrom `json:"restoreFrom,omitempty"`

	// credentials says how long the logins of the network's workloads are used. Without it they are renewed on request only.
	// +optional
	Credentials *StoreCredentials `json:"credentials,omitempty"`
}

// StandaloneStore is one PostgreSQL server with one volume.
type StandaloneStore struct {
	// image of PostgreSQL, version 15 or newer. Any image with PostgreSQL's own programs works. Defaults to
	// the operator's --postgres-image.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// storageSize of the volume. It can be raised where the storage class allows it, and never lowered. Defaults
	// to 5Gi.
	// +optional
	// +kubebuilder:validation:XValidation:rule="quantity(self).isGreaterThan(quantity('0'))",message="storageSize must be more than zero"
	StorageSize *resource.Quantity `json:"storageSize,omitempty"`

	// storageClassName of the volume. Defaults to the cluster's default class. Fixed once made.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="storageClassName cannot be changed on a live store"
	StorageClassName *string `json:"storageClassName,omitempty"`

	// resources of the server. Defaults to requests of 100m CPU and 256Mi memory and a limit of 512Mi memory.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`
}

// ExternalStore is an existing PostgreSQL server, version 15 or newer.
type ExternalStore struct {
	// adminSecretRef names the Secret of a role that may create databases and roles. Keys: host, username,
	// password; optional: port (5432), dbname (postgres), sslmode (verify-full) and ca.crt.
	// +required
	AdminSecretRef SecretReference `json:"adminSecretRef"`

	// database is the name to use instead of the one derived from namespace and name, for servers on which a
	// database administrator gives out the names. Fixed once set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z_][a-z0-9_]*$') && !self.startsWith('pg_') && !(self in ['postgres','template0','template1'])",message="database has lower case letters, digits and underscores, and is none of PostgreSQL's own"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="database cannot be changed on a live store"
	Database string `json:"database,omitempty"`
}

// RosterEncoding is the character encoding of a roster file.
//
// +kubebuilder:validation:Enum=UTF-8;Shift_JIS
type RosterEncoding string

// Roster is the HR feed of leavers.
type Roster struct {
	// source is where the file is read from.
	// +required
	Source RosterSource `json:"source"`

	// encoding of the file. Defaults to UTF-8; a byte order mark is accepted.
	// +optional
	// +kubebuilder:default=UTF-8
	Encoding RosterEncoding `json:"encoding,omitempty"`

	// columns maps fields to the headings of the file. A field that is not listed is read from the heading of
	// its own name, for example EmployeeNumber.
	// +optional
	// +listType=map
	// +listMapKey=field
	// +kubebuilder:validation:MaxItems=32
	Columns []RosterColumn `json:"columns,omitempty"`

	// schedule of the import. Without it the file is read once for each change of this section.
	// +optional
	Schedule *CronSchedule `json:"schedule,omitempty"`
}

// RosterSourceType is where a roster file lives.
//
// +kubebuilder:validation:Enum=Volume;HTTPS
type RosterSourceType string

const (
	// RosterFromVolume reads a file on a PersistentVolumeClaim.
	RosterFromVolume RosterSourceType = "Volume"
	// RosterFromHTTPS reads a file from a web server.
	RosterFromHTTPS RosterSourceType = "HTTPS"
)

// RosterSource is a union on type.
//
// +kubebuilder:validation:XValidation:rule="self.type == 'Volume' ? has(self.volume) : !has(self.volume)",message="volume is set exactly when type is Volume"
// +kubebuilder:validation:XValidation:rule="self.type == 'HTTPS' ? has(self.https) : !has(self.https)",message="https is set exactly when type is HTTPS"
type RosterSource struct {
	// type of the source.
	// +required
	Type RosterSourceType `json:"type"`

	// volume is a file on a claim of the same namespace.
	// +optional
	Volume *RosterVolume `json:"volume,omitempty"`

	// https is a file on a web server.
	// +optional
	HTTPS *RosterHTTPS `json:"https,omitempty"`
}

// RosterVolume is a file on a PersistentVolumeClaim.
type RosterVolume struct {
	// claimName of the PersistentVolumeClaim, in the same namespace. It is mounted read-only.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ClaimName string `json:"claimName"`

	// path of the file, relative to the root of the volume.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('/') && !self.split('/').exists(p, p == '..')",message="path is relative to the volume and has no '..'"
	Path string `json:"path"`
}

// RosterHTTPS is a file on a web server.
type RosterHTTPS struct {
	// url of the file; https only. Redirects to another host are not followed.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=2000
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() == 'https' && !self.contains('@')",message="url must start with https:// and hold no user name or password; use secretRef for these"
	URL string `json:"url"`

	// secretRef names a Secret that opens the server. Keys, all optional: username and password, or token (sent
	// as a bearer token), and ca.crt.
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`
}

// RosterField is a fact that a roster file can carry about a leaver.
//
// +kubebuilder:validation:Enum=EmployeeNumber;FamilyName;GivenName;FamilyNameKana;GivenNameKana;Email;Locale;Region;Department;Post;JoinedOn;LeftOn;DepartureReason;LifeStage;Skills;Birthday;TimeZone;NetworkConsentOn;NewsletterConsentOn
type RosterField string

// RosterColumn maps one field to one heading.
type RosterColumn struct {
	// field that is read.
	// +required
	Field RosterField `json:"field"`

	// heading of the column in the file's first line.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	Heading string `json:"heading"`
}

// Portal is the web app of a network.
//
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || (has(self.exposure) && self.exposure.type == 'Ingress')",message="tls is for exposure of type Ingress; a Gateway has the certificate in its listener"
// +kubebuilder:validation:XValidation:rule="!has(self.exposure) || self.exposure.type == 'None' || self.publicURL.matches('^https?://([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?[.])*[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?(:[0-9]+)?/?$')",message="exposure needs a DNS name as host of publicURL, for Ingress and HTTPRoute take no address"
type Portal struct {
	// publicURL is the address under which people reach the portal; links in mails point to it. It must be
	// https, as one-click unsubscribe (RFC 8058) asks; http is accepted for localhost only, to try it out.
	// +required
	// +kubebuilder:validation:MinLength=10
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="isURL(self) && (url(self).getScheme() == 'https' || (url(self).getScheme() == 'http' && url(self).getHostname() == 'localhost'))",message="publicURL must start with https:// (or http://localhost to try it out)"
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getEscapedPath() in ['', '/'] && url(self).getQuery().size() == 0 && !self.contains('#') && !self.contains('@')",message="publicURL has a host and a port only: no path, query, fragment or user"
	PublicURL string `json:"publicURL"`

	// replicas of the portal. Defaults to 2. Not used while autoscaling is set.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	Replicas *int32 `json:"replicas,omitempty"`

	// resources of each replica. Defaults to requests of 20m CPU and 48Mi memory and a limit of 192Mi memory.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// exposure is how people reach the portal from outside the cluster. Defaults to None.
	// +optional
	Exposure *Exposure `json:"exposure,omitempty"`

	// tls is the certificate of the Ingress. Without it the Ingress has no TLS section.
	// +optional
	TLS *PortalTLS `json:"tls,omitempty"`

	// trustedProxies are the ranges of the proxies before the portal, such as the pods of an ingress controller. Only these
	// are believed when they say in X-Forwarded-For who asks; limits on requests count by that address. Without them the
	// proxy itself counts as the one who asks. A change restarts the portal.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	TrustedProxies []CIDR `json:"trustedProxies,omitempty"`

	// autoscaling lets a HorizontalPodAutoscaler choose the number of replicas instead of replicas.
	// +optional
	Autoscaling *PortalAutoscaling `json:"autoscaling,omitempty"`

	// priorityClassName is the PriorityClass of the portal's pods. A change restarts the portal.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	PriorityClassName string `json:"priorityClassName,omitempty"`

	// imagePullSecrets name the Secrets, in the same namespace, with which images are pulled: of the portal, of the network's
	// jobs, and of a Standalone store. A change restarts portal and store.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	ImagePullSecrets []SecretReference `json:"imagePullSecrets,omitempty"`

	// podLabels are further labels of the portal's pods. A change restarts the portal.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('alumni-operator.io/') && !k.startsWith('app.kubernetes.io/'))",message="labels of alumni-operator.io/ and app.kubernetes.io/ are the operator's own; name another key"
	PodLabels map[string]LabelValue `json:"podLabels,omitempty"`

	// podAnnotations are further annotations of the portal's pods, such as a mesh reads. A change restarts the portal.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('alumni-operator.io/'))",message="annotations of alumni-operator.io/ are the operator's own; name another key"
	PodAnnotations map[string]AnnotationValue `json:"podAnnotations,omitempty"`
}

// Channels are the senders of a network.
type Channels struct {
	// email is the mail server that takes the network's mail.
	// +optional
	Email *EmailChannel `json:"email,omitempty"`

	// line is the LINE official account by which members who linked theirs are written to.
	// +optional
	LINE *LINEChannel `json:"line,omitempty"`

	// slack are channels of Slack, or of a program that takes the same, each by its incoming webhook. The Secret of each has the
	// key url.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	Slack []Destination `json:"slack,omitempty"`

	// teams are channels and chats of Microsoft Teams, each by its workflow. The Secret of each has the key url.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	Teams []Destination `json:"teams,omitempty"`

	// webhook are servers of your own that get a signed event. The Secret of each has the keys url and signingKey.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	Webhook []Destination `json:"webhook,omitempty"`
}

// Destination is one place that gets one post for each run of a campaign that names it.
type Destination struct {
	// name by which campaigns call it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="name begins with a letter and has lower case letters, digits and hyphens only"
	Name string `json:"name"`

	// secretRef names the Secret with the address, and all that opens it.
	// +required
	SecretRef SecretReference `json:"secretRef"`
}

// EmailTLS says how a connection to a mail server is protected.
//
// +kubebuilder:validation:Enum=StartTLS;Implicit;None
type EmailTLS string

const (
	// EmailStartTLS begins in clear text and must switch to TLS before anything is said.
	EmailStartTLS EmailTLS = "StartTLS"
	// EmailImplicitTLS is TLS from the first byte.
	EmailImplicitTLS EmailTLS = "Implicit"
	// EmailNoTLS is clear text; for a relay inside the cluster.
	EmailNoTLS EmailTLS = "None"
)

// BounceReceiver says whether the portal takes what comes back to campaign mails, and by which protocol.
//
// +kubebuilder:validation:Enum=LMTP;SMTP;Disabled
type BounceReceiver string

const (
	// BounceLMTP is RFC 2033, which mail servers speak to what keeps their mails.
	BounceLMTP BounceReceiver = "LMTP"
	// BounceSMTP is RFC 5321.
	BounceSMTP BounceReceiver = "SMTP"
	// BounceDisabled takes nothing.
	BounceDisabled BounceReceiver = "Disabled"
)

// EmailBounces is where campaign mails come back to.
type EmailBounces struct {
	// address is the mailbox to which campaign mails come back. Each mail has an envelope sender of its own: the local part,
	// "+", a token of 48 characters that tells nobody but this network whom the mail was for, and the domain, whose SPF
	// record must allow the mail server. Mails that went out before a change come back to the former address.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_-]([A-Za-z0-9._-]{0,13}[A-Za-z0-9_-])?@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.])*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$') && !self.contains('..')",message="address is a plain mail address such as bounces@example.com; its local part is at most 15 letters, digits, dots, hyphens and underscores, for a token follows it"
	Address string `json:"address"`

	// receiver makes the portal take what comes back, at a port of its own of its Service: 24 with LMTP, 25 with SMTP. The
	// mail server of address must hand it on to there. A change restarts the portal. Defaults to Disabled.
	// +optional
	// +kubebuilder:default=Disabled
	Receiver BounceReceiver `json:"receiver,omitempty"`
}

// EmailChannel is one SMTP relay.
//
// +kubebuilder:validation:XValidation:rule="!has(self.bounces) || self.bounces.receiver == 'Disabled' || self.bounces.address.lowerAscii() != self.fromAddress.lowerAscii()",message="bounces.address must be another one than fromAddress when a receiver is enabled: it refuses what people write"
// +kubebuilder:validation:XValidation:rule="self.tls != 'None' || !has(self.credentialsSecretRef)",message="tls None would send the password in clear text; use StartTLS or Implicit with credentialsSecretRef"
// +kubebuilder:validation:XValidation:rule="!has(self.dkim) || self.fromAddress.lowerAscii().endsWith('@' + self.dkim.domain) || self.fromAddress.lowerAscii().endsWith('.' + self.dkim.domain)",message="dkim.domain must be the domain of fromAddress or one above it: DMARC takes no other for the sender's"
type EmailChannel struct {
	// host name or address of the mail server.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$')",message="host is a DNS name or an IP address"
	Host string `json:"host"`

	// port of the mail server. Defaults to 587.
	// +optional
	// +kubebuilder:default=587
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// tls of the connection. Defaults to StartTLS.
	// +optional
	// +kubebuilder:default=StartTLS
	TLS EmailTLS `json:"tls,omitempty"`

	// fromAddress is the sender's mail address; the network's own, never a person's.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9.!#$%&*+/=?^_{|}~-]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$')",message="fromAddress is a plain mail address such as alumni@example.com"
	FromAddress string `json:"fromAddress"`

	// fromName is the sender's name as people read it. Defaults to displayName.
	// +optional
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\r\\n]')",message="fromName is a single line"
	FromName string `json:"fromName,omitempty"`

	// credentialsSecretRef names a Secret with the keys username and password, and optionally ca.crt, the certificate
	// of the authority that the server's own was signed by.
	// +optional
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty"`

	// maxPerSecond is the highest number of messages of campaigns handed to the server in a second, by all runs together.
	// Defaults to 50.
	// +optional
	// +kubebuilder:default=50
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	MaxPerSecond int32 `json:"maxPerSecond,omitempty"`

	// maxPerHour is the highest number of messages of campaigns handed to the server in an hour, by all runs together. Defaults
	// to 10000.
	// +optional
	// +kubebuilder:default=10000
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000000
	MaxPerHour int32 `json:"maxPerHour,omitempty"`

	// maxConnections is the highest number of connections that one run has open to the server at once. Defaults to 5.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxConnections int32 `json:"maxConnections,omitempty"`

	// perDomain are limits of single domains that mails go to, such as those of mobile carriers, kept by all runs together. What finds
	// no room is sent later, and does not hold up mails to others. Domains that are not here have no limit of their own.
	// +optional
	// +listType=map
	// +listMapKey=domain
	// +kubebuilder:validation:MaxItems=100
	PerDomain []DomainLimit `json:"perDomain,omitempty"`

	// warmUp lets campaigns of a sender that mailbox providers do not know yet begin with few messages a day and grow. Without it no
	// day has a limit of its own.
	// +optional
	WarmUp *WarmUp `json:"warmUp,omitempty"`

	// dkim lets portal and workers sign mails. Without it they are not signed here: the mail server does it, which is the better
	// place.
	// +optional
	DKIM *EmailDKIM `json:"dkim,omitempty"`

	// bounces lets campaign mails come back to a mailbox of their own, so that addresses that do not exist and complaints
	// are noted also when the mail server learns of them later. Without it they come back to fromAddress, and only what
	// the mail server refuses at once is noted.
	// +optional
	Bounces *EmailBounces `json:"bounces,omitempty"`
}

// EmailDKIM is the key by which mails are signed (RFC 6376), and its name in DNS: <selector>._domainkey.<domain>.
type EmailDKIM struct {
	// secretRef names a Secret with the key tls.key: a private key in PEM, RSA with 2048 bits or more, or Ed25519.
	// +required
	SecretRef SecretReference `json:"secretRef,omitzero"`

	// domain that signs: that of fromAddress or one above it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')",message="domain is a DNS name in lower case such as hoshino.example"
	Domain string `json:"domain,omitempty"`

	// selector of the key in DNS.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="selector is a label of letters in lower case, digits and hyphens"
	Selector string `json:"selector,omitempty"`
}

// DomainLimit is how fast campaigns may write to the addresses of one domain.
// +kubebuilder:validation:XValidation:rule="has(self.maxPerSecond) || has(self.maxPerHour)",message="set maxPerSecond, maxPerHour or both: a domain without a limit need not be here"
type DomainLimit struct {
	// domain behind the @ of addresses, in lower case; of an international name the form that begins with xn--. Its subdomains are
	// domains of their own.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')",message="domain is a DNS name in lower case such as docomo.ne.jp; write an international name in its form that begins with xn--"
	Domain string `json:"domain"`

	// maxPerSecond is the highest number of messages to the domain in a second. No limit by default.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	MaxPerSecond int32 `json:"maxPerSecond,omitempty"`

	// maxPerHour is the highest number of messages to the domain in an hour. No limit by default.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000000
	MaxPerHour int32 `json:"maxPerHour,omitempty"`
}

// WarmUp is how many messages of campaigns a new sender may send on each day, by the network's calendar: every day by the same factor
// more.
// +kubebuilder:validation:XValidation:rule="!has(self.target) || self.target >= self.from",message="target is not less than from"
type WarmUp struct {
	// startedOn is the day on which the first from messages go. Before it no more go in a day either.
	// +required
	// +kubebuilder:validation:Format=date
	// +kubebuilder:validation:MaxLength=10
	StartedOn string `json:"startedOn,omitempty"`

	// from is the number of messages on the first day. Defaults to 200.
	// +optional
	// +kubebuilder:default=200
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	From int32 `json:"from,omitempty"`

	// days is how long it takes, the first and the last day included. Defaults to 42.
	// +optional
	// +kubebuilder:default=42
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=365
	Days int32 `json:"days,omitempty"`

	// target is the number of messages on the last day and on every day after that. Defaults to 24 times maxPerHour.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000
	Target *int32 `json:"target,omitempty"`
}

// AlumniNetworkStatus is what the operator has seen of a network.
type AlumniNetworkStatus struct {
	// conditions: Ready sums up StoreReady, SchemaReady, RosterSynced, PortalAvailable and ChannelsReady;
	// of a network with restoreFrom also Restored. ErasureCovered, BackupHealthy, UpToDate and GroupJoined stand beside it;
	// Reconciling and Stalled are there only while they are true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=24
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that the conditions speak of; -1 until the operator has
	// looked at the object, so that whoever waits for it does not take it for settled.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// url is the address of the portal.
	// +optional
	URL string `json:"url,omitempty"`

	// image of the operator's programs that the network's portal and jobs run. It follows the operator's own when the
	// network's turn in the rollout of an upgrade has come and its portal serves.
	// +optional
	Image string `json:"image,omitempty"`

	// upgrade is under way to another version; absent while none is.
	// +optional
	Upgrade *UpgradeStatus `json:"upgrade,omitempty"`

	// store is what is known of the database.
	// +optional
	Store *StoreStatus `json:"store,omitempty"`

	// roster is the outcome of the last import.
	// +optional
	Roster *RosterStatus `json:"roster,omitempty"`

	// members are the numbers of people by state.
	// +optional
	Members *MembersStatus `json:"members,omitempty"`

	// privacy is what members asked for and have not got yet.
	// +optional
	Privacy *PrivacyStatus `json:"privacy,omitempty"`

	// group lists the other networks of the company group; absent while the network has joined none.
	// +optional
	Group *GroupStatus `json:"group,omitempty"`

	// backup is what is known of the store's backups; absent while none is declared.
	// +optional
	Backup *BackupStatus `json:"backup,omitempty"`

	// restore is what the store was built from; absent for a network that began empty.
	// +optional
	Restore *RestoreStatus `json:"restore,omitempty"`
}

// UpgradeStatus is a change of version that is under way.
type UpgradeStatus struct {
	// image that the network is being brought to.
	Image string `json:"image"`
	// startedAt is when it began.
	StartedAt metav1.Time `json:"startedAt"`
}

// StoreStatus is what is known of a network's database.
type StoreStatus struct {
	// database is the name of the database.
	// +optional
	Database string `json:"database,omitempty"`
	// serverVersion is PostgreSQL's own version text, for example 17.2.
	// +optional
	ServerVersion string `json:"serverVersion,omitempty"`
	// schemaVersion is the number of the last migration applied.
	// +optional
	SchemaVersion int64 `json:"schemaVersion,omitempty"`
	// sizeMebibytes of the database, rounded up.
	// +optional
	SizeMebibytes int64 `json:"sizeMebibytes,omitempty"`
	// credentials is what is known of the logins of the network's workloads.
	// +optional
	Credentials *CredentialsStatus `json:"credentials,omitempty"`
}

// GroupStatus is what a network knows of its company group.
type GroupStatus struct {
	// networks that have joined the group too, sorted by namespace and name; the first hundred.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	Networks []GroupMember `json:"networks,omitempty"`
}

// GroupMember is another network of the group, as everybody may know it.
type GroupMember struct {
	// namespace of the network.
	Namespace string `json:"namespace"`
	// name of the network.
	Name string `json:"name"`
	// displayName is its name as people read it.
	DisplayName string `json:"displayName"`
	// url is the address of its portal.
	// +optional
	URL string `json:"url,omitempty"`
}

// RosterStatus is the outcome of the last roster import.
type RosterStatus struct {
	// lastImportAt is when the last import ended.
	// +optional
	LastImportAt *metav1.Time `json:"lastImportAt,omitempty"`
	// rows read from the file.
	// +optional
	Rows int64 `json:"rows,omitempty"`
	// inserted is the number of people who were new.
	// +optional
	Inserted int64 `json:"inserted,omitempty"`
	// updated is the number of people whose facts changed.
	// +optional
	Updated int64 `json:"updated,omitempty"`
	// quarantined is the number of rows that could not be taken.
	// +optional
	Quarantined int64 `json:"quarantined,omitempty"`
	// tombstoned is the number of rows left out because the person was erased.
	// +optional
	Tombstoned int64 `json:"tombstoned,omitempty"`
	// quarantine lists the first rows that could not be taken, by line and reason; never their content.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	Quarantine []QuarantinedRow `json:"quarantine,omitempty"`
	// nextImportAt is the next scheduled import.
	// +optional
	NextImportAt *metav1.Time `json:"nextImportAt,omitempty"`
}

// QuarantinedRow is a row of the roster that was not taken.
type QuarantinedRow struct {
	// line number in the file, counted from 1.
	Line int64 `json:"line"`
	// field at fault, empty when the whole row is.
	// +optional
	Field string `json:"field,omitempty"`
	// reason, for example InvalidDate.
	Reason string `json:"reason"`
}

// MembersStatus counts people by state.
type MembersStatus struct {
	// listed people are known from the roster and have not been contacted.
	Listed int64 `json:"listed"`
	// invited people were invited and have not answered.
	Invited int64 `json:"invited"`
	// active people take part.
	Active int64 `json:"active"`
	// paused people asked for distance.
	Paused int64 `json:"paused"`
	// withdrawn people left and wait for erasure.
	Withdrawn int64 `json:"withdrawn"`
	// reachable people are active, consented to the network and have an address that is not suppressed.
	Reachable int64 `json:"reachable"`
	// erased is the number of people erased so far.
	Erased int64 `json:"erased"`
}

// PrivacyStatus is what members asked for and have not got yet.
type PrivacyStatus struct {
	// openErasures is the number of erasure requests not fulfilled yet.
	OpenErasures int64 `json:"openErasures"`
	// oldestErasureDeadline is when the oldest of them is due.
	// +optional
	OldestErasureDeadline *metav1.Time `json:"oldestErasureDeadline,omitempty"`
}

// AlumniNetworkList is a list of networks.
//
// +kubebuilder:object:root=true
type AlumniNetworkList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []AlumniNetwork `json:"items"`
}
