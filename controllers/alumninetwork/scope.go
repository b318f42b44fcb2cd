// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// scope is what one loop knows of a network. Each field says which phase sets it.
type scope struct {
	network *v1alpha1.AlumniNetwork // the object; only its status is changed
	now     time.Time               // the time of this loop
	first   bool                    // nobody has looked at the network before
	note    *note                   // what is remembered of its Secrets

	held     bool          // followRelease: the network keeps the version before
	nextTurn time.Duration // followRelease: until the next look at the rollout; 0 when the network is not held

	promise time.Duration // findErasers: how long a person who leaves may wait to be erased

	admin       dbconn.Login               // keepCredentials: a role that may make databases and roles; openAdmin adds its login where the Secret has not changed
	nextAdmin   *corev1.Secret             // the same: the admin's Secret, where it names the password that comes next; else nil
	adminKept   error                      // runServer: why the admin has not got its next password; nil when it has, or when there is none
	credentials map[naming.Role]credential // keepCredentials: one for each role; openLogin adds the password where its Secret has not changed; rotateLogins renews them
	formerInUse bool                       // keepCredentials, rotateLogins: the logins before the last rotation must stay valid
	keyed       bool                       // keepCredentials, or publishSettings: the token key is there
	tokenKey    []byte                     // the same, or runPortal: nil when its Secret has not changed
	endpoint    *network.Endpoint          // keepCredentials, or runServer of a Cluster; or publishSettings, from what was published before

	serverImage string // runServer: the image that the servers of a Cluster run; empty for other stores
	serverNote  string // runServer: what is worth telling of a Cluster that serves

	nextLook  time.Duration            // provision: until the store is to be looked at again; 0 when this look did
	spec      postgres.Spec            // provision, or whoever opens the store later: what the database should be
	metrics   dbconn.Login             // provision, or whoever asks first: the operator's own role in the network's database
	migration *postgres.MigrationError // provision: the schema could not be brought up to date
	schema    int64                    // provision: the version that the schema has
	mark      *postgres.Restore        // provision: how far a restore had come before; nil when no database was made for one
	restoring bool                     // provision, and then restoreStore: the store is closed until a backup is restored into it
	facts     *stats.Network           // readFacts: the aggregates of the store; nil when they could not be read
	factsNew  bool                     // readFacts: this look has read them, and not an earlier one
	stirs     uint32                   // readFacts: what had happened to the store before they were read
	nextFacts time.Duration            // readFacts: until they are to be read again; 0 when this look did
	backups   stats.Backups            // readFacts: the journal of backups, where there is one to look at

	holidays []string // readHolidays: of the network, or those that were published last while they cannot be read

	storeUsable      bool              // run: the store phases all succeeded
	emailCredentials map[string][]byte // checkChannels, or runPortal: nil when the sender needs none, or its Secret has not changed
	channels         error             // checkChannels: what the sender lacks

	nextImport time.Duration // importRoster: until the next scheduled import; 0 when there is none
	nextBackup time.Duration // backUp: until the next look at the backups; 0 when there is none

	nextRotation time.Duration // rotateLogins: until the next look at the logins; 0 when there is none
}
