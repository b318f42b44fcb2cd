// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build s3

package erasures

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/backup"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/s3test"
)

func init() { places["in a bucket"] = inBucket }

func inBucket(t *testing.T) *Ledger {
	t.Helper()
	g, dir, server := NewWithT(t), t.TempDir(), s3test.Start(t, "backups")
	for name, content := range map[string]string{"accessKeyID": server.AccessKeyID, "secretAccessKey": server.SecretAccessKey, "ca.crt": string(server.CA)} {
		g.Expect(os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600)).To(Succeed())
	}
	open := func(folder string) backup.Destination {
		d, err := backup.OpenBucket(settings.Bucket{Endpoint: server.Endpoint, Name: "backups", Prefix: "alumni", Region: "us-east-1"}, folder, dir)
		g.Expect(err).NotTo(HaveOccurred())
		return d
	}
	t.Cleanup(func() {
		entries, err := open("main").List(context.Background()) // that of the test has ended
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(entries).To(ConsistOf(HaveField("Name", Folder+"/")), "who looks for backups sees a folder, and nothing of what is in it")
	})
	return &Ledger{Destination: open("main/" + Folder), Network: hoshino}
}
