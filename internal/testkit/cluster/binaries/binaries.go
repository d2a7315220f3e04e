// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package binaries builds the programs of a development cluster from the Go module proxy: Kubernetes, etcd, kwok, CoreDNS
// and metrics-server, each pinned by a nested module under ../modules. A set of programs lands in a folder of the cache
// whose name is a hash of everything that decides its content, so that a changed pin builds anew, an unchanged one costs
// a stat, and several versions live side by side. A file lock makes concurrent test processes build once.
package binaries

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/progress"
)

// Module is the Go module that holds the sources of this package.
const Module = "github.com/keda-tf/terraform-provider-keda"

// Store is a cache folder together with a checkout of the project.
type Store struct {
	cache string
	root  string // of the checkout
}

// Open finds the checkout from the working directory, which for a test is the folder of its package.
func Open(cache string) (*Store, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for ; ; dir = filepath.Dir(dir) {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte("module "+Module+"\n")) {
			return &Store{cache: cache, root: dir}, nil
		}
		if dir == filepath.Dir(dir) {
			return nil, fmt.Errorf("no checkout of %s above the working directory: run inside one", Module)
		}
	}
}

// Ensure builds those of the sets that the cache lacks, and returns the folder of each, by its name.
func (s *Store) Ensure(ctx context.Context, log io.Writer, sets ...Set) (map[string]string, error) {
	dirs, missing := map[string]string{}, []Set(nil)
	for _, set := range sets {
		key, err := s.key(set)
		if err != nil {
			return nil, err
		}
		dirs[set.Name] = filepath.Join(s.cache, "bin", set.Name+"-"+key)
		if !exists(dirs[set.Name]) {
			missing = append(missing, set)
		}
	}
	if len(missing) == 0 {
		return dirs, nil
	}
	steps := progress.New(log, len(missing))
	unlock, err := s.lock(steps)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for _, set := range missing {
		if exists(dirs[set.Name]) {
			continue // another process built it while we waited
		}
		if err := s.build(ctx, steps, set, dirs[set.Name]); err != nil {
			return nil, err
		}
	}
	return dirs, nil
}

// Prune removes the folders of sets that this checkout does not use, and returns their paths.
func (s *Store) Prune() ([]string, error) {
	var keep, removed []string
	for _, set := range All {
		key, err := s.key(set)
		if err != nil {
			return nil, err
		}
		keep = append(keep, set.Name+"-"+key)
	}
	entries, err := os.ReadDir(filepath.Join(s.cache, "bin"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if !e.IsDir() || slices.Contains(keep, e.Name()) {
			continue
		}
		path := filepath.Join(s.cache, "bin", e.Name())
		if err := os.RemoveAll(path); err != nil {
			return removed, err
		}
		removed = append(removed, path)
	}
	return removed, nil
}

// build compiles into a temporary folder and renames it, so that a folder that exists is complete.
func (s *Store) build(ctx context.Context, steps *progress.Steps, set Set, dir string) error {
	tmp := dir + ".building"
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	out := &counter{}
	module := filepath.Join(s.root, set.Dir)
	what := "building " + set.describe(module)
	end := steps.Step(what, out.String)
	defer end()
	args := []string{"build", "-v", "-trimpath", "-ldflags", set.ldflags(module), "-o", tmp + "/"}
	cmd := exec.CommandContext(ctx, "go", append(args, set.Packages...)...)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", what, err, out.tail())
	}
	if set.After != nil {
		if err := set.After(ctx, module, tmp); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return os.Rename(tmp, dir)
}

// key hashes the sources of the set, how they are built, and the Go version.
func (s *Store) key(set Set) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOARCH, set.Packages, set.ldflags(filepath.Join(s.root, set.Dir)))
	for _, dir := range append([]string{set.Dir}, set.Sources...) {
		if dir == "" { // the project's own module: its Sources say what matters
			continue
		}
		files, err := filepath.Glob(filepath.Join(s.root, dir, "*"))
		if err != nil {
			return "", fmt.Errorf("sources of %s in %s: %w", set.Name, dir, err)
		}
		if len(files) == 0 {
			return "", fmt.Errorf("no sources of %s in %s", set.Name, dir)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			b, err := os.ReadFile(f)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(h, "%s %d\n%s", filepath.Base(f), len(b), b)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:10], nil
}

// lock takes the build lock, and says so if that takes waiting.
func (s *Store) lock(steps *progress.Steps) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Join(s.cache, "bin"), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(s.cache, "bin", "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		steps.Note("another process is building; waiting for it")
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
	}
	return func() { _ = f.Close() }, nil // closing gives the lock up
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// counter keeps the output of `go build -v`, one line per package, and counts the lines.
type counter struct {
	lines atomic.Int64
	buf   bytes.Buffer
}

func (c *counter) Write(p []byte) (int, error) {
	c.lines.Add(int64(bytes.Count(p, []byte{'\n'})))
	return c.buf.Write(p)
}

func (c *counter) String() string { return fmt.Sprintf("%d packages", c.lines.Load()) }

func (c *counter) tail() string {
	lines := strings.Split(strings.TrimSpace(c.buf.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
