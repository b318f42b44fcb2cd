// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/postgres"
	"github.com/alumni-operator/alumni-operator/internal/resources/store"
	"github.com/alumni-operator/alumni-operator/internal/trouble"
)

// slowCheck is how long a look at a store may take before the server is called slow. It takes a tenth of a second, with a
// session for each role.
const slowCheck = 3 * time.Second

// runServer keeps the server or the Cluster of the network and waits until it takes connections. An External store has none.
func (r *Reconciler) runServer(ctx context.Context, s *scope) error {
	switch s.network.StoreKind() {
	case v1alpha1.StoreStandalone:
		return r.runStandalone(ctx, s)
	case v1alpha1.StoreCloudNativePG:
		return r.runCluster(ctx, s)
	default:
		return nil
	}
}

// runStandalone keeps the one server of a Standalone store.
func (r *Reconciler) runStandalone(ctx context.Context, s *scope) error {
	n := s.network
	in := store.Input{Network: n, Image: r.image(s), PostgresImage: r.PostgresImage, OperatorNamespace: r.Namespace}
	if err := r.keepVolume(ctx, in); err != nil {
		return err
	}
	server, err := r.applyServer(ctx, in)
	if err != nil {
		return err
	}
	if server.Status.ReadyReplicas > 0 {
		s.adminKept = r.renewAdmin(ctx, s)
		return nil
	}
	return r.podsNotReady(ctx, n, labels.Store, v1alpha1.ReasonServerNotReady, "the PostgreSQL server is starting")
}

// applyServer applies the server's objects. A new version of the operator alone does not restart a database: the boot
// program that a server was made with stays until something else of the server changes.
func (r *Reconciler) applyServer(ctx context.Context, in store.Input) (*appsv1.StatefulSet, error) {
	live := &appsv1.StatefulSet{}
	server, others := store.Desired(in)
	err := r.Client.Get(ctx, client.ObjectKeyFromObject(server), live)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("read the server: %w", err)
	}
	if earlier := store.BootImage(live); earlier != "" && earlier != in.Image {
		in.Image = earlier
		unchanged, _ := store.Desired(in)
		if same, err := r.applier().Stands(in.Network, unchanged, live); err != nil {
			return nil, err
		} else if same {
			server = unchanged
		}
	}
	return server, r.applier().Apply(ctx, in.Network, append(others, server)...)
}

// podsNotReady explains why pods of a part are not ready: what keeps them, or only that they are on their way.
func (r *Reconciler) podsNotReady(ctx context.Context, n *v1alpha1.AlumniNetwork, part labels.Part, reason, message string) error {
	words, err := r.podWords(ctx, n, labels.Selector(n.Name, part))
	switch {
	case err != nil:
		return err
	case words != "":
		return outcome.Retry(outcome.Poll, v1alpha1.ReasonPodTrouble, "%s", words)
	default:
		return outcome.Wait(outcome.Poll, reason, "%s", message)
	}
}

// podWords puts into words what keeps the selected pods; empty when nothing does.
func (r *Reconciler) podWords(ctx context.Context, n *v1alpha1.AlumniNetwork, selector map[string]string) (string, error) {
	pods := &corev1.PodList{}
	if err := r.Client.List(ctx, pods, client.InNamespace(n.Namespace), client.MatchingLabels(selector)); err != nil {
		return "", fmt.Errorf("list pods: %w", err)
	}
	return trouble.Of(pods.Items), nil
}

// provision looks at the store as the metrics role, and takes the admin role only when something is to be done.
func (r *Reconciler) provision(ctx context.Context, s *scope) error {
	n := s.network
	if s.held { // rights and schema stay those of the version that the network runs
		s.schema = schemaVersion(n)
		inOrder(n, 0, s.serverNote)
		return nil
	}
	asked := s.asked()
	if s.nextLook = r.Looks.holds(n, asked); s.nextLook > 0 {
		s.schema = pgstore.LatestVersion()
		inOrder(n, 0, s.serverNote)
		return nil
	}
	trusted := r.Looks.trusts(n, asked)
	r.Looks.forget(n)
	if trusted {
		if inOrder, err := r.glance(ctx, s, asked); err != nil || inOrder {
			return err
		}
	}
	if err := r.openLogins(ctx, s); err != nil {
		return err
	}
	return r.inspect(ctx, s, asked)
}

// glance looks at a store whose logins were tried not long ago: in one session, and with no Secret but that of the operator's own
// login. It says whether the store is in order; of one that is not it says nothing.
func (r *Reconciler) glance(ctx context.Context, s *scope, asked digest) (bool, error) {
	spec, err := r.describeStore(s, nil)
	if err != nil || spec.Restore || !r.Looks.admitted(s) {
		return false, err
	}
	if err := r.openMetrics(ctx, s); err != nil {
		return false, err
	}
	steps, took, err := r.check(ctx, s.metrics, spec)
	if err != nil || len(steps) > 0 {
		return false, explain(err)
	}
	s.schema = pgstore.LatestVersion()
	inOrder(s.network, took, s.serverNote)
	if took <= slowCheck {
		r.Looks.keep(s.network, asked, false)
	}
	return true, nil
}

// inspect looks at the store and repairs what it finds.
func (r *Reconciler) inspect(ctx context.Context, s *scope, asked digest) (err error) {
	n, spec := s.network, s.spec
	if s.restoring = spec.Restore; s.restoring { // before the look, so that what is done by now is seen as done by it
		if s.mark, err = r.readMark(ctx, s); err != nil {
			return explain(err)
		}
	}
	steps, took, err := r.check(ctx, s.metrics, spec)
	if err != nil {
		return explain(err)
	}
	if len(steps) == 0 {
		s.schema = pgstore.LatestVersion()
	} else if err = r.openAdmin(ctx, s); err != nil {
		return err
	} else {
		err = r.repair(ctx, s, spec, steps)
	}
	if errors.Is(err, postgres.ErrAuthentication) {
		if r.keepsFormer(ctx, s) {
			tellRefused(n, err)
			return nil
		}
		return refusedAdmin(n, err)
	}
	if err != nil {
		return explain(err)
	}
	inOrder(n, took, s.serverNote)
	if len(steps) == 0 && r.adminIsRefused(ctx, s) {
		return nil
	}
	r.Looks.admit(s)
	if s.migration == nil && !spec.Restore && took <= slowCheck {
		r.Looks.keep(n, asked, true)
	}
	return nil
}

// inOrder says that the store is as declared, and how its server fares.
func inOrder(n *v1alpha1.AlumniNetwork, took time.Duration, note string) {
	reason, message := v1alpha1.ReasonProvisioned, fmt.Sprintf("Database %q, its roles and their grants are as declared%s", databaseName(n), note)
	if took > slowCheck {
		reason = v1alpha1.ReasonServerSlow
		message += fmt.Sprintf("; the server takes longer than %s to tell so: see its load, its disk and the network to it", slowCheck)
	}
	conditions.True(n, v1alpha1.StoreReadyCondition, reason, message)
}

// adminIsRefused tries an admin login that is not known to work, and tells of one that does not. The store is in order without
// it, but nothing could be repaired. A server that does not answer now says nothing of the login.
func (r *Reconciler) adminIsRefused(ctx context.Context, s *scope) bool {
	if r.Looks.admitted(s) {
		return false
	}
	if err := r.openAdmin(ctx, s); err != nil {
		return false
	}
	err := r.withTurn(ctx, s.admin, 1, func() error { return postgres.TryLogin(ctx, s.admin) })
	if !errors.Is(err, postgres.ErrAuthentication) {
		return false
	}
	tellRefused(s.network, err)
	return true
}

// keepsFormer says whether the store lacks nothing but an end of former logins, for which the admin is needed. They stay valid then.
func (r *Reconciler) keepsFormer(ctx context.Context, s *scope) bool {
	if s.formerInUse || s.lastRotation().IsZero() {
		return false
	}
	s.formerInUse = true
	spec, err := r.storeSpec(s)
	if err != nil {
		return false
	}
	steps, _, err := r.check(ctx, s.metrics, spec)
	return err == nil && len(steps) == 0
}

// tellRefused tells that the admin login is refused, of a network that serves without it.
func tellRefused(n *v1alpha1.AlumniNetwork, err error) {
	_, message := outcome.Describe(refusedAdmin(n, err), v1alpha1.ReasonFailed)
	conditions.True(n, v1alpha1.StoreReadyCondition, v1alpha1.ReasonAdminRefused,
		"The store serves, but could not be repaired, nor its logins be renewed or closed: "+message)
}

// check looks at the store as the metrics role, when it is the network's turn. It tells how long the server took.
func (r *Reconciler) check(ctx context.Context, metrics dbconn.Login, spec postgres.Spec) (steps []postgres.Step, took time.Duration, err error) {
	err = r.withTurn(ctx, metrics, postgres.CheckSessions, func() error {
		begun := time.Now()
		steps, err = postgres.Check(ctx, metrics, spec)
		took = time.Since(begun)
		return err
	})
	return steps, took, err
}

// withTurn does something at a server when the budget has room for its sessions.
func (r *Reconciler) withTurn(ctx context.Context, login dbconn.Login, sessions int, do func() error) error {
	leave, err := r.Budget.Enter(ctx, login, sessions)
	if err != nil {
		return err
	}
	defer leave()
	return do()
}

// refusedAdmin names the Secret whose login the server refuses, and what may have happened to it.
func refusedAdmin(n *v1alpha1.AlumniNetwork, err error) error {
	f := &outcome.Failure{Reason: v1alpha1.ReasonAuthenticationFailed, Err: err, After: outcome.Poll}
	switch {
	case n.Spec.Store.External != nil:
		f.Message = fmt.Sprintf("the server refused user name or password of Secret %q", n.Spec.Store.External.AdminSecretRef.Name)
		return f
	case n.ForeignCluster() != "":
		f.Message = fmt.Sprintf("the server refused user name or password of Secret %q", n.Spec.Store.CloudNativePG.AdminSecretRef.Name)
		return f
	case n.StoreKind() == v1alpha1.StoreCloudNativePG:
		f.Message = fmt.Sprintf("CloudNativePG has not given role %q the password of Secret %q yet; see status.managedRolesStatus of Cluster %q",
			store.AdminRole, naming.AdminSecret(n.Name), store.ClusterName(n))
		return f
	}
	f.Message = fmt.Sprintf("the server refused the password of Secret %q; if that Secret was changed or made anew, put the former password back, and a new one under the key "+keyNextPassword,
		naming.AdminSecret(n.Name))
	return f
}

// repair does what Check found. An error of a migration is left to the next phase, for the store itself is there.
func (r *Reconciler) repair(ctx context.Context, s *scope, spec postgres.Spec, found []postgres.Step) error {
	logger := log.FromContext(ctx)
	for _, step := range found {
		logger.Info("Working on the store", "found", step.Reason)
	}
	var result postgres.EnsureResult
	err := r.withTurn(ctx, s.admin, postgres.EnsureSessions, func() (err error) {
		result, err = postgres.Ensure(ctx, postgres.EnsureInput{
			Admin: s.admin, Spec: spec, Copy: s.network.StoreKind() == v1alpha1.StoreExternal,
		})
		return err
	})
	if errors.Is(err, dbconn.ErrDiskFull) {
		return err // a migration is not to blame
	}
	if errors.As(err, &s.migration) {
		logger.Error(err, "Migrating the schema failed", "schemaVersion", s.migration.Version)
		s.schema = s.migration.Version
		return nil
	}
	if err != nil {
		return err
	}
	if result.WithoutCopy != nil {
		logger.Info("Migrating from zero, for there is no template to copy", "cause", result.WithoutCopy.Error())
	}
	s.schema = result.SchemaVersion
	logger.Info("Provisioned the store", "steps", len(result.Steps), "schemaVersion", result.SchemaVersion)
	return nil
}

// migrate reports on the schema that provision brought up to date.
func (r *Reconciler) migrate(_ context.Context, s *scope) error {
	n := s.network
	if s.migration != nil {
		return &outcome.Failure{Reason: v1alpha1.ReasonMigrationFailed, Err: s.migration,
			Message: fmt.Sprintf("a migration failed and the schema stays at version %d; see the operator's log", s.migration.Version)}
	}
	conditions.True(n, v1alpha1.SchemaReadyCondition, v1alpha1.ReasonMigrated, fmt.Sprintf("The schema has version %d", s.schema))
	return nil
}
