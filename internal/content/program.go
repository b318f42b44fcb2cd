// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"strconv"
	"strings"
	"text/template/parse"
	"unicode"
)

// Bounds of one text. They keep compiling and rendering short whatever the author writes.
const (
	maxSource     = 64 << 10 // bytes of a body
	maxSubject    = 300      // characters of a subject, before and after rendering
	maxConditions = 64       // if and with in one part
	maxNesting    = 20       // conditions or parentheses inside each other
)

// program is one part of a text after parsing: what to write, and under which conditions.
type program struct {
	source     string
	nodes      []node
	conditions int
	employment bool // it says something of the member's work
	survey     bool // it leads to the campaign's survey
}

// node is literal text, a field, or a condition.
type node struct {
	literal string
	field   fieldID
	kind    nodeKind
	pos     int // byte of the source where a literal begins
	cond    *condition
}

type nodeKind uint8

const (
	literalNode nodeKind = iota
	fieldNode
	conditionNode
)

// condition is one if or with. Its number is its bit in the shape.
type condition struct {
	number      int
	test        test
	then, other []node
}

// shape tells which conditions hold: one bit each.
type shape uint64

// shapeOf decides every condition that is met on the way.
func (p *program) shapeOf(v *values) shape {
	if p.conditions == 0 {
		return 0
	}
	return decide(p.nodes, v)
}

func decide(nodes []node, v *values) shape {
	var s shape
	for i := range nodes {
		if nodes[i].kind != conditionNode {
			continue
		}
		c := nodes[i].cond
		if c.test(v) {
			s |= 1<<c.number | decide(c.then, v)
		} else {
			s |= decide(c.other, v)
		}
	}
	return s
}

// emit calls write for every literal and field of a shape, in order.
func emit(nodes []node, s shape, write func(n *node)) {
	for i := range nodes {
		n := &nodes[i]
		switch {
		case n.kind != conditionNode:
			write(n)
		case s&(1<<n.cond.number) != 0:
			emit(n.cond.then, s, write)
		default:
			emit(n.cond.other, s, write)
		}
	}
}

// parser compiles the parse tree of one part.
type parser struct {
	locale, part string
	tree         *parse.Tree
	conditions   int
	depth        int
	employment   bool
	survey       bool
	use          use
}

// use is what a text is for, which decides the fields that it may have.
type use struct {
	everybody bool                        // the text is the same for everybody, so that it may say nothing of one member
	survey    bool                        // its campaign has a survey
	blocks    func(f fieldID) (no string) // why a block may not stand in it; nothing where it may
}

// parseProgram reads one part. It admits what it knows and refuses the rest.
func parseProgram(locale, part, source string, u use) (*program, error) {
	p := &parser{locale: locale, part: part, use: u}
	set := map[string]*parse.Tree{}
	p.tree = parse.New(part)
	p.tree.Mode = parse.SkipFuncCheck
	if _, err := p.tree.Parse(source, "", "", set); err != nil {
		return nil, p.syntaxError(err)
	}
	for name := range set {
		if name != part {
			return nil, &Error{locale, part, 0, fmt.Sprintf("templates of your own are not allowed: define %q", name)}
		}
	}
	nodes, err := p.list(p.tree.Root, nil)
	if err != nil {
		return nil, err
	}
	return &program{source: source, nodes: nodes, conditions: p.conditions, employment: p.employment, survey: p.survey}, nil
}

// syntaxError turns "template: body:3: unexpected …" into an Error.
func (p *parser) syntaxError(err error) error {
	message := strings.TrimPrefix(err.Error(), "template: "+p.part+":")
	number, rest, found := strings.Cut(message, ": ")
	line, convErr := strconv.Atoi(number)
	if !found || convErr != nil {
		line, rest = 0, message
	}
	return &Error{p.locale, p.part, line, rest}
}

func (p *parser) fail(n parse.Node, format string, args ...any) error {
	location, _ := p.tree.ErrorContext(n)
	line := 0
	if fields := strings.Split(location, ":"); len(fields) >= 2 {
		line, _ = strconv.Atoi(fields[len(fields)-2])
	}
	return &Error{p.locale, p.part, line, fmt.Sprintf(format, args...)}
}

// list compiles a list of nodes; dot is the field that "." means, if any.
func (p *parser) list(list *parse.ListNode, dot *fieldID) ([]node, error) {
	if list == nil {
		return nil, nil
	}
	if p.depth++; p.depth > maxNesting {
		return nil, p.fail(list, "conditions are nested deeper than %d", maxNesting)
	}
	defer func() { p.depth-- }()
	out := make([]node, 0, len(list.Nodes))
	for _, n := range list.Nodes {
		compiled, err := p.node(n, dot)
		if err != nil {
			return nil, err
		}
		out = append(out, compiled)
	}
	return out, nil
}

func (p *parser) node(n parse.Node, dot *fieldID) (node, error) {
	switch n := n.(type) {
	case *parse.TextNode:
		return node{kind: literalNode, literal: string(n.Text), pos: int(n.Pos)}, nil
	case *parse.ActionNode:
		return p.action(n, dot)
	case *parse.IfNode:
		return p.condition(&n.BranchNode, dot, false)
	case *parse.WithNode:
		return p.condition(&n.BranchNode, dot, true)
	case *parse.RangeNode:
		return node{}, p.fail(n, "range is not allowed")
	case *parse.TemplateNode:
		return node{}, p.fail(n, "templates of your own are not allowed: %q", n.Name)
	default:
		return node{}, p.fail(n, "%s is not allowed here", n)
	}
}

// action compiles {{ .Field }} and {{ "text" }}; nothing else may write.
func (p *parser) action(n *parse.ActionNode, dot *fieldID) (node, error) {
	if len(n.Pipe.Decl) > 0 {
		return node{}, p.fail(n, "variables are not allowed: %s", n.Pipe)
	}
	if len(n.Pipe.Cmds) != 1 {
		return node{}, p.fail(n, "pipes are not allowed: %s", n.Pipe)
	}
	args := n.Pipe.Cmds[0].Args
	if len(args) == 1 {
		if s, ok := args[0].(*parse.StringNode); ok {
			if strings.ContainsFunc(s.Text, unicode.IsControl) {
				return node{}, p.fail(n, "control characters are not allowed: %s", s.Quoted)
			}
			return node{kind: literalNode, literal: s.Text, pos: int(n.Pos)}, nil
		}
	}
	if id, ok := args[0].(*parse.IdentifierNode); ok {
		return node{}, p.fail(n, "function %s is not allowed here; write a field such as .Member.GivenName", id.Ident)
	}
	if len(args) != 1 {
		return node{}, p.fail(n, "write one field, not %s", n.Pipe)
	}
	field, err := p.field(args[0], dot)
	if err != nil {
		return node{}, err
	}
	if field.isBlock() && p.part != partBody {
		return node{}, p.fail(n, "field .%s is a list, and stands in a body", fieldNames[field])
	}
	return node{kind: fieldNode, field: field, pos: int(n.Pos)}, nil
}

// condition compiles if and with, together with their else.
func (p *parser) condition(b *parse.BranchNode, dot *fieldID, with bool) (node, error) {
	if p.conditions == maxConditions {
		return node{}, p.fail(b, "more than %d conditions", maxConditions)
	}
	c := &condition{number: p.conditions}
	p.conditions++
	if len(b.Pipe.Decl) > 0 {
		return node{}, p.fail(b, "variables are not allowed: %s", b.Pipe)
	}
	inner := dot
	if with {
		if len(b.Pipe.Cmds) != 1 || len(b.Pipe.Cmds[0].Args) != 1 {
			return node{}, p.fail(b, "with takes one field")
		}
		field, err := p.field(b.Pipe.Cmds[0].Args[0], dot)
		if err != nil {
			return node{}, err
		}
		inner = &field
	}
	value, err := p.pipe(b.Pipe, dot)
	if err != nil {
		return node{}, err
	}
	c.test = value.truth()
	if c.then, err = p.list(b.List, inner); err != nil {
		return node{}, err
	}
	if c.other, err = p.list(b.ElseList, dot); err != nil {
		return node{}, err
	}
	return node{kind: conditionNode, cond: c}, nil
}

// field resolves .Member.X, $.Member.X, and "." inside with.
func (p *parser) field(n parse.Node, dot *fieldID) (fieldID, error) {
	var path []string
	switch n := n.(type) {
	case *parse.FieldNode:
		path = n.Ident
		if dot != nil {
			return 0, p.fail(n, "inside with write $%s, because the dot is another value there", n)
		}
	case *parse.VariableNode:
		if n.Ident[0] != "$" || len(n.Ident) == 1 {
			return 0, p.fail(n, "variables are not allowed: %s", n)
		}
		path = n.Ident[1:]
	case *parse.DotNode:
		if dot == nil {
			return 0, p.fail(n, "the dot alone has a meaning only inside with")
		}
		return *dot, nil
	default:
		return 0, p.fail(n, "%s is not a field; write a field such as .Member.GivenName", n)
	}
	field, ok := fieldByPath(path)
	if !ok {
		return 0, p.fail(n, "unknown field .%s; the fields are .%s", strings.Join(path, "."), strings.Join(fieldNames[:], ", ."))
	}
	p.employment = p.employment || field.isOfEmployment()
	if field.isBlock() {
		if no := p.use.blocks(field); no != "" {
			return 0, p.fail(n, "field .%s cannot be told here: %s", fieldNames[field], no)
		}
	}
	p.survey = p.survey || field == linksSurvey
	if field == linksSurvey && !p.use.survey {
		return 0, p.fail(n, "field .%s leads to the campaign's survey, and it has none; declare spec.survey, or write the address of the tool that asks", strings.Join(path, "."))
	}
	if p.use.everybody && field.isPersonal() {
		return 0, p.fail(n, "field .%s is of one member, and a post to Slack, Teams or a webhook goes to everybody; take it out, "+
			"or give this language a text of its own for posts in broadcast", strings.Join(path, "."))
	}
	return field, nil
}
