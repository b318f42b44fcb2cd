// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bounce

import "fmt"

// Kind is what a report says of one message, in the order in which the worse one counts.
type Kind uint8

const (
	// Ignored says nothing of the message: an absence note, a person's answer, something unreadable.
	Ignored Kind = iota
	// Delivered says that the message reached the mailbox.
	Delivered
	// Delayed says that somebody goes on trying. It is no failure: if it becomes one, another report says so.
	Delayed
	// Refused says that the message was given up for a reason that says nothing of the mailbox: policy, content, size.
	Refused
	// SoftBounce says that the message was given up because the mailbox could not be reached this time.
	SoftBounce
	// HardBounce says that the mailbox does not exist.
	HardBounce
	// Complaint says that the recipient called the message unwanted.
	Complaint
)

var kindNames = [...]string{"Ignored", "Delivered", "Delayed", "Refused", "SoftBounce", "HardBounce", "Complaint"}

// String is the name of the kind in the store and in metrics.
func (k Kind) String() string { return kindNames[k] }

// Kinds lists every kind, for metrics that begin at 0.
func Kinds() []Kind {
	return []Kind{Ignored, Delivered, Delayed, Refused, SoftBounce, HardBounce, Complaint}
}

// Failed tells that the message did not reach the mailbox and will not.
func (k Kind) Failed() bool { return k == Refused || k == SoftBounce || k == HardBounce }

// Status is an enhanced status code (RFC 3463) such as 5.1.1; the zero value means that there is none.
type Status struct{ Class, Subject, Detail uint16 }

// String is the code as servers write it, and empty without one.
func (s Status) String() string {
	if s.Class == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d", s.Class, s.Subject, s.Detail)
}

// says tells whether the status gives a reason: x.0.0 gives none.
func (s Status) says() bool { return s.Class != 0 && s.Subject != 0 }

// Classify says what it means that a message was given up with this status and this reply code (0 without one). The
// status counts where it gives a reason.
//
// A mailbox that does not exist is one of 5.1.x and 5.2.1, or a bare 550, 551, 553 or 556. 5.1.7 and 5.1.8 are not among
// them: they speak of the sender, and a fault of our own domain must not cost every address. Policy (x.7.x), content,
// protocol and size say nothing of the mailbox. Everything else may be over tomorrow.
func Classify(s Status, code int) Kind {
	if !s.says() {
		return classifyCode(code)
	}
	switch permanent := s.Class == 5; {
	case s.Class == 2:
		return Delivered
	case s.Subject == 1 && (s.Detail == 7 || s.Detail == 8):
		return Refused
	case s.Subject == 1 && permanent, s.Subject == 2 && s.Detail == 1 && permanent:
		return HardBounce
	case s.Subject >= 5, s.Subject == 2 && s.Detail == 3, s.Subject == 3 && s.Detail == 4:
		return Refused
	}
	return SoftBounce
}

// classifyCode reads a reply code that stands alone. Without any code nobody knows why.
func classifyCode(code int) Kind {
	switch code {
	case 550, 551, 553, 556:
		return HardBounce
	case 552:
		return SoftBounce
	}
	if code >= 500 {
		return Refused
	}
	return SoftBounce
}
