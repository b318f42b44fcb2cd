// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package storeread

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/secretwatch"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

// limit bounds one reading, connection included.
const limit = 10 * time.Second

// Store reads the stores of networks. Live reads Secrets and ConfigMaps from the API server itself.
type Store struct {
	Live client.Reader
	// Budget bounds the sessions on each server; nil has no bound.
	Budget *dbconn.Budget
}

// CampaignRuns reads the newest runs of a campaign, newest first; those named as settled without their ledger's numbers.
func (s Store) CampaignRuns(ctx context.Context, network *v1alpha1.AlumniNetwork, campaignUID string, n int, settled ...string) (runs []stats.CampaignRun, err error) {
	err = s.with(ctx, network, func(ctx context.Context, r *stats.Reader) error {
		runs, err = r.CampaignRuns(ctx, campaignUID, n, settled...)
		return err
	})
	return runs, err
}

// CampaignPreview reads the newest preview of a campaign; nil when there is none, or the store is one of an earlier version.
func (s Store) CampaignPreview(ctx context.Context, network *v1alpha1.AlumniNetwork, campaignUID string) (preview *stats.CampaignPreview, err error) {
	if network.Status.Store == nil || network.Status.Store.SchemaVersion < stats.PreviewSchemaVersion {
		return nil, nil
	}
	err = s.with(ctx, network, func(ctx context.Context, r *stats.Reader) error {
		preview, err = r.CampaignPreview(ctx, campaignUID)
		return err
	})
	return preview, err
}

// SenderDay reads how much of a day a sender that warms up has used; nothing when the store is one of an earlier version.
func (s Store) SenderDay(ctx context.Context, network *v1alpha1.AlumniNetwork, sender string) (day stats.SenderDay, err error) {
	if network.Status.Store == nil || network.Status.Store.SchemaVersion < stats.SenderSchemaVersion {
		return day, nil
	}
	err = s.with(ctx, network, func(ctx context.Context, r *stats.Reader) error {
		day, err = r.SenderDay(ctx, sender)
		return err
	})
	return day, err
}

// TestSend reads the newest test send of a campaign; nil when there is none, or the store is one of an earlier version.
func (s Store) TestSend(ctx context.Context, network *v1alpha1.AlumniNetwork, campaignUID string) (test *stats.TestSend, err error) {
	if network.Status.Store == nil || network.Status.Store.SchemaVersion < stats.TestSendSchemaVersion {
		return nil, nil
	}
	err = s.with(ctx, network, func(ctx context.Context, r *stats.Reader) error {
		test, err = r.TestSend(ctx, campaignUID)
		return err
	})
	return test, err
}

// Steps counts whom the steps of a campaign follow; nobody where the store is one of an earlier version.
func (s Store) Steps(ctx context.Context, network *v1alpha1.AlumniNetwork, campaignUID string) (counts []stats.StepCount, err error) {
	if network.Status.Store == nil || network.Status.Store.SchemaVersion < stats.StepsSchemaVersion {
		return nil, nil
	}
	err = s.with(ctx, network, func(ctx context.Context, r *stats.Reader) error {
		counts, err = r.Steps(ctx, campaignUID)
		return err
	})
	return counts, err
}

// Survey reads the survey of a campaign; nil before it was planned, or where the store is one of an earlier version.
func (s Store) Survey(ctx context.Context, network *v1alpha1.AlumniNetwork, campaignUID string) (found *stats.Survey, err error) {
	if network.Status.Store == nil || network.Status.Store.SchemaVersion < stats.SurveySchemaVersion {
		return nil, nil
	}
	err = s.with(ctx, network, func(ctx context.Context, r *stats.Reader) error {
		found, err = r.Survey(ctx, campaignUID)
		return err
	})
	return found, err
}

// Figures counts the campaigns of a network. What is known of settled runs comes back with an error too.
func (s Store) Figures(ctx context.Context, network *v1alpha1.AlumniNetwork, known stats.Settled) (figures stats.Figures, settled stats.Settled, err error) {
	settled = known
	err = s.with(ctx, network, func(ctx context.Context, r *stats.Reader) error {
		figures, settled, err = r.Figures(ctx, known)
		return err
	})
	return figures, settled, err
}

// Retention is what the store of one network says of a policy.
type Retention struct {
	stats.Retention
	// Certificate of the newest run that has one; nil when none has.
	Certificate *stats.Certificate
	// SeenLink is the hash of the link that was the chain's head when it was last looked at; empty when the chain
	// has no such link.
	SeenLink string
}

// Retention reads the newest n runs of a policy over a network, the newest certificate, and the link of the audit
// chain with the number that was its head before.
func (s Store) Retention(ctx context.Context, network *v1alpha1.AlumniNetwork, policyUID string, n int, seen int64) (result Retention, err error) {
	err = s.with(ctx, network, func(ctx context.Context, r *stats.Reader) error {
		if result.Retention, err = r.Retention(ctx, policyUID, n); err != nil {
			return err
		}
		if seen > 0 {
			if result.SeenLink, err = r.ChainLink(ctx, seen); err != nil {
				return err
			}
		}
		for _, run := range result.Runs {
			if run.Certified {
				result.Certificate, err = r.Certificate(ctx, run.ID)
				return err
			}
		}
		return nil
	})
	return result, err
}

// with opens a session, uses it and closes it.
func (s Store) with(ctx context.Context, network *v1alpha1.AlumniNetwork, use func(context.Context, *stats.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	login, err := s.login(ctx, network)
	if err != nil {
		return err
	}
	leave, err := s.Budget.Enter(ctx, login, 1)
	if err != nil {
		return explain(network.Name, err)
	}
	defer leave()
	reader, err := stats.Open(ctx, login)
	if err != nil {
		return explain(network.Name, err)
	}
	defer reader.Close(ctx)
	return explain(network.Name, use(ctx, reader))
}

// login puts the metrics role's Secret and the address of the store together.
func (s Store) login(ctx context.Context, network *v1alpha1.AlumniNetwork) (dbconn.Login, error) {
	name := types.NamespacedName{Namespace: network.Namespace, Name: naming.DatabaseSecret(network.Name, naming.RoleMetrics)}
	secret, err := secretwatch.Read(ctx, s.Live, name, dbconn.KeyUsername, dbconn.KeyPassword)
	if err != nil {
		return dbconn.Login{}, err
	}
	endpoint := &corev1.ConfigMap{}
	key := client.ObjectKey{Namespace: network.Namespace, Name: naming.StoreEndpoint(network.Name)}
	if err := s.Live.Get(ctx, key, endpoint); err != nil {
		return dbconn.Login{}, fmt.Errorf("read ConfigMap %s: %w", key, err)
	}
	data := map[string][]byte{
		dbconn.KeyUsername: secret.Data[dbconn.KeyUsername], dbconn.KeyPassword: secret.Data[dbconn.KeyPassword],
	}
	for k, v := range endpoint.Data {
		data[k] = []byte(v)
	}
	return dbconn.FromData(data)
}

// explain gives an error of the store a reason and a text that does not change from try to try.
func explain(network string, err error) error {
	if err == nil {
		return nil
	}
	message := fmt.Sprintf("the store of AlumniNetwork %s cannot be read", network)
	for _, class := range []error{
		dbconn.ErrBudget, dbconn.ErrStarting, dbconn.ErrNoSlot, dbconn.ErrUnreachable, dbconn.ErrAuthentication, dbconn.ErrTLS, dbconn.ErrNoDatabase, dbconn.ErrNotPermitted, stats.ErrNotMigrated,
	} {
		if errors.Is(err, class) {
			message += ": " + class.Error()
			break
		}
	}
	return &outcome.Failure{Reason: v1alpha1.ReasonNetworkNotReady, Message: message, Err: err, After: outcome.Poll}
}
