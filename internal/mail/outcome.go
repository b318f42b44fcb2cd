// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package mail

import "fmt"

// Kind is what became of a message.
type Kind uint8

const (
	// Accepted: the server took the message and answers for it now.
	Accepted Kind = iota
	// Temporary: the server said "later" (4yz).
	Temporary
	// Permanent: the server said "never" (5yz). At StageRcpt this is a bounce of the recipient.
	Permanent
	// Unknown: the final dot went out and no answer came back. The server may have taken the message.
	Unknown
	// Trouble: no connection, or it broke before the final dot. The server has not taken the message, and it is
	// not the message's fault.
	Trouble
)

var kindNames = [...]string{"accepted", "temporary", "permanent", "unknown", "trouble"}

// String is the kind in lower case, for logs.
func (k Kind) String() string { return kindNames[k] }

// Stage is the step of the dialogue that decided an outcome.
type Stage uint8

// The steps of the dialogue, in their order.
const (
	StageConnect Stage = iota
	StageGreeting
	StageHello
	StageTLS
	StageAuth
	StageMail
	StageRcpt
	StageData
	StageDot
)

var stageNames = [...]string{"connect", "greeting", "hello", "tls", "auth", "mail", "rcpt", "data", "dot"}

// String is the stage in lower case, for logs.
func (s Stage) String() string { return stageNames[s] }

// Status is an enhanced status code (RFC 3463) such as 5.1.1; the zero value means that the server gave none.
type Status struct{ Class, Subject, Detail uint16 }

// Outcome is what became of one message.
type Outcome struct {
	Kind   Kind
	Stage  Stage
	Code   int // the reply's code; 0 without one
	Status Status
	Err    error // for Unknown and Trouble: why, without any data of the message
}

// Failure is an Outcome that is not Accepted, as an error.
type Failure struct{ Outcome Outcome }

// Error names kind, stage and codes. It never holds what the server wrote.
func (f *Failure) Error() string {
	o := f.Outcome
	s := fmt.Sprintf("mail server: %s at %s", o.Kind, o.Stage)
	if o.Code != 0 {
		s += fmt.Sprintf(", reply %d", o.Code)
	}
	if o.Status.Class != 0 {
		s += fmt.Sprintf(" %d.%d.%d", o.Status.Class, o.Status.Subject, o.Status.Detail)
	}
	if o.Err != nil {
		s += ": " + o.Err.Error()
	}
	return s
}

// Unwrap is the cause, for errors.Is.
func (f *Failure) Unwrap() error { return f.Outcome.Err }

// reply is one answer of the server.
type reply struct {
	code   int
	status Status
}

func (r reply) ok() bool { return r.code >= 200 && r.code < 300 }

// outcome reads a reply that was not what the stage wanted.
func (r reply) outcome(stage Stage) Outcome {
	o := Outcome{Kind: Temporary, Stage: stage, Code: r.code, Status: r.status}
	if r.code >= 500 {
		o.Kind = Permanent
	}
	return o
}
