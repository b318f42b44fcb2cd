// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"filippo.io/age"
)

// backUp takes a snapshot, counts in it, dumps it, and writes the manifest last.
func (j *Job) backUp(ctx context.Context) (Result, error) {
	recipients, err := parseRecipients(j.Recipients)
	if err != nil {
		return Result{}, err
	}
	if _, err := j.Destination.List(ctx); err != nil {
		return Result{}, err // told before hours of work
	}
	s, err := takeSnapshot(ctx, j.Login)
	if err != nil {
		return Result{}, err
	}
	defer s.close(ctx)
	if s.major() > j.Clients.Major {
		return Result{}, fail(ServerNewer, "the server is PostgreSQL %d, and pg_dump is of %d; name a newer image", s.major(), j.Clients.Major)
	}
	m := Manifest{
		Format: manifestFormat, Name: backupName(s.taken, s.schema), Run: j.RunName, Network: j.Network,
		Database: j.Login.Database, TakenAt: s.taken.UTC(), SchemaVersion: s.schema, ServerVersion: s.version,
		DumpMajor: j.Clients.Major, Tables: s.tables,
	}
	if m.Rows, err = count(ctx, s.tx, m.Tables); err != nil {
		return Result{}, err
	}
	if err := j.writeDump(ctx, s, recipients, &m); err != nil {
		return Result{}, err
	}
	m.FinishedAt = j.Clock.Now().UTC()
	encoded, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return Result{}, fmt.Errorf("encode the manifest: %w", err)
	}
	if err := j.Destination.Write(ctx, m.Name+manifestSuffix, bytes.NewReader(encoded)); err != nil {
		return Result{}, err
	}
	result := Result{Manifest: m}
	if result.Pruned, err = prune(ctx, j.Destination, j.Keep, j.Clock.Now()); err != nil && ctx.Err() == nil {
		return result, fail(PruneFailed, "%s", asFailure(ctx, err, DestinationFailed).Error())
	}
	return result, nil
}

func parseRecipients(keys []string) ([]age.Recipient, error) {
	var all []age.Recipient
	for i, key := range keys {
		r, err := age.ParseX25519Recipient(key)
		if err != nil {
			return nil, fail(RecipientInvalid, "recipient %d is no age public key", i+1)
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, fail(RecipientInvalid, "there is no recipient")
	}
	return all, nil
}

// writeDump streams: pg_dump to age to the destination. It fills in both digests.
func (j *Job) writeDump(ctx context.Context, s *snapshot, recipients []age.Recipient, m *Manifest) error {
	return withFolder(func(dir string) error {
		env, err := environment(j.Login, dir)
		if err != nil {
			return err
		}
		dump := program{path: j.Clients.Dump, args: dumpArguments(s.id, s.foreign), env: env, code: DumpFailed}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		reader, writer := io.Pipe()
		plain, encrypted := newMeter(), newMeter()
		dumped := make(chan error, 1)
		go func() {
			err := encrypt(ctx, dump, recipients, io.MultiWriter(writer, encrypted), plain)
			dumped <- err // before the reader learns of it, so that whoever failed first is known
			_ = writer.CloseWithError(err)
		}()
		writeErr := j.Destination.Write(ctx, m.Name+dumpSuffix, reader)
		select {
		case dumpErr := <-dumped:
			m.Plain, m.Encrypted = plain.digest(), encrypted.digest()
			if dumpErr != nil {
				return dumpErr
			}
		default:
			cancel() // the dump would wait for a reader for ever
			_ = reader.CloseWithError(io.ErrClosedPipe)
			if dumpErr := <-dumped; writeErr == nil {
				writeErr = errors.Join(fail(DestinationFailed, "the destination did not take the whole backup"), dumpErr)
			}
		}
		return writeErr
	})
}

// encrypt runs the dump. What it wrote is closed only after a success: a dump that broke off cannot be decrypted.
func encrypt(ctx context.Context, dump program, recipients []age.Recipient, out io.Writer, plain *meter) error {
	sealed, err := age.Encrypt(out, recipients...)
	if err != nil {
		return err
	}
	if err := dump.run(ctx, nil, io.MultiWriter(sealed, plain)); err != nil {
		return err
	}
	return sealed.Close()
}

// meter measures a stream.
type meter struct {
	sum   hash.Hash
	bytes int64
}

func newMeter() *meter { return &meter{sum: sha256.New()} }

func (m *meter) Write(p []byte) (int, error) {
	m.bytes += int64(len(p))
	return m.sum.Write(p)
}

func (m *meter) digest() Digest {
	return Digest{Bytes: m.bytes, SHA256: hex.EncodeToString(m.sum.Sum(nil))}
}
