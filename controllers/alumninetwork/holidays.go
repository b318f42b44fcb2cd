// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/quiet"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

const (
	// holidaysIndex finds networks by the name of the ConfigMap that lists their holidays.
	holidaysIndex = "alumninetwork.holidays"
	// holidaysAhead is how long before its end a list of holidays is said to end.
	holidaysAhead = 30 * 24 * time.Hour
)

func indexHolidays(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &v1alpha1.AlumniNetwork{}, holidaysIndex, func(obj client.Object) []string {
		if n, ok := obj.(*v1alpha1.AlumniNetwork); ok && n.HolidaysFrom() != nil {
			return []string{n.HolidaysFrom().Name}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("index networks by the ConfigMap of their holidays: %w", err)
	}
	return nil
}

// networksOfHolidays finds the networks whose holidays a ConfigMap lists.
func (r *Reconciler) networksOfHolidays(ctx context.Context, config client.Object) []ctrl.Request {
	list := &v1alpha1.AlumniNetworkList{}
	err := r.Client.List(ctx, list, client.InNamespace(config.GetNamespace()), client.MatchingFields{holidaysIndex: config.GetName()}, client.UnsafeDisableDeepCopy)
	if err != nil {
		log.FromContext(ctx).Error(err, "Finding the networks of a list of holidays failed", "namespace", config.GetNamespace())
		return nil
	}
	var requests []ctrl.Request
	for i := range list.Items {
		requests = append(requests, ctrl.Request{NamespacedName: nameOf(&list.Items[i])})
	}
	return requests
}

// readHolidays learns on which days nobody is written to. While they cannot be read, workers that run keep to those that were
// published last, and campaigns start no run.
func (r *Reconciler) readHolidays(ctx context.Context, s *scope) error {
	n := s.network
	ref := n.HolidaysFrom()
	if ref == nil {
		conditions.Remove(n, v1alpha1.HolidaysReadyCondition)
		return nil
	}
	dates, err := r.holidays(ctx, client.ObjectKey{Namespace: n.Namespace, Name: ref.Name}, ref.Key)
	if err != nil {
		conditions.Fail(n, v1alpha1.HolidaysReadyCondition, err)
		s.holidays = r.publishedHolidays(ctx, n)
		return err
	}
	s.holidays = dates
	last := dates[len(dates)-1]
	if last < s.now.Add(holidaysAhead).UTC().Format(time.DateOnly) {
		conditions.True(n, v1alpha1.HolidaysReadyCondition, v1alpha1.ReasonHolidaysEnding,
			fmt.Sprintf("The list of holidays ends on %s: add those that follow, or members are written to on them", last))
		return nil
	}
	conditions.True(n, v1alpha1.HolidaysReadyCondition, v1alpha1.ReasonHolidaysRead, fmt.Sprintf("%d holidays until %s", len(dates), last))
	return nil
}

func (r *Reconciler) holidays(ctx context.Context, name client.ObjectKey, key string) ([]string, error) {
	config := &corev1.ConfigMap{}
	err := r.Live.Get(ctx, name, config)
	if apierrors.IsNotFound(err) {
		return nil, outcome.Wait(outcome.Resync, v1alpha1.ReasonConfigMapNotFound, "spec.quietHours.holidaysFrom: ConfigMap %s does not exist", name.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("read ConfigMap %s: %w", name, err)
	}
	text, found := config.Data[key]
	if !found {
		return nil, outcome.Wait(outcome.Resync, v1alpha1.ReasonConfigMapInvalid, "spec.quietHours.holidaysFrom: ConfigMap %s has no key %s", name.Name, key)
	}
	dates, err := quiet.ParseHolidays(text)
	if err != nil {
		return nil, outcome.Wait(outcome.Resync, v1alpha1.ReasonConfigMapInvalid, "spec.quietHours.holidaysFrom: key %s of ConfigMap %s: %v", key, name.Name, err)
	}
	return dates, nil
}

// publishedHolidays are those that workloads read now; none when none were published.
func (r *Reconciler) publishedHolidays(ctx context.Context, n *v1alpha1.AlumniNetwork) []string {
	config := &corev1.ConfigMap{}
	var known settings.Network
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: naming.NetworkConfig(n.Name)}, config)
	if err == nil {
		err = json.Unmarshal([]byte(config.Data[settings.NetworkFile]), &known)
	}
	if err != nil || known.QuietHours == nil {
		return nil
	}
	return known.QuietHours.Holidays
}
