// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// How long staff stay signed in; see LinkLifetime and LinksPerHour for their links.
const (
	// StaffSessionIdle ends a session that was not used for so long.
	StaffSessionIdle = time.Hour
	// StaffSessionLifetime ends every session, used or not.
	StaffSessionLifetime = 12 * time.Hour
)

// StaffRole is what one of the staff may look at.
type StaffRole string

// The roles of staff. There are only those that some page asks for.
const (
	// RoleProgrammeOwner answers for the network and what it sends.
	RoleProgrammeOwner StaffRole = "ProgrammeOwner"
	// RoleCommunityManager writes what the network sends.
	RoleCommunityManager StaffRole = "CommunityManager"
	// RolePrivacyOfficer sees to it that who leaves is erased in time.
	RolePrivacyOfficer StaffRole = "PrivacyOfficer"
)

// StaffRoles lists them in the order in which they are told.
func StaffRoles() []StaffRole {
	return []StaffRole{RoleProgrammeOwner, RoleCommunityManager, RolePrivacyOfficer}
}

// StaffMember is somebody of the office, as the Secret of staff names them.
type StaffMember struct {
	Address string // normalised
	Roles   []StaffRole
}

// StaffViewer is who of the staff is asking. The services make it for each request anew, from the Secret as it is then: nobody keeps a
// role that was taken away.
type StaffViewer struct {
	ID      uuid.UUID
	Session [32]byte // SHA-256 of the session's token
	StaffMember
}

// Has tells whether the viewer has one of some roles.
func (v StaffViewer) Has(roles ...StaffRole) bool {
	return slices.ContainsFunc(roles, func(r StaffRole) bool { return slices.Contains(v.Roles, r) })
}

// SeesCampaigns tells whether the viewer may look at campaigns.
func (v StaffViewer) SeesCampaigns() bool { return v.Has(RoleProgrammeOwner, RoleCommunityManager) }

// SeesErasures tells whether the viewer may look at the state of erasures.
func (v StaffViewer) SeesErasures() bool { return v.Has(RolePrivacyOfficer) }

// StaffService lets the staff in, by links that are mailed to the addresses in the Secret. A network without such a Secret has nobody in it.
type StaffService interface {
	// LookAtStaffLink looks at a link without using it. CodeLinkSpent: unknown, used, too old, or of somebody who is not named any more.
	LookAtStaffLink(ctx context.Context, token string) error
	// StaffSignIn uses up a link and opens a session; the result is the session's token. CodeLinkSpent: as above.
	StaffSignIn(ctx context.Context, token string) (session string, err error)
	// AuthenticateStaff finds who is behind a session's token, with the roles that they have now, and keeps the session alive.
	// CodeUnauthenticated: no live session, or the person is not named any more, which ends it.
	AuthenticateStaff(ctx context.Context, token string) (StaffViewer, error)
	// StaffSignOut ends the viewer's session.
	StaffSignOut(ctx context.Context, viewer StaffViewer) error
}
