// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package naming

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Role is a login role of a network's database. Each workload has its own, with just the grants it needs.
type Role string

// The roles of a network's database.
const (
	RoleOwner     Role = "owner"     // owns every object; migrations only
	RolePortal    Role = "portal"    // the web app
	RoleCampaign  Role = "campaign"  // worker campaign
	RoleRetention Role = "retention" // worker retention
	RoleRoster    Role = "roster"    // worker roster
	RoleBackup    Role = "backup"    // worker backup and worker restore
	RoleMetrics   Role = "metrics"   // the operator itself: aggregates only
)

// Roles lists all roles in a fixed order.
func Roles() []Role {
	return []Role{RoleOwner, RolePortal, RoleCampaign, RoleRetention, RoleRoster, RoleBackup, RoleMetrics}
}

// maxDatabase leaves room for "_", the longest role and the mark of a generation within PostgreSQL's 63 bytes.
const maxDatabase = 50

// Database is the name of a network's database: namespace and name joined by "_", which neither can contain.
// A longer one is cut and ends in a hash of both, and so does one that PostgreSQL would refuse.
func Database(namespace, name string) string {
	full := namespace + "_" + name
	if len(full) <= maxDatabase && !reserved(full) {
		return full
	}
	sum := sha256.Sum256([]byte(namespace + "/" + name))
	if reserved(full) {
		full = "n" + full
	}
	return full[:min(len(full), maxDatabase-14)] + "__" + hex.EncodeToString(sum[:6])
}

// reserved tells names that PostgreSQL keeps for itself: it refuses roles that start like this.
func reserved(name string) bool { return len(name) >= 3 && name[:3] == "pg_" }

// DatabaseRole is the name of one role of a database.
func DatabaseRole(database string, role Role) string { return database + "_" + string(role) }

// Generation is one of the two logins that a role has in turn, so that a new one is valid before the former ends.
type Generation string

// The generations of a login.
const (
	GenerationA Generation = "a" // the role itself, which holds all rights
	GenerationB Generation = "b" // a member of the role
)

// Other is the generation whose turn is next.
func (g Generation) Other() Generation {
	if g == GenerationB {
		return GenerationA
	}
	return GenerationB
}

// DatabaseLogin is the name by which a role of a database logs in.
func DatabaseLogin(database string, role Role, generation Generation) string {
	if generation == GenerationB {
		return DatabaseRole(database, role) + "_b"
	}
	return DatabaseRole(database, role)
}

// DatabaseSecret holds the login of one role of a network.
func DatabaseSecret(network string, role Role) string { return network + "-db-" + string(role) }

// AdminSecret holds the superuser of a Standalone store. It outlives the network.
func AdminSecret(network string) string { return network + "-db-admin" }

// StoreServer names StatefulSet, Service and pods of a Standalone store.
func StoreServer(network string) string { return network + "-db" }

// StoreEndpoint names the ConfigMap with the address of a network's server.
func StoreEndpoint(network string) string { return network + "-db-endpoint" }

// StoreClaim names the volume claim of a Standalone store. It outlives the network.
func StoreClaim(network string) string { return network + "-db-data" }

// Portal names Deployment and Service of the portal, and what stands around them.
func Portal(network string) string { return network + "-portal" }

// PortalCertificate names the Secret into which cert-manager puts the certificate of a portal's Ingress.
func PortalCertificate(network string) string { return network + "-portal-tls" }

// NetworkConfig names the ConfigMap with settings.Network.
func NetworkConfig(network string) string { return network + "-network" }

// TokenKeySecret holds the key that signs unsubscribe links. It outlives the network, for mails do too.
func TokenKeySecret(network string) string { return network + "-token-key" }

// PepperSecret holds the key of tombstones. It outlives the network, for tombstones do too.
func PepperSecret(network string) string { return network + "-pepper" }

// Run is the name of a run due at an instant: the owner's name and the Unix minute, so that a second
// controller cannot make a second run.
func Run(owner string, due time.Time) string { return fmt.Sprintf("%s-%d", owner, due.Unix()/60) }

// Resend is the name of the run by which another is sent again: the name with a number behind it, which grows when that one is
// sent again in turn.
func Resend(run string) string {
	if i := strings.LastIndex(run, "-r"); i >= 0 {
		if n, err := strconv.Atoi(run[i+2:]); err == nil {
			return fmt.Sprintf("%s-r%d", run[:i], n+1)
		}
	}
	return run + "-r1"
}

// CampaignPreview names the preview of one declaration of a campaign, of which digest is a digest in hex.
func CampaignPreview(campaign, digest string) string { return campaign + "-preview-" + digest[:8] }

// CampaignTestSend names a test send of a campaign, of which digest is a digest in hex.
func CampaignTestSend(campaign, digest string) string { return campaign + "-test-" + digest[:8] }

// CampaignConfig names the ConfigMap with settings.Campaign of one campaign, where a run has none of its own.
func CampaignConfig(campaign string) string { return campaign + "-campaign" }

// RetentionConfig names the ConfigMap with settings.Retention of one policy and network.
func RetentionConfig(policy, network string) string { return cut(policy+"-"+network+"-retention", 63) }

// RetentionRun names a run of a policy over one network: kind "s" for scheduled, "r" for requests of people, "l" for another
// look at a store that was not known whole.
func RetentionRun(policy, network, kind string, due time.Time) string {
	return cut(policy+"-"+network+"-"+kind, 50) + fmt.Sprintf("-%d", due.Unix()/60)
}

// RetentionPreview names the preview of one generation of a policy over one network, after so many that failed.
func RetentionPreview(policy, network string, generation int64, failed int) string {
	name := cut(policy+"-"+network+"-p", 50) + fmt.Sprintf("-%d", generation)
	if failed > 0 {
		name += fmt.Sprintf("-%d", failed)
	}
	return name
}

// Certificate names the ConfigMap with the last certificate of a policy over one network.
func Certificate(policy, network string) string { return cut(policy+"-"+network+"-certificate", 63) }

// DeletionCertificate names the ConfigMap that tells what was dropped with a network on a day. It outlives the network.
func DeletionCertificate(network string, day time.Time) string {
	return network + "-deletion-certificate-" + day.UTC().Format(time.DateOnly)
}

// SigningSecret holds the key that the operator made for a policy.
func SigningSecret(policy string) string { return policy + "-signing" }

// RosterRun names an import: by due time when scheduled, by digest of its section when not.
func RosterRun(network, suffix string) string { return cut(network+"-roster-"+suffix, 63) }

// BackupRun names a backup by its due time, or by digest of the annotation that asked for it.
func BackupRun(network, suffix string) string { return cut(network+"-backup-"+suffix, 63) }

// DrillRun names a rehearsal of a restore by its due time.
func DrillRun(network string, due time.Time) string {
	return cut(fmt.Sprintf("%s-drill-%d", network, due.Unix()/60), 63)
}

// RestoreRun names the restore of a backup into a new network; a later try that was asked for, by digest of the annotation.
func RestoreRun(network, suffix string) string {
	if suffix == "" {
		return cut(network+"-restore", 63)
	}
	return cut(network+"-restore-"+suffix, 63)
}

// BackupFolder is where the backups of one network lie below what its destination names: readable, and with a hash of
// cluster, namespace and name, so that two clusters can share a bucket.
func BackupFolder(cluster, namespace, name string) string {
	sum := sha256.Sum256([]byte(cluster + "/" + namespace + "/" + name))
	return namespace + "_" + name + "-" + hex.EncodeToString(sum[:6])
}

// ScratchDatabase is the database into which drills restore. No network's own is called so: in a derived name one "_"
// joins namespace and name, and a hash follows two.
func ScratchDatabase(database string) string { return database + "_drill" }

// cut shortens a name to n bytes, ending in a hash of the whole.
func cut(name string, n int) string {
	if len(name) <= n {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:n-11] + "-" + hex.EncodeToString(sum[:5])
}
