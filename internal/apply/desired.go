// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/internal/labels"
)

// unsetWhenEmpty are struct fields that Go writes as {} although nobody set them. Other empty objects, such as
// emptyDir, mean something.
var unsetWhenEmpty = map[string]bool{"resources": true, "strategy": true, "updateStrategy": true, "status": true}

// toApply turns an object into what is sent: fields that are set, and the digest of these.
func (a *Applier) toApply(obj client.Object) (*unstructured.Unstructured, error) {
	u, err := a.unstructured(obj)
	if err != nil {
		return nil, err
	}
	delete(u.Object, "status")
	for _, field := range []string{"uid", "resourceVersion", "generation", "managedFields", "creationTimestamp"} {
		unstructured.RemoveNestedField(u.Object, "metadata", field)
	}
	clean(u.Object)
	encoded, err := json.Marshal(u.Object)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	sum := sha256.Sum256(encoded)
	annotations := u.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[labels.DesiredHash] = hex.EncodeToString(sum[:8])
	u.SetAnnotations(annotations)
	return u, nil
}

// clean removes nulls and the empty structs that Go writes for fields nobody set.
func clean(value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, child := range v {
			clean(child)
			inner, isMap := child.(map[string]any)
			if child == nil || (isMap && len(inner) == 0 && unsetWhenEmpty[key]) {
				delete(v, key)
			}
		}
	case []any:
		for _, child := range v {
			clean(child)
		}
	}
}

// Stands says whether obj, as a child of the owner, is what was applied to existing last, and every field of it still
// stands. It sends nothing.
func (a *Applier) Stands(owner, obj, existing client.Object) (bool, error) {
	if err := a.own(owner, obj); err != nil {
		return false, fmt.Errorf("compare %s: %w", a.describe(obj), err)
	}
	desired, err := a.toApply(obj)
	if err != nil {
		return false, fmt.Errorf("compare %s: %w", a.describe(obj), err)
	}
	return a.matches(desired, existing)
}

// matches says whether applying would change nothing: the same was applied before, and every field of it still
// stands as it was applied.
func (a *Applier) matches(desired *unstructured.Unstructured, existing client.Object) (bool, error) {
	if existing.GetAnnotations()[labels.DesiredHash] != desired.GetAnnotations()[labels.DesiredHash] {
		return false, nil
	}
	live, err := a.unstructured(existing)
	if err != nil {
		return false, err
	}
	return contains(live.Object, desired.Object), nil
}

// contains says whether every field of want stands in have with the same value. What have holds beyond that
// belongs to others: defaults, other managers' labels, an injected container.
func contains(have, want any) bool {
	switch w := want.(type) {
	case map[string]any:
		h, ok := have.(map[string]any)
		if !ok {
			return len(w) == 0 && have == nil
		}
		for key, child := range w {
			if !contains(h[key], child) {
				return false
			}
		}
		return true
	case []any:
		h, ok := have.([]any)
		return ok && containsAll(h, w)
	default:
		return reflect.DeepEqual(have, want)
	}
}

// containsAll compares lists: entries with a name by that name, others by their place.
func containsAll(have, want []any) bool {
	byName := map[any]any{}
	for _, entry := range have {
		if name := nameOf(entry); name != nil {
			byName[name] = entry
		}
	}
	for i, entry := range want {
		if name := nameOf(entry); name != nil {
			if !contains(byName[name], entry) {
				return false
			}
			continue
		}
		if len(have) != len(want) || !contains(have[i], entry) {
			return false
		}
	}
	return true
}

func nameOf(entry any) any {
	if m, ok := entry.(map[string]any); ok {
		return m["name"]
	}
	return nil
}
