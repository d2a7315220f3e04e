// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/keda-tf/terraform-provider-keda/internal/image"
)

// Tags of the images. They are not "latest", so that nodes which have them do not pull.
const (
	controllerImage = "local.test/keda-controller:demo"
	adapterImage    = "local.test/keda-metrics-adapter:demo"
	csvdemoImage    = "local.test/csvdemo:demo"
)

// images are archives, by tag.
type images map[string]string

func (i images) archives() []string {
	return []string{i[controllerImage], i[adapterImage], i[csvdemoImage]}
}

// programs are what the images are made of: a package, and its program's name in the image.
var programs = []struct{ tag, pkg, built, name string }{
	{controllerImage, "./controller", "controller", "keda-operator"},
	{adapterImage, "./metricsadapter", "metricsadapter", "keda-metrics-apiserver"},
	{csvdemoImage, "./internal/demo/workload", "workload", "csvdemo"},
}

// providerFolder has the provider that Terraform is to use.
func (s *show) providerFolder() string { return filepath.Join(s.cache, "provider") }

// build compiles the provider for this machine and the rest for Linux, and writes the images.
func (s *show) build(ctx context.Context) (images, error) {
	defer s.steps.Step("building the provider, the controller, the metrics adapter and the workload", nil)()
	if err := s.goBuild(ctx, runtime.GOOS, s.providerFolder(), "."); err != nil {
		return nil, err
	}
	bin := filepath.Join(s.cache, "bin")
	var packages []string
	for _, p := range programs {
		packages = append(packages, p.pkg)
	}
	if err := s.goBuild(ctx, "linux", bin, packages...); err != nil {
		return nil, err
	}
	built := images{}
	for _, p := range programs {
		path, err := s.archive(p.tag, p.name, filepath.Join(bin, p.built))
		if err != nil {
			return nil, fmt.Errorf("write the image %s: %w", p.tag, err)
		}
		built[p.tag] = path
	}
	return built, nil
}

func (s *show) goBuild(ctx context.Context, goos, into string, packages ...string) error {
	// The flags are those of `make build`, so that the two share what they compile.
	args := append([]string{"build", "-buildvcs=false", "-ldflags=-s -w", "-o", into + string(filepath.Separator)}, packages...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = s.Root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos)
	var messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &messages, &messages
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, messages.Bytes())
	}
	return nil
}

// archive writes the image of one program.
func (s *show) archive(tag, name, program string) (string, error) {
	path := filepath.Join(s.cache, "images", name+".tar")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	img := image.Image{Tag: tag, User: image.Nonroot, Entrypoint: []string{"/" + name}, Files: append(image.Base(), image.Program("/"+name, program))}
	_, err = img.WriteTo(f)
	return path, errors.Join(err, f.Close())
}
