// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/plugin/campaign"
	"github.com/alumni-operator/alumni-operator/internal/plugin/verify"
	"github.com/alumni-operator/alumni-operator/internal/version"
)

// access is how the plugin reaches the cluster: as kubectl does.
type access struct {
	rules     *clientcmd.ClientConfigLoadingRules
	overrides clientcmd.ConfigOverrides
}

// NewCommand makes the whole plugin.
func NewCommand() *cobra.Command {
	root := &cobra.Command{
		Use: "kubectl-alumni", Short: "Look after alumni networks", Version: version.String(), SilenceUsage: true,
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl alumni"},
	}
	a := &access{rules: clientcmd.NewDefaultClientConfigLoadingRules()}
	flags := root.PersistentFlags()
	flags.StringVar(&a.rules.ExplicitPath, clientcmd.RecommendedConfigPathFlag, "", "file to reach the cluster with")
	clientcmd.BindOverrideFlags(&a.overrides, flags, clientcmd.RecommendedConfigOverrideFlags(""))
	root.AddCommand(a.campaign(), verifyCommand())
	return root
}

func (a *access) campaign() *cobra.Command {
	c := &cobra.Command{Use: "campaign", Aliases: []string{"camp"}, Short: "Look a campaign over"}
	var o campaign.PreviewOptions
	preview := &cobra.Command{
		Use: "preview NAME", Short: "Show how many people a campaign would go to, and three samples of it made for invented people", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			kube, namespace, err := a.open()
			if err != nil {
				return err
			}
			return campaign.Preview(cmd.Context(), kube, cmd.OutOrStdout(), client.ObjectKey{Namespace: namespace, Name: args[0]}, o)
		},
	}
	preview.Flags().StringVar(&o.Locale, "locale", "", "language of the samples; the network's default, or else the first of the campaign")
	preview.Flags().StringVar(&o.Variant, "variant", "", "variant of an A/B test that the samples show; the first")
	send := &cobra.Command{
		Use: "test-send NAME", Short: "Send every text of a campaign to its testRecipients", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			kube, namespace, err := a.open()
			if err != nil {
				return err
			}
			return campaign.TestSend(cmd.Context(), kube, cmd.OutOrStdout(), client.ObjectKey{Namespace: namespace, Name: args[0]}, time.Now())
		},
	}
	c.AddCommand(preview, send)
	return c
}

// verifyCommand checks proofs. It needs no cluster.
func verifyCommand() *cobra.Command {
	c := &cobra.Command{Use: "verify", Short: "Check a proof from files, without a cluster"}
	var o verify.Options
	proof := &cobra.Command{
		Use: "certificate FILE", Short: "Check the certificate of an erasure, and say what it proves", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return verify.Certificate(cmd.OutOrStdout(), args[0], o)
		},
	}
	proof.Flags().StringVar(&o.Key, "key", "", "file with the public key that must have signed it, in PEM; without, anybody could have")
	proof.Flags().StringVar(&o.Chain, "chain", "", "file with the exported audit chain of the network")
	proof.Flags().StringVar(&o.Ledger, "ledger", "", "folder with the entries of the network's erasure ledger")
	proof.Flags().StringVarP(&o.Output, "output", "o", "text", "text or json")
	c.AddCommand(proof)
	return c
}

// open reaches the cluster, and says which namespace is meant.
func (a *access) open() (client.Client, string, error) {
	config := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(a.rules, &a.overrides)
	namespace, _, err := config.Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("read the kubeconfig: %w", err)
	}
	rest, err := config.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("read the kubeconfig: %w", err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, "", fmt.Errorf("make the scheme: %w", err)
		}
	}
	kube, err := client.New(rest, client.Options{Scheme: scheme})
	if err != nil {
		return nil, "", fmt.Errorf("reach the cluster: %w", err)
	}
	return kube, namespace, nil
}
