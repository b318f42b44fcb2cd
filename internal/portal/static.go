// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets/*
var assetFiles embed.FS

// assets are the files that pages refer to, each under a name with the hash of its content, so that browsers may
// keep them for ever.
type assets struct {
	byName map[string]string // file name to path with hash
	byHash map[string][]byte // last element of that path to content
}

func loadAssets() (*assets, error) {
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		return nil, fmt.Errorf("list assets: %w", err)
	}
	a := &assets{byName: map[string]string{}, byHash: map[string][]byte{}}
	for _, e := range entries {
		content, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read asset %s: %w", e.Name(), err)
		}
		sum := sha256.Sum256(content)
		ext := path.Ext(e.Name())
		hashed := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:8]) + ext
		a.byName[e.Name()] = "/assets/" + hashed
		a.byHash[hashed] = content
	}
	return a, nil
}

func (a *assets) path(name string) string { return a.byName[name] }

// asset serves one file.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	content, ok := s.assets.byHash[name]
	if !ok {
		s.refuse(w, r, http.StatusNotFound)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Del("X-Robots-Tag")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

// robots lets search engines find the landing page, and nothing else; of a trial nothing.
func (s *Server) robots(w http.ResponseWriter, _ *http.Request) {
	allowed := "Allow: /$\nAllow: /?lang=\nAllow: /assets/\n"
	if s.Network.Trial() {
		allowed = ""
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write([]byte("User-agent: *\n" + allowed + "Disallow: /\n"))
}
