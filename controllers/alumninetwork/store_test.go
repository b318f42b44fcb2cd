// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork_test

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
)

const createsAll = "CREATEDB CREATEROLE"

func TestANetworkOnAnExistingServerBecomesReady(t *testing.T) {
	g, ctx := NewWithT(t), t.Context()
	s := operator(t)
	namespace := s.tenant(ctx, t, g)
	s.secret(ctx, g, namespace, "pg-admin", adminRole(ctx, t, g, createsAll))
	n := external(namespace, "main")
	g.Expect(s.Client.Create(ctx, n)).To(Succeed())

	s.ready(ctx, g, n)

	g.Expect(n.Status.Store.SchemaVersion).To(BeNumerically(">", 0))
	g.Expect(n.Status.URL).To(Equal("https://alumni.hoshino.example"))
	s.condition(ctx, g, n, v1alpha1.ChannelsReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonNoSender)
	s.condition(ctx, g, n, v1alpha1.RosterSyncedCondition, metav1.ConditionTrue, v1alpha1.ReasonNotConfigured)
}
