// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package settings_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

func TestFrozenSettingsAreThoseOfTheDigestOrNone(t *testing.T) {
	g := NewWithT(t)
	file := filepath.Join(t.TempDir(), settings.CampaignFile)
	content := []byte(`{"uid":"u","name":"letter","generation":1,"type":"Newsletter","locales":[],"maxRecipients":1,"retryDeadlineSeconds":60,"onUnknown":"Resend"}`)
	g.Expect(os.WriteFile(file, content, 0o600)).To(Succeed())

	for name, digest := range map[string]string{"its digest": settings.Digest(content), "a run of an earlier version": ""} {
		c, err := settings.LoadFrozen[settings.Campaign](file, digest)
		g.Expect(err).NotTo(HaveOccurred(), name)
		g.Expect(c.Name).To(Equal("letter"))
	}
	_, err := settings.LoadFrozen[settings.Campaign](file, settings.Digest([]byte("another")))
	g.Expect(err).To(MatchError(settings.ErrChanged))
	g.Expect(err).NotTo(MatchError(ContainSubstring("letter")), "what it holds is not told")

	g.Expect(os.WriteFile(file, []byte(`{"salary":1}`), 0o600)).To(Succeed())
	_, err = settings.LoadFrozen[settings.Campaign](file, "")
	g.Expect(err).To(MatchError(ContainSubstring("unknown field")))
	_, err = settings.LoadFrozen[settings.Campaign](file+"x", "")
	g.Expect(err).To(MatchError(os.ErrNotExist))
}
