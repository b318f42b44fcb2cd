// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package secretwatch

import (
	"fmt"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// versions is all that is kept of a namespace's Secrets: which there are, and in which version. A network has ten, and a
// common informer would hold half a kilobyte of each. Only the reflector that fills it may call its methods of a store.
type versions struct {
	tell func(name string, first bool)

	mu      sync.Mutex
	of      map[string]string // by name; nil until there was a list
	current bool              // the watch stands, so that whatever is missing here is told when it comes
}

// version is the version of a Secret that was last told of. It is not known while the watch does not stand.
func (v *versions) version(name string) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	version, there := v.of[name]
	return version, there && v.current
}

// stand notes whether the watch stands.
func (v *versions) stand(current bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.current = current && v.of != nil
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
	v.mu.Lock()
	delete(v.of, secret.Name)
	v.mu.Unlock()
	v.tell(secret.Name, false)
	return nil
}

// Replace notes what there is after a list, and tells what it does not know yet and what is gone.
func (v *versions) Replace(list []any, _ string) error {
	var news []string
	of := make(map[string]string, len(list))
	v.mu.Lock()
	gone, first := v.of, v.of == nil
	v.mu.Unlock()
	for _, obj := range list {
		secret, err := nameOf(obj)
		if err != nil {
			return err
		}
		keep(of, secret)
		if before, known := gone[secret.Name]; !known || before != secret.ResourceVersion {
			news = append(news, secret.Name)
		}
	}
	v.mu.Lock()
	v.of, v.current = of, true
	v.mu.Unlock()
	for _, name := range news { // when the versions are known, for whoever is told will ask for them
		v.tell(name, first)
	}
	for name := range gone {
		if _, there := of[name]; !there {
			v.tell(name, false)
		}
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
	v.mu.Lock()
	keep(v.of, secret)
	v.mu.Unlock()
	v.tell(secret.Name, false)
	return nil
}

// keep copies what it keeps, for the strings are parts of the whole answer.
func keep(of map[string]string, secret *metav1.PartialObjectMetadata) {
	of[strings.Clone(secret.Name)] = strings.Clone(secret.ResourceVersion)
}

func nameOf(obj any) (*metav1.PartialObjectMetadata, error) {
	secret, ok := obj.(*metav1.PartialObjectMetadata)
	if !ok {
		return nil, fmt.Errorf("watch Secrets: %T is no metadata", obj)
	}
	return secret, nil
}
