// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package alumninetwork reconciles AlumniNetwork: credentials, store, schema, settings, senders, portal,
// roster, backups.
//
// A network is brought to its declared state step by step. The steps up to the schema stop at the first that fails; what
// serves members goes on as long as the network has ever had a store, so that a database that is away for a moment does
// not freeze the portal.
//
// What leads people to the portal is replaced only when its successor stands. Kinds that a cluster may lack are asked for and
// never watched.
//
// Logins are renewed without a failed request: each database role has two, of which one is in use. The next is valid before a
// Secret names it, and the former until no pod uses it.
//
// With reclaimPolicy Retain there is no finalizer: nothing outside Kubernetes is undone, so a deletion never waits for
// anything. Children go by garbage collection. The volume claim, the admin login, the token key and the pepper have no
// owner and stay, ready for the same network to be declared again. With Delete a finalizer holds the object until its deletion is
// confirmed and the store is dropped, or until the policy is Retain again, or its namespace is being deleted.
//
// It may import the builders, the applier, internal/postgres, internal/stats and the API. It must never write a spec, never
// hold a database session between two looks, never import the portal, and never name a person anywhere.
package alumninetwork
