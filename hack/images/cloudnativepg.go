// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	cloudNativePGRepository = "cloudnative-pg"
	cloudNativePGModule     = "github.com/cloudnative-pg/cloudnative-pg"
)

// buildCloudNativePG makes the image of CloudNativePG's operator from the version that hack/tools pins, laid out as its
// makers' own: the pods of PostgreSQL copy their instance manager out of it and update it by its architecture.
func buildCloudNativePG(ctx context.Context, w *workshop) (string, error) {
	version, err := w.command(ctx, filepath.Join(w.repository, "hack", "tools", "cloudnative-pg"), nil,
		"go", "list", "-m", "-f", "{{.Version}}", cloudNativePGModule)
	if err != nil {
		return "", err
	}
	w.say("cloudnative-pg: building its operator, unless the cache holds it")
	binary, err := w.command(ctx, w.repository, nil, filepath.Join("hack", "tool.sh"), "cloudnative-pg")
	if err != nil {
		return "", err
	}
	return w.finish(cloudNativePGImage(strings.TrimPrefix(strings.TrimSpace(version), "v"), strings.TrimSpace(binary)))
}

// cloudNativePGImage describes the image around the one program.
func cloudNativePGImage(version, binary string) image {
	program := "operator/manager_" + runtime.GOARCH
	entries := append(folders("etc", "etc/ssl", "etc/ssl/certs", "operator"),
		entry{path: "tmp", mode: 0o1777, folder: true},
		entry{path: "etc/passwd", mode: 0o644, content: []byte(passwd)},
		entry{path: certificates, mode: 0o644, source: "/" + certificates},
		entry{path: program, mode: 0o755, source: binary},
		entry{path: "manager", link: program},
	)
	return image{
		kind: "cloudnative-pg", tags: []string{fmt.Sprintf("%s:%s", cloudNativePGRepository, version)}, entries: entries,
		config: v1.Config{
			Entrypoint: []string{"/manager"}, User: nobodyInParticular, WorkingDir: "/",
			Labels: labels("cloudnative-pg", "CloudNativePG's operator for the local cluster of alumni-operator", version),
		},
	}
}
