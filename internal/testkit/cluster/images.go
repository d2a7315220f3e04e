// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/keda-tf/terraform-provider-keda/internal/image"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/binaries"
)

// The images that every full cluster has, built from the programs of the cache and of this machine. They are not pulled:
// use them with imagePullPolicy Never or IfNotPresent.
const (
	PauseImage         = "local.test/pause:dev"
	CoreDNSImage       = "local.test/coredns:dev"
	MetricsServerImage = "local.test/metrics-server:dev"
	RedisImage         = "local.test/redis:dev" // redis-server without persistence or password on port 6379, with redis-cli
)

// systemImages writes the archives that the cache lacks and returns the paths of all.
func systemImages(cache string, bin map[string]string) ([]string, error) {
	redis, err := redisImage()
	if err != nil {
		return nil, err
	}
	images := []image.Image{static(PauseImage, bin[binaries.Own.Name], "pause"),
		static(CoreDNSImage, bin[binaries.CoreDNS.Name], "coredns"),
		static(MetricsServerImage, bin[binaries.MetricsServer.Name], "metrics-server"), redis}
	var paths []string
	for _, img := range images {
		path, err := archive(cache, img)
		if err != nil {
			return nil, fmt.Errorf("write image %s: %w", img.Tag, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func static(tag, dir, program string) image.Image {
	return image.Image{Tag: tag, Entrypoint: []string{"/" + program}, User: image.Nonroot,
		Files: append(image.Base(), image.Program("/"+program, filepath.Join(dir, program)))}
}

// redisImage holds Debian's own server and client.
func redisImage() (image.Image, error) {
	img := image.Image{Tag: RedisImage, User: image.Nonroot, Files: append(image.Base(), image.File{Name: "/data", Dir: true, Mode: 0o777}),
		Entrypoint: []string{"/usr/bin/redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--dir", "/data"}}
	for _, program := range []string{"/usr/bin/redis-server", "/usr/bin/redis-cli"} {
		files, err := image.WithLibraries(program)
		if err != nil {
			return img, err
		}
		img.Files = append(img.Files, files...)
	}
	return img, nil
}

// archive is the path of the image's archive in the cache. It is named by a hash of what goes into it, where a file
// counts as its path, size and time: reading hundreds of megabytes at each start would cost more than it is worth.
func archive(cache string, img image.Image) (string, error) {
	h := sha256.New()
	fmt.Fprint(h, img.Tag, img.Entrypoint, img.User, img.Env)
	for _, f := range img.Files {
		fmt.Fprint(h, f.Name, f.Source, f.Link, f.Mode, len(f.Data))
		if f.Source == "" {
			_, _ = h.Write(f.Data)
			continue
		}
		info, err := os.Stat(f.Source)
		if err != nil {
			return "", err
		}
		fmt.Fprint(h, info.Size(), info.ModTime().UnixNano())
	}
	path := filepath.Join(cache, "images", fmt.Sprintf("%x.tar", h.Sum(nil)[:10]))
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return path, err
	}
	return path, writeArchive(path, img)
}

// writeArchive renames a complete file into place, so that processes which write the same one at a time do no harm.
func writeArchive(path string, img io.WriterTo) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := img.WriteTo(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
