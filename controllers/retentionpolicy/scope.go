// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/apply"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	ourlabels "github.com/alumni-operator/alumni-operator/internal/labels"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/schedule"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/storeread"
)

// scope is what the steps of one reconcile know. Each field is set by the step named beside it.
type scope struct {
	policy    *v1alpha1.RetentionPolicy
	now       time.Time
	jobs      []batchv1.Job     // rest what is suspended
	networks  []*networkScope   // choose the networks; sorted by name
	schedule  schedule.Schedule // check the rules
	holdsRead bool              // read the holds
	signing   string            // keep a signing key: the Secret's name
	wake      time.Duration     // look again after this
}

// networkScope is what is known of one selected network.
type networkScope struct {
	effective

	network *v1alpha1.AlumniNetwork
	owners  map[string]bool // names of the policies over it
	status  v1alpha1.RetentionNetworkStatus
	result  storeread.Retention // what the store says
	read    bool                // result is what it says now
	running string              // name of the Job that is at work
	gaveUp  string              // name of the newest Job, when it failed for good
}

// restRuns stops every run of a suspended policy. It comes before every other step: whoever stops a policy because of a
// mistake in it must not have to mend the mistake first.
func (r *Reconciler) restRuns(ctx context.Context, s *scope) (err error) {
	if s.jobs, err = r.runner().Jobs(ctx, s.policy, ourlabels.RetentionPolicy); err != nil || !s.policy.Spec.State.Suspended() {
		return err
	}
	return r.runner().Rest(ctx, s.jobs, true)
}

// chooseNetworks finds the networks and the rules that hold for each.
func (r *Reconciler) chooseNetworks(ctx context.Context, s *scope) error {
	selector, err := metav1.LabelSelectorAsSelector(&s.policy.Spec.NetworkSelector)
	if err != nil {
		return outcome.Stop(v1alpha1.ReasonSelectorInvalid, "spec.networkSelector: %v", err)
	}
	networks, policies := &v1alpha1.AlumniNetworkList{}, &v1alpha1.RetentionPolicyList{}
	if err := r.Client.List(ctx, networks, client.InNamespace(s.policy.Namespace)); err != nil {
		return fmt.Errorf("list networks of %s: %w", s.policy.Namespace, err)
	}
	if err := r.Client.List(ctx, policies, client.InNamespace(s.policy.Namespace)); err != nil {
		return fmt.Errorf("list policies of %s: %w", s.policy.Namespace, err)
	}
	for i := range networks.Items {
		n := &networks.Items[i]
		if !selector.Matches(labels.Set(n.Labels)) || !n.DeletionTimestamp.IsZero() {
			continue
		}
		s.networks = append(s.networks, &networkScope{
			network: n, status: known(s.policy, n.Name),
			effective: effective{rules: effectiveRules(s.policy, n, policies.Items), minimums: effectiveMinimums(n, policies.Items),
				holds: effectiveHolds(n, policies.Items)},
			owners: ownersOf(n, policies.Items),
		})
	}
	slices.SortFunc(s.networks, func(a, b *networkScope) int { return strings.Compare(a.network.Name, b.network.Name) })
	return nil
}

// restOthers stops the runs over networks that are suspended, gone, or not chosen any more.
func (r *Reconciler) restOthers(ctx context.Context, s *scope) error {
	active := map[string]bool{}
	for _, n := range s.networks {
		active[n.network.Name] = !n.network.Spec.State.Suspended()
	}
	var resting []batchv1.Job
	for i := range s.jobs {
		if !active[s.jobs[i].Labels[ourlabels.Network]] {
			resting = append(resting, s.jobs[i])
		}
	}
	return r.runner().Rest(ctx, resting, true)
}

// checkRules reads zone, schedule and periods.
func (r *Reconciler) checkRules(_ context.Context, s *scope) error {
	parsed, err := schedule.Parse(s.policy.Spec.Schedule.Cron, string(s.policy.Zone()))
	if err != nil {
		return outcome.Stop(v1alpha1.ReasonScheduleInvalid, "spec: %v", err)
	}
	s.schedule = parsed
	compiled, err := plan.Compile(runSettings(s.policy, ownEffective(s.policy), s.policy.EffectiveMode()), s.now)
	if err == nil {
		err = compiled.Contradiction()
	}
	if err != nil {
		return outcome.Stop(v1alpha1.ReasonRuleInvalid, "spec: %v", err)
	}
	if len(s.networks) == 0 {
		conditions.True(s.policy, v1alpha1.RulesValidCondition, v1alpha1.ReasonNoNetworkSelected, "networkSelector chooses no network of this namespace")
		return nil
	}
	conditions.True(s.policy, v1alpha1.RulesValidCondition, v1alpha1.ReasonRulesValid, "Every rule can be applied")
	return nil
}

// ownEffective is what a policy says by itself.
func ownEffective(p *v1alpha1.RetentionPolicy) effective {
	alone := p.DeepCopy()
	alone.Spec.NetworkSelector = metav1.LabelSelector{}
	alone.DeletionTimestamp = nil
	network := &v1alpha1.AlumniNetwork{}
	return effective{rules: effectiveRules(p, network, nil), minimums: effectiveMinimums(network, []v1alpha1.RetentionPolicy{*alone})}
}

// known is what status says of a network so far; the chain's head in it is compared with the store.
func known(p *v1alpha1.RetentionPolicy, name string) v1alpha1.RetentionNetworkStatus {
	for _, n := range p.Status.Networks {
		if n.Name == name {
			return n
		}
	}
	return v1alpha1.RetentionNetworkStatus{Name: name}
}

// keepSigningKey makes the policy's key once, or checks the one that the spec names.
func (r *Reconciler) keepSigningKey(ctx context.Context, s *scope) error {
	if len(s.networks) == 0 {
		return nil
	}
	own := naming.SigningSecret(s.policy.Name)
	name := types.NamespacedName{Namespace: s.policy.Namespace, Name: own}
	if declared := s.policy.SigningSecretName(); declared != "" {
		name.Name = declared
	} else if err := r.makeSigningKey(ctx, s.policy, name); err != nil {
		return err
	}
	secret, err := secretwatch.Read(ctx, r.Live, name, settings.SigningKeyFile)
	if err != nil {
		return err
	}
	if _, err := certificate.ParsePrivateKey(secret.Data[settings.SigningKeyFile]); err != nil {
		return secretwatch.Invalid(name.Name, "key %q is not an Ed25519 private key in PKCS 8 and PEM", settings.SigningKeyFile)
	}
	s.signing = name.Name
	return nil
}

// makeSigningKey creates the Secret when there is none; one that is there is never changed.
func (r *Reconciler) makeSigningKey(ctx context.Context, p *v1alpha1.RetentionPolicy, name types.NamespacedName) error {
	err := r.Live.Get(ctx, name, &corev1.Secret{})
	if err == nil {
		return nil
	}
	if !apierrors.IsNotFound(err) {
		return secretwatch.Explain(err, name)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make a signing key: %w", err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("make a signing key: %w", err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return fmt.Errorf("make a signing key: %w", err)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: name.Namespace, Name: name.Name,
			Labels: map[string]string{ourlabels.ManagedBy: ourlabels.Manager, ourlabels.RetentionPolicy: p.Name},
		},
		Data: map[string][]byte{
			settings.SigningKeyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER}),
			"public-key":            pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER}),
		},
	}
	_, err = (&apply.Applier{Client: r.Client, Live: r.Live}).Create(ctx, p, secret)
	if apierrors.IsForbidden(err) {
		return secretwatch.Explain(err, name)
	}
	return err
}
