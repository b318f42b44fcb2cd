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
// A Secret is read when it has changed, or when its value is needed. Notes remembers of each Secret in which version it was found in
// order, as a digest of name and version, and of each login when it was made and renewed, but no value: that lives as long as a look.
// A look takes from there what it needs while the watch of Secrets tells the same version; internal/secretwatch says why that
// is safe. Whatever opens a session opens its login first (openMetrics, openLogins, openAdmin), which reads it; the hash of the
// portal needs the token key only when something of what it is made from has changed. A Secret that is gone, or whose
// watch does not stand, or that the operator has just written, is read as if nothing were known, and so is each once after a
// restart. Of an External server the address is not kept either: it is taken from what was published, when a digest says that
// it is what the admin's Secret had.
//
// With reclaimPolicy Retain there is no finalizer: nothing outside Kubernetes is undone, so a deletion never waits for
// anything. Children go by garbage collection. The volume claim, the admin login, the token key and the pepper have no
// owner and stay, ready for the same network to be declared again. With Delete a finalizer holds the object until its deletion is
// confirmed and the store is dropped, or until the policy is Retain again, or its namespace is being deleted.
//
// It may import the builders, the applier, internal/postgres, internal/stats and the API. It must never write a spec, never
// hold a database session between two looks, never import the portal, and never name a person anywhere.
package alumninetwork
