// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/keda-tf/terraform-provider-keda/internal/image"
)

// Tags of the images. They are not "latest", so that nodes which have them do not pull. The manifests of examples/stories
// name them.
const (
	controllerImage = "local.test/keda-controller:demo"
	adapterImage    = "local.test/keda-metrics-adapter:demo"
	csvdemoImage    = "local.test/csvdemo:demo"
	storyImage      = "local.test/storydemo:demo"
	awsImage        = "local.test/fake-aws:demo"
	prometheusImage = "local.test/prometheus:demo" // of this machine's Debian package, for the demo's own cluster
)

// Images of others, as the manifests name them. The demo's own cluster reaches no registry and has others in their place.
const (
	redisPublic      = "redis:7.4-alpine"
	prometheusPublic = "prom/prometheus:v3.5.0"
)

// images are archives, by tag.
type images map[string]string

func (i images) archives() []string {
	var all []string
	for _, tag := range slices.Sorted(maps.Keys(i)) {
		all = append(all, i[tag])
	}
	return all
}

// program is what an image is made of: a package, what go build calls its program, and the name of that in the image.
type program struct{ tag, pkg, built, name string }

var programs = []program{
	{controllerImage, "./controller", "controller", "keda-operator"},
	{adapterImage, "./metricsadapter", "metricsadapter", "keda-metrics-apiserver"},
	{csvdemoImage, "./internal/demo/workload", "workload", "csvdemo"},
	{storyImage, "./internal/demo/storydemo", "storydemo", "storydemo"},
	{awsImage, "./internal/testkit/source/sqs/server", "server", "fake-aws"},
}

// needed are the programs of the installation and of this run's stories.
func (s *show) needed() []program {
	return slices.DeleteFunc(slices.Clone(programs), func(p program) bool {
		return p.tag != controllerImage && p.tag != adapterImage &&
			!slices.ContainsFunc(s.stories, func(st story) bool { return slices.Contains(st.images, p.tag) })
	})
}

// providerFolder has the provider that Terraform is to use.
func (s *show) providerFolder() string { return filepath.Join(s.cache, "provider") }

// build compiles the provider for this machine and the rest for Linux, and writes the images.
func (s *show) build(ctx context.Context) (images, error) {
	defer s.steps.Step("building the provider, the controller, the metrics adapter and the workloads", nil)()
	if err := s.goBuild(ctx, runtime.GOOS, s.providerFolder(), "."); err != nil {
		return nil, err
	}
	bin := filepath.Join(s.cache, "bin")
	needed := s.needed()
	var packages []string
	for _, p := range needed {
		packages = append(packages, p.pkg)
	}
	if err := s.goBuild(ctx, "linux", bin, packages...); err != nil {
		return nil, err
	}
	built := images{}
	for _, p := range needed {
		files := append(image.Base(), image.Program("/"+p.name, filepath.Join(bin, p.built)))
		if err := s.archive(built, p.name, image.Image{Tag: p.tag, User: image.Nonroot, Entrypoint: []string{"/" + p.name}, Files: files}); err != nil {
			return nil, err
		}
	}
	return built, s.substitutes(built)
}

// substitutes adds images that stand in for public ones and that the cluster does not have of itself.
func (s *show) substitutes(built images) error {
	for _, st := range s.stories {
		if !slices.Contains(st.publics, prometheusPublic) || s.target.image(prometheusPublic) != prometheusImage {
			continue
		}
		path, err := exec.LookPath("prometheus")
		if err != nil {
			return fmt.Errorf("story %s needs Prometheus: apt-get install -y prometheus: %w", st.name, err)
		}
		files, err := image.WithLibraries(path)
		if err != nil {
			return err
		}
		if err := s.archive(built, "prometheus", image.Image{Tag: prometheusImage, User: image.Nonroot, Entrypoint: []string{path}, Files: append(image.Base(), files...)}); err != nil {
			return err
		}
	}
	return nil
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

// archive writes an image and adds it to what is built.
func (s *show) archive(built images, name string, img image.Image) error {
	path := filepath.Join(s.cache, "images", name+".tar")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = img.WriteTo(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the image %s: %w", img.Tag, err)
	}
	built[img.Tag] = path
	return nil
}
