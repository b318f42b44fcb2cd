// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/apply"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
)

const (
	// rotateAnnotation asks for new logins now: any new value does.
	rotateAnnotation = "alumni-operator.io/rotate-credentials"
	// rotationRetry is the pause after a rotation that failed. Nothing is worse than before it.
	rotationRetry = time.Minute
)

// errNotTaken says that the server does not take a login that was just made.
var errNotTaken = errors.New("the server does not take the next login")

// rotateLogins renews the logins that are due. Each role has two, of which one is in use. The other gets a new password in the
// database first; when it has been seen to work, the Secrets name it, and the pods follow. A crash at any point leaves logins
// that work: what no Secret names is opened again with another password.
//
// A failure leaves the network as it was, so StoreReady tells of it and stays True.
func (r *Reconciler) rotateLogins(ctx context.Context, s *scope) error {
	if !s.storeUsable {
		return nil
	}
	if s.adminKept != nil {
		return r.notRotated(ctx, s, s.adminKept)
	}
	due, next := s.dueLogins()
	s.nextRotation = next
	if s.formerInUse {
		s.nextRotation = outcome.Poll
	}
	// A portal that cannot be rolled would go on with the former logins. An upgrade of the operator comes first.
	upgrading := s.held || s.network.Status.Upgrade != nil
	if len(due) > 0 && !s.formerInUse && s.channels == nil && !upgrading {
		if err := r.renew(ctx, s); err != nil {
			return r.notRotated(ctx, s, err)
		}
		due, s.nextRotation = nil, outcome.Poll
	}
	s.showCredentials(len(due) > 0)
	return nil
}

// dueLogins are the roles whose logins are to be renewed, and the time until the next are by age; 0 for never.
func (s *scope) dueLogins() (due []naming.Role, next time.Duration) {
	for _, role := range naming.Roles() {
		c := s.credentials[role]
		until, ages := s.untilTooOld(c)
		switch {
		case s.isDue(c):
			due = append(due, role)
		case ages && (next == 0 || until < next):
			next = until
		}
	}
	return due, next
}

// isDue says that a login is to be renewed, by request or by age.
func (s *scope) isDue(c credential) bool {
	asked := request(s.network)
	until, ages := s.untilTooOld(c)
	return asked != "" && asked != c.rotatedFor || ages && until <= 0
}

// untilTooOld is how long a login may still be used, where its age is bounded.
func (s *scope) untilTooOld(c credential) (time.Duration, bool) {
	declared := s.network.Spec.Store.Credentials
	if declared == nil || declared.RotateAfter == nil {
		return 0, false
	}
	period, err := calendar.ParsePeriod(string(*declared.RotateAfter))
	if err != nil {
		return 0, false // the API server takes no such period
	}
	since := c.rotatedAt
	if since.IsZero() {
		since = c.madeAt
	}
	return since.UTC().AddDate(0, period.Months, period.Days).Sub(s.now), true
}

// renew opens the other logins of the roles that are due, tries them, and names them in the Secrets.
func (r *Reconciler) renew(ctx context.Context, s *scope) error {
	if err := r.openStore(ctx, s); err != nil {
		return err
	}
	due, _ := s.dueLogins() // by the Secrets as they are now
	if len(due) == 0 || s.formerInUse {
		return nil
	}
	if err := r.wishNextAdmin(ctx, s); err != nil {
		return err
	}
	opened, used := map[naming.Role]postgres.Logins{}, map[naming.Role]postgres.Logins{}
	for _, role := range due {
		l := s.loginsOf(s.credentials[role])
		l.Other, l.OtherPassword = postgres.OtherOpened, rand.Text()
		opened[role], used[role] = l, l.Next()
	}
	if err := r.openNextLogins(ctx, s, opened, used); err != nil {
		if errors.Is(err, postgres.ErrAuthentication) && !errors.Is(err, errNotTaken) {
			return refusedAdmin(s.network, err)
		}
		return explain(err)
	}
	for _, role := range due {
		if err := r.handOver(ctx, s, role, used[role]); err != nil {
			return err
		}
	}
	r.Looks.forget(s.network) // the store is as it was found, but for the logins
	log.FromContext(ctx).Info("Rotated the logins of the store", "roles", len(due))
	r.Recorder.Eventf(s.network, nil, corev1.EventTypeNormal, v1alpha1.ReasonCredentialsRotated, "Rotate",
		"The logins of %d database roles were renewed; the former ones stay valid until no pod uses them, and for an hour at most", len(due))
	return nil
}

// openNextLogins makes the next logins valid beside the present ones, and looks whether the server takes them.
func (r *Reconciler) openNextLogins(ctx context.Context, s *scope, opened, used map[naming.Role]postgres.Logins) error {
	spec, err := s.spec.WithLogins(opened)
	if err != nil {
		return err
	}
	err = r.withTurn(ctx, s.admin, postgres.EnsureSessions, func() error {
		_, err := postgres.Ensure(ctx, postgres.EnsureInput{Admin: s.admin, Spec: spec})
		return err
	})
	if err != nil {
		return err
	}
	if spec, err = s.spec.WithLogins(used); err != nil {
		return err
	}
	steps, _, err := r.check(ctx, spec.Login(s.admin, naming.RoleMetrics), spec)
	switch {
	case errors.Is(err, postgres.ErrAuthentication), errors.Is(err, postgres.ErrTLS): // the admin was let in a moment ago
		return fmt.Errorf("%w: %w", errNotTaken, err)
	case err == nil && len(steps) > 0:
		return fmt.Errorf("%w: %s", errNotTaken, steps[0].Reason)
	}
	return err
}

// handOver names the next login of a role in its Secret. Somebody else's change of the Secret in between is a conflict.
func (r *Reconciler) handOver(ctx context.Context, s *scope, role naming.Role, l postgres.Logins) error {
	c := s.credentials[role]
	before := c.secret
	c.secret, c.generation, c.password, c.rotatedAt = before.DeepCopy(), l.Current, l.Password, s.now.UTC().Truncate(time.Second)
	c.secret.Data[dbconn.KeyUsername] = []byte(naming.DatabaseLogin(databaseName(s.network), role, l.Current))
	c.secret.Data[dbconn.KeyPassword] = []byte(l.Password)
	setAnnotation(c.secret, labels.RotatedAt, c.rotatedAt.Format(time.RFC3339))
	setAnnotation(c.secret, labels.RotatedFor, request(s.network))
	c.rotatedFor = request(s.network)
	if err := r.changeSecret(ctx, before, c.secret); err != nil {
		return err
	}
	c.found = markOf(c.secret.Name, c.secret.ResourceVersion)
	s.credentials[role], s.formerInUse = c, true
	s.note.keep(role, c)
	return nil
}

// changeSecret writes a Secret, unless somebody else has changed it meanwhile: that is a conflict.
func (r *Reconciler) changeSecret(ctx context.Context, before, after *corev1.Secret) error {
	err := r.Client.Patch(ctx, after, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(apply.FieldManager))
	if err != nil {
		return secretwatch.Explain(err, client.ObjectKeyFromObject(before))
	}
	return nil
}

func setAnnotation(secret *corev1.Secret, key, value string) {
	if value == "" {
		delete(secret.Annotations, key)
		return
	}
	if secret.Annotations == nil {
		secret.Annotations = map[string]string{}
	}
	secret.Annotations[key] = value
}

// notRotated tells why the logins could not be renewed. The present ones are as good as before.
func (r *Reconciler) notRotated(ctx context.Context, s *scope, err error) error {
	s.nextRotation = rotationRetry
	s.showCredentials(true)
	if apierrors.IsConflict(err) {
		return err
	}
	log.FromContext(ctx).Error(err, "Rotating the logins of the store failed")
	if outcome.IsWaiting(err) {
		s.nextRotation = outcome.Soon
		return nil
	}
	_, message := outcome.Describe(err, v1alpha1.ReasonFailed)
	conditions.True(s.network, v1alpha1.StoreReadyCondition, v1alpha1.ReasonRotationFailed,
		"The store is as declared and its present logins stay valid, but they could not be renewed: "+message)
	return nil
}

// showCredentials tells how far a rotation is.
func (s *scope) showCredentials(waiting bool) {
	if s.network.Status.Store == nil {
		return
	}
	status := &v1alpha1.CredentialsStatus{State: v1alpha1.RotationSettled}
	switch {
	case waiting:
		status.State = v1alpha1.RotationWaiting
	case s.formerInUse:
		status.State = v1alpha1.RotationHandingOver
	}
	if last := s.lastRotation(); !last.IsZero() {
		status.RotatedAt = second(last)
	}
	s.network.Status.Store.Credentials = status
}
