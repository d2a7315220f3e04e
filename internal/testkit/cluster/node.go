// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/binaries"
)

//go:embed manifests/node
var nodeFiles embed.FS

// nodeConfig is what the files in manifests/node refer to.
type nodeConfig struct {
	Cluster, Dir, PKI, Socket    string // folders, and containerd's socket
	Group                        string // name of the cgroup and of the pod network
	Node, NodePodRange, PodRange string
	DNS, Domain                  string
	Runc, CNIPlugins             string
}

// runtime starts containerd and imports the images.
func (l *launch) runtime(ctx context.Context) error {
	config, err := l.nodeConfig()
	if err != nil {
		return err
	}
	if err := config.write(); err != nil {
		return err
	}
	if err := makeCgroups(config.Group); err != nil {
		return err
	}
	if err := l.containerd(config); err != nil {
		return err
	}
	err = l.await(ctx, "containerd", func(ctx context.Context) error {
		return command(ctx, "ctr", "-a", config.Socket, "version")
	})
	if err != nil {
		return err
	}
	for _, archive := range l.images {
		if err := importImage(ctx, l.dir, archive); err != nil {
			return err
		}
	}
	return nil
}

// private are folders that containerd, its plugins and the kubelet write to whatever they are told. The node has its own
// in place of the machine's.
var private = []string{"/run/containerd", "/var/lib/cni", "/var/lib/kubelet", "/var/log/containers"}

// containerd starts it in a mount namespace of its own, which the kubelet then shares. All mounts of the node and its
// containers end with that namespace, so with its last process, and none of them shows outside.
func (l *launch) containerd(config nodeConfig) error {
	script := "mount --make-rshared /\n"
	for _, folder := range private {
		mine := filepath.Join(config.Dir, "private", folder)
		for _, d := range []string{folder, mine} { // a mount needs a folder to be mounted on
			if err := os.MkdirAll(d, 0o755); err != nil {
				return err
			}
		}
		script += fmt.Sprintf("mount --bind '%s' %s\n", mine, folder)
	}
	return l.start("containerd", "unshare", "--mount", "--propagation=private", "sh", "-ec", script+`exec "$@"`, "sh",
		"containerd", "-c", filepath.Join(config.Dir, "containerd.toml"))
}

// mountNamespace is the one that containerd lives in.
func mountNamespace(s *State) string {
	for _, p := range s.Processes {
		if p.Name == "containerd" {
			return fmt.Sprintf("/proc/%d/ns/mnt", p.PID)
		}
	}
	return ""
}

// node starts kube-proxy and the kubelet and waits for the node. At its start a kubelet sets kernel parameters of the
// whole machine, which get their own values back afterwards; the state file remembers them meanwhile.
func (l *launch) node(ctx context.Context) error {
	err := l.startProgram(binaries.Node, "kube-proxy", "--config="+l.path("node", "kube-proxy.yaml"))
	if err != nil {
		return err
	}
	// One kubelet at a time, or the next would take what this one sets for the machine's own values.
	unlock, err := lockDir(filepath.Dir(l.dir), false)
	if err != nil {
		return err
	}
	defer unlock()
	if l.state.Sysctls, err = readSysctls(); err != nil {
		return err
	}
	err = l.start("kubelet", "nsenter", "--mount="+mountNamespace(l.state), l.program(binaries.Node, "kubelet"),
		"--config="+l.path("node", "kubelet.yaml"), "--kubeconfig="+l.path("kubelet.kubeconfig"),
		"--hostname-override="+nodeName, "--node-ip="+nodeAddress,
		"--root-dir="+l.path("node", "kubelet"), "--cert-dir="+l.path("node", "kubelet", "pki"), "--v=2")
	if err != nil {
		return err
	}
	client, err := l.dynamic()
	if err != nil {
		return err
	}
	err = l.await(ctx, "the node", func(ctx context.Context) error {
		return nodesReady(ctx, client, "kubernetes.io/hostname="+nodeName, 1)
	})
	if err != nil {
		return err
	}
	if err := writeSysctls(l.state.Sysctls); err != nil {
		return err
	}
	l.state.Sysctls = nil
	return l.state.save(l.dir)
}

func (l *launch) nodeConfig() (nodeConfig, error) {
	c := nodeConfig{
		Cluster: l.dir, Dir: l.path("node"), PKI: l.path("pki"), Socket: socket(l.dir), Group: groupName(l.o.Name),
		Node: nodeName, NodePodRange: nodePodRange, PodRange: podRange, DNS: dnsIP, Domain: clusterDomain,
	}
	// The kernel's limit for the path of a socket is 107 bytes; containerd appends ".ttrpc".
	if n := len(c.Socket) + len(".ttrpc"); n > 107 {
		return c, fmt.Errorf("the path %s.ttrpc has %d bytes, 107 is the limit for a socket: set KEDA_TF_CACHE to a shorter folder", c.Socket, n)
	}
	var err error
	if c.Runc, err = exec.LookPath("runc"); err != nil {
		return c, err
	}
	c.CNIPlugins, err = cniPlugins()
	return c, err
}

// write fills the files in manifests/node and makes the folders that must exist.
func (c nodeConfig) write() error {
	for _, d := range []string{"cni", "manifests"} {
		if err := os.MkdirAll(filepath.Join(c.Dir, d), 0o755); err != nil {
			return err
		}
	}
	// Empty, so that pods with dnsPolicy Default do not ask the machine's resolver, which they cannot reach.
	if err := os.WriteFile(filepath.Join(c.Dir, "resolv.conf"), nil, 0o644); err != nil {
		return err
	}
	for from, to := range map[string]string{
		"cni.conflist": "cni/10-bridge.conflist", "containerd.toml": "containerd.toml",
		"kubelet.yaml": "kubelet.yaml", "kube-proxy.yaml": "kube-proxy.yaml",
	} {
		t, err := template.New(from).Option("missingkey=error").ParseFS(nodeFiles, "manifests/node/"+from)
		if err != nil {
			return err
		}
		f, err := os.Create(filepath.Join(c.Dir, to))
		if err != nil {
			return err
		}
		if err := t.Execute(f, c); err != nil {
			return fmt.Errorf("fill %s: %w", from, err)
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

func socket(dir string) string { return filepath.Join(dir, "node", "containerd.sock") }

func importImage(ctx context.Context, dir, archive string) error {
	if err := command(ctx, "ctr", "-a", socket(dir), "-n", "k8s.io", "images", "import", archive); err != nil {
		return fmt.Errorf("import image %s: %w", archive, err)
	}
	return nil
}
