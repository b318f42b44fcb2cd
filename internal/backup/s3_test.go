// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build s3

package backup

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/s3test"
)

// keys is the mounted Secret of a bucket.
func keys(t *testing.T, s *s3test.Server, change map[string]string) string {
	t.Helper()
	g, dir := NewWithT(t), t.TempDir()
	files := map[string]string{keyAccessID: s.AccessKeyID, keySecret: s.SecretAccessKey + "\n", keyCA: string(s.CA)}
	for key, value := range change {
		files[key] = value
	}
	for key, value := range files {
		if value != "" {
			g.Expect(os.WriteFile(filepath.Join(dir, key), []byte(value), 0o600)).To(Succeed())
		}
	}
	return dir
}

func openBucket(t *testing.T, s *s3test.Server, name string, change map[string]string) Destination {
	t.Helper()
	d, err := OpenBucket(settings.Bucket{Endpoint: s.Endpoint, Name: name, Prefix: "alumni/nightly", Region: "us-east-1"}, folder, keys(t, s, change))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return d
}

func TestABackupGoesToABucketAndComesBack(t *testing.T) {
	w := newWorld(t)
	w.scratch()
	server := s3test.Start(t, "backups")
	d := openBucket(t, server, "backups", nil)

	made, err := w.jobTo("nightly-1", d).Backup(t.Context())

	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(w.backups(d)).To(Equal([]string{made.Manifest.Name}))
	info, err := os.Stat(filepath.Join(server.Dir, "backups", "alumni", "nightly", folder, made.Manifest.Name+dumpSuffix))
	w.g.Expect(err).NotTo(HaveOccurred(), "it lies where the documentation says")
	w.g.Expect(info.Size()).To(Equal(made.Manifest.Encrypted.Bytes))
	_, err = w.jobTo("drill-1", d).Drill(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred())

	time.Sleep(time.Second) // a backup has a second to its name
	second := w.jobTo("nightly-2", d)
	second.Keep.Count = 1
	next, err := second.Backup(t.Context())
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(next.Pruned).To(Equal(1))
	w.g.Expect(w.backups(d)).To(Equal([]string{next.Manifest.Name}))
}

func TestABucketThatCannotBeUsedIsToldByACode(t *testing.T) {
	w := newWorld(t)
	server := s3test.Start(t, "backups")
	for name, c := range map[string]struct {
		bucket string
		change map[string]string
		code   Code
	}{
		"a bucket that does not exist": {"elsewhere", nil, DestinationNotFound},
		"a wrong key":                  {"backups", map[string]string{keySecret: "wrong"}, DestinationForbidden},
		"an unknown key":               {"backups", map[string]string{keyAccessID: "nobody"}, DestinationForbidden},
		"a certificate of a stranger":  {"backups", map[string]string{keyCA: ""}, DestinationUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := w.jobTo(name, openBucket(t, server, c.bucket, c.change)).Backup(t.Context())
			g.Expect(code(g, err)).To(Equal(c.code))
			g.Expect(w.journal(name)).To(Equal("Backup Failed " + string(c.code)))
			g.Expect(err.Error()).NotTo(ContainSubstring(server.SecretAccessKey))
		})
	}
}

// TestAnUploadIsWholeOrNotThere sends more than two parts.
func TestAnUploadIsWholeOrNotThere(t *testing.T) {
	g := NewWithT(t)
	server := s3test.Start(t, "backups")
	d := openBucket(t, server, "backups", nil)
	content := make([]byte, 2*partSize+12345)
	_, _ = rand.Read(content)

	g.Expect(d.Write(t.Context(), "whole", bytes.NewReader(content))).To(Succeed())
	file, err := d.Open(t.Context(), "whole")
	g.Expect(err).NotTo(HaveOccurred())
	got, err := io.ReadAll(file)
	g.Expect(errors.Join(err, file.Close())).To(Succeed())
	g.Expect(bytes.Equal(got, content)).To(BeTrue())

	broken := fail(DumpFailed, "in the middle")
	err = d.Write(t.Context(), "broken", io.MultiReader(bytes.NewReader(content), failing{broken}))
	g.Expect(err).To(MatchError(broken))
	entries, err := d.List(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(entries).To(HaveLen(1))
	g.Expect(entries[0].Name).To(Equal("whole"))

	_, err = d.Open(t.Context(), "missing")
	g.Expect(code(g, err)).To(Equal(DestinationNotFound))
	g.Expect(d.Remove(t.Context(), "missing")).To(Succeed())
}

func TestUploadsThatNobodyFinishedAreSwept(t *testing.T) {
	g := NewWithT(t)
	server := s3test.Start(t, "backups")
	d := openBucket(t, server, "backups", nil)
	b, ok := d.(*bucket)
	g.Expect(ok).To(BeTrue())
	core := minio.Core{Client: b.client}
	_, err := core.NewMultipartUpload(t.Context(), b.name, b.prefix+"lost", minio.PutObjectOptions{})
	g.Expect(err).NotTo(HaveOccurred())

	g.Expect(d.Sweep(t.Context(), time.Now().Add(-time.Hour))).To(Succeed())
	g.Expect(uploads(t, b)).To(Equal(1), "it may still be under way")
	g.Expect(d.Sweep(t.Context(), time.Now().Add(time.Hour))).To(Succeed())
	g.Expect(uploads(t, b)).To(BeZero())
}

func uploads(t *testing.T, b *bucket) int {
	n := 0
	for upload := range b.client.ListIncompleteUploads(t.Context(), b.name, b.prefix, true) {
		NewWithT(t).Expect(upload.Err).NotTo(HaveOccurred())
		n++
	}
	return n
}

// failing is a stream that breaks off.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
