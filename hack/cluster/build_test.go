// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	. "github.com/onsi/gomega"
	"golang.org/x/mod/modfile"
)

func TestEveryProgramHasAPinnedVersion(t *testing.T) {
	g := NewWithT(t)
	for _, p := range programs {
		version, err := p.version()
		g.Expect(err).NotTo(HaveOccurred(), p.Name)
		g.Expect(version).To(MatchRegexp(`^v\d+\.\d+\.\d+$`), p.Name)
		sums, err := moduleFiles.ReadFile("components/" + p.File + ".sum")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(sums)).To(ContainSubstring(p.Module+" "+version+" h1:"), p.Name)
		if p.Source != "" {
			continue // «go mod tidy» reads the source
		}
		mod, err := moduleFiles.ReadFile("components/" + p.File + ".mod")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(mod)).To(MatchRegexp(`(?m)^(tool )?\s*`+strings.ReplaceAll(p.Import, ".", `\.`)+`$`),
			"%s is a tool of its module, so that «go mod tidy» keeps what it needs", p.Name)
	}
}

// TestWhatManyProgramsAreMadeOfHasOneVersion keeps a first build short: what the control plane, its etcd, the operator, the
// generators and the linter have in common is compiled once only while they agree on its version.
func TestWhatManyProgramsAreMadeOfHasOneVersion(t *testing.T) {
	g := NewWithT(t)
	common := regexp.MustCompile(`^(k8s\.io|sigs\.k8s\.io/(json|structured-merge-diff|yaml)|golang\.org/x|google\.golang\.org|go\.opentelemetry\.io|` +
		`go\.etcd\.io|github\.com/prometheus|github\.com/go-openapi|github\.com/go-logr|github\.com/fxamacker)/`)
	type pin struct{ version, file string }
	seen := map[string]pin{}
	for _, file := range []string{
		"../../go.mod", "go.mod", "components/kubernetes.mod", "components/etcd.mod",
		"../tools/controller-gen/go.mod", "../tools/crd-ref-docs/go.mod", "../tools/golangci-lint/go.mod",
		"../tools/traefik/go.mod", "../tools/helm/go.mod",
	} {
		content, err := os.ReadFile(file)
		g.Expect(err).NotTo(HaveOccurred())
		parsed, err := modfile.Parse(file, content, nil)
		g.Expect(err).NotTo(HaveOccurred())
		for _, r := range parsed.Require {
			if !common.MatchString(r.Mod.Path+"/") || r.Mod.Version == "v0.0.0" { // Kubernetes replaces its own modules
				continue
			}
			if first, ok := seen[r.Mod.Path]; ok {
				g.Expect(r.Mod.Version).To(Equal(first.version), "%s in %s: %s has another version", r.Mod.Path, file, first.file)
			} else {
				seen[r.Mod.Path] = pin{r.Mod.Version, file}
			}
		}
	}
	g.Expect(len(seen)).To(BeNumerically(">", 50))
}

func TestKubernetesIsStampedWithItsVersion(t *testing.T) {
	g := NewWithT(t)
	flags := fromKubernetes("kubelet").linkFlags("v1.37.1")
	g.Expect(flags).To(ContainSubstring("-X k8s.io/component-base/version.gitVersion=v1.37.1"))
	g.Expect(flags).To(ContainSubstring("version.gitMinor=37"))
}

func TestSelectPrograms(t *testing.T) {
	for sentence, tc := range map[string]struct {
		only string
		want []string
	}{
		"what API-server tests need": {apiServerTests, assetNames},
		"one program by its name":    {"runc", []string{"runc"}},
		"nothing of that name":       {"docker", nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			g := NewWithT(t)
			chosen, err := selectPrograms(tc.only)
			g.Expect(err == nil).To(Equal(tc.want != nil))
			var names []string
			for _, p := range chosen {
				names = append(names, p.Name)
			}
			g.Expect(names).To(ConsistOf(tc.want))
		})
	}
}

func TestLinkFileReplacesAnOlderFileAndKeepsTheSame(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "deep", "to")
	g.Expect(os.WriteFile(from, []byte("new"), 0o700)).To(Succeed())
	g.Expect(linkFile(from, to)).To(Succeed())
	g.Expect(linkFile(from, to)).To(Succeed())
	g.Expect(os.ReadFile(to)).To(Equal([]byte("new")))
	g.Expect(os.Remove(to)).To(Succeed())
	g.Expect(os.WriteFile(to, []byte("old"), 0o700)).To(Succeed())
	g.Expect(linkFile(from, to)).To(Succeed())
	g.Expect(os.ReadFile(to)).To(Equal([]byte("new")))
}

func TestPodProgramsAreBuiltOnceAndPacked(t *testing.T) {
	g := NewWithT(t)
	t.Setenv("ALUMNI_CACHE", t.TempDir())
	cache, err := openCache()
	g.Expect(err).NotTo(HaveOccurred())
	var out bytes.Buffer
	b := Builder{Cache: cache, Progress: newProgress(&out)}
	g.Expect(b.podProgram("pause")).To(Succeed())
	g.Expect(out.String()).To(ContainSubstring("pause: built in"))
	out.Reset()
	g.Expect(b.podProgram("pause")).To(Succeed())
	g.Expect(out.String()).To(BeEmpty(), "the second time it is cached")

	source, target := b.imageFiles("pause")
	g.Expect(os.MkdirAll(filepath.Dir(target), 0o700)).To(Succeed())
	g.Expect(writeImage(pauseImage, source, target)).To(Succeed())
	tag, err := name.NewTag(pauseImage)
	g.Expect(err).NotTo(HaveOccurred())
	image, err := tarball.ImageFromPath(target, &tag)
	g.Expect(err).NotTo(HaveOccurred())
	config, err := image.ConfigFile()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(config.Config.User).To(Equal("65532:65532"))
	g.Expect(config.Config.Entrypoint).To(Equal([]string{"/program"}))
}

func TestEveryProgramIsBuiltFromWholeFiles(t *testing.T) {
	g := NewWithT(t)
	for _, p := range programs {
		files, err := p.files()
		g.Expect(err).NotTo(HaveOccurred(), p.Name)
		g.Expect(files).To(HaveKey("go.sum"))
		g.Expect(files).To(HaveKeyWithValue("go.mod", ContainSubstring("/components/"+p.File+"\n")))
		g.Expect(p.Import == ".").To(Equal(files["main.go"] != ""), p.Name)
	}
}

func TestMissingPackagesAreNamed(t *testing.T) {
	g := NewWithT(t)
	never := func() bool { return false }
	err := ensurePackages([]need{
		{"the program ip", "iproute2", never},
		{"nothing", "nothing", func() bool { return true }},
		{"the program nft", "nftables", never},
	}, false, newProgress(os.Stderr))
	g.Expect(err).To(MatchError("this machine lacks the program ip, the program nft; on Debian: apt-get install iproute2 nftables"))
}

func TestDispatchNamesAnUnknownCommand(t *testing.T) {
	NewWithT(t).Expect(dispatch(context.Background(), []string{"fly"})).To(MatchError(`there is no command "fly"`))
}
