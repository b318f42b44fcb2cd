// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/test/journey"
)

// retentionPreviewed reads what the policies would erase.
func (d *demo) retentionPreviewed(ctx context.Context) (string, error) {
	var due int64
	for _, ns := range companies {
		policy := &v1alpha1.RetentionPolicy{}
		err := d.wait(ctx, 3*time.Minute, policy, client.ObjectKey{Namespace: ns, Name: policyName}, func() error {
			if len(policy.Status.Networks) == 0 || policy.Status.Networks[0].LastRun == nil || policy.Status.Networks[0].LastRun.FinishedAt == nil {
				return notYet(policy.Status.Conditions, "Planned", "the preview runs at the next full minute")
			}
			return nil
		})
		if err != nil {
			return "", err
		}
		run := policy.Status.Networks[0].LastRun
		fmt.Printf("  %s: %d people and %d log rows would be erased (plan %.12s…)\n", ns, run.DueMembers, run.DueRows, policy.Status.Networks[0].PlanHash)
		due += run.DueMembers
	}
	return fmt.Sprintf("%d people are due; nothing was erased", due), nil
}

// memberLeaves walks through the portal of the first company: sign in by mail, leave, be erased.
func (d *demo) memberLeaves(ctx context.Context) (string, error) {
	forward, stop := context.WithCancel(ctx)
	defer stop()
	box, err := d.cluster.PortForward(forward, "hoshino-mailbox", "mailbox", 80)
	if err != nil {
		return "", err
	}
	portal, err := d.cluster.PortForward(forward, companies[0], networkName+"-portal", 80)
	if err != nil {
		return "", err
	}
	mailbox := journey.Mailbox{Address: box}
	address, err := recipient(ctx, mailbox, companies[0])
	if err != nil {
		return "", err
	}
	visitor := &journey.Visitor{Portal: portal}
	if err := visitor.SignIn(ctx, mailbox, address); err != nil {
		return "", err
	}
	if err := visitor.Leave(ctx); err != nil {
		return "", err
	}
	left := time.Now()
	fmt.Println("  signed in by a mailed link, left, and is hidden from this moment on")
	policy := &v1alpha1.RetentionPolicy{}
	err = d.wait(ctx, 5*time.Minute, policy, client.ObjectKey{Namespace: companies[0], Name: policyName}, func() error {
		if len(policy.Status.Networks) == 0 || policy.Status.Networks[0].Erased == 0 {
			return errors.New("not erased yet")
		}
		return nil
	})
	return fmt.Sprintf("erased %.0f s after leaving, while the policy is still in DryRun", time.Since(left).Seconds()), err
}

// recipient picks somebody who got the newsletter of a company.
func recipient(ctx context.Context, box journey.Mailbox, company string) (string, error) {
	mails, err := box.Mails(ctx, "")
	if err != nil {
		return "", err
	}
	for _, m := range mails {
		for _, from := range m.Headers["From"] {
			if strings.Contains(from, company) {
				return m.To, nil
			}
		}
	}
	return "", errors.New("nobody got a newsletter")
}

// retentionEnforced switches the policies on and waits for the next scheduled run.
func (d *demo) retentionEnforced(ctx context.Context) (string, error) {
	for _, ns := range companies {
		policy := &v1alpha1.RetentionPolicy{}
		if err := d.client.Get(ctx, client.ObjectKey{Namespace: ns, Name: policyName}, policy); err != nil {
			return "", err
		}
		change := client.MergeFrom(policy.DeepCopy())
		policy.Spec.Mode = v1alpha1.RetentionEnforce
		if err := d.client.Patch(ctx, policy, change); err != nil {
			return "", err
		}
	}
	var erased int64
	for _, ns := range companies {
		policy := &v1alpha1.RetentionPolicy{}
		err := d.wait(ctx, 5*time.Minute, policy, client.ObjectKey{Namespace: ns, Name: policyName}, func() error {
			n := policy.Status.Networks
			if len(n) == 0 || n[0].LastRun == nil || n[0].LastRun.Mode != v1alpha1.RetentionEnforce || n[0].LastRun.State != "Certified" || n[0].Certificate == "" {
				return errors.New("not certified yet")
			}
			return nil
		})
		if err != nil {
			return "", err
		}
		erased += policy.Status.Erased
	}
	return fmt.Sprintf("%d people erased, with certificates", erased), nil
}

// summary prints, from the CRs' own status and from the mailbox, what happened.
func (d *demo) summary(ctx context.Context) error {
	forward, stop := context.WithCancel(ctx)
	defer stop()
	box, err := d.cluster.PortForward(forward, "hoshino-mailbox", "mailbox", 80)
	if err != nil {
		return err
	}
	counts, err := journey.Mailbox{Address: box}.Counts(ctx)
	if err != nil {
		return err
	}
	table, err := d.cluster.Kubectl(ctx, "get", "alumni", "-A")
	if err != nil {
		return err
	}
	fmt.Printf("\n%s\n", table)
	for _, ns := range companies {
		if err := d.companySummary(ctx, ns); err != nil {
			return err
		}
	}
	fmt.Printf("Mailbox: %d mails to %d recipients, %d twice\n", counts.Messages, counts.Recipients, counts.Duplicates)
	fmt.Printf("\nDone in %s. Look around:\n\n", time.Since(d.started).Round(time.Second))
	if !d.current {
		fmt.Printf("  export KUBECONFIG=%s PATH=%s:$PATH\n", d.cluster.Kubeconfig, filepath.Dir(d.cluster.KubectlPath))
	}
	fmt.Print(`  kubectl get alumni -A
  kubectl -n hoshino-foods     port-forward svc/alumni-portal 8081:80   # then open http://localhost:8081
  kubectl -n hoshino-logistics port-forward svc/alumni-portal 8082:80   # then open http://localhost:8082
  kubectl -n hoshino-mailbox   port-forward svc/mailbox       8025:80   # then open http://localhost:8025

Sign in with the address of any mail in the mailbox; the link arrives there too. The office's pages are at
http://localhost:8081/console for programme@hoshino-foods.example. Remove everything: make demo-down
`)
	return nil
}

func (d *demo) companySummary(ctx context.Context, ns string) error {
	network, campaign, policy := &v1alpha1.AlumniNetwork{}, &v1alpha1.Campaign{}, &v1alpha1.RetentionPolicy{}
	for name, object := range map[string]client.Object{networkName: network, campaignName: campaign, policyName: policy} {
		if err := d.client.Get(ctx, client.ObjectKey{Namespace: ns, Name: name}, object); err != nil {
			return err
		}
	}
	fmt.Printf("%s\n", ns)
	if s := network.Status; s.Roster != nil && s.Members != nil {
		fmt.Printf("  members      %d imported, %d quarantined; now %d active, %d listed, %d erased\n",
			s.Roster.Inserted, s.Roster.Quarantined, s.Members.Active, s.Members.Listed, s.Members.Erased)
	}
	if run := campaign.Status.LastRun; run != nil {
		fmt.Printf("  newsletter   audience %d, sent %d, bounced %d, in doubt %d; %s\n", run.Audience, run.Sent, run.Bounced, run.InDoubt, refused(run.Refused))
	}
	if n := policy.Status.Networks; len(n) > 0 && n[0].LastRun != nil {
		fmt.Printf("  retention    %d people erased by rule, %d in all; audit chain of %d links, head %.12s…\n",
			n[0].LastRun.ErasedMembers, n[0].Erased, n[0].ChainLength, n[0].ChainHead)
		fmt.Printf("  certificate  ConfigMap %s\n", n[0].Certificate)
	}
	return nil
}
