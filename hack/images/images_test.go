// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	. "github.com/onsi/gomega"
)

// newTestWorkshop makes a workshop over a small repository in a folder of its own.
func newTestWorkshop(t *testing.T) *workshop {
	t.Helper()
	g := NewWithT(t)
	root := t.TempDir()
	for path, content := range map[string]string{
		"PROJECT":             "",
		"LICENSE":             "licence",
		"NOTICE":              "notice",
		"go.mod":              "module example.test/standin\n\ngo 1.26\n",
		"cmd/manager/main.go": "package main\n\nfunc main() { println(\"manager\") }\n",
		"cmd/portal/main.go":  "package main\n\nfunc main() { println(\"portal\") }\n",
	} {
		file := filepath.Join(root, path)
		g.Expect(os.MkdirAll(filepath.Dir(file), 0o755)).To(Succeed())
		g.Expect(os.WriteFile(file, []byte(content), 0o644)).To(Succeed())
	}
	cache := t.TempDir()
	return &workshop{repository: root, cache: cache, progress: io.Discard, begun: time.Now()}
}

func standIn() program {
	return program{
		kind: "operator", tag: "standin:dev", entrypoint: "/manager", about: "A stand-in",
		packages: []string{"./cmd/manager", "./cmd/portal"},
	}
}

func TestProgramsMakeAnImageWithoutShell(t *testing.T) {
	g := NewWithT(t)
	w := newTestWorkshop(t)

	path, err := w.programs(t.Context(), standIn())
	g.Expect(err).NotTo(HaveOccurred())

	built, files := readImage(t, path, "standin:dev")
	config, err := built.ConfigFile()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(config.Config.Entrypoint).To(Equal([]string{"/manager"}))
	g.Expect(config.Config.User).To(Equal("65532:65532"))
	g.Expect(config.OS).To(Equal("linux"))
	g.Expect(files).To(HaveKey("manager"))
	g.Expect(files).To(HaveKey("portal"))
	g.Expect(files["etc/passwd"]).To(ContainSubstring("nonroot:x:65532"))
	g.Expect(files["etc/ssl/certs/ca-certificates.crt"]).To(ContainSubstring("BEGIN CERTIFICATE"))
	g.Expect(files["licenses/LICENSE"]).To(Equal("licence"))
	g.Expect(files).NotTo(HaveKey("bin/sh"))
	g.Expect(files["manager"]).To(HavePrefix("\x7fELF"))
}

func TestProgramsAreWrittenOnceUntilTheirSourceChanges(t *testing.T) {
	g := NewWithT(t)
	w := newTestWorkshop(t)
	first, err := w.programs(t.Context(), standIn())
	g.Expect(err).NotTo(HaveOccurred())
	before, err := os.Stat(first)
	g.Expect(err).NotTo(HaveOccurred())

	again, err := w.programs(t.Context(), standIn())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).To(Equal(first))
	after, err := os.Stat(again)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(os.SameFile(before, after)).To(BeTrue(), "the tarball was not written again")

	source := filepath.Join(w.repository, "cmd/portal/main.go")
	g.Expect(os.WriteFile(source, []byte("package main\n\nfunc main() { println(\"changed\") }\n"), 0o644)).To(Succeed())
	changed, err := w.programs(t.Context(), standIn())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(changed).NotTo(Equal(first))
}

func TestProgramsShowWhatTheCompilerSays(t *testing.T) {
	g := NewWithT(t)
	w := newTestWorkshop(t)
	broken := filepath.Join(w.repository, "cmd/portal/main.go")
	g.Expect(os.WriteFile(broken, []byte("package main\n\nfunc main() { missing() }\n"), 0o644)).To(Succeed())

	_, err := w.programs(t.Context(), standIn())

	g.Expect(err).To(MatchError(ContainSubstring("undefined: missing")))
}

func TestTheSameInputsMakeTheSameImage(t *testing.T) {
	g := NewWithT(t)
	made := image{kind: "x", tags: []string{"x:1", "x:2"}, config: v1.Config{User: "1:1"}, entries: []entry{
		{path: "b/file", mode: 0o644, content: []byte("content")},
		{path: "b", mode: 0o755, folder: true},
		{path: "a", link: "/b/file"},
	}}
	digest := func(tag string) v1.Hash {
		path := filepath.Join(t.TempDir(), "x.tar")
		g.Expect(made.write(path)).To(Succeed())
		built, _ := readImage(t, path, tag)
		sum, err := built.Digest()
		g.Expect(err).NotTo(HaveOccurred())
		return sum
	}

	g.Expect(digest("x:1")).To(Equal(digest("x:2")))
}

func TestTheHashKnowsEveryInput(t *testing.T) {
	base := func() image {
		return image{tags: []string{"x:1"}, entries: []entry{{path: "a", mode: 0o644, content: []byte("1")}}}
	}
	changes := map[string]func(*image){
		"another tag":     func(i *image) { i.tags[0] = "x:2" },
		"another content": func(i *image) { i.entries[0].content = []byte("2") },
		"another path":    func(i *image) { i.entries[0].path = "b" },
		"another mode":    func(i *image) { i.entries[0].mode = 0o755 },
		"another user":    func(i *image) { i.config.User = "2:2" },
		"one more file":   func(i *image) { i.entries = append(i.entries, entry{path: "c"}) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			before, err := base().hash()
			g.Expect(err).NotTo(HaveOccurred())
			changed := base()
			change(&changed)

			after, err := changed.hash()

			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(after).NotTo(Equal(before))
		})
	}
}

func TestPruneKeepsTheNewest(t *testing.T) {
	g := NewWithT(t)
	w := newTestWorkshop(t)
	for i := range 5 {
		path, _ := w.tarball("operator", fmt.Sprint(i))
		g.Expect(os.WriteFile(path, nil, 0o644)).To(Succeed())
		used := time.Now().Add(time.Duration(i-10) * time.Minute)
		g.Expect(os.Chtimes(path, used, used)).To(Succeed())
	}
	other, _ := w.tarball("demo", "0")
	g.Expect(os.WriteFile(other, nil, 0o644)).To(Succeed())

	g.Expect(w.prune("operator")).To(Succeed())

	left, err := filepath.Glob(filepath.Join(w.cache, "*.tar"))
	g.Expect(err).NotTo(HaveOccurred())
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	g.Expect(left).To(ConsistOf("demo-0.tar", "operator-2.tar", "operator-3.tar", "operator-4.tar"))
}

func TestRunTellsWhichImagesThereAre(t *testing.T) {
	for name, args := range map[string][]string{"no image": nil, "an unknown image": {"nginx"}} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var progress strings.Builder

			err := run(t.Context(), args, io.Discard, &progress)

			g.Expect(err).To(HaveOccurred())
			g.Expect(progress.String()).To(And(ContainSubstring("operator"), ContainSubstring("demo"), ContainSubstring("postgres")))
		})
	}
}

// readImage reads an image back from its tarball, with its files.
func readImage(t *testing.T, path, tag string) (v1.Image, map[string]string) {
	t.Helper()
	g := NewWithT(t)
	ref, err := name.NewTag(tag)
	g.Expect(err).NotTo(HaveOccurred())
	built, err := tarball.ImageFromPath(path, &ref)
	g.Expect(err).NotTo(HaveOccurred())
	content := mutate.Extract(built)
	defer func() { _ = content.Close() }()
	files := map[string]string{}
	for r := tar.NewReader(content); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return built, files
		}
		g.Expect(err).NotTo(HaveOccurred())
		body, err := io.ReadAll(r)
		g.Expect(err).NotTo(HaveOccurred())
		files[header.Name] = string(body)
	}
}

func TestCloudNativePGIsLaidOutAsItsPodsExpect(t *testing.T) {
	g := NewWithT(t)
	w := newTestWorkshop(t)
	binary := filepath.Join(t.TempDir(), "manager")
	g.Expect(os.WriteFile(binary, []byte("a program"), 0o755)).To(Succeed())

	path, err := w.finish(cloudNativePGImage("1.2.3", binary))
	g.Expect(err).NotTo(HaveOccurred())

	built, files := readImage(t, path, "cloudnative-pg:1.2.3")
	config, err := built.ConfigFile()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(config.Config.Entrypoint).To(Equal([]string{"/manager"}))
	g.Expect(config.Config.User).To(Equal("65532:65532"))
	program := "operator/manager_" + runtime.GOARCH
	g.Expect(files[program]).To(Equal("a program"))
	g.Expect(files).To(HaveKey("manager"), "the name that pods call it by")
}

func TestTheImageOfTraefikHoldsItsProgram(t *testing.T) {
	g := NewWithT(t)
	w := newTestWorkshop(t)
	binary := filepath.Join(t.TempDir(), "traefik")
	g.Expect(os.WriteFile(binary, []byte("a program"), 0o755)).To(Succeed())
	path, err := w.finish(traefikImage("1.2.3", binary))
	g.Expect(err).NotTo(HaveOccurred())

	built, files := readImage(t, path, "traefik:dev")
	config, err := built.ConfigFile()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(config.Config.Entrypoint).To(Equal([]string{"/traefik"}))
	g.Expect(config.Config.Labels).To(HaveKeyWithValue("org.opencontainers.image.version", "1.2.3"))
	g.Expect(files["traefik"]).To(Equal("a program"))
}

func TestThePartsOfTraefikHaveTheVersionsThatItAsksFor(t *testing.T) {
	g := NewWithT(t)
	traefik, err := os.ReadFile("../tools/traefik/go.mod")
	g.Expect(err).NotTo(HaveOccurred())
	parts, err := os.ReadFile("../tools/traefik-parts/go.mod")
	g.Expect(err).NotTo(HaveOccurred())
	for _, module := range []string{legoModule, "sigs.k8s.io/gateway-api"} {
		asked, err := pinned(traefik, module)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(pinned(parts, module)).To(Equal(asked), module)
	}
}
