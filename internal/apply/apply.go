// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
)

// FieldManager is the one name under which the operator applies fields.
const FieldManager = "alumni-operator"

// HandOverManager is the name under which a field is kept between two owners.
const HandOverManager = "alumni-operator-handover"

// Applier applies children. Client reads from the cache; Live reads from the API server and is asked only
// about objects that the cache does not know, for the cache holds objects with our label only.
type Applier struct {
	Client client.Client
	Live   client.Reader
	// Wrote is told of each object as it is after an Apply that changed it; nil when nobody wants to know.
	Wrote func(client.Object)
}

// Apply brings each object to its declared form as a child of the owner. Objects are taken in order; the first
// error ends it.
func (a *Applier) Apply(ctx context.Context, owner client.Object, objs ...client.Object) error {
	for _, obj := range objs {
		if err := a.own(owner, obj); err != nil {
			return fmt.Errorf("apply %s: %w", a.describe(obj), err)
		}
		if err := a.applyOne(ctx, obj, func(existing client.Object) error { return a.CheckOwner(owner, existing) }); err != nil {
			return err
		}
	}
	return nil
}

// ApplyRetained brings an object to its declared form that has no owner, because it outlives its network and is taken up
// again by the next network of the same name. It is told by its label: an object without that is somebody else's.
func (a *Applier) ApplyRetained(ctx context.Context, obj client.Object) error {
	wanted := obj.GetLabels()[labels.Network]
	return a.applyOne(ctx, obj, func(existing client.Object) error { return a.checkRetained(existing, wanted) })
}

// applyOne applies an object unless it stands as declared. An object that the check refuses is not touched.
func (a *Applier) applyOne(ctx context.Context, obj client.Object, check func(existing client.Object) error) error {
	desired, err := a.toApply(obj)
	if err != nil {
		return fmt.Errorf("apply %s: %w", a.describe(obj), err)
	}
	existing, err := a.find(ctx, obj)
	if err != nil {
		return fmt.Errorf("apply %s: %w", a.describe(obj), err)
	}
	if existing != nil {
		if err := check(existing); err != nil {
			return err
		}
		same, err := a.matches(desired, existing)
		if err != nil {
			return fmt.Errorf("apply %s: %w", a.describe(obj), err)
		}
		if same {
			return copyInto(existing, obj)
		}
		desired.SetUID(existing.GetUID())
	}
	log.FromContext(ctx).Info("Applying", "object", a.describe(obj), "new", existing == nil)
	config := client.ApplyConfigurationFromUnstructured(desired)
	if err := a.Client.Apply(ctx, config, client.FieldOwner(FieldManager), client.ForceOwnership); err != nil {
		return a.refused("apply", obj, err)
	}
	if a.Wrote != nil {
		a.Wrote(desired)
	}
	return fill(obj, desired.Object)
}

// HandOver gives the named field of an object to whoever changes it next. It writes what stands there once more under a
// second name, so that a following Apply without the field takes away the first claim only, and the field keeps its value
// until its new owner changes it. Where the field has a new owner already, nothing is done.
func (a *Applier) HandOver(ctx context.Context, live client.Object, value any, field ...string) error {
	gvk, err := apiutil.GVKForObject(live, a.Client.Scheme())
	if err != nil {
		return fmt.Errorf("hand over %s: %w", a.describe(live), err)
	}
	claim := &unstructured.Unstructured{Object: map[string]any{}}
	claim.SetGroupVersionKind(gvk)
	claim.SetNamespace(live.GetNamespace())
	claim.SetName(live.GetName())
	claim.SetUID(live.GetUID())
	if err := unstructured.SetNestedField(claim.Object, value, field...); err != nil {
		return fmt.Errorf("hand over %s: %w", a.describe(live), err)
	}
	err = a.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(claim), client.FieldOwner(HandOverManager))
	if err != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("hand over %s: %w", a.describe(live), err)
	}
	return nil
}

// Create makes a child that is never changed afterwards: a job, a generated Secret, a volume claim. Without an
// owner the object outlives its network and is told by its label. One that exists already is left as it is and
// read into obj. It says whether it made one.
func (a *Applier) Create(ctx context.Context, owner, obj client.Object) (bool, error) {
	if owner != nil {
		if err := a.own(owner, obj); err != nil {
			return false, fmt.Errorf("create %s: %w", a.describe(obj), err)
		}
	}
	wanted := obj.GetLabels()[labels.Network]
	err := a.Client.Create(ctx, obj, client.FieldOwner(FieldManager))
	switch {
	case err == nil:
		log.FromContext(ctx).Info("Created", "object", a.describe(obj))
		return true, nil
	case !apierrors.IsAlreadyExists(err):
		return false, a.refused("create", obj, err)
	}
	if err := a.Live.Get(ctx, client.ObjectKeyFromObject(obj), obj); err != nil {
		return false, fmt.Errorf("read %s: %w", a.describe(obj), err)
	}
	if owner != nil {
		return false, a.CheckOwner(owner, obj)
	}
	return false, a.checkRetained(obj, wanted)
}

// checkRetained refuses an object that is not of the wanted network by its label.
func (a *Applier) checkRetained(existing client.Object, wanted string) error {
	if existing.GetDeletionTimestamp() != nil {
		return outcome.Wait(outcome.Soon, v1alpha1.ReasonProgressing, "%s is being deleted", a.describe(existing))
	}
	if existing.GetLabels()[labels.Network] != wanted {
		return outcome.Stop(v1alpha1.ReasonNotOwned,
			"%s exists and is not of this network; rename or remove it, or label it %s=%s to hand it over",
			a.describe(existing), labels.Network, wanted)
	}
	return nil
}

// own makes obj a child of the owner. A child never holds up the deletion of its owner, so that no right on the owners'
// finalizers is needed.
func (a *Applier) own(owner, obj client.Object) error {
	return controllerutil.SetControllerReference(owner, obj, a.Client.Scheme(), controllerutil.WithBlockOwnerDeletion(false))
}

// find reads the live object of the same kind and name: from the cache, or, when that does not know it, from
// the API server, so that a stranger's object without our label is seen. Nil means there is none.
func (a *Applier) find(ctx context.Context, obj client.Object) (client.Object, error) {
	existing, err := a.empty(obj)
	if err != nil {
		return nil, err
	}
	key := client.ObjectKeyFromObject(obj)
	err = a.Client.Get(ctx, key, existing)
	if apierrors.IsNotFound(err) {
		err = a.Live.Get(ctx, key, existing)
	}
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return existing, nil
}

func (a *Applier) empty(obj client.Object) (client.Object, error) {
	gvk, err := apiutil.GVKForObject(obj, a.Client.Scheme())
	if err != nil {
		return nil, err
	}
	if _, untyped := obj.(*unstructured.Unstructured); untyped {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(gvk)
		return u, nil
	}
	made, err := a.Client.Scheme().New(gvk)
	if err != nil {
		return nil, err
	}
	object, ok := made.(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T is not an API object", made)
	}
	return object, nil
}

// CheckOwner refuses an object that the owner does not control. A child of an earlier object of the same name
// is about to be collected, so that is only a wait.
func (a *Applier) CheckOwner(owner, existing client.Object) error {
	if existing.GetDeletionTimestamp() != nil {
		return outcome.Wait(outcome.Soon, v1alpha1.ReasonProgressing, "%s is being deleted", a.describe(existing))
	}
	ref := metav1.GetControllerOf(existing)
	switch {
	case ref != nil && ref.UID == owner.GetUID():
		return nil
	case ref != nil && ref.Kind == a.kind(owner) && ref.Name == owner.GetName():
		return outcome.Wait(outcome.Soon, v1alpha1.ReasonProgressing,
			"%s belongs to an earlier %s of this name and is about to be collected", a.describe(existing), ref.Kind)
	default:
		return outcome.Stop(v1alpha1.ReasonNotOwned,
			"%s exists and is not controlled by this %s; rename or remove it", a.describe(existing), a.kind(owner))
	}
}

// refused gives an API server's refusal its meaning: what it finds invalid stays invalid until the spec changes.
func (a *Applier) refused(verb string, obj client.Object, err error) error {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || !apierrors.IsInvalid(err) {
		return fmt.Errorf("%s %s: %w", verb, a.describe(obj), err)
	}
	message := fmt.Sprintf("the API server refuses %s", a.describe(obj))
	if d := status.Status().Details; d != nil {
		for i, cause := range d.Causes {
			if i == 3 {
				break
			}
			message += fmt.Sprintf("; %s: %s", cause.Field, cause.Message)
		}
	}
	return &outcome.Terminal{Reason: v1alpha1.ReasonInvalidSpec, Message: message, Err: err}
}

func (a *Applier) kind(obj client.Object) string {
	gvk, err := apiutil.GVKForObject(obj, a.Client.Scheme())
	if err != nil {
		return fmt.Sprintf("%T", obj)
	}
	return gvk.Kind
}

// describe names an object for people: kind and name.
func (a *Applier) describe(obj client.Object) string {
	return fmt.Sprintf("%s %s/%s", a.kind(obj), obj.GetNamespace(), obj.GetName())
}

func copyInto(from, to client.Object) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(from)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	return fill(to, content)
}

// fill puts what stands in the cluster into an object, typed or not.
func fill(obj client.Object, content map[string]any) error {
	if u, untyped := obj.(*unstructured.Unstructured); untyped {
		u.Object = content
		return nil
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(content, obj)
}

func (a *Applier) unstructured(obj client.Object) (*unstructured.Unstructured, error) {
	gvk, err := apiutil.GVKForObject(obj, a.Client.Scheme())
	if err != nil {
		return nil, err
	}
	if untyped, ok := obj.(*unstructured.Unstructured); ok {
		return untyped.DeepCopy(), nil
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(gvk)
	return u, nil
}
