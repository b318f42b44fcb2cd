// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/test/rig"
)

// The objects of config/samples/demo.
var companies = []string{"hoshino-foods", "hoshino-logistics"}

const (
	networkName  = "alumni"
	campaignName = "winter-newsletter"
	policyName   = "group-default"

	// progressEvery is how often a step that waits tells for what.
	progressEvery = 5 * time.Second
)

// demo carries what one run of the demo knows.
type demo struct {
	started time.Time
	current bool
	images  rig.Images
	cluster *rig.Cluster
	client  client.Client
}

// run is the demo from an empty machine to the summary.
func (d *demo) run(ctx context.Context) error {
	if d.current && d.images.Operator == "" {
		return errors.New("CLUSTER=current needs IMG=…, an operator image that the cluster can pull")
	}
	steps := []struct {
		title string
		do    func(context.Context) (string, error)
	}{
		{"Cluster and images", d.up},
		{"Installing the operator with kustomize", d.install},
		{"Applying config/samples/demo: two companies, a mailbox, 2,000 invented leavers", d.apply},
		{"Waiting for both networks to be Ready", d.networksReady},
		{"Importing the HR rosters", d.rostersImported},
		{"Sending the newsletters", d.newslettersSent},
		{"Previewing retention (DryRun)", d.retentionPreviewed},
		{"A member leaves through the portal", d.memberLeaves},
		{"Enforcing retention", d.retentionEnforced},
	}
	for i, s := range steps {
		begun := time.Now()
		fmt.Printf("\n[%d/%d] %s\n", i+1, len(steps), s.title)
		detail, err := s.do(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
		fmt.Printf("  ✓ %s (%.1f s, %s in all)\n", detail, time.Since(begun).Seconds(), time.Since(d.started).Round(time.Second))
	}
	return d.summary(ctx)
}

func (d *demo) up(ctx context.Context) (string, error) {
	var err error
	if d.current {
		d.cluster, err = rig.Current(d.images, os.Stdout)
	} else {
		d.cluster, err = rig.Up(ctx, clusterName, os.Stdout)
	}
	if err != nil {
		return "", err
	}
	if d.client, err = d.cluster.Client(); err != nil {
		return "", err
	}
	version, err := d.cluster.Kubectl(ctx, "version", "-o", "yaml")
	if err != nil {
		return "", err
	}
	_, server, _ := strings.Cut(version, "serverVersion:")
	_, server, _ = strings.Cut(server, "gitVersion: ")
	server, _, _ = strings.Cut(server, "\n")
	return "Kubernetes " + server, nil
}

func (d *demo) install(ctx context.Context) (string, error) {
	return "the manager runs in namespace alumni-operator-system", d.cluster.Install(ctx)
}

// apply applies the samples with the newsletter's date moved to a moment from now.
func (d *demo) apply(ctx context.Context) (string, error) {
	manifests, err := d.cluster.Kubectl(ctx, "kustomize", "config/samples/demo")
	if err != nil {
		return "", err
	}
	manifests = strings.ReplaceAll(manifests, "image: alumni-operator-demo:dev", "image: "+d.cluster.Images.Demo)
	manifests = strings.ReplaceAll(manifests, "2026-12-01T09:00:00+09:00", time.Now().Add(75*time.Second).UTC().Format(time.RFC3339))
	out, err := d.cluster.KubectlWith(ctx, []byte(manifests), "apply", "--server-side", "--force-conflicts", "-f", "-")
	return fmt.Sprintf("%d objects applied", strings.Count(out, "\n")), err
}

func (d *demo) networksReady(ctx context.Context) (string, error) {
	var urls []string
	for _, ns := range companies {
		network := &v1alpha1.AlumniNetwork{}
		err := d.wait(ctx, 5*time.Minute, network, client.ObjectKey{Namespace: ns, Name: networkName}, func() error {
			return conditionTrue(network.Status.Conditions, "Ready")
		})
		if err != nil {
			return "", err
		}
		urls = append(urls, ns+" at "+network.Status.URL)
	}
	return strings.Join(urls, ", "), nil
}

func (d *demo) rostersImported(ctx context.Context) (string, error) {
	var total int64
	for _, ns := range companies {
		network := &v1alpha1.AlumniNetwork{}
		err := d.wait(ctx, 3*time.Minute, network, client.ObjectKey{Namespace: ns, Name: networkName}, func() error {
			if network.Status.Roster == nil || network.Status.Members == nil || network.Status.Roster.LastImportAt == nil {
				return notYet(network.Status.Conditions, "RosterSynced", "the roster is being imported")
			}
			if network.Status.Members.Listed+network.Status.Members.Active == 0 {
				return errors.New("no members counted yet")
			}
			return nil
		})
		if err != nil {
			return "", err
		}
		total += network.Status.Roster.Inserted
		fmt.Printf("  %s: %d rows, %d imported, %d quarantined\n", ns, network.Status.Roster.Rows, network.Status.Roster.Inserted, network.Status.Roster.Quarantined)
	}
	return fmt.Sprintf("%d members imported", total), nil
}

func (d *demo) newslettersSent(ctx context.Context) (string, error) {
	var sent int64
	for _, ns := range companies {
		campaign := &v1alpha1.Campaign{}
		err := d.wait(ctx, 5*time.Minute, campaign, client.ObjectKey{Namespace: ns, Name: campaignName}, func() error {
			if campaign.Status.LastRun == nil {
				return notYet(campaign.Status.Conditions, "Ready", "the newsletter is due "+campaign.Spec.Schedule.At.In(time.Local).Format(time.TimeOnly))
			}
			if campaign.Status.LastRun.State != v1alpha1.RunFinished {
				return fmt.Errorf("the run is %s: %d of %d sent", campaign.Status.LastRun.State, campaign.Status.LastRun.Sent, campaign.Status.LastRun.Audience)
			}
			return nil
		})
		if err != nil {
			return "", err
		}
		run := campaign.Status.LastRun
		sent += run.Sent
		fmt.Printf("  %s: audience %d, sent %d, %s\n", ns, run.Audience, run.Sent, refused(run.Refused))
	}
	return fmt.Sprintf("%d mails delivered", sent), nil
}

// refused writes the reasons for which people were not written to.
func refused(counts []v1alpha1.RefusedCount) string {
	if len(counts) == 0 {
		return "nobody refused"
	}
	var parts []string
	for _, c := range counts {
		parts = append(parts, fmt.Sprintf("%d %s", c.Count, c.Reason))
	}
	return "not written to: " + strings.Join(parts, ", ")
}

// wait reads an object until check gives no error, and tells every few seconds what it waits for.
func (d *demo) wait(ctx context.Context, within time.Duration, object client.Object, key client.ObjectKey, check func() error) error {
	told := time.Now()
	return rig.Eventually(ctx, within, func(ctx context.Context) error {
		if err := d.client.Get(ctx, key, object); err != nil {
			return err
		}
		err := check()
		if err == nil {
			return nil
		}
		if time.Since(told) >= progressEvery {
			told = time.Now()
			fmt.Printf("  … %s: %v\n", key.Namespace, err)
		}
		return fmt.Errorf("%s: %w", key, err)
	})
}

// notYet says what is being waited for: what stands in the way of a condition, or else what comes next.
func notYet(conditions []metav1.Condition, kind, next string) error {
	if err := conditionTrue(conditions, kind); err != nil {
		return err
	}
	return errors.New(next)
}

// conditionTrue says what stands in the way of a condition.
func conditionTrue(conditions []metav1.Condition, kind string) error {
	c := meta.FindStatusCondition(conditions, kind)
	switch {
	case c == nil:
		return fmt.Errorf("no condition %s yet", kind)
	case c.Status != metav1.ConditionTrue:
		return fmt.Errorf("%s is %s: %s: %s", kind, c.Status, c.Reason, c.Message)
	}
	return nil
}

// remove takes away what the demo made.
func (d *demo) remove(ctx context.Context) error {
	if !d.current {
		return rig.Down(ctx, clusterName, os.Stdout)
	}
	cluster, err := rig.Current(d.images, os.Stdout)
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"delete", "-k", "config/samples/demo", "--ignore-not-found", "--wait=true", "--timeout=180s"},
		{"delete", "-k", "config/default", "--ignore-not-found", "--wait=true", "--timeout=180s"},
	} {
		if _, err := cluster.Kubectl(ctx, args...); err != nil {
			return err
		}
	}
	fmt.Println("The demo is gone.")
	return nil
}
