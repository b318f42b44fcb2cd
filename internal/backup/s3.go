// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// The keys of the Secret of a bucket.
const (
	keyAccessID = "accessKeyID"
	keySecret   = "secretAccessKey"
	keyCA       = "ca.crt"
)

// partSize of an upload is what is held in memory. S3 takes 10,000 parts, so a backup may have 312 GiB.
const partSize = 32 << 20

// bucket is a folder in a bucket.
type bucket struct {
	client *minio.Client
	name   string
	prefix string // ends in a slash
}

// OpenBucket prepares a folder in a bucket, with the keys in a folder of files. It does not connect yet.
func OpenBucket(b settings.Bucket, folder, secretDir string) (Destination, error) {
	endpoint, err := url.Parse(b.Endpoint)
	if err != nil || endpoint.Host == "" {
		return nil, fail(DestinationNotFound, "the endpoint is no URL")
	}
	id, err := readKey(secretDir, keyAccessID)
	if err != nil {
		return nil, err
	}
	secret, err := readKey(secretDir, keySecret)
	if err != nil {
		return nil, err
	}
	transport, err := transportFor(secretDir)
	if err != nil {
		return nil, err
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds: credentials.NewStaticV4(id, secret, ""), Secure: endpoint.Scheme == "https", Region: b.Region,
		Transport: transport, MaxRetries: 4,
	})
	if err != nil {
		return nil, fail(DestinationNotFound, "the endpoint cannot be used")
	}
	prefix := folder + "/"
	if p := strings.Trim(b.Prefix, "/"); p != "" {
		prefix = p + "/" + prefix
	}
	return &bucket{client: client, name: b.Name, prefix: prefix}, nil
}

func readKey(dir, key string) (string, error) {
	content, err := os.ReadFile(filepath.Join(dir, key))
	if err != nil {
		return "", fail(DestinationForbidden, "the Secret's key %s cannot be read", key)
	}
	return strings.TrimSpace(string(content)), nil
}

// transportFor trusts the authority of the Secret, where it names one, and the usual ones otherwise.
func transportFor(secretDir string) (*http.Transport, error) {
	transport, err := minio.DefaultTransport(true)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection to the bucket: %w", err)
	}
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	transport.Proxy = nil
	pem, err := os.ReadFile(filepath.Join(secretDir, keyCA))
	if errors.Is(err, os.ErrNotExist) {
		return transport, nil
	}
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		return nil, fail(DestinationForbidden, "the Secret's key %s holds no PEM certificate", keyCA)
	}
	transport.TLSClientConfig.RootCAs = roots
	return transport, nil
}

// Write uploads in parts. An error of the content, or a run that is told to stop, takes the parts back. What is in memory,
// such as a manifest, goes in one piece.
func (b *bucket) Write(ctx context.Context, name string, content io.Reader) error {
	size := int64(-1)
	if whole, ok := content.(*bytes.Reader); ok {
		size = int64(whole.Len())
	}
	_, err := b.client.PutObject(ctx, b.name, b.prefix+name, content, size, minio.PutObjectOptions{
		PartSize: partSize, NumThreads: 1, ContentType: "application/octet-stream",
	})
	return bucketFailure(err)
}

func (b *bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	object, err := b.client.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, bucketFailure(err)
	}
	if _, err := object.Stat(); err != nil {
		_ = object.Close()
		return nil, bucketFailure(err)
	}
	return object, nil
}

func (b *bucket) List(ctx context.Context) ([]Entry, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var entries []Entry
	for object := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix}) {
		if object.Err != nil {
			return nil, bucketFailure(object.Err)
		}
		entries = append(entries, Entry{Name: strings.TrimPrefix(object.Key, b.prefix), Modified: object.LastModified})
	}
	return entries, nil
}

func (b *bucket) Remove(ctx context.Context, name string) error {
	return bucketFailure(b.client.RemoveObject(ctx, b.name, b.prefix+name, minio.RemoveObjectOptions{}))
}

// Sweep takes back the parts of uploads that nobody finished.
func (b *bucket) Sweep(ctx context.Context, before time.Time) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for upload := range b.client.ListIncompleteUploads(ctx, b.name, b.prefix, true) {
		if upload.Err != nil {
			return bucketFailure(upload.Err)
		}
		if !upload.Initiated.Before(before) {
			continue
		}
		if err := b.client.RemoveIncompleteUpload(ctx, b.name, upload.Key); err != nil {
			return bucketFailure(err)
		}
	}
	return nil
}

// isUnknownKey knows the codes with which servers say that there is no such access key; some say it with status 404.
func isUnknownKey(code string) bool {
	return code == "InvalidAccessKeyId" || code == "XAdminUserNotFound"
}

// bucketFailure gives an error of the server or of the way to it its code. Nothing of the server's own words is kept.
func bucketFailure(err error) error {
	var failure *Failure
	if err == nil || errors.As(err, &failure) {
		return err
	}
	answer := minio.ToErrorResponse(err)
	switch {
	case answer.StatusCode == http.StatusForbidden, answer.StatusCode == http.StatusUnauthorized, isUnknownKey(answer.Code):
		return fail(DestinationForbidden, "the server refused the keys of the Secret")
	case answer.Code == "NoSuchBucket":
		return fail(DestinationNotFound, "the bucket does not exist")
	case answer.StatusCode == http.StatusNotFound:
		return fail(DestinationNotFound, "the bucket lacks an object")
	case answer.StatusCode == http.StatusInsufficientStorage, answer.Code == "QuotaExceeded", answer.Code == "XMinioStorageFull":
		return fail(DestinationFull, "the bucket is full")
	case answer.StatusCode != 0:
		return fail(DestinationFailed, "the server answered with status %d", answer.StatusCode)
	default:
		return fail(DestinationUnreachable, "no answer, or none that can be trusted: look at endpoint and ca.crt")
	}
}
