// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/content"
	texts "github.com/alumni-operator/alumni-operator/internal/resources/campaign"
	"github.com/alumni-operator/alumni-operator/internal/resources/network"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/survey"
)

// PreviewOptions choose which samples are shown.
type PreviewOptions struct {
	Locale  string // empty: the network's default, or else the campaign's first
	Variant string // of an A/B test; empty: the first
}

// Preview writes what is known of a campaign's next run, and three samples of its mail.
func Preview(ctx context.Context, kube client.Reader, out io.Writer, key client.ObjectKey, o PreviewOptions) error {
	c := &v1alpha1.Campaign{}
	if err := kube.Get(ctx, key, c); err != nil {
		return fmt.Errorf("read Campaign %s: %w", key, err)
	}
	n := &v1alpha1.AlumniNetwork{}
	if err := kube.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: c.Spec.NetworkRef.Name}, n); err != nil {
		return fmt.Errorf("read AlumniNetwork %s/%s: %w", key.Namespace, c.Spec.NetworkRef.Name, err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "Campaign %s (%s)\n", key, c.Spec.Type)
	writeCounts(&b, c)
	if c.Uses(v1alpha1.ChannelEmail) {
		declared, err := resolve(ctx, kube, c)
		if err != nil {
			return err
		}
		if err := writeSamples(&b, network.BuildSettings(n), declared, o); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(&b, "It sends no mails: there is none to show.")
	}
	_, err := out.Write(b.Bytes())
	return err
}

// resolve reads the texts that stand in ConfigMaps.
func resolve(ctx context.Context, kube client.Reader, c *v1alpha1.Campaign) (settings.Campaign, error) {
	declared := settings.Campaign{Name: c.Name, Type: string(c.Spec.Type), ABTest: texts.BuildTest(c), Survey: texts.BuildSurvey(c)}
	var err error
	declared.Locales, declared.Steps, err = texts.BuildTexts(c, func(from v1alpha1.ConfigMapKeyReference) (string, error) {
		object := &corev1.ConfigMap{}
		if err := kube.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: from.Name}, object); err != nil {
			return "", fmt.Errorf("read ConfigMap %s/%s: %w", c.Namespace, from.Name, err)
		}
		body, found := object.Data[from.Key]
		if !found {
			return "", fmt.Errorf("ConfigMap %s/%s has no key %s", c.Namespace, from.Name, from.Key)
		}
		return body, nil
	})
	return declared, err
}

// writeCounts shows status.preview, or how to get one.
func writeCounts(b *bytes.Buffer, c *v1alpha1.Campaign) {
	p := c.Status.Preview
	switch {
	case p == nil:
		fmt.Fprintf(b, "Nobody has counted its recipients. To have them counted:\n  kubectl -n %s annotate campaign %s alumni-operator.io/preview=\"$(date)\" --overwrite\n", c.Namespace, c.Name)
	case p.State != v1alpha1.PreviewCounted:
		fmt.Fprintf(b, "Counting its recipients: %s\n", p.State)
	default:
		fmt.Fprintf(b, "Counted at %s: it would go to %d of %d people\n", p.CountedAt.UTC().Format(time.RFC3339), p.Recipients, p.Audience)
		w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
		for _, r := range p.Refused {
			fmt.Fprintf(w, "  %s\t%d\n", r.Reason, r.Count)
		}
		_ = w.Flush() // a buffer takes everything
	}
}

// writeSamples shows the text part of three mails.
func writeSamples(b *bytes.Buffer, n settings.Network, c settings.Campaign, o PreviewOptions) error {
	var locales []string
	for _, l := range c.Locales {
		locales = append(locales, l.Locale)
	}
	if o.Locale == "" {
		o.Locale = locales[max(0, slices.Index(locales, n.DefaultLocale))]
	}
	if !slices.Contains(locales, o.Locale) {
		return fmt.Errorf("the campaign has no text in %q; it has %s", o.Locale, strings.Join(locales, ", "))
	}
	variants := c.Variants()
	if len(variants) > 0 {
		o.Variant = cmp.Or(o.Variant, variants[0])
	}
	if o.Variant != "" && !slices.Contains(variants, o.Variant) {
		return fmt.Errorf("the campaign has no variant %q", o.Variant)
	}
	compiled, err := content.Compile(n, c.Variant(o.Variant))
	if err != nil {
		return err
	}
	samples := content.Samples(o.Locale)
	for i := range samples {
		mail, err := compiled.Render(&samples[i], sampleLinks(n))
		if err != nil {
			return fmt.Errorf("make sample %d: %w", i+1, err)
		}
		title := fmt.Sprintf("Sample %d of %d, %s", i+1, len(samples), o.Locale)
		if o.Variant != "" {
			title += ", variant " + o.Variant
		}
		fmt.Fprintf(b, "\n--- %s: %s\nSubject: %s\n\n%s", title, samples[i].DisplayName(), mail.Subject, mail.Text)
	}
	if len(locales) > 1 || len(variants) > 1 {
		fmt.Fprintf(b, "\nLanguages (--locale): %s\n", strings.Join(locales, ", "))
		if len(variants) > 1 {
			fmt.Fprintf(b, "Variants (--variant): %s\n", strings.Join(variants, ", "))
		}
	}
	return writeSteps(b, n, c, samples[0])
}

// writeSteps shows what follows the first message, as one invented member gets it.
func writeSteps(b *bytes.Buffer, n settings.Network, c settings.Campaign, member content.Member) error {
	for i, step := range c.Steps {
		compiled, err := content.Compile(n, c.Step(i+2))
		if err != nil {
			return fmt.Errorf("step %s: %w", step.Name, err)
		}
		mail, err := compiled.Render(&member, sampleLinks(n))
		if err != nil {
			return fmt.Errorf("make a sample of step %s: %w", step.Name, err)
		}
		fmt.Fprintf(b, "\n--- Step %s, %d days after the message before: %s\nSubject: %s\n\n%s", step.Name, step.AfterDays, member.DisplayName(), mail.Subject, mail.Text)
	}
	return nil
}

// sampleLinks are what the links of a mail look like.
func sampleLinks(n settings.Network) content.Links {
	return content.Links{Unsubscribe: n.PublicURL + "/u/sample", Survey: n.PublicURL + survey.Path + "sample"}
}
