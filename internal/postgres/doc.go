// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package postgres provisions a network's database: the database itself, one login role for each workload,
// schemas, grants, and the claim row that says which network it belongs to.
//
// It works in three parts. Observe reads the catalogs into an Actual. Plan compares a Spec with it and returns
// steps, each with a reason for people; it is pure, and refuses what is not ours before any step exists.
// Execute runs the steps. Ensure is the three together, under a lock, with the migrations in between:
//
//  1. Check, as the metrics role: an empty answer means that nothing is to be done. This is the steady state.
//  2. Ensure, as the admin role, only when Check found something or could not log in.
//
// Each role has two logins, of which workloads use one: the role itself, and a member of it that is made for the first rotation.
// All rights are the role's. See Logins.
//
// Only our own roles, our database, and objects of its owner role are ever changed; whatever else lives on the
// server is left alone. A database is ours when its claim row says so, or when it is empty, or when it is a fresh copy of
// a template that belongs to the owner role with this network's marker. Ensure makes the template where it is missing; see
// template.
//
// Drop removes a store for good and must be asked for by name. It is a plan of its own: the claim must name the network with its
// UID, and only what carries our claim or our marker goes. TakeStock counts before it, in numbers of rows only.
//
// It works as a superuser and as a plain role with CREATEDB and CREATEROLE, on PostgreSQL 15 and newer.
//
// It may import internal/dbconn, internal/naming, internal/community/pgstore and pgx. It must never import Kubernetes
// packages, never drop anything but in Drop and the scratch database and the templates that it made itself, never send a password in
// clear, and never put one into an error.
package postgres
