// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"bytes"
	"os"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/testutil/kube"
)

func TestMain(m *testing.M) { os.Exit(kube.Run(m)) }

// desk is a namespace with a network and a campaign.
type desk struct {
	t   *testing.T
	g   Gomega
	env *kube.Env
	key client.ObjectKey
	c   *v1alpha1.Campaign
}

func newDesk(t *testing.T, content v1alpha1.Content) *desk {
	env := kube.Start(t)
	d := &desk{t: t, g: NewWithT(t), env: env, key: client.ObjectKey{Namespace: env.NewNamespace(t), Name: "letter"}}
	n := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Namespace: d.key.Namespace, Name: "alumni"}, Spec: v1alpha1.AlumniNetworkSpec{
		DisplayName: "Hoshino Alumni", DefaultLocale: "en", TimeZone: "Asia/Tokyo",
		Operator: v1alpha1.Organisation{Name: "Hoshino", Address: "Tokyo", Contact: "alumni@hoshino.example"},
		Portal:   v1alpha1.Portal{PublicURL: "https://alumni.hoshino.example"},
	}}
	d.g.Expect(env.Client.Create(t.Context(), n)).To(Succeed())
	at := metav1.NewTime(time.Now().Add(time.Hour))
	d.c = &v1alpha1.Campaign{ObjectMeta: metav1.ObjectMeta{Namespace: d.key.Namespace, Name: d.key.Name}, Spec: v1alpha1.CampaignSpec{
		NetworkRef: v1alpha1.NetworkReference{Name: "alumni"}, Type: v1alpha1.CampaignNewsletter,
		Schedule: v1alpha1.CampaignSchedule{At: &at}, Content: content, Tracking: &v1alpha1.Tracking{Clicks: v1alpha1.ClicksAggregate},
	}}
	d.g.Expect(env.Client.Create(t.Context(), d.c)).To(Succeed())
	return d
}

func (d *desk) preview(o PreviewOptions) (string, error) {
	d.t.Helper()
	var out bytes.Buffer
	err := Preview(d.t.Context(), d.env.Client, &out, d.key, o)
	return out.String(), err
}

var bilingual = v1alpha1.Content{Locales: []v1alpha1.LocalisedContent{
	{Locale: "ja", Subject: "{{ .Member.FamilyName }}さんへ", Body: "本文です。"},
	{Locale: "en", Subject: "News", BodyFrom: &v1alpha1.ConfigMapKeyReference{Name: "texts", Key: "body"}},
}}

func TestAPreviewShowsThreeInventedPeople(t *testing.T) {
	d := newDesk(t, bilingual)
	_, err := d.preview(PreviewOptions{})
	d.g.Expect(err).To(MatchError(ContainSubstring("ConfigMap " + d.key.Namespace + "/texts")))
	d.g.Expect(d.env.Client.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: d.key.Namespace, Name: "texts"},
		Data: map[string]string{"body": "Dear {{ .Member.DisplayName }},{{ if .Member.Post }} once {{ .Member.Post }},{{ end }} see [this](https://shop.example)."}})).To(Succeed())

	shown, err := d.preview(PreviewOptions{})
	d.g.Expect(err).NotTo(HaveOccurred())
	for _, want := range []string{"Campaign " + d.key.String() + " (Newsletter)\n", "annotate campaign letter alumni-operator.io/preview=",
		"--- Sample 1 of 3, en: Alex Meyer\nSubject: News\n\nDear Alex Meyer, once Manager, see this <https://shop.example>.",
		"--- Sample 2 of 3, en: Bo Ng", "Dear Wilhelmina O'Brien-Featherstonehaugh, see this", "https://alumni.hoshino.example/u/sample",
		"Languages (--locale): ja, en\n"} {
		d.g.Expect(shown).To(ContainSubstring(want))
	}
	japanese, err := d.preview(PreviewOptions{Locale: "ja"})
	d.g.Expect(err).NotTo(HaveOccurred())
	d.g.Expect(japanese).To(ContainSubstring("Subject: 勅使河原さんへ\n\n本文です。"))
	_, err = d.preview(PreviewOptions{Locale: "fr"})
	d.g.Expect(err).To(MatchError(ContainSubstring("it has ja, en")))
	_, err = d.preview(PreviewOptions{Variant: "b"})
	d.g.Expect(err).To(MatchError(ContainSubstring(`no variant "b"`)))
}

func TestAPreviewShowsWhatWasCountedAndTheVariantThatIsWanted(t *testing.T) {
	d := newDesk(t, v1alpha1.Content{ABTest: &v1alpha1.ABTest{}, Locales: []v1alpha1.LocalisedContent{{Locale: "en", Subject: "s", Body: "b",
		Variants: []v1alpha1.TextVariant{{Name: "a", Subject: "Ay"}, {Name: "b", Body: "Bee"}}}}})
	at := metav1.NewTime(time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC))
	d.c.Status.Preview = &v1alpha1.CampaignPreview{Name: "letter-preview-1", State: v1alpha1.PreviewCounted, CountedAt: &at, Audience: 100, Recipients: 90,
		Refused: []v1alpha1.RefusedCount{{Reason: "NoConsent", Count: 8}, {Reason: "Capped", Count: 2}}}
	d.g.Expect(d.env.Client.Status().Update(t.Context(), d.c)).To(Succeed())
	first, err := d.preview(PreviewOptions{})
	d.g.Expect(err).NotTo(HaveOccurred())
	d.g.Expect(first).To(And(ContainSubstring("Counted at 2027-04-01T00:00:00Z: it would go to 90 of 100 people\n  NoConsent  8\n  Capped     2\n"),
		ContainSubstring("Sample 1 of 3, en, variant a: Alex Meyer\nSubject: Ay\n\nb\n"), ContainSubstring("Variants (--variant): a, b\n")))
	second, err := d.preview(PreviewOptions{Variant: "b"})
	d.g.Expect(err).NotTo(HaveOccurred())
	d.g.Expect(second).To(ContainSubstring("Subject: s\n\nBee\n"))
}

func TestATestSendIsAskedForWhereThereIsSomebody(t *testing.T) {
	d := newDesk(t, bilingual)
	var out bytes.Buffer
	now := time.Date(2027, 4, 1, 0, 0, 0, 1, time.UTC)
	d.g.Expect(TestSend(t.Context(), d.env.Client, &out, d.key, now)).To(MatchError(ContainSubstring("spec.testRecipients")))
	d.c.Spec.TestRecipients = &v1alpha1.TestRecipients{SecretRef: v1alpha1.SecretReference{Name: "reviewers"}}
	d.g.Expect(d.env.Client.Update(t.Context(), d.c)).To(Succeed())
	d.g.Expect(TestSend(t.Context(), d.env.Client, &out, d.key, now)).To(Succeed())
	d.g.Expect(d.env.Client.Get(t.Context(), d.key, d.c)).To(Succeed())
	d.g.Expect(d.c.Annotations).To(HaveKeyWithValue("alumni-operator.io/test-send", "2027-04-01T00:00:00.000000001Z"))
	d.g.Expect(out.String()).To(ContainSubstring("status.testSend"))
}
