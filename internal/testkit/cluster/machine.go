// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const cgroupMount = "/sys/fs/cgroup"

// unified reports whether the machine has only cgroup v2. On a hybrid one the v1 hierarchies hold the controllers.
func unified() bool {
	_, err := os.Stat(filepath.Join(cgroupMount, "cgroup.controllers"))
	return err == nil
}

// hierarchies are the folders that hold the cgroup of that name: one with cgroup v2, one per controller with v1.
func hierarchies(name string) []string {
	if unified() {
		return []string{filepath.Join(cgroupMount, name)}
	}
	mounts, _ := filepath.Glob(filepath.Join(cgroupMount, "*", "cgroup.procs"))
	var dirs []string
	for _, m := range mounts {
		// Controllers that share a hierarchy also have symbolic links to it.
		if d := filepath.Dir(m); !isSymlink(d) {
			dirs = append(dirs, filepath.Join(d, name))
		}
	}
	return dirs
}

func isSymlink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// makeCgroups makes the cgroup that holds all containers and their shims, which is how they are found again.
func makeCgroups(name string) error {
	if unified() {
		// Controllers are passed on one level at a time; those that the machine lacks stay off.
		have, err := os.ReadFile(filepath.Join(cgroupMount, "cgroup.controllers"))
		if err != nil {
			return err
		}
		for _, c := range strings.Fields(string(have)) {
			_ = os.WriteFile(filepath.Join(cgroupMount, "cgroup.subtree_control"), []byte("+"+c), 0o644)
		}
	}
	for _, dir := range hierarchies(name) {
		for _, d := range []string{dir, filepath.Join(dir, "shims")} {
			if err := os.MkdirAll(d, 0o755); err != nil {
				return fmt.Errorf("make cgroup: %w", err)
			}
			if err := inheritCpuset(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// inheritCpuset: a new v1 cpuset is empty, and takes no process until its parent's values are copied.
func inheritCpuset(dir string) error {
	for _, f := range []string{"cpuset.cpus", "cpuset.mems"} {
		b, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil || len(bytes.TrimSpace(b)) > 0 || unified() {
			continue
		}
		parent, err := os.ReadFile(filepath.Join(filepath.Dir(dir), f))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, f), parent, 0o644); err != nil {
			return fmt.Errorf("set up cpuset: %w", err)
		}
	}
	return nil
}

// removeCgroups kills whatever runs in the cgroup, which can only be containers and shims of the cluster, and removes it.
func removeCgroups(name string) error {
	deadline := time.Now().Add(20 * time.Second)
	for {
		var errs []error
		for _, dir := range hierarchies(name) {
			errs = append(errs, killAndRemove(dir))
		}
		err := errors.Join(errs...)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond) // the kernel needs a moment to bury the dead
	}
}

func killAndRemove(dir string) error {
	var dirs []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, p)
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Reverse(dirs) // children before parents
	for _, d := range dirs {
		procs, _ := os.ReadFile(filepath.Join(d, "cgroup.procs"))
		for _, field := range strings.Fields(string(procs)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 1 {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
		if err := os.Remove(d); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// unmountBelow detaches every mount below a folder, the innermost first.
func unmountBelow(dir string) error {
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	var points []string
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		point := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`).Replace(fields[1])
		if strings.HasPrefix(point, dir+"/") {
			points = append(points, point)
		}
	}
	slices.Reverse(points) // the file is in the order of mounting
	for _, p := range points {
		if err := unix.Unmount(p, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("unmount %s: %w", p, err)
		}
	}
	return nil
}

// kubeletSysctls are the kernel parameters that a kubelet sets.
var kubeletSysctls = []string{
	"vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
}

func readSysctls() (map[string]string, error) {
	values := map[string]string{}
	for _, name := range kubeletSysctls {
		b, err := os.ReadFile("/proc/sys/" + name)
		if errors.Is(err, os.ErrNotExist) {
			continue // not on this kernel
		}
		if err != nil {
			return nil, err
		}
		values[name] = strings.TrimSpace(string(b))
	}
	return values, nil
}

func writeSysctls(values map[string]string) error {
	var errs []error
	for name, v := range values {
		errs = append(errs, os.WriteFile("/proc/sys/"+name, []byte(v), 0o644))
	}
	return errors.Join(errs...)
}
