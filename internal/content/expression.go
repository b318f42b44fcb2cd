// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package content

import (
	"text/template/parse"
)

// test decides a condition for one mail.
type test func(v *values) bool

// operand is a value in a condition: text, a whole number, or true and false. Exactly one function is set.
type operand struct {
	text   func(v *values) string
	number func(v *values) int
	truthy test
}

// truth is whether the operand is not empty, not zero, or true.
func (o operand) truth() test {
	switch {
	case o.text != nil:
		return func(v *values) bool { return o.text(v) != "" }
	case o.number != nil:
		return func(v *values) bool { return o.number(v) != 0 }
	default:
		return o.truthy
	}
}

// pipe compiles what stands in a condition.
func (p *parser) pipe(n *parse.PipeNode, dot *fieldID) (operand, error) {
	if p.depth++; p.depth > maxNesting {
		return operand{}, p.fail(n, "parentheses are nested deeper than %d", maxNesting)
	}
	defer func() { p.depth-- }()
	if len(n.Decl) > 0 {
		return operand{}, p.fail(n, "variables are not allowed: %s", n)
	}
	if len(n.Cmds) != 1 {
		return operand{}, p.fail(n, "pipes are not allowed: %s", n)
	}
	args := n.Cmds[0].Args
	if id, ok := args[0].(*parse.IdentifierNode); ok {
		return p.call(id, args[1:], dot)
	}
	if len(args) != 1 {
		return operand{}, p.fail(n, "%s is not a condition; compare with eq or ne", n)
	}
	return p.operand(args[0], dot)
}

func (p *parser) operand(n parse.Node, dot *fieldID) (operand, error) {
	switch n := n.(type) {
	case *parse.PipeNode:
		return p.pipe(n, dot)
	case *parse.StringNode:
		return operand{text: func(*values) string { return n.Text }}, nil
	case *parse.BoolNode:
		return operand{truthy: func(*values) bool { return n.True }}, nil
	case *parse.NumberNode:
		if !n.IsInt {
			return operand{}, p.fail(n, "%s is not a whole number", n)
		}
		return operand{number: func(*values) int { return int(n.Int64) }}, nil
	case *parse.IdentifierNode:
		return operand{}, p.fail(n, "put parentheses around %s and what belongs to it", n.Ident)
	}
	f, err := p.field(n, dot)
	if err != nil {
		return operand{}, err
	}
	if f.isNumber() {
		return operand{number: func(v *values) int { return v.numbers[f] }}, nil
	}
	return operand{text: func(v *values) string { return v.text[f] }}, nil
}

// call compiles the functions that a condition may use.
func (p *parser) call(id *parse.IdentifierNode, args []parse.Node, dot *fieldID) (operand, error) {
	switch id.Ident {
	case "eq", "ne", "and", "or", "not":
	default:
		return operand{}, p.fail(id, "function %s is not allowed; conditions know eq, ne, and, or, not", id.Ident)
	}
	operands := make([]operand, len(args))
	for i, a := range args {
		var err error
		if operands[i], err = p.operand(a, dot); err != nil {
			return operand{}, err
		}
	}
	switch id.Ident {
	case "not":
		if len(args) != 1 {
			return operand{}, p.fail(id, "not takes one value")
		}
		t := operands[0].truth()
		return operand{truthy: func(v *values) bool { return !t(v) }}, nil
	case "and", "or":
		if len(args) == 0 {
			return operand{}, p.fail(id, "%s takes at least one value", id.Ident)
		}
		return operand{truthy: junction(operands, id.Ident == "or")}, nil
	default:
		return p.comparison(id, operands)
	}
}

// junction is true when one operand is (stop true), or when all are (stop false).
func junction(operands []operand, stop bool) test {
	tests := make([]test, len(operands))
	for i, o := range operands {
		tests[i] = o.truth()
	}
	return func(v *values) bool {
		for _, t := range tests {
			if t(v) == stop {
				return stop
			}
		}
		return !stop
	}
}

// comparison compiles eq, which may list several values to compare the first with, and ne.
func (p *parser) comparison(id *parse.IdentifierNode, operands []operand) (operand, error) {
	if len(operands) < 2 || id.Ident == "ne" && len(operands) != 2 {
		return operand{}, p.fail(id, "%s compares two values", id.Ident)
	}
	first := operands[0]
	tests := make([]test, 0, len(operands)-1)
	for _, o := range operands[1:] {
		switch {
		case first.text != nil && o.text != nil:
			tests = append(tests, func(v *values) bool { return first.text(v) == o.text(v) })
		case first.number != nil && o.number != nil:
			tests = append(tests, func(v *values) bool { return first.number(v) == o.number(v) })
		case first.truthy != nil && o.truthy != nil:
			tests = append(tests, func(v *values) bool { return first.truthy(v) == o.truthy(v) })
		default:
			return operand{}, p.fail(id, "%s compares text with text and number with number", id.Ident)
		}
	}
	if id.Ident == "ne" {
		equal := tests[0]
		return operand{truthy: func(v *values) bool { return !equal(v) }}, nil
	}
	return operand{truthy: func(v *values) bool {
		for _, equal := range tests {
			if equal(v) {
				return true
			}
		}
		return false
	}}, nil
}
