// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package cluster runs a real Kubernetes on one Linux machine for tests, the demo and the benchmark, from Go modules
// and Debian packages only: no container engine, no image registry.
//
// In Loopback mode, which needs no root, etcd, kube-apiserver, kube-controller-manager and kube-scheduler run as plain
// processes on 127.0.0.1 and kwok plays nodes and pods, so that real HPAs, Jobs and garbage collection move simulated
// pods. A server of the test process is reached from the API server (aggregated API, webhook) through a Service of
// type ExternalName that names localhost. In Full mode, which needs root, a network namespace holds the same control
// plane together with containerd, kubelet, kube-proxy, CoreDNS and metrics-server, and containers are real.
//
// Tests call ForTest; the devcluster program and the benchmark call Up and Attach. Everything lies in one cache folder
// (see Cache). A cluster's processes are recorded by pid and start time in its state file and never looked up by name.
package cluster

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Mode is what a cluster is made of.
type Mode string

// The modes.
const (
	Loopback Mode = "loopback" // control plane and simulated nodes; needs no root
	Full     Mode = "full"     // a real node as well, in a network namespace; needs root
)

// Options describe a cluster. The zero value is a loopback cluster called "dev" with two simulated nodes.
type Options struct {
	Name string // lower case letters, digits and dashes, at most 20; default "dev"
	Mode Mode   // default Loopback
	// FakeNodes are simulated nodes with the label type=kwok and room for 1,000 pods each; default 2, none if negative.
	// In Full mode they carry the taint kwok.x-k8s.io/node=fake:NoSchedule, so that only pods that tolerate it are simulated.
	FakeNodes int
	// HPASync and HPADownscale are the HPA controller's period and down-scale stabilisation. The defaults, 1 s and 5 s,
	// make for quick tests; Kubernetes' own are 15 s and 5 min, with which performance is to be measured.
	HPASync, HPADownscale time.Duration
	Images                []string  // docker-archives to import on the real node; Full only
	Log                   io.Writer // progress; default nowhere
	APIServerArgs         []string  // more flags for kube-apiserver
	ControllerManagerArgs []string  // more flags for kube-controller-manager
	AuditPolicy           string    // audit policy file of the API server
	AuditLog              string    // where it logs to, as JSON lines, never rotated; needs AuditPolicy
	// Ephemeral ties the processes to the life of this one: they die with it, however it ends.
	Ephemeral bool
}

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,19}$`)

func (o Options) withDefaults() (Options, error) {
	if o.Name == "" {
		o.Name = "dev"
	}
	if o.Mode == "" {
		o.Mode = Loopback
	}
	if o.FakeNodes == 0 {
		o.FakeNodes = 2
	}
	if o.HPASync == 0 {
		o.HPASync = time.Second
	}
	if o.HPADownscale == 0 {
		o.HPADownscale = 5 * time.Second
	}
	switch {
	case !validName.MatchString(o.Name):
		return o, fmt.Errorf("cluster name %q: use up to 20 lower case letters, digits and dashes, first a letter or digit", o.Name)
	case o.Mode != Loopback && o.Mode != Full:
		return o, fmt.Errorf("cluster mode %q: use %q or %q", o.Mode, Loopback, Full)
	case o.AuditLog != "" && o.AuditPolicy == "":
		return o, fmt.Errorf("audit log %s: name an audit policy file too", o.AuditLog)
	case o.Mode == Loopback && len(o.Images) > 0:
		return o, fmt.Errorf("images %v: a loopback cluster runs no containers; use mode %q", o.Images, Full)
	}
	return o, nil
}

// Cache is the folder of all that this package writes: $KEDA_TF_CACHE, else terraform-provider-keda in the user's cache
// folder. It holds programs (bin), images and one folder per cluster (clusters).
func Cache() (string, error) {
	if dir := os.Getenv("KEDA_TF_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w; set KEDA_TF_CACHE", err)
	}
	return filepath.Join(dir, "terraform-provider-keda"), nil
}
