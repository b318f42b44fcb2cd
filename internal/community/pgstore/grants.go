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
	var all []Grant
	grant := func(role naming.Role, privileges []string, objects ...string) {
		for _, o := range objects {
			all = append(all, Grant{Role: role, Privileges: privileges, Object: o})
		}
	}
	r, ri, ru, riu, rd := []string{"SELECT"}, []string{"SELECT", "INSERT"}, []string{"SELECT", "UPDATE"},
		[]string{"SELECT", "INSERT", "UPDATE"}, []string{"SELECT", "DELETE"}
	riud := []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

	grant(naming.RolePortal, r, "alumni.member", "alumni.contact", "alumni.consent_state", "alumni.campaign_run", "alumni.delivery")
	all = append(all,
		// What members may change of themselves; their name and number are HR's.
		Grant{Role: naming.RolePortal, Privileges: []string{"UPDATE"}, Object: "alumni.member",
			Columns: []string{"state", "family_name_kana", "given_name_kana", "locale", "region", "skills", "employer", "title", "about",
				"birthday", "time_zone", "joined_at", "last_active_at", "paused_until", "withdrawn_at", "updated_at"}},
		Grant{Role: naming.RolePortal, Privileges: []string{"UPDATE"}, Object: "alumni.contact", Columns: []string{"verified_at"}},
		Grant{Role: naming.RolePortal, Privileges: r, Object: "alumni.employment",
			Columns: []string{"id", "member_id", "department", "post", "joined_on", "left_on"}},
		// What came back is no longer counted as sent; see internal/bounce/register.
		Grant{Role: naming.RolePortal, Privileges: []string{"UPDATE"}, Object: "alumni.delivery",
			Columns: []string{"state", "reason", "reply_code", "sent_at", "lease_owner", "lease_until"}})
	grant(naming.RolePortal, ri, "alumni.consent", "alumni.erasure_request")
	grant(naming.RolePortal, riud, "alumni.suppression", "alumni.bounce") // members may ask for mail again
	grant(naming.RolePortal, riud, "alumni.visibility", "alumni.sign_in_link", "alumni.session", "alumni.portal_mail")
	grant(naming.RolePortal, riu, "alumni.unsubscribe_count", "alumni.complaint_count")
	grant(naming.RolePortal, []string{"SELECT", "INSERT", "DELETE"}, "alumni.opt_out")
	grant(naming.RolePortal, []string{"SELECT", "INSERT", "DELETE"}, "alumni.captured_mail") // of a trial; see internal/capture

	grantCampaign(grant)

	grant(naming.RoleRoster, riu, "alumni.member", "alumni.roster_import")
	grant(naming.RoleRoster, riud, "alumni.contact", "alumni.employment") // HR takes an address out, or mends its dates
	grant(naming.RoleRoster, ri, "alumni.consent", "alumni.pepper")
	grant(naming.RoleRoster, []string{"SELECT", "INSERT", "DELETE"}, "alumni.roster_quarantine")
	grant(naming.RoleRoster, r, "alumni.consent_state", "alumni.tombstone")

	grant(naming.RoleRetention, []string{"SELECT", "UPDATE", "DELETE"}, "alumni.member")
	grant(naming.RoleRetention, rd, "alumni.contact", "alumni.employment", "alumni.consent", "alumni.consent_state",
		"alumni.visibility", "alumni.suppression", "alumni.delivery", "alumni.sign_in_link", "alumni.session", "alumni.portal_mail",
		"alumni.captured_mail", "alumni.bounce", "alumni.occasion", "alumni.opt_out")
	grant(naming.RoleRetention, r, "alumni.campaign_run")
	grant(naming.RoleRetention, riu, "alumni.delivery_erased", "alumni.retention_run", "alumni.retention_run_count")
	grant(naming.RoleRetention, []string{"SELECT", "INSERT", "DELETE"}, "alumni.retention_failure")
	grant(naming.RoleRetention, ru, "alumni.erasure_request")
	grant(naming.RoleRetention, ri, "alumni.pepper", "alumni.tombstone", "alumni.audit_record", "alumni.retention_certificate")
	all = append(all,
		// To lock a row, a role must be able to update it. Nobody can give an identity column a value of their own.
		Grant{Role: naming.RoleRetention, Privileges: []string{"UPDATE"}, Object: "alumni.employment", Columns: []string{"id"}},
		// Of two erasures of one person, as after a restore, the newer counts.
		Grant{Role: naming.RoleRetention, Privileges: []string{"UPDATE"}, Object: "alumni.tombstone", Columns: []string{"run_id", "erased_on"}})

	grant(naming.RoleMetrics, r, "alumni_stats.members", "alumni_stats.erasure_requests", "alumni_stats.roster_imports",
		"alumni_stats.roster_quarantine", "alumni_stats.campaign_runs", "alumni_stats.campaign_counts",
		"alumni_stats.retention_runs", "alumni_stats.retention_counts", "alumni_stats.retention_failures",
		"alumni_stats.audit_chain", "alumni_stats.certificates", "alumni_stats.schema_version")
	// A backup reads everything, what later migrations make too, and writes its own journal alone.
	grant(naming.RoleBackup, r, "alumni.*")
	grant(naming.RoleBackup, riu, "alumni.backup_run")
	grant(naming.RoleMetrics, r, "alumni_stats.backup_runs", "alumni_stats.campaign_pauses", "alumni_stats.campaign_previews", "alumni_stats.campaign_posts")
	// A workload tells by the version whether the store is ready for it.
	for _, role := range []naming.Role{naming.RolePortal, naming.RoleCampaign, naming.RoleRetention, naming.RoleRoster} {
		grant(role, r, VersionTable)
	}
	return all
}

// grantCampaign is what those who send may do.
func grantCampaign(grant func(role naming.Role, privileges []string, objects ...string)) {
	r, ru, riu := []string{"SELECT"}, []string{"SELECT", "UPDATE"}, []string{"SELECT", "INSERT", "UPDATE"}
	grant(naming.RoleCampaign, r, "alumni.contact", "alumni.employment", "alumni.consent_state")
	grant(naming.RoleCampaign, ru, "alumni.member")
	grant(naming.RoleCampaign, riu, "alumni.suppression", "alumni.complaint_count")
	grant(naming.RoleCampaign, []string{"SELECT", "INSERT", "UPDATE", "DELETE"}, "alumni.bounce")
	grant(naming.RoleCampaign, riu, "alumni.campaign_run", "alumni.delivery", "alumni.broadcast")
	grant(naming.RoleCampaign, r, "alumni.delivery_erased")
	grant(naming.RoleCampaign, []string{"INSERT"}, "alumni.captured_mail")                // of a trial
	grant(naming.RoleCampaign, []string{"SELECT", "INSERT", "DELETE"}, "alumni.occasion") // of a run that is not sent after all
	grant(naming.RoleCampaign, r, "alumni.opt_out")
	grant(naming.RoleCampaign, riu, "alumni.send_allowance", "alumni.campaign_preview")
}

// Schemas says which schemas each role may use.
func Schemas() map[naming.Role][]string {
	return map[naming.Role][]string{
		naming.RolePortal:    {"alumni"},
		naming.RoleCampaign:  {"alumni"},
		naming.RoleRoster:    {"alumni"},
		naming.RoleRetention: {"alumni"},
		naming.RoleBackup:    {"alumni", "alumni_stats", "alumni_operator"},
		naming.RoleMetrics:   {"alumni_stats", "alumni_operator"},
	}
}
