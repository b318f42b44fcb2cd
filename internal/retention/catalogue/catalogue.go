// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package catalogue

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Member is the table of people, at which every path ends.
const Member = "alumni.member"

// Delivery is the ledger of messages. Its rows are counted into alumni.delivery_erased when they go.
const Delivery = "alumni.delivery"

// MemberColumn is the column by which every child knows its member.
const MemberColumn = "member_id"

// Children are the tables whose rows belong to a member, in the order in which they are emptied. All of them
// have MemberColumn, with a foreign key to Member that cascades as a safety net, and an index on it.
func Children() []string {
	return []string{
		Delivery,
		"alumni.portal_mail",
		"alumni.session",
		"alumni.sign_in_link",
		"alumni.suppression",
		"alumni.visibility",
		"alumni.consent_state",
		"alumni.consent",
		"alumni.employment",
		"alumni.contact",
	}
}

// Follower is a table whose rows belong to a member without a foreign key, for it is younger than the version before this one.
// A trigger on Member empties it as a safety net, and there is an index on its column.
type Follower struct{ Table, Column, Trigger string }

// Followers lists them.
func Followers() []Follower {
	return []Follower{
		{Table: "alumni.address_change", Column: "recipient_id", Trigger: "address_change_follows"},
		{Table: "alumni.bounce", Column: "recipient_id", Trigger: "bounce_follows"},
		{Table: "alumni.captured_mail", Column: "recipient_id", Trigger: "captured_mail_follows"},
		{Table: "alumni.enrolment", Column: "recipient_id", Trigger: "enrolment_follows"},
		{Table: "alumni.event_registration", Column: "recipient_id", Trigger: "event_registration_follows"},
		{Table: "alumni.line_link", Column: "recipient_id", Trigger: "line_link_follows"},
		{Table: "alumni.notice", Column: "recipient_id", Trigger: "notice_follows"},
		{Table: "alumni.occasion", Column: "recipient_id", Trigger: "occasion_follows"},
		{Table: "alumni.opt_out", Column: "recipient_id", Trigger: "opt_out_follows"},
		{Table: "alumni.post", Column: "recipient_id", Trigger: "post_follows"},
		{Table: "alumni.post_comment", Column: "recipient_id", Trigger: "post_comment_follows"},
		{Table: "alumni.post_reaction", Column: "recipient_id", Trigger: "post_reaction_follows"},
		{Table: "alumni.post_report", Column: "recipient_id", Trigger: "post_report_follows"},
		{Table: "alumni.survey_answer", Column: "recipient_id", Trigger: "survey_answer_follows"},
		{Table: "alumni.survey_participant", Column: "recipient_id", Trigger: "survey_participant_follows"},
		{Table: "alumni.tracking_event", Column: "recipient_id", Trigger: "tracking_event_follows"},
	}
}

// Belonging is a table whose rows go with a member, and the column by which they know it.
type Belonging struct{ Table, Column string }

// Belongings lists children and followers in the order in which they are emptied.
func Belongings() []Belonging {
	var all []Belonging
	for _, table := range Children() {
		all = append(all, Belonging{Table: table, Column: MemberColumn})
	}
	for _, f := range Followers() {
		all = append(all, Belonging{Table: f.Table, Column: f.Column})
	}
	return all
}

// Loose are the columns that hold a member's identifier without a foreign key, because their rows may outlive the
// member. Erasing a member clears each of them in a way of its own.
//
// Stretches of the ledger begin and end at members; they go with the messages that wait there, at the latest with the campaign's run.
// Who is on legal hold is not erased at all. An event outlives its organiser when others have registered; the trigger event_follows takes
// the organiser out of it.
func Loose() []string {
	return []string{"alumni.erasure_request.member_id", "alumni.retention_failure.member_id", "alumni.legal_hold_member.recipient_id", "alumni.event.recipient_id",
		"alumni.delivery_chunk.first_member", "alumni.delivery_chunk.end_member", "alumni.delivery_chunk.handed_out"}
}

// Edge is one foreign key on the way to the member, a follower, or a loose column, as the database has it.
type Edge struct {
	Child    string // schema.table
	Columns  string // of the child, joined by commas
	Parent   string // schema.table; empty for a loose column
	Cascades bool
	Indexed  bool
}

// ErrIncomplete tells that the database holds something of members that this package does not know.
var ErrIncomplete = errors.New("the catalogue of personal data is incomplete")

// Finding is one thing that is unknown, missing or unfit.
type Finding struct {
	Text string // names table and column
	Logs bool   // it stands in the way of erasing the ledger of messages by itself, too
}

// IncompleteError names what is unknown, missing or unfit. Nobody can be erased whole then.
type IncompleteError struct{ Findings []Finding }

// maxNamed is how many findings are named; a table that nobody knows may have a hundred columns.
const maxNamed = 20

// Names are the findings in words.
func (e *IncompleteError) Names() string {
	var names []string
	for _, f := range e.Findings[:min(len(e.Findings), maxNamed)] {
		names = append(names, f.Text)
	}
	if more := len(e.Findings) - maxNamed; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, "; ")
}

// SparesLogs says that the ledger of messages can be erased by itself: nothing was found of it.
func (e *IncompleteError) SparesLogs() bool {
	return !slices.ContainsFunc(e.Findings, func(f Finding) bool { return f.Logs })
}

// Error names the findings.
func (e *IncompleteError) Error() string { return ErrIncomplete.Error() + ": " + e.Names() }

// Is makes errors.Is(err, ErrIncomplete) true.
func (e *IncompleteError) Is(target error) bool { return target == ErrIncomplete }

//go:embed queries/edges.sql
var edgesSQL string

//go:embed queries/loose.sql
var looseSQL string

//go:embed queries/followers.sql
var followersSQL string

// Querier is a pool, a connection or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Observe reads every edge that the database has.
func Observe(ctx context.Context, q Querier) ([]Edge, error) {
	rows, err := q.Query(ctx, edgesSQL)
	if err != nil {
		return nil, fmt.Errorf("read foreign keys: %w", err)
	}
	edges, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Edge, error) {
		var e Edge
		return e, row.Scan(&e.Child, &e.Columns, &e.Parent, &e.Cascades, &e.Indexed)
	})
	if err != nil {
		return nil, fmt.Errorf("read foreign keys: %w", err)
	}
	rows, err = q.Query(ctx, looseSQL)
	if err != nil {
		return nil, fmt.Errorf("read columns: %w", err)
	}
	loose, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Edge, error) {
		var e Edge
		return e, row.Scan(&e.Child, &e.Columns)
	})
	if err != nil {
		return nil, fmt.Errorf("read columns: %w", err)
	}
	followers, err := observeFollowers(ctx, q)
	return append(append(edges, followers...), loose...), err
}

// observeFollowers reads whether the followers that are there go with their member.
func observeFollowers(ctx context.Context, q Querier) ([]Edge, error) {
	var tables, columns, triggers []string
	for _, f := range Followers() {
		tables, columns, triggers = append(tables, f.Table), append(columns, f.Column), append(triggers, f.Trigger)
	}
	rows, err := q.Query(ctx, followersSQL, tables, columns, triggers)
	if err != nil {
		return nil, fmt.Errorf("read triggers: %w", err)
	}
	edges, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Edge, error) {
		e := Edge{Parent: Member}
		return e, row.Scan(&e.Child, &e.Columns, &e.Cascades, &e.Indexed)
	})
	if err != nil {
		return nil, fmt.Errorf("read triggers: %w", err)
	}
	return edges, nil
}

// Compare checks observed edges and columns against what this package knows, and names everything that differs.
func Compare(edges []Edge, columns []Column) error {
	findings := judgeColumns(columns)
	found := map[string]bool{}
	for _, e := range edges {
		findings = append(findings, judge(e, found)...)
	}
	for _, child := range Children() {
		if !found[child] {
			findings = append(findings, Finding{child + " is missing or has no foreign key to " + Member, child == Delivery})
		}
	}
	for _, f := range Followers() {
		if !found[f.Table] {
			findings = append(findings, Finding{f.Table + " is missing", false})
		}
	}
	if len(findings) == 0 {
		return nil
	}
	slices.SortFunc(findings, func(a, b Finding) int { return strings.Compare(a.Text, b.Text) })
	return &IncompleteError{Findings: findings}
}

// judge says what is wrong with one edge and notes the children that it finds.
func judge(e Edge, found map[string]bool) []Finding {
	column, logs := e.Child+"."+e.Columns, e.Child == Delivery || e.Parent == Delivery
	if e.Parent == "" {
		if slices.Contains(Loose(), column) {
			return nil
		}
		return []Finding{{column + " is not known", logs}}
	}
	if !slices.Contains(Belongings(), Belonging{Table: e.Child, Column: e.Columns}) || e.Parent != Member {
		return []Finding{{fmt.Sprintf("%s refers to %s and is not known", column, e.Parent), logs}}
	}
	found[e.Child] = true
	var findings []Finding
	if !e.Cascades {
		findings = append(findings, Finding{column + " does not cascade", logs})
	}
	if !e.Indexed {
		findings = append(findings, Finding{column + " has no index that begins with it", logs})
	}
	return findings
}

// Check compares the database with what this package knows. It returns an *IncompleteError when they differ.
func Check(ctx context.Context, q Querier) error {
	edges, err := Observe(ctx, q)
	if err != nil {
		return err
	}
	columns, err := Columns(ctx, q)
	if err != nil {
		return err
	}
	return Compare(edges, columns)
}

// Identifier quotes a name of this package for SQL.
func Identifier(table string) string { return pgx.Identifier(strings.Split(table, ".")).Sanitize() }
