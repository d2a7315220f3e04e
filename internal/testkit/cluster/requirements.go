// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNoFull is wrapped by the errors that say why this machine cannot run a full cluster. A caller may fall back to
// Loopback.
var ErrNoFull = errors.New("a full cluster cannot run here")

// needed are the programs of a full cluster and the Debian packages that have them.
var needed = []struct{ program, pkg string }{
	{"containerd", "containerd"}, {"ctr", "containerd"}, {"runc", "runc"}, {"iptables", "iptables"}, {"ip", "iproute2"},
	{"nsenter", "util-linux"}, {"unshare", "util-linux"}, {"mount", "mount"}, {"sysctl", "procps"}, {"ldd", "libc-bin"}, {"redis-server", "redis-server"}, {"redis-cli", "redis-tools"},
}

var cniFolders = []string{"/usr/lib/cni", "/opt/cni/bin"}

// EnsureFull checks that this machine can run a full cluster, and installs the Debian packages that are missing. It
// returns an error that wraps ErrNoFull and names the remedy if that cannot be.
func EnsureFull(ctx context.Context, log io.Writer) error {
	if err := CanRunFull(); err != nil {
		return err
	}
	pkgs := missingPackages()
	if len(pkgs) == 0 {
		return nil
	}
	if log == nil {
		log = io.Discard
	}
	install := append([]string{"apt-get", "install", "--yes", "--no-install-recommends"}, pkgs...)
	by := strings.Join(install, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("%w: install what your distribution has instead of the Debian packages %s", ErrNoFull, strings.Join(pkgs, " "))
	}
	fmt.Fprintf(log, "installing Debian packages: %s\n", by)
	cmd := exec.CommandContext(ctx, install[0], install[1:]...)
	// Only the programs are wanted, not the services that packages start; runlevel 1 tells their scripts so.
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %s failed (%w); run it after apt-get update", ErrNoFull, by, err)
	}
	if left := missingPackages(); len(left) > 0 {
		return fmt.Errorf("%w: programs of %s are not in PATH although the packages are installed", ErrNoFull, strings.Join(left, " "))
	}
	return nil
}

// CanRunFull checks what no package can give: root and cgroups.
func CanRunFull() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: it needs root for a network namespace and containers; run as root, or use mode %q", ErrNoFull, Loopback)
	}
	if unified() {
		return nil
	}
	for _, controller := range []string{"cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids"} {
		if _, err := os.Stat(filepath.Join(cgroupMount, controller, "cgroup.procs")); err != nil {
			return fmt.Errorf("%w: %s has neither cgroup v2 nor the v1 controller %s; mount it, or use mode %q", ErrNoFull, cgroupMount, controller, Loopback)
		}
	}
	return nil
}

func missingPackages() []string {
	var pkgs []string
	for _, n := range needed {
		if _, err := exec.LookPath(n.program); err != nil && !slices.Contains(pkgs, n.pkg) {
			pkgs = append(pkgs, n.pkg)
		}
	}
	if _, err := cniPlugins(); err != nil {
		pkgs = append(pkgs, "containernetworking-plugins")
	}
	return pkgs
}

// cniPlugins is the folder of the network plugins.
func cniPlugins() (string, error) {
	for _, dir := range cniFolders {
		if _, err := os.Stat(filepath.Join(dir, "bridge")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no network plugins in %s: install containernetworking-plugins", strings.Join(cniFolders, " or "))
}
