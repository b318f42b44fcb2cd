// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Builder builds programs into a cache and reports on a Progress.
type Builder struct {
	Cache    Cache
	Progress *Progress
	Force    bool // build what is cached too
}

// all builds the programs in their order; pods' programs and images follow.
func (b Builder) all(chosen []Program) error {
	unlock, err := lockDir(filepath.Join(b.Cache.Dir, "bin"))
	if err != nil {
		return err
	}
	defer unlock()
	for _, p := range chosen {
		if err := b.program(p); err != nil {
			return err
		}
	}
	if len(chosen) < len(programs) {
		return nil
	}
	for _, name := range podPrograms {
		if err := b.podProgram(name); err != nil {
			return err
		}
	}
	return b.images()
}

// program builds one program in a module of its own, exactly as pinned.
func (b Builder) program(p Program) error {
	version, err := p.version()
	if err != nil {
		return fmt.Errorf("build %s: %w", p.Name, err)
	}
	target, err := b.Cache.binary(p)
	if err != nil {
		return err
	}
	if !b.Force && exists(target) {
		return nil
	}
	files, err := p.files()
	if err != nil {
		return fmt.Errorf("build %s: %w", p.Name, err)
	}
	cgo := "0"
	if p.Cgo {
		cgo = "1"
	}
	return b.compile(compilation{
		label: p.Name + " " + version, target: target, files: files,
		args: []string{"-tags", p.Tags, "-ldflags", p.linkFlags(version), p.Import}, cgo: cgo,
	})
}

// files are the content of the module in which a program is built.
func (p Program) files() (map[string]string, error) {
	from := map[string]string{"go.mod": p.File + ".mod", "go.sum": p.File + ".sum"}
	if p.Source != "" {
		from["main.go"] = p.Source
	}
	files := map[string]string{}
	for name, source := range from {
		raw, err := moduleFiles.ReadFile("components/" + source)
		if err != nil {
			return nil, err
		}
		files[name] = string(raw)
	}
	return files, nil
}

// podProgram builds one of this program's own small programs.
func (b Builder) podProgram(name string) error {
	source, err := podSources.ReadFile("pods/" + name + "/main.go")
	if err != nil {
		return fmt.Errorf("build %s: %w", name, err)
	}
	target := b.podBinary(name)
	// the version of such a program is its source
	if old, err := os.ReadFile(target + ".go"); err == nil && bytes.Equal(old, source) && exists(target) && !b.Force {
		return nil
	}
	err = b.compile(compilation{
		label: name, target: target, cgo: "0", args: []string{"-ldflags", "-s -w", "."},
		files: map[string]string{"main.go": string(source), "go.mod": "module " + name + "\n\ngo 1.26\n"},
	})
	if err != nil {
		return err
	}
	return writeFile(target+".go", string(source), 0o644)
}

func (b Builder) podBinary(name string) string {
	return filepath.Join(b.Cache.Dir, "bin", name+"-local")
}

// images packs the programs that run in pods into image tarballs.
func (b Builder) images() error {
	for ref, program := range nodeImages {
		source, target := b.imageFiles(program)
		if isNewer(target, source) && !b.Force {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("make image %s: %w", ref, err)
		}
		if err := writeImage(ref, source, target); err != nil {
			return err
		}
	}
	return nil
}

// imageFiles gives the program inside an image, and the image's tarball.
func (b Builder) imageFiles(program string) (source, target string) {
	source = b.podBinary(program)
	for _, p := range programs {
		if p.Name == program {
			source, _ = b.Cache.binary(p) // built before: its version was readable
		}
	}
	return source, filepath.Join(b.Cache.Dir, "images", filepath.Base(source)+".tar")
}

// compilation is one run of the Go compiler.
type compilation struct {
	label, target string
	files         map[string]string
	args          []string
	cgo           string
}

// lean leaves out what only a debugger reads. The Makefile builds everything so: packages that the control plane, the
// operator and its tools have in common are compiled once.
const lean = "-gcflags=all=-dwarf=false"

func (b Builder) compile(c compilation) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("build %s: the go command is not in PATH", c.label)
	}
	dir, err := os.MkdirTemp("", "alumni-cluster-build-")
	if err != nil {
		return fmt.Errorf("build %s: %w", c.label, err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for name, content := range c.files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("build %s: %w", c.label, err)
		}
	}
	done := b.Progress.start(c.label)
	tmp := c.target + ".new"
	cmd := exec.Command(goTool, append([]string{"build", "-mod=readonly", lean, "-o", tmp}, c.args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+c.cgo, "GOWORK=off", "GOFLAGS=", "GOGC=400")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		done(errors.New("failed"))
		return fmt.Errorf("build %s: %w\n%s", c.label, err, out.String())
	}
	done(nil)
	return os.Rename(tmp, c.target)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// isNewer says whether a file was written after its source was.
func isNewer(path, source string) bool {
	a, errA := os.Stat(path)
	b, errB := os.Stat(source)
	return errA == nil && errB == nil && a.ModTime().After(b.ModTime())
}
