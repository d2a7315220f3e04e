// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// module writes a module with one tiny program and returns the checkout that holds it.
func module(t *testing.T, body string) (root string, set Set) {
	t.Helper()
	root = t.TempDir()
	dir := filepath.Join(root, "hello")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"go.mod": "module hello\n\ngo 1.26.0\n", "main.go": body} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root, Set{Name: "hello", Dir: "hello", Packages: []string{"."}}
}

const hello = "package main\n\nfunc main() { println(\"hello\") }\n"

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// Two that need the same programs at the same time build them once, and both can run them.
func TestEnsureBuildsOnce(t *testing.T) {
	root, set := module(t, hello)
	cache, log := t.TempDir(), &lockedBuffer{}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			dirs, err := (&Store{cache: cache, root: root}).Ensure(t.Context(), log, set)
			if err != nil {
				t.Error(err)
				return
			}
			if out, err := exec.Command(filepath.Join(dirs["hello"], "hello")).CombinedOutput(); err != nil || string(out) != "hello\n" {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
	wg.Wait()
	if n := strings.Count(log.b.String(), "building hello"); n != 1 {
		t.Errorf("built %d times:\n%s", n, log.b.String())
	}
}

func TestChangedSourcesHaveAnotherKey(t *testing.T) {
	root, set := module(t, hello)
	s := &Store{cache: t.TempDir(), root: root}
	first, err := s.key(set)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "hello", "go.sum"), []byte("pin\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	second, err := s.key(set)
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Error("a changed pin has the same key")
	}
}

func TestFailedBuildShowsTheCompilerAndLeavesNothing(t *testing.T) {
	root, set := module(t, "package main\n\nfunc main() { undefinedName() }\n")
	s := &Store{cache: t.TempDir(), root: root}
	_, err := s.Ensure(t.Context(), nil, set)
	if err == nil || !strings.Contains(err.Error(), "undefinedName") {
		t.Errorf("error: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.cache, "bin", "hello*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestPruneKeepsWhatTheCheckoutUses(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	key, err := s.key(Etcd)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"etcd-" + key, "etcd-0123456789"} {
		if err := os.MkdirAll(filepath.Join(s.cache, "bin", name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := s.Prune()
	if err != nil || len(removed) != 1 || filepath.Base(removed[0]) != "etcd-0123456789" {
		t.Errorf("removed %v, %v", removed, err)
	}
}

// Every set must name a module whose version its go.mod pins, since that is what the programs are stamped with.
func TestSetsArePinned(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range All {
		if set.Version != "" && !strings.HasPrefix(requiredVersion(filepath.Join(s.root, set.Dir), set.Version), "v") {
			t.Errorf("%s: %s is not required by %s/go.mod", set.Name, set.Version, set.Dir)
		}
	}
	if flags := ControlPlane.ldflags(filepath.Join(s.root, ControlPlane.Dir)); !strings.Contains(flags, "gitMinor=34 ") {
		t.Errorf("the version is not linked in: %s", flags)
	}
}
