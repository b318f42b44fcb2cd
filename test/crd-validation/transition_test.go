// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crdvalidation

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

// clusterStore is a store in CloudNativePG.
func clusterStore(section object) object {
	return object{"type": "CloudNativePG", "cloudNativePG": section}
}

// A second round would lead whoever answered the first to a page that says so, and everybody else to one that is closed.
func TestASurveyThatWasSentKeepsItsTime(t *testing.T) {
	env := kube.Start(t)
	for name, tt := range map[string]struct {
		sent   int64
		survey any
		kept   bool
	}{
		"once members were asked":            {1, object{"closesAfter": "P2W", "questions": list{object{"name": "q", "kind": "Scale", "title": list{object{"locale": "ja", "text": "t"}}}}}, true},
		"but not while nobody was":           {0, object{"questions": list{object{"name": "q", "kind": "Scale", "title": list{object{"locale": "ja", "text": "t"}}}}}, false},
		"and not that of another's own tool": {1, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			live := load(t, "campaign.yaml", []change{set("Survey", "spec", "type"), set(object{"at": "2030-01-01T00:00:00Z"}, "spec", "schedule"), set(tt.survey, "spec", "survey")})
			live.SetNamespace(env.NewNamespace(t))
			g.Expect(env.Client.Create(t.Context(), live)).To(Succeed())
			live.Object["status"] = object{"survey": object{"closesAt": "2030-01-15T00:00:00Z"}, "runs": list{sentRun(tt.sent)}}
			g.Expect(env.Client.Status().Update(t.Context(), live)).To(Succeed())
			g.Expect(unstructured.SetNestedField(live.Object, "2031-01-01T00:00:00Z", "spec", "schedule", "at")).To(Succeed())
			err := env.Client.Update(t.Context(), live)
			if tt.kept {
				g.Expect(err).To(MatchError(ContainSubstring("declare a campaign for another round")))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
		})
	}
}

// sentRun is a finished run in status.
func sentRun(sent int64) object {
	run := object{"id": "r", "state": "Finished", "startedAt": "2030-01-01T00:00:00Z", "sent": sent}
	for _, count := range []string{"audience", "pending", "deferred", "failed", "bounced", "inDoubt", "expired", "unsubscribed", "complained"} {
		run[count] = int64(0)
	}
	return run
}

func TestWhatCannotBeChangedOnALiveObject(t *testing.T) {
	external := object{"type": "External", "external": object{"adminSecretRef": object{"name": "pg"}, "database": "hoshino"}}
	tests := map[string]struct {
		file    string
		start   []change
		change  change
		refusal *refusal
	}{
		"the type of a store": {"network.yaml", nil, set(external, "spec", "store"),
			&refusal{"spec.store.type", "declare a new network, and restore"}},
		"a volume to a smaller one": {"network.yaml", []change{set("20Gi", "spec", "store", "standalone", "storageSize")}, set("19Gi", "spec", "store", "standalone", "storageSize"),
			&refusal{"spec.store", "can be raised and never lowered"}},
		"a volume to one smaller than the default": {"network.yaml", []change{set(object{"type": "Standalone"}, "spec", "store")},
			set("2Gi", "spec", "store", "standalone", "storageSize"), &refusal{"spec.store", "can be raised and never lowered"}},
		"but the fate of a store may change": {"network.yaml", []change{set("Delete", "spec", "store", "reclaimPolicy")}, set("Retain", "spec", "store", "reclaimPolicy"), nil},
		"but a volume may be larger":         {"network.yaml", nil, set("200Gi", "spec", "store", "standalone", "storageSize"), nil},
		"and larger than the default": {"network.yaml", []change{set(object{"type": "Standalone"}, "spec", "store")},
			set("6Gi", "spec", "store", "standalone", "storageSize"), nil},
		"the class of a volume": {"network.yaml", nil, set("fast", "spec", "store", "standalone", "storageClassName"),
			&refusal{"spec.store.standalone.storageClassName", "cannot be changed"}},
		"the name of a database": {"network.yaml", []change{set(external, "spec", "store")}, set("other", "spec", "store", "external", "database"),
			&refusal{"spec.store.external.database", "cannot be changed"}},
		"a database that had no name of its own": {"network.yaml", []change{set(object{"type": "External", "external": object{"adminSecretRef": object{"name": "pg"}}}, "spec", "store")},
			set("other", "spec", "store", "external", "database"), &refusal{"spec.store", "external.database cannot be set or removed"}},
		"a volume that had no class of its own": {"network.yaml", []change{set(object{"type": "Standalone"}, "spec", "store")},
			set("fast", "spec", "store", "standalone", "storageClassName"), &refusal{"spec.store", "standalone.storageClassName cannot be set or removed"}},
		"a Cluster of CloudNativePG for a server": {"network.yaml", nil, set(object{"type": "CloudNativePG"}, "spec", "store"),
			&refusal{"spec.store.type", "declare a new network, and restore"}},
		"one Cluster for another": {"network.yaml", []change{set(clusterStore(object{"clusterRef": object{"name": "a"}, "adminSecretRef": object{"name": "pg"}}), "spec", "store")},
			set("b", "spec", "store", "cloudNativePG", "clusterRef", "name"), &refusal{"spec.store.cloudNativePG.clusterRef.name", "restore the backup into that one"}},
		"a Cluster of its own for another": {"network.yaml", []change{set(clusterStore(object{}), "spec", "store")},
			set(object{"clusterRef": object{"name": "a"}, "adminSecretRef": object{"name": "pg"}}, "spec", "store", "cloudNativePG"),
			&refusal{"spec.store", "cloudNativePG.clusterRef cannot be set or removed"}},
		"the volumes of a Cluster to smaller ones": {"network.yaml", []change{set(clusterStore(object{}), "spec", "store")},
			set(object{"size": "4Gi"}, "spec", "store", "cloudNativePG", "storage"), &refusal{"spec.store", "cloudNativePG.storage.size can be raised and never lowered"}},
		"the class of the volumes of a Cluster": {"network.yaml", []change{set(clusterStore(object{"storage": object{"storageClassName": "slow"}}), "spec", "store")},
			set("fast", "spec", "store", "cloudNativePG", "storage", "storageClassName"), &refusal{"storageClassName", "cannot be changed"}},
		"volumes of a Cluster that had no class": {"network.yaml", []change{set(clusterStore(object{}), "spec", "store")},
			set(object{"storageClassName": "fast"}, "spec", "store", "cloudNativePG", "storage"), &refusal{"spec.store", "storageClassName cannot be set or removed"}},
		"but a Cluster may have more instances and room": {"network.yaml", []change{set(clusterStore(object{}), "spec", "store")},
			set(object{"instances": int64(5), "storage": object{"size": "6Gi"}}, "spec", "store", "cloudNativePG"), nil},
		"a network that lives, into a restored one": {"network.yaml", nil, set(restoreFrom(), "spec", "store", "restoreFrom"),
			&refusal{"spec.store", "neither added nor removed later"}},
		"a restored network, into one that began empty": {"network.yaml", []change{set(restoreFrom(), "spec", "store", "restoreFrom")},
			set(object{"type": "Standalone", "standalone": object{"storageSize": "1Gi", "storageClassName": "standard"}}, "spec", "store"),
			&refusal{"spec.store", "neither added nor removed later"}},
		"the backup that a network was made of": {"network.yaml", []change{set(restoreFrom(), "spec", "store", "restoreFrom")},
			set("20270401T023004Z-00002", "spec", "store", "restoreFrom", "backup"), &refusal{"spec.store.restoreFrom", "declare a new network to restore another backup"}},
		"a network for real people, into a trial": {"network.yaml", []change{unset("spec", "roster")}, set("Enabled", "spec", "trial"),
			&refusal{"spec.trial", "declare a new network, under another name"}},
		"a trial, into a network for real people": {"network.yaml", []change{unset("spec", "roster"), set("Enabled", "spec", "trial")}, set("Disabled", "spec", "trial"),
			&refusal{"spec.trial", "declare a new network, under another name"}},
		"a trial to fewer people": {"network.yaml", []change{unset("spec", "roster"), set("Enabled", "spec", "trial")}, set(int64(199), "spec", "trialMembers"),
			&refusal{"spec", "can be raised and never lowered"}},
		"but a trial may have more people": {"network.yaml", []change{unset("spec", "roster"), set("Enabled", "spec", "trial")}, set(int64(201), "spec", "trialMembers"), nil},
		"the network of a campaign": {"campaign.yaml", nil, set("other", "spec", "networkRef", "name"),
			&refusal{"spec.networkRef", "declare a new Campaign"}},
		"but the image of a store may be set": {"network.yaml", []change{set(object{"type": "Standalone"}, "spec", "store")}, set("postgres:17", "spec", "store", "standalone", "image"), nil},
		"and the image of a store may change": {"network.yaml", nil, set("postgres:17", "spec", "store", "standalone", "image"), nil},
		"and the texts of a campaign may":     {"campaign.yaml", nil, set(list{object{"locale": "ja", "subject": "新", "body": "文"}}, "spec", "content", "locales"), nil},
	}
	env := kube.Start(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			live := load(t, tt.file, tt.start)
			live.SetNamespace(env.NewNamespace(t))
			g.Expect(env.Client.Create(t.Context(), live)).To(Succeed())
			g.Expect(unstructured.SetNestedField(live.Object, tt.change.value, tt.change.path...)).To(Succeed())
			err := env.Client.Update(t.Context(), live)
			if tt.refusal == nil {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			g.Expect(err).To(MatchError(And(ContainSubstring(tt.refusal.field), ContainSubstring(tt.refusal.words))))
		})
	}
}
