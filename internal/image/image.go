// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package image writes container images as docker-archives (what `docker save` writes and `ctr images import` and
// `docker load` read) from plain files, without a container engine or a registry. The same files and settings give the
// same bytes on every machine and at every time. The mkimage program and the development cluster use it.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"
)

// Nonroot is the numeric user of images that need no privileges, the number that distroless images use. It is numeric
// because only that lets Kubernetes check runAsNonRoot.
const Nonroot = "65532:65532"

// pathEnv is the PATH of images, as other builders set it.
const pathEnv = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Image is one image of one layer, for the architecture that this program was built for.
type Image struct {
	Tag        string // name:tag, required
	Entrypoint []string
	User       string            // "" is root
	Env        []string          // NAME=value, besides PATH
	Labels     map[string]string // org.opencontainers.image.source and so on
	Files      []File
}

// WriteTo writes the archive. Nothing useful has been written when it fails.
func (i Image) WriteTo(w io.Writer) (int64, error) {
	if name, tag, ok := strings.Cut(i.Tag, ":"); !ok || name == "" || tag == "" {
		return 0, fmt.Errorf("image tag %q: use name:tag", i.Tag)
	}
	if len(i.Entrypoint) == 0 {
		return 0, errors.New("image entrypoint: name at least the program")
	}
	layer, err := layer(i.Files)
	if err != nil {
		return 0, err
	}
	digest := fmt.Sprintf("%x", sha256.Sum256(layer))
	config, err := i.config(digest)
	if err != nil {
		return 0, err
	}
	configName := fmt.Sprintf("%x.json", sha256.Sum256(config))
	manifest, err := json.Marshal([]map[string]any{{
		"Config": configName, "RepoTags": []string{i.Tag}, "Layers": []string{digest + "/layer.tar"},
	}})
	if err != nil {
		return 0, err
	}
	count := &countingWriter{w: w}
	archive := tar.NewWriter(count)
	for _, f := range []struct {
		name string
		data []byte
	}{{configName, config}, {digest + "/layer.tar", layer}, {"manifest.json", manifest}} {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: 0o644, Size: int64(len(f.data)), ModTime: time.Unix(0, 0)}
		if err := archive.WriteHeader(h); err != nil {
			return count.n, err
		}
		if _, err := archive.Write(f.data); err != nil {
			return count.n, err
		}
	}
	return count.n, archive.Close()
}

// config is the image configuration of the OCI specification. Maps are encoded in the order of their keys.
func (i Image) config(layerDigest string) ([]byte, error) {
	return json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"created":      "1970-01-01T00:00:00Z",
		"config": map[string]any{
			"Entrypoint": i.Entrypoint, "Env": append([]string{pathEnv}, i.Env...), "User": i.User, "WorkingDir": "/", "Labels": i.Labels,
		},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + layerDigest}},
	})
}

// layer is the uncompressed tar of the files.
func layer(files []File) ([]byte, error) {
	files, err := arrange(files)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		if err := f.write(w); err != nil {
			return nil, fmt.Errorf("add %s to the image: %w", f.Name, err)
		}
	}
	return buf.Bytes(), w.Close()
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
