// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// StoreReadyCondition says whether the network's database and roles are there and the operator can log in.
// Positive polarity. False with a reason below while they are not.
const (
	StoreReadyCondition = "StoreReady"

	// ReasonProvisioned: database, roles and grants are as declared (True).
	ReasonProvisioned = "Provisioned"
	// ReasonServerSlow: as Provisioned, and the server takes long to answer (True).
	ReasonServerSlow = "ServerSlow"
	// ReasonRotationFailed: as Provisioned, and the logins could not be renewed; the present ones stay valid (True).
	ReasonRotationFailed = "RotationFailed"
	// ReasonAdminRefused: as Provisioned, and the server refuses the admin login: nothing could be repaired (True).
	ReasonAdminRefused = "AdminRefused"
	// ReasonCredentialsRotated is the reason of an event only: the logins of the workloads were renewed.
	ReasonCredentialsRotated = "CredentialsRotated"
	// ReasonServerNotReady: the Standalone server's pod is not up yet.
	ReasonServerNotReady = "ServerNotReady"
	// ReasonCloudNativePGMissing: the cluster does not serve the kinds of CloudNativePG that the store needs.
	ReasonCloudNativePGMissing = "CloudNativePGMissing"
	// ReasonClusterNotFound: the Cluster that the spec names does not exist.
	ReasonClusterNotFound = "ClusterNotFound"
	// ReasonClusterNotReady: the Cluster of CloudNativePG has no primary that serves yet; the message holds its phase.
	ReasonClusterNotReady = "ClusterNotReady"
	// ReasonCAMissing: the Secret with the certificate of the Cluster's authority is missing or holds none.
	ReasonCAMissing = "CAMissing"
	// ReasonUnreachable: the server did not answer.
	ReasonUnreachable = "Unreachable"
	// ReasonServerStarting: the server is starting up, recovering after a crash, or shutting down.
	ReasonServerStarting = "ServerStarting"
	// ReasonTooManyConnections: the server has no connection to spare.
	ReasonTooManyConnections = "TooManyConnections"
	// ReasonDiskFull: the server has no room on its disk.
	ReasonDiskFull = "DiskFull"
	// ReasonAwaitingTurn: the operator's sessions on this server are busy with other networks.
	ReasonAwaitingTurn = "AwaitingTurn"
	// ReasonTLSFailed: the server answered and its certificate could not be trusted, or it speaks no TLS.
	ReasonTLSFailed = "TLSFailed"
	// ReasonAuthenticationFailed: the server refused user name or password.
	ReasonAuthenticationFailed = "AuthenticationFailed"
	// ReasonInsufficientPrivilege: the admin role may not create databases or roles.
	ReasonInsufficientPrivilege = "InsufficientPrivilege"
	// ReasonVersionTooOld: the server is older than PostgreSQL 15.
	ReasonVersionTooOld = "VersionTooOld"
	// ReasonReadOnly: the server or the role refuses writes.
	ReasonReadOnly = "ReadOnly"
	// ReasonInRecovery: the server is a standby, or is being restored.
	ReasonInRecovery = "InRecovery"
	// ReasonStoreClaimed: another network has claimed the database (Stalled; nothing is touched).
	ReasonStoreClaimed = "StoreClaimed"
	// ReasonStoreNotEmpty: the database holds tables of somebody else (Stalled; nothing is touched).
	ReasonStoreNotEmpty = "StoreNotEmpty"
	// ReasonTrialMismatch: the database was made for a rehearsal and the network is none, or the other way round (Stalled;
	// nothing is touched).
	ReasonTrialMismatch = "TrialMismatch"
	// ReasonRoleNotOwned: a role of a needed name belongs to somebody else (Stalled; nothing is touched).
	ReasonRoleNotOwned = "RoleNotOwned"
	// ReasonKeyLost: a key that the network's store was used with is gone (Stalled; no new one takes its place).
	ReasonKeyLost = "KeyLost"
	// ReasonStoreMissing: the network had a database, and it is gone (Stalled; no empty one takes its place).
	ReasonStoreMissing = "StoreMissing"
	// ReasonProvisioning: another process is at work on the same database.
	ReasonProvisioning = "Provisioning"
	// ReasonProvisioningFailed: a step on the server failed for another reason.
	ReasonProvisioningFailed = "ProvisioningFailed"
)

// StoreDeletedCondition is there only while a network with reclaimPolicy Delete is being deleted, and says what its deletion
// waits for. Positive polarity; never True, for the network is gone then. It has reasons of StoreReady as well, and
// ReleaseNotConfirmed while people in the store are on legal hold.
const (
	StoreDeletedCondition = "StoreDeleted"

	// ReasonConfirmationNeeded: nobody has confirmed the deletion, or not today (Stalled; nothing is dropped).
	ReasonConfirmationNeeded = "ConfirmationNeeded"
	// ReasonStoppingWorkloads: portal and jobs are being ended.
	ReasonStoppingWorkloads = "StoppingWorkloads"
	// ReasonDroppingStore: the server, its volume or its Cluster is being removed.
	ReasonDroppingStore = "DroppingStore"
	// ReasonStoreInUse: somebody else's session or object holds on to the database or a role.
	ReasonStoreInUse = "StoreInUse"
	// ReasonServerGone: the server's volume is there, and no server that could say whose rows are on it.
	ReasonServerGone = "ServerGone"
	// ReasonDeletionFailed: a step failed for another reason.
	ReasonDeletionFailed = "DeletionFailed"
)

// RestoredCondition is there only on a network with restoreFrom, and says whether its store has been built from the backup
// and who was erased since has been erased again. Positive polarity.
const (
	RestoredCondition = "Restored"

	// ReasonRestored: the store was built from the backup; the message counts (True).
	ReasonRestored = "Restored"
	// ReasonRestoreRunning: the backup is being restored; nothing else of the network runs.
	ReasonRestoreRunning = "RestoreRunning"
	// ReasonRestoreReplayPending: the backup is restored, and who was erased since is being erased again.
	ReasonRestoreReplayPending = "RestoreReplayPending"
	// ReasonRestoreFailed: the restore came to nothing; the message names the code (Stalled).
	ReasonRestoreFailed = "RestoreFailed"
	// ReasonPepperMismatch: the backup's tombstones were made under another pepper (Stalled; nobody could be recognised).
	ReasonPepperMismatch = "PepperMismatch"
	// ReasonRestoreTargetInUse: the network's database is in use and was not made for the backup (Stalled; nothing is touched).
	ReasonRestoreTargetInUse = "RestoreTargetInUse"
	// ReasonRestoreUnfinished: a restore into the database was begun, and restoreFrom is not declared (Stalled).
	ReasonRestoreUnfinished = "RestoreUnfinished"
)

// SchemaReadyCondition says whether every migration of the version that the network runs is applied. Positive polarity.
const (
	SchemaReadyCondition = "SchemaReady"

	// ReasonMigrated: the schema is as the network's programs need it (True).
	ReasonMigrated = "Migrated"
	// ReasonMigrationFailed: a migration failed; the schema is as it was before it.
	ReasonMigrationFailed = "MigrationFailed"
)

// UpToDateCondition says whether the network runs the version of the operator. Positive polarity; not part of Ready, for a
// network that waits for its turn in a rollout serves as before.
const (
	UpToDateCondition = "UpToDate"

	// ReasonUpToDate: schema, portal and jobs are of the operator's version (True).
	ReasonUpToDate = "UpToDate"
	// ReasonUpgrading: the network is being brought to the operator's version.
	ReasonUpgrading = "Upgrading"
	// ReasonAwaitingRollout: the network's turn has not come.
	ReasonAwaitingRollout = "AwaitingRollout"
	// ReasonRolloutStopped: the upgrade of another network has failed, so that this one keeps its version.
	ReasonRolloutStopped = "RolloutStopped"
	// ReasonUpgradeFailed: a migration failed, or the portal did not come up with the new version in time.
	ReasonUpgradeFailed = "UpgradeFailed"
)

// GroupJoinedCondition says whether the network is one of the company group that it names; there only while it names one.
// Positive polarity; not part of Ready.
const (
	GroupJoinedCondition = "GroupJoined"

	// ReasonJoined: the namespace belongs to the group too (True).
	ReasonJoined = "Joined"
	// ReasonNamespaceNotInGroup: the namespace lacks the group's label.
	ReasonNamespaceNotInGroup = "NamespaceNotInGroup"
)

// RosterSyncedCondition says whether the HR feed was read as declared. Positive polarity.
const (
	RosterSyncedCondition = "RosterSynced"

	// ReasonImported: the last import succeeded (True).
	ReasonImported = "Imported"
	// ReasonNotConfigured: the network declares no roster (True).
	ReasonNotConfigured = "NotConfigured"
	// ReasonImportPending: no scheduled import was due yet (True).
	ReasonImportPending = "ImportPending"
	// ReasonImporting: the first import of this section is running (False); later ones leave the last outcome standing.
	ReasonImporting = "Importing"
	// ReasonImportFailed: the last import failed; the message names the code and the field.
	ReasonImportFailed = "ImportFailed"
	// ReasonClaimNotFound: the PersistentVolumeClaim of the roster does not exist.
	ReasonClaimNotFound = "ClaimNotFound"
)

// PortalAvailableCondition says whether the declared portal serves. Positive polarity.
const (
	PortalAvailableCondition = "PortalAvailable"

	// ReasonAvailable: every replica of the declared version is available (True).
	ReasonAvailable = "Available"
	// ReasonRollingOut: replicas of the declared version are being started.
	ReasonRollingOut = "RollingOut"
	// ReasonGatewayAPIMissing: exposure is by Gateway, and the cluster does not serve HTTPRoute.
	ReasonGatewayAPIMissing = "GatewayAPIMissing"
	// ReasonRouteNotAccepted: the Gateway has refused the portal's HTTPRoute, or has not answered yet.
	ReasonRouteNotAccepted = "RouteNotAccepted"
)

// ChannelsReadyCondition says whether the network can send. Positive polarity.
const (
	ChannelsReadyCondition = "ChannelsReady"

	// ReasonConfigured: every declared sender has what it needs (True).
	ReasonConfigured = "Configured"
	// ReasonNoSender: no mail server is declared (True): the portal shows pages, and nobody can sign in or be written to.
	ReasonNoSender = "NoSender"
	// ReasonCaptured: the network is a trial (True): every mail stays in its store.
	ReasonCaptured = "Captured"
	// ReasonDestinationSecretNotFound: the Secret of a destination of Slack, Teams or webhooks does not exist. The message names
	// the field. As with the next two, mail goes out all the same.
	ReasonDestinationSecretNotFound = "DestinationSecretNotFound"
	// ReasonDestinationSecretInvalid: the Secret of a destination lacks a key, or its signing key is too short.
	ReasonDestinationSecretInvalid = "DestinationSecretInvalid"
	// ReasonDestinationRefused: the URL in the Secret of a destination is none that may be called.
	ReasonDestinationRefused = "DestinationRefused"
)

// HolidaysReadyCondition is there only on a network with quietHours.holidaysFrom, and says whether its holidays are known. While they are
// not, no run of a campaign starts. Positive polarity. It has reasons of ContentValid as well: ConfigMapNotFound, ConfigMapInvalid.
const (
	HolidaysReadyCondition = "HolidaysReady"

	// ReasonHolidaysRead: the list was read (True).
	ReasonHolidaysRead = "HolidaysRead"
	// ReasonHolidaysEnding: the list was read, and has no date after the next thirty days (True).
	ReasonHolidaysEnding = "HolidaysEnding"
)

// StaffListedCondition is there only on a network with signIn.staffSecretRef, and says whether every line of the list of staff can be used.
// Positive polarity; not part of Ready, for a line at fault keeps nobody else out. It has reasons of ChannelsReady as well: SecretNotFound,
// SecretInvalid.
const (
	StaffListedCondition = "StaffListed"

	// ReasonStaffListed: every line was understood; the message counts (True).
	ReasonStaffListed = "StaffListed"
	// ReasonStaffLinesInvalid: some lines were not. The message names them and what to do; everybody else may enter.
	ReasonStaffLinesInvalid = "StaffLinesInvalid"
	// ReasonNobodyListed: the list names nobody, so that nobody may enter.
	ReasonNobodyListed = "NobodyListed"
)

// VolumeSizedCondition says whether the volume of a Standalone store is as large as declared. Positive polarity; not part
// of Ready, for a store on a volume that cannot grow still serves.
const (
	VolumeSizedCondition = "VolumeSized"

	// ReasonLargeEnough: the volume is as large as declared, or larger (True).
	ReasonLargeEnough = "LargeEnough"
	// ReasonGrowing: the volume is being grown.
	ReasonGrowing = "Growing"
	// ReasonNotExpandable: the storage class does not allow the volume to grow.
	ReasonNotExpandable = "NotExpandable"
)

// ErasureCoveredCondition says whether somebody carries out what people who leave are promised. Positive polarity; not
// part of Ready, so that a pipeline may apply policies after networks.
const (
	ErasureCoveredCondition = "ErasureCovered"

	// ReasonPolicyActive: an active RetentionPolicy selects the network (True).
	ReasonPolicyActive = "PolicyActive"
	// ReasonNoRetentionPolicy: no active RetentionPolicy selects the network.
	ReasonNoRetentionPolicy = "NoRetentionPolicy"
)

// BackupHealthyCondition says whether the store can be had back. Positive polarity; not part of Ready, for a network
// whose backup failed still serves its people.
const (
	BackupHealthyCondition = "BackupHealthy"

	// ReasonBackedUp: the last backup succeeded, and so did the last drill where drills are declared (True).
	ReasonBackedUp = "BackedUp"
	// ReasonBackupPending: no backup was due yet, or the first is running (True).
	ReasonBackupPending = "BackupPending"
	// ReasonBackupFailed: the last backup failed; the message names the code.
	ReasonBackupFailed = "BackupFailed"
	// ReasonBackupOverdue: two backups in a row were due since the last one succeeded.
	ReasonBackupOverdue = "BackupOverdue"
	// ReasonDrillFailed: the newest backup could not be restored, or not all was in it; the message names the code.
	ReasonDrillFailed = "DrillFailed"
)
