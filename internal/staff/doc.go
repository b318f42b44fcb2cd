// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package staff reads the list of those of the office who may enter the portal's console: one person a line, an address and roles.
//
// The portal reads it from the mounted Secret whenever it must know who somebody is, and the controller to tell what is wrong with it. It
// imports the domain and the settings. A fault names a line and what to do about it, and never quotes anything of the line.
package staff
