// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package secretwatch

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// versions is all that is kept of a namespace's Secrets: which there are, and in which version. A network has ten, and a
// common informer would hold half a kilobyte of each. Only the reflector that fills it may call it.
type versions struct {
	of   map[string]string // by name; nil until there was a list
	tell func(name string, first bool)
}

// Add notes a Secret that is new.
func (v *versions) Add(obj any) error { return v.note(obj) }

// Update notes a Secret that has changed.
func (v *versions) Update(obj any) error { return v.note(obj) }

// Delete notes that a Secret is gone.
func (v *versions) Delete(obj any) error {
	secret, err := nameOf(obj)
	if err != nil {
		return err
	}
	delete(v.of, secret.Name)
	v.tell(secret.Name, false)
	return nil
}

// Replace notes what there is after a list, and tells what it does not know yet and what is gone.
func (v *versions) Replace(list []any, _ string) error {
	gone, first := v.of, v.of == nil
	v.of = make(map[string]string, len(list))
	for _, obj := range list {
		secret, err := nameOf(obj)
		if err != nil {
			return err
		}
		before, known := gone[secret.Name]
		delete(gone, secret.Name)
		v.keep(secret)
		if !known || before != secret.ResourceVersion {
			v.tell(secret.Name, first)
		}
	}
	for name := range gone {
		v.tell(name, false)
	}
	return nil
}

// Resync has nothing to do: nobody waits for a repetition.
func (v *versions) Resync() error { return nil }

func (v *versions) note(obj any) error {
	secret, err := nameOf(obj)
	if err != nil {
		return err
	}
	v.keep(secret)
	v.tell(secret.Name, false)
	return nil
}

// keep copies what it keeps, for the strings are parts of the whole answer.
func (v *versions) keep(secret *metav1.PartialObjectMetadata) {
	v.of[strings.Clone(secret.Name)] = strings.Clone(secret.ResourceVersion)
}

func nameOf(obj any) (*metav1.PartialObjectMetadata, error) {
	secret, ok := obj.(*metav1.PartialObjectMetadata)
	if !ok {
		return nil, fmt.Errorf("watch Secrets: %T is no metadata", obj)
	}
	return secret, nil
}
