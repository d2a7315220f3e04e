// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Set is a group of programs that are built from one module at one time.
type Set struct {
	Name     string
	Dir      string   // of the module, below the root of the checkout; "" for the project's own
	Packages []string // main packages; each becomes a program named like the last element of its path
	Sources  []string // more folders whose files decide the content
	Version  string   // the module whose version describes the set
	Stamp    bool     // link Kubernetes' version into the programs
	// After finishes the set in its folder out; module is the folder of the nested module.
	After func(ctx context.Context, module, out string) error
}

const modules = "internal/testkit/cluster/modules/"

// The sets. The control plane is apart from the node because a loopback cluster needs no kubelet.
var (
	ControlPlane = Set{Name: "control-plane", Dir: modules + "kubernetes", Version: "k8s.io/kubernetes", Stamp: true, Packages: []string{
		"k8s.io/kubernetes/cmd/kube-apiserver", "k8s.io/kubernetes/cmd/kube-controller-manager",
		"k8s.io/kubernetes/cmd/kube-scheduler", "k8s.io/kubernetes/cmd/kubectl",
	}}
	Node = Set{Name: "node", Dir: modules + "kubernetes", Version: "k8s.io/kubernetes", Stamp: true, Packages: []string{
		"k8s.io/kubernetes/cmd/kubelet", "k8s.io/kubernetes/cmd/kube-proxy",
	}}
	Etcd = Set{Name: "etcd", Dir: modules + "etcd", Version: "go.etcd.io/etcd/server/v3",
		Packages: []string{"go.etcd.io/etcd/server/v3"}, After: rename("server", "etcd")}
	Kwok = Set{Name: "kwok", Dir: modules + "kwok", Version: "sigs.k8s.io/kwok",
		Packages: []string{"sigs.k8s.io/kwok/cmd/kwok"}, After: kwokStages}
	CoreDNS       = Set{Name: "coredns", Dir: modules + "coredns", Version: "github.com/coredns/coredns", Packages: []string{"."}}
	MetricsServer = Set{Name: "metrics-server", Dir: modules + "metrics-server", Version: "sigs.k8s.io/metrics-server",
		Packages: []string{"sigs.k8s.io/metrics-server/cmd/metrics-server"}}
	// Own are small programs of this project.
	Own = Set{Name: "own",
		Packages: []string{"./internal/testkit/cluster/cmd/netfwd", "./internal/image/cmd/pause"},
		Sources:  []string{"internal/testkit/cluster/cmd/netfwd", "internal/testkit/cluster/netns", "internal/image/cmd/pause"}}

	Loopback = []Set{ControlPlane, Etcd, Kwok}
	All      = []Set{ControlPlane, Etcd, Kwok, Node, CoreDNS, MetricsServer, Own}
)

// describe is "control-plane (4 programs of k8s.io/kubernetes v1.34.4)".
func (s Set) describe(module string) string {
	of := "this project"
	if s.Version != "" {
		of = s.Version + " " + requiredVersion(module, s.Version)
	}
	return fmt.Sprintf("%s (%d programs of %s)", s.Name, len(s.Packages), of)
}

// ldflags strips symbols and, for Kubernetes, sets the version that a build from its own repository would have: the
// kubelet and clients compare it. It is read from the module file, so that the pin is the only place that names it.
func (s Set) ldflags(module string) string {
	flags := "-s -w"
	if !s.Stamp {
		return flags
	}
	version := requiredVersion(module, s.Version)
	minor := strings.SplitN(version+"..", ".", 3)[1]
	for _, p := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags += fmt.Sprintf(" -X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=1 -X %[1]s.gitMinor=%[3]s -X %[1]s.gitTreeState=clean"+
			" -X %[1]s.gitCommit=module -X %[1]s.buildDate=2026-01-01T00:00:00Z", p, version, minor)
	}
	return flags
}

// requiredVersion reads the version of a required module from module/go.mod, "" when it is not required.
func requiredVersion(module, name string) string {
	b, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		return ""
	}
	m := regexp.MustCompile(`(?m)^(?:require)?\s*` + regexp.QuoteMeta(name) + ` (v\S+)`).FindSubmatch(b)
	if m == nil {
		return ""
	}
	return string(m[1])
}

func rename(from, to string) func(context.Context, string, string) error {
	return func(_ context.Context, _, out string) error {
		return os.Rename(filepath.Join(out, from), filepath.Join(out, to))
	}
}

// kwokStages copies the stages that come with kwok next to its program: data of the very version that reads it.
func kwokStages(ctx context.Context, module, out string) error {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok")
	cmd.Dir = module
	dir, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("find the kwok module: %w", err)
	}
	src := filepath.Join(strings.TrimSpace(string(dir)), "kustomize", "stage")
	for _, f := range []string{
		"node/fast/node-initialize.yaml", "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
		"pod/fast/pod-ready.yaml", "pod/fast/pod-delete.yaml",
	} {
		b, err := os.ReadFile(filepath.Join(src, f))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, path.Base(f)), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
