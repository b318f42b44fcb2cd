// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Status writes the status of after when it differs in meaning from that of before, the same object as it was
// read. It is refused with a conflict when somebody wrote in between, and an object that is gone by now needs
// no status. It says whether it wrote.
func Status(ctx context.Context, c client.Client, before, after client.Object) (bool, error) {
	same, err := sameStatus(before, after)
	if err != nil || same {
		return false, err
	}
	base, ok := before.DeepCopyObject().(client.Object)
	if !ok {
		return false, fmt.Errorf("patch status of %T: not an API object", before)
	}
	changed, ok := after.DeepCopyObject().(client.Object)
	if !ok {
		return false, fmt.Errorf("patch status of %T: not an API object", after)
	}
	lock := client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})
	if err := c.Status().Patch(ctx, changed, lock); err != nil {
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return false, fmt.Errorf("patch status of %s %s: %w", kindOf(after), client.ObjectKeyFromObject(after), err)
	}
	after.SetResourceVersion(changed.GetResourceVersion())
	return true, nil
}

// sameStatus compares the two status sections as the API server would see them.
func sameStatus(before, after client.Object) (bool, error) {
	b, err := runtime.DefaultUnstructuredConverter.ToUnstructured(before)
	if err != nil {
		return false, fmt.Errorf("compare status of %s: %w", kindOf(before), err)
	}
	a, err := runtime.DefaultUnstructuredConverter.ToUnstructured(after)
	if err != nil {
		return false, fmt.Errorf("compare status of %s: %w", kindOf(after), err)
	}
	return equality.Semantic.DeepEqual(b["status"], a["status"]), nil
}

func kindOf(obj client.Object) string {
	if kind := obj.GetObjectKind().GroupVersionKind().Kind; kind != "" {
		return kind
	}
	return fmt.Sprintf("%T", obj)
}
