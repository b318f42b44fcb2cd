// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// entry is one file, folder or link of an image.
type entry struct {
	path    string // without a leading slash
	mode    int64
	source  string // file on this machine with the content, or
	content []byte // the content itself
	link    string // target of a symbolic link
	folder  bool
}

// write adds the entry to a layer. Owner and time are the same for every
// build, so that the same inputs give the same image.
func (e entry) write(w *tar.Writer) error {
	header := &tar.Header{Name: e.path, Mode: e.mode, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
	switch {
	case e.folder:
		header.Typeflag, header.Name = tar.TypeDir, e.path+"/"
		return w.WriteHeader(header)
	case e.link != "":
		header.Typeflag, header.Linkname, header.Mode = tar.TypeSymlink, e.link, 0o777
		return w.WriteHeader(header)
	}
	content, size, err := e.open()
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	header.Typeflag, header.Size = tar.TypeReg, size
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(w, content)
	return err
}

func (e entry) open() (io.ReadCloser, int64, error) {
	if e.source == "" {
		return io.NopCloser(bytes.NewReader(e.content)), int64(len(e.content)), nil
	}
	file, err := os.Open(e.source)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

// image is everything that makes an image.
type image struct {
	kind    string // the name of its tarball
	tags    []string
	entries []entry
	config  v1.Config
}

// hash sums up the inputs: configuration, tags, and every entry with its
// content.
func (i image) hash() (string, error) {
	sum := sha256.New()
	head, err := json.Marshal([]any{i.tags, i.config, runtime.GOARCH})
	if err != nil {
		return "", err
	}
	sum.Write(head)
	for _, e := range i.entries {
		_, _ = fmt.Fprintf(sum, "\n%s %o %q %v ", e.path, e.mode, e.link, e.folder)
		content, size, err := e.open()
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(sum, "%d ", size)
		if _, err := io.Copy(sum, content); err != nil {
			return "", errors.Join(err, content.Close())
		}
		if err := content.Close(); err != nil {
			return "", err
		}
	}
	return shortHash(sum.Sum(nil)), nil
}

func shortHash(sum []byte) string { return hex.EncodeToString(sum)[:16] }

// finish gives the tarball of an image whose files are all there: the cached one, or a new one.
func (w *workshop) finish(made image) (string, error) {
	inputs, err := made.hash()
	if err != nil {
		return "", fmt.Errorf("sum up the inputs: %w", err)
	}
	path, ready := w.tarball(made.kind, inputs)
	if ready {
		w.say("%s: nothing changed", made.kind)
		return path, nil
	}
	w.say("%s: writing %s", made.kind, filepath.Base(path))
	if err := made.write(path); err != nil {
		return "", err
	}
	return path, w.prune(made.kind)
}

// write writes the tarball; path appears only when it is whole.
func (i image) write(path string) error {
	layerFile, err := os.CreateTemp(filepath.Dir(path), ".layer-*")
	if err != nil {
		return fmt.Errorf("make the layer: %w", err)
	}
	defer func() { _ = os.Remove(layerFile.Name()) }()
	if err := errors.Join(writeLayer(layerFile, i.entries), layerFile.Close()); err != nil {
		return fmt.Errorf("write the layer: %w", err)
	}
	layer, err := tarball.LayerFromFile(layerFile.Name(), tarball.WithCompressionLevel(gzip.BestSpeed))
	if err != nil {
		return fmt.Errorf("read the layer: %w", err)
	}
	built, err := assemble(layer, i.config)
	if err != nil {
		return fmt.Errorf("assemble the image: %w", err)
	}
	refs := map[name.Tag]v1.Image{}
	for _, tag := range i.tags {
		ref, err := name.NewTag(tag)
		if err != nil {
			return fmt.Errorf("tag the image: %w", err)
		}
		refs[ref] = built
	}
	unfinished := path + ".new"
	if err := tarball.MultiWriteToFile(unfinished, refs); err != nil {
		return fmt.Errorf("write the image: %w", errors.Join(err, os.Remove(unfinished)))
	}
	return os.Rename(unfinished, path)
}

func assemble(layer v1.Layer, config v1.Config) (v1.Image, error) {
	built, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	file, err := built.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", runtime.GOARCH, config
	return mutate.ConfigFile(built, file)
}

// writeLayer writes the entries in the order of their paths, which puts every
// folder before what is in it.
func writeLayer(out io.Writer, entries []entry) error {
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b entry) int { return cmp.Compare(a.path, b.path) })
	w := tar.NewWriter(out)
	for _, e := range sorted {
		if err := e.write(w); err != nil {
			return fmt.Errorf("add /%s: %w", e.path, err)
		}
	}
	return w.Close()
}

// folders returns entries for folders with everybody's rights to read.
func folders(paths ...string) []entry {
	entries := make([]entry, 0, len(paths))
	for _, path := range paths {
		entries = append(entries, entry{path: strings.Trim(path, "/"), mode: 0o755, folder: true})
	}
	return entries
}
