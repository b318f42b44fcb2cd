// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// privileges revokes what our roles and PUBLIC hold too much, then grants what is missing. One step for each
// role and direction.
func (p *planner) privileges() {
	wanted, held := p.wanted(), p.held()
	excess, missing := map[string][]privilege{}, map[string][]privilege{}
	for _, have := range sorted(held) {
		if !wanted[have] && !p.ofAnotherVersion(have) {
			excess[have.role] = append(excess[have.role], have)
			forgetColumns(held, have)
		}
	}
	for _, want := range sorted(wanted) {
		if !held[want] {
			missing[want.role] = append(missing[want.role], want)
		}
	}
	for _, role := range slices.Sorted(maps.Keys(excess)) {
		p.insideAsOwner(fmt.Sprintf("%s holds more than it should: %s", grantee(role), describe(excess[role])),
			changes("REVOKE", "FROM", role, excess[role])...)
	}
	for _, role := range slices.Sorted(maps.Keys(missing)) {
		p.insideAsOwner(fmt.Sprintf("%s lacks %s", grantee(role), describe(missing[role])),
			changes("GRANT", "TO", role, missing[role])...)
	}
}

// ofAnotherVersion tells a right that programs of another version may need that still run: of the version before while they
// are being replaced, or of a newer one that migrated the store before this older operator came back.
func (p *planner) ofAnotherVersion(have privilege) bool {
	newer := p.actual.inside != nil && p.actual.inside.version > p.spec.version
	return (newer || p.spec.KeepRights) && have.kind == onTable && have.role != ""
}

// wanted are the privileges of the spec on objects that exist. Tables and columns that a migration has not made
// yet are left for the next look.
func (p *planner) wanted() map[privilege]bool {
	all := map[privilege]bool{}
	database := privilege{kind: onDatabase, object: quote(p.spec.Database)}
	for _, r := range p.spec.roles {
		if r.name == p.spec.ownerName() || r.isTwin() || p.closedTo(r) {
			continue
		}
		database.role, database.right = r.name, "CONNECT"
		all[database] = true
		if r.temporary {
			database.right = "TEMPORARY"
			all[database] = true
		}
		for _, schema := range p.spec.schemas[r.role] {
			all[privilege{role: r.name, kind: onSchema, object: schema, right: "USAGE"}] = true
		}
		for _, g := range p.spec.grants {
			if g.Role != r.role {
				continue
			}
			if schema, whole := strings.CutSuffix(g.Object, ".*"); whole {
				p.wantSchema(all, r.name, schema, g.Privileges)
				continue
			}
			columns, there := p.table(g.Object)
			if !there {
				continue
			}
			for _, right := range g.Privileges {
				if len(g.Columns) == 0 {
					all[privilege{role: r.name, kind: onTable, object: g.Object, right: right}] = true
				}
				for _, c := range g.Columns {
					if slices.Contains(columns, c) {
						all[privilege{role: r.name, kind: onTable, object: g.Object, column: c, right: right}] = true
					}
				}
			}
		}
	}
	return all
}

// closedTo tells that a role has no business in a database that a backup is being restored into. The operator's own reads
// the mark.
func (p *planner) closedTo(r roleSpec) bool {
	unmarked := p.spec.Restore && (p.actual.inside == nil || p.actual.inside.claim == nil)
	return r.role != naming.RoleMetrics && (unmarked || p.actual.restoring())
}

// wantSchema wants rights on every table and sequence that our owner role has by now in a schema.
func (p *planner) wantSchema(all map[privilege]bool, role, schema string, rights []string) {
	if p.actual.inside == nil {
		return
	}
	for name, kind := range p.actual.inside.own {
		if !strings.HasPrefix(name, schema+".") {
			continue
		}
		for _, right := range rights {
			all[privilege{role: role, kind: kind, object: name, right: right}] = true
		}
	}
}

// table tells whether a table is there when the grants are given: it is now, or it comes with the claim.
func (p *planner) table(name string) ([]string, bool) {
	if p.actual.inside == nil {
		return nil, name == claimTable
	}
	columns, there := p.actual.inside.tables[name]
	return columns, there || (name == claimTable && p.actual.inside.claim == nil)
}

// held are the privileges that exist. In a database that is yet to be made, PUBLIC holds what PostgreSQL gives.
func (p *planner) held() map[privilege]bool {
	all := map[privilege]bool{}
	if p.actual.database == nil {
		for _, right := range []string{"CONNECT", "TEMPORARY"} {
			all[privilege{kind: onDatabase, object: quote(p.spec.Database), right: right}] = true
		}
		return all
	}
	maps.Copy(all, p.actual.database.held)
	if p.actual.inside != nil {
		maps.Copy(all, p.actual.inside.held)
	}
	return all
}

// forgetColumns drops from held what PostgreSQL drops too: revoking a right on a table revokes it on each of its
// columns.
func forgetColumns(held map[privilege]bool, revoked privilege) {
	if revoked.kind != onTable || revoked.column != "" {
		return
	}
	for have := range held {
		if have.role == revoked.role && have.object == revoked.object && have.right == revoked.right && have.column != "" {
			delete(held, have)
		}
	}
}

// changes writes GRANT or REVOKE statements for one role, as few as the rights allow: tables with the same
// rights share a statement.
func changes(verb, preposition, role string, privileges []privilege) []string {
	rights := map[[2]string][]string{} // kind and object to rights
	columns := map[[3]string][]string{}
	for _, p := range privileges {
		if p.column == "" {
			rights[[2]string{p.kind, p.object}] = append(rights[[2]string{p.kind, p.object}], p.right)
			continue
		}
		columns[[3]string{p.kind, p.object, p.right}] = append(columns[[3]string{p.kind, p.object, p.right}], quote(p.column))
	}
	objects := map[[2]string][]string{} // kind and rights to objects
	for key, list := range rights {
		group := [2]string{key[0], strings.Join(list, ", ")}
		objects[group] = append(objects[group], key[1])
	}
	var texts []string
	for group, list := range objects {
		slices.Sort(list)
		texts = append(texts, fmt.Sprintf("%s %s ON %s %s %s %s", verb, group[1], group[0], strings.Join(list, ", "), preposition, grantee(role)))
	}
	for key, list := range columns {
		texts = append(texts, fmt.Sprintf("%s %s (%s) ON %s %s %s %s", verb, key[2], strings.Join(list, ", "), key[0], key[1], preposition, grantee(role)))
	}
	slices.SortFunc(texts, revokeOrder)
	return texts
}

// revokeOrder puts what concerns whole tables before what concerns columns, so that the one does not undo the
// other; within that, by text.
func revokeOrder(a, b string) int {
	whole := func(s string) int {
		if on := strings.Index(s, " ON "); strings.Contains(s[:max(on, 0)], "(") {
			return 1
		}
		return 0
	}
	if d := whole(a) - whole(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// describe names up to three privileges, for people.
func describe(privileges []privilege) string {
	const shown = 3
	var parts []string
	for _, p := range privileges[:min(shown, len(privileges))] {
		object := p.object
		if p.column != "" {
			object += "." + p.column
		}
		parts = append(parts, p.right+" on "+object)
	}
	text := strings.Join(parts, ", ")
	if more := len(privileges) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// grantee writes a role for SQL and for people.
func grantee(role string) string {
	if role == "" {
		return "PUBLIC"
	}
	return quote(role)
}

// sorted gives privileges in a fixed order, so that a plan is the same for the same input. Rights on whole
// tables come before those on columns.
func sorted(set map[privilege]bool) []privilege {
	return slices.SortedFunc(maps.Keys(set), func(a, b privilege) int {
		for _, pair := range [][2]string{
			{a.role, b.role}, {a.kind, b.kind}, {a.object, b.object}, {a.column, b.column}, {a.right, b.right},
		} {
			if c := strings.Compare(pair[0], pair[1]); c != 0 {
				return c
			}
		}
		return 0
	})
}
