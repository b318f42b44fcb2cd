// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// MaxFile is the greatest length of a roster, in bytes. It bounds time, not memory.
const MaxFile = 8 << 30

// Source says where a roster is.
type Source struct {
	// Path of a file below Volume; used when URL is empty.
	Path   string
	Volume string
	// Invent gives the file of a trial in the place of both.
	Invent func() io.ReadCloser
	// URL of a file on a web server, https only, and SecretDir with what opens it; see openHTTPS.
	URL       string
	SecretDir string
	// Permit says which addresses may be dialled; nil means Permitted. Tests on loopback set it.
	Permit func(address string) error
	// Idle bounds the wait for the next bytes of a web server; 0 means a minute.
	Idle time.Duration
}

// Open gives the file's bytes. Its failures name neither path, URL nor credentials: a URL may hold a key.
func (s Source) Open(ctx context.Context) (io.ReadCloser, error) {
	var (
		file io.ReadCloser
		err  error
	)
	switch {
	case s.Invent != nil:
		file = s.Invent()
	case s.URL != "":
		file, err = s.openHTTPS(ctx)
	default:
		file, err = s.openFile()
	}
	if err != nil {
		return nil, err
	}
	return &bounded{ReadCloser: file, left: MaxFile}, nil
}

// openFile opens a plain file below the volume. A link that leads out of the volume is refused, and so is
// anything that is no plain file: a pipe would keep the import waiting for ever.
func (s Source) openFile() (io.ReadCloser, error) {
	root, err := os.OpenRoot(s.Volume)
	if err != nil {
		return nil, forNow(SourceNotFound, "the volume is not mounted")
	}
	defer func() { _ = root.Close() }()
	file, err := root.OpenFile(s.Path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, forNow(SourceNotFound, "the volume has no file at spec.roster.source.volume.path")
	case errors.Is(err, fs.ErrPermission):
		return nil, forNow(SourceForbidden, "the file on the volume is not readable for user %d", os.Getuid())
	case err != nil:
		return nil, finally(SourceInvalid, "", "the path does not stay below the volume, or is no file")
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = finally(SourceInvalid, "", "the path on the volume is no plain file")
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// bounded ends a source that is longer than MaxFile with a failure.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, finally(TooLarge, "", "the file is longer than %d GiB", MaxFile>>30)
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	if _, told := asFailure(err); told {
		return n, err
	}
	return n, forNow(SourceUnreachable, "reading the file broke off: %s", cause(err))
}

// cause describes an error of a network or a disk without its addresses, paths and names.
func cause(err error) string {
	var errno syscall.Errno
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return "timed out"
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection ended early"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return fmt.Sprintf("unexpected error (%T)", rootOf(err))
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// rootOf follows single wrapping to its end.
func rootOf(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
