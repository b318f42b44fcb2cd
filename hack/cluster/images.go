// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Names of the images that every cluster holds from its start. The registry
// part names no real registry: these images come from this program only.
const (
	imageRepository = "cluster.alumni-operator.io/"
	pauseImage      = imageRepository + "pause:local"
	probeImage      = imageRepository + "probe:local"
	dnsImage        = imageRepository + "coredns:local"
)

// nodeImages maps each image to the built program that is all of its content.
var nodeImages = map[string]string{
	pauseImage: "pause",
	probeImage: "probe",
	dnsImage:   "coredns",
}

// writeImage makes an image tarball that holds one static program and nothing
// else, run as a user without a name or rights.
func writeImage(ref, program, tarballPath string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return fmt.Errorf("make image %s: %w", ref, err)
	}
	image, err := singleProgram(content)
	if err != nil {
		return fmt.Errorf("make image %s: %w", ref, err)
	}
	tag, err := name.NewTag(ref)
	if err != nil {
		return fmt.Errorf("make image %s: %w", ref, err)
	}
	tmp := tarballPath + ".new"
	if err := tarball.WriteToFile(tmp, tag, image); err != nil {
		return fmt.Errorf("make image %s: %w", ref, err)
	}
	return os.Rename(tmp, tarballPath)
}

func singleProgram(content []byte) (v1.Image, error) {
	layer, err := programLayer(content)
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", goarch
	config.Config.User = "65532:65532"
	config.Config.Entrypoint = []string{"/program"}
	return mutate.ConfigFile(image, config)
}

func programLayer(content []byte) (v1.Layer, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	header := &tar.Header{Name: "program", Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}
	if err := w.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(buf.Bytes())), nil
	})
}
