// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore

import "github.com/alumni-operator/alumni-operator/internal/naming"

// Grant is one privilege of a role on one object of the store, in PostgreSQL's words.
type Grant struct {
	Role       naming.Role
	Privileges []string // SELECT, INSERT, UPDATE, DELETE; in this order
	Object     string   // schema.table, or schema.* for every table and sequence of a schema, those to come too
	Columns    []string // empty: the whole table
}

// Grants lists every privilege that a workload has. What is not listed is refused. Identity columns need no
// grant of their own sequences.
func Grants() []Grant {
	var g grants
	g.portal()
	g.campaign()
	g.roster()
	g.retention()
	g.readers()
	return g
}

// What a role may do with a table: read, insert, update, delete.
var (
	mayRead, mayInsert, mayUpdate, mayDelete               = []string{"SELECT"}, []string{"INSERT"}, []string{"UPDATE"}, []string{"DELETE"}
	mayReadInsert, mayReadUpdate, mayReadDelete            = []string{"SELECT", "INSERT"}, []string{"SELECT", "UPDATE"}, []string{"SELECT", "DELETE"}
	mayReadWrite, mayReadInsertDelete, mayReadUpdateDelete = []string{"SELECT", "INSERT", "UPDATE"}, []string{"SELECT", "INSERT", "DELETE"}, []string{"SELECT", "UPDATE", "DELETE"}
	mayReadWriteDelete                                     = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}
)

type grants []Grant

func (g *grants) give(role naming.Role, privileges []string, objects ...string) {
	for _, o := range objects {
		*g = append(*g, Grant{Role: role, Privileges: privileges, Object: o})
	}
}

func (g *grants) portal() {
	g.give(naming.RolePortal, mayRead, "alumni.member", "alumni.contact", "alumni.consent_state", "alumni.campaign_run", "alumni.delivery",
		"alumni.notice")
	*g = append(*g,
		// What members may change of themselves; their name and number are HR's.
		Grant{Role: naming.RolePortal, Privileges: mayUpdate, Object: "alumni.member",
			Columns: []string{"state", "family_name_kana", "given_name_kana", "locale", "region", "skills", "employer", "title", "about",
				"birthday", "time_zone", "joined_at", "last_active_at", "paused_until", "withdrawn_at", "updated_at"}},
		Grant{Role: naming.RolePortal, Privileges: mayUpdate, Object: "alumni.contact", Columns: []string{"verified_at"}},
		Grant{Role: naming.RolePortal, Privileges: mayUpdate, Object: "alumni.notice", Columns: []string{"seen_at"}},
		Grant{Role: naming.RolePortal, Privileges: mayRead, Object: "alumni.employment",
			Columns: []string{"id", "member_id", "department", "post", "joined_on", "left_on"}},
		// What came back is no longer counted as sent; see internal/bounce/register.
		Grant{Role: naming.RolePortal, Privileges: mayUpdate, Object: "alumni.delivery",
			Columns: []string{"state", "reason", "reply_code", "sent_at"}})
	g.give(naming.RolePortal, mayReadInsert, "alumni.consent", "alumni.erasure_request")
	g.give(naming.RolePortal, mayReadWriteDelete, "alumni.suppression", "alumni.bounce") // members may ask for mail again
	g.give(naming.RolePortal, mayReadWriteDelete, "alumni.visibility", "alumni.sign_in_link", "alumni.session", "alumni.portal_mail",
		"alumni.line_link", "alumni.address_change", "alumni.confirmation_count")
	g.give(naming.RolePortal, mayReadWrite, "alumni.unsubscribe_count", "alumni.complaint_count")
	g.give(naming.RolePortal, mayReadInsertDelete, "alumni.opt_out", "alumni.tracking_event")
	g.give(naming.RolePortal, mayReadWrite, "alumni.tracking_count")
	g.give(naming.RolePortal, mayReadInsertDelete, "alumni.captured_mail") // of a trial; see internal/capture
	g.give(naming.RolePortal, mayRead, "alumni.survey")
	g.give(naming.RolePortal, mayReadInsert, "alumni.survey_participant")
	g.give(naming.RolePortal, mayInsert, "alumni.survey_answer") // nobody's pages show an answer
	g.give(naming.RolePortal, mayRead, "alumni.subject_copy")    // what is held of a member, for that member
	g.give(naming.RolePortal, mayReadWrite, "alumni.event", "alumni.event_registration")
	g.give(naming.RolePortal, mayRead, "alumni.seen_by_alumni")
	g.give(naming.RolePortal, mayReadWrite, "alumni.post", "alumni.post_comment")
	g.give(naming.RolePortal, mayReadInsertDelete, "alumni.post_reaction")
	g.give(naming.RolePortal, mayReadInsert, "alumni.post_report")
	g.console()
}

// console is what the portal does for the staff: it knows them, and tells them numbers.
func (g *grants) console() {
	g.give(naming.RolePortal, mayReadInsert, "alumni.staff")
	*g = append(*g, Grant{Role: naming.RolePortal, Privileges: mayUpdate, Object: "alumni.staff", Columns: []string{"first_seen_at"}}) // to lock a row
	g.give(naming.RolePortal, mayReadWriteDelete, "alumni.staff_link", "alumni.staff_session")
	g.give(naming.RolePortal, mayInsert, "alumni.staff_action")
	g.give(naming.RolePortal, mayRead, "alumni.campaign_preview", "alumni_stats.members", "alumni_stats.erasure_requests",
		"alumni_stats.campaign_runs", "alumni_stats.campaign_counts")
}

func (g *grants) campaign() {
	g.give(naming.RoleCampaign, mayRead, "alumni.contact", "alumni.employment", "alumni.consent_state")
	g.give(naming.RoleCampaign, mayReadUpdate, "alumni.member")
	g.give(naming.RoleCampaign, mayReadWrite, "alumni.suppression", "alumni.complaint_count")
	g.give(naming.RoleCampaign, mayReadWriteDelete, "alumni.bounce")
	g.give(naming.RoleCampaign, mayReadWrite, "alumni.campaign_run", "alumni.delivery", "alumni.broadcast")
	g.give(naming.RoleCampaign, mayReadWriteDelete, "alumni.delivery_chunk")
	g.give(naming.RoleCampaign, mayReadInsert, "alumni.notice")
	g.give(naming.RoleCampaign, mayReadWriteDelete, "alumni.enrolment")
	g.give(naming.RoleCampaign, mayRead, "alumni.delivery_erased", "alumni.survey_participant", "alumni.seen_by_alumni")
	g.give(naming.RoleCampaign, mayReadWrite, "alumni.survey")
	*g = append(*g, Grant{Role: naming.RoleCampaign, Privileges: mayRead, Object: "alumni.post",
		Columns: []string{"id", "recipient_id", "body", "newsletter", "state", "created_at"}}, // what members let a newsletter tell
		Grant{Role: naming.RoleCampaign, Privileges: mayRead, Object: "alumni.event",
			Columns: []string{"id", "organiser", "recipient_id", "title", "place", "starts_at", "registration_closes_at", "state"}})
	g.give(naming.RoleCampaign, mayInsert, "alumni.captured_mail")      // of a trial
	g.give(naming.RoleCampaign, mayReadInsertDelete, "alumni.occasion") // of a run that is not sent after all
	g.give(naming.RoleCampaign, mayRead, "alumni.opt_out", "alumni.tracking_count")
	g.give(naming.RoleCampaign, mayReadWrite, "alumni.send_allowance", "alumni.campaign_preview", "alumni.campaign_test_send")
}

func (g *grants) roster() {
	g.give(naming.RoleRoster, mayReadWrite, "alumni.member", "alumni.roster_import")
	g.give(naming.RoleRoster, mayReadWriteDelete, "alumni.contact", "alumni.employment") // HR takes an address out, or mends its dates
	g.give(naming.RoleRoster, mayReadInsert, "alumni.consent", "alumni.pepper")
	g.give(naming.RoleRoster, mayReadInsertDelete, "alumni.roster_quarantine")
	g.give(naming.RoleRoster, mayRead, "alumni.consent_state", "alumni.tombstone")
}

func (g *grants) retention() {
	g.give(naming.RoleRetention, mayReadUpdateDelete, "alumni.member")
	g.give(naming.RoleRetention, mayReadDelete, "alumni.contact", "alumni.employment", "alumni.consent", "alumni.consent_state",
		"alumni.visibility", "alumni.suppression", "alumni.delivery", "alumni.sign_in_link", "alumni.session", "alumni.portal_mail",
		"alumni.captured_mail", "alumni.bounce", "alumni.occasion", "alumni.opt_out", "alumni.tracking_event",
		"alumni.notice", "alumni.line_link", "alumni.address_change", "alumni.enrolment",
		"alumni.survey_participant", "alumni.event_registration")
	g.give(naming.RoleRetention, mayReadDelete, "alumni.post", "alumni.post_comment", "alumni.post_reaction", "alumni.post_report")
	g.give(naming.RoleRetention, mayRead, "alumni.campaign_run", "alumni.delivery_chunk")
	g.give(naming.RoleRetention, mayReadWrite, "alumni.delivery_erased", "alumni.retention_run", "alumni.retention_run_count")
	g.give(naming.RoleRetention, mayReadInsertDelete, "alumni.retention_failure", "alumni.legal_hold_member")
	g.give(naming.RoleRetention, mayReadWrite, "alumni.legal_hold")
	g.give(naming.RoleRetention, mayReadUpdate, "alumni.erasure_request")
	g.give(naming.RoleRetention, mayReadInsert, "alumni.pepper", "alumni.tombstone", "alumni.audit_record", "alumni.retention_certificate")
	g.give(naming.RoleRetention, mayDelete, "alumni.survey_answer")
	*g = append(*g,
		// An answer goes with its member, unread.
		Grant{Role: naming.RoleRetention, Privileges: mayRead, Object: "alumni.survey_answer", Columns: []string{"recipient_id"}},
		// To lock a row, a role must be able to update it. Nobody can give an identity column a value of their own.
		Grant{Role: naming.RoleRetention, Privileges: mayUpdate, Object: "alumni.employment", Columns: []string{"id"}},
		// Of two erasures of one person, as after a restore, the newer counts.
		Grant{Role: naming.RoleRetention, Privileges: mayUpdate, Object: "alumni.tombstone", Columns: []string{"run_id", "erased_on"}})
}

// readers are the roles that see everything or aggregates, and what every workload reads.
func (g *grants) readers() {
	g.give(naming.RoleMetrics, mayRead, "alumni_stats.members", "alumni_stats.erasure_requests", "alumni_stats.roster_imports",
		"alumni_stats.roster_quarantine", "alumni_stats.campaign_runs", "alumni_stats.campaign_counts",
		"alumni_stats.retention_runs", "alumni_stats.retention_counts", "alumni_stats.retention_failures",
		"alumni_stats.audit_chain", "alumni_stats.certificates", "alumni_stats.schema_version")
	// A backup reads everything, what later migrations make too, and writes its own journal alone.
	g.give(naming.RoleBackup, mayRead, "alumni.*")
	g.give(naming.RoleBackup, mayReadWrite, "alumni.backup_run")
	g.give(naming.RoleMetrics, mayRead, "alumni_stats.backup_runs", "alumni_stats.campaign_pauses", "alumni_stats.campaign_previews", "alumni_stats.campaign_posts",
		"alumni_stats.campaign_tracking", "alumni_stats.campaign_tests", "alumni_stats.campaign_variants", "alumni_stats.send_allowances", "alumni_stats.campaign_resends",
		"alumni_stats.campaign_test_sends", "alumni_stats.campaign_steps", "alumni_stats.campaign_lags", "alumni_stats.legal_holds",
		"alumni_stats.surveys", "alumni_stats.survey_counts")
	// A workload tells by the version whether the store is ready for it.
	for _, role := range []naming.Role{naming.RolePortal, naming.RoleCampaign, naming.RoleRetention, naming.RoleRoster} {
		g.give(role, mayRead, VersionTable)
	}
}

// Schemas says which schemas each role may use.
func Schemas() map[naming.Role][]string {
	return map[naming.Role][]string{
		naming.RolePortal:    {"alumni", "alumni_stats"},
		naming.RoleCampaign:  {"alumni"},
		naming.RoleRoster:    {"alumni"},
		naming.RoleRetention: {"alumni"},
		naming.RoleBackup:    {"alumni", "alumni_stats", "alumni_operator"},
		naming.RoleMetrics:   {"alumni_stats", "alumni_operator"},
	}
}
