// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/binaries"
)

// apiServer starts etcd and the API server, which waits for etcd, and does not wait for them.
func (l *launch) apiServer(context.Context) error {
	if err := l.startProgram(binaries.Etcd, "etcd", l.etcdArgs()...); err != nil {
		return err
	}
	if err := l.startProgram(binaries.ControlPlane, "kube-apiserver", l.apiServerArgs()...); err != nil {
		return err
	}
	return l.forwardAPI()
}

// controllers starts the controller manager and the scheduler when the API server is ready: earlier they would meet no
// server, and wait longer before they try again than the server takes to come.
func (l *launch) controllers(ctx context.Context) error {
	if err := l.await(ctx, "the API server", l.healthy(l.state.Ports.API, "/readyz")); err != nil {
		return err
	}
	if err := l.startProgram(binaries.ControlPlane, "kube-controller-manager", l.controllerManagerArgs()...); err != nil {
		return err
	}
	if err := l.startProgram(binaries.ControlPlane, "kube-scheduler", l.schedulerArgs()...); err != nil {
		return err
	}
	if err := l.await(ctx, "the controller manager", l.healthy(l.state.Ports.ControllerManager, "/healthz")); err != nil {
		return err
	}
	return l.await(ctx, "the scheduler", l.healthy(l.state.Ports.Scheduler, "/healthz"))
}

// startProgram starts a server that is called like its program.
func (l *launch) startProgram(set binaries.Set, name string, args ...string) error {
	return l.start(name, append([]string{l.program(set, name)}, args...)...)
}

func (l *launch) program(set binaries.Set, name string) string {
	return filepath.Join(l.bin[set.Name], name)
}

func (l *launch) etcdArgs() []string {
	client := fmt.Sprintf("http://127.0.0.1:%d", l.state.Ports.Etcd)
	peer := fmt.Sprintf("http://127.0.0.1:%d", l.state.Ports.EtcdPeer)
	return []string{
		"--name=dev", "--data-dir=" + l.path("etcd"),
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=dev=" + peer,
		"--unsafe-no-fsync", "--logger=zap", "--log-level=warn",
	}
}

func (l *launch) apiServerArgs() []string {
	args := []string{
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", l.state.Ports.Etcd),
		fmt.Sprintf("--secure-port=%d", l.state.Ports.API), "--advertise-address=" + l.advertised(),
		"--service-cluster-ip-range=" + serviceRange, "--allow-privileged=true",
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--client-ca-file=" + l.path("pki", "ca.crt"),
		"--tls-cert-file=" + l.path("pki", "apiserver.crt"), "--tls-private-key-file=" + l.path("pki", "apiserver.key"),
		"--kubelet-client-certificate=" + l.path("pki", "apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + l.path("pki", "apiserver-kubelet-client.key"),
		"--kubelet-certificate-authority=" + l.path("pki", "ca.crt"),
		"--kubelet-preferred-address-types=InternalIP,Hostname",
		"--requestheader-client-ca-file=" + l.path("pki", "front-proxy-ca.crt"), "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + l.path("pki", "front-proxy-client.crt"),
		"--proxy-client-key-file=" + l.path("pki", "front-proxy-client.key"),
		"--service-account-issuer=" + serviceAccount,
		"--service-account-key-file=" + l.path("pki", "service-account.crt"),
		"--service-account-signing-key-file=" + l.path("pki", "service-account.key"),
		"--v=1",
	}
	if l.o.Mode == Full {
		// Aggregated APIs are reached at their endpoints: the server runs outside of kube-proxy's reach.
		args = append(args, "--bind-address=0.0.0.0", "--enable-aggregator-routing=true")
	} else {
		// Without endpoint routing an APIService may name a Service of type ExternalName, so localhost. The address
		// 127.0.0.1 is no valid endpoint of the kubernetes Service, so nothing must try to write it.
		args = append(args, "--bind-address=127.0.0.1", "--endpoint-reconciler-type=none")
	}
	if l.o.AuditLog != "" {
		args = append(args, "--audit-policy-file="+l.o.AuditPolicy, "--audit-log-path="+l.o.AuditLog)
	}
	return append(args, l.o.APIServerArgs...)
}

func (l *launch) controllerManagerArgs() []string {
	args := append(l.componentArgs("controller-manager", l.state.Ports.ControllerManager),
		"--controllers=*,bootstrapsigner,tokencleaner", "--use-service-account-credentials=true",
		"--root-ca-file="+l.path("pki", "ca.crt"),
		"--service-account-private-key-file="+l.path("pki", "service-account.key"),
		"--cluster-signing-cert-file="+l.path("pki", "ca.crt"), "--cluster-signing-key-file="+l.path("pki", "ca.key"),
		"--requestheader-client-ca-file="+l.path("pki", "front-proxy-ca.crt"),
		"--allocate-node-cidrs=true", "--cluster-cidr="+podRange, "--service-cluster-ip-range="+serviceRange,
		"--horizontal-pod-autoscaler-sync-period="+l.o.HPASync.String(),
		"--horizontal-pod-autoscaler-downscale-stabilization="+l.o.HPADownscale.String(),
		"--concurrent-deployment-syncs=10")
	return append(args, l.o.ControllerManagerArgs...)
}

func (l *launch) schedulerArgs() []string {
	return l.componentArgs("scheduler", l.state.Ports.Scheduler)
}

// componentArgs are the flags that controller manager and scheduler share.
func (l *launch) componentArgs(user string, port int) []string {
	kubeconfig := l.path(user + ".kubeconfig")
	return []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port), "--leader-elect=false",
		"--kube-api-qps=200", "--kube-api-burst=400", "--v=1",
	}
}
