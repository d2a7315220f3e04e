// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/pki"
)

// The addresses of a cluster. Full clusters may use the same ones side by side: each has a network namespace.
const (
	nodeName       = "node1"
	nodeAddress    = "10.99.0.2"
	serviceRange   = "10.96.0.0/16"
	podRange       = "10.244.0.0/16"
	nodePodRange   = "10.244.0.0/24"
	kubernetesIP   = "10.96.0.1"
	dnsIP          = "10.96.0.10"
	clusterDomain  = "cluster.local"
	serviceAccount = "https://kubernetes.default.svc." + clusterDomain // issuer of tokens
)

// advertised is the address at which pods and the node reach the API server.
func (l *launch) advertised() string {
	if l.o.Mode == Full {
		return nodeAddress
	}
	return "127.0.0.1"
}

// certificates writes pki/ and the kubeconfig files.
func (l *launch) certificates(context.Context) error {
	ca, err := pki.NewAuthority("cluster-ca")
	if err != nil {
		return err
	}
	proxyCA, err := pki.NewAuthority("front-proxy-ca")
	if err != nil {
		return err
	}
	tokens, err := pki.NewKeyPair()
	if err != nil {
		return err
	}
	for name, pair := range map[string]pki.Pair{"ca": ca.Pair, "front-proxy-ca": proxyCA.Pair, "service-account": tokens} {
		if err := l.writePair(name, pair); err != nil {
			return err
		}
	}
	names := []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + clusterDomain}
	for _, c := range []struct {
		file string
		by   *pki.Authority
		req  pki.Request
	}{
		{"apiserver", ca, pki.Request{CommonName: "kube-apiserver", Hosts: append(names, "localhost", "127.0.0.1", kubernetesIP, l.advertised())}},
		{"apiserver-kubelet-client", ca, pki.Request{CommonName: "apiserver-kubelet-client", Organizations: []string{"system:masters"}}},
		{"front-proxy-client", proxyCA, pki.Request{CommonName: "front-proxy-client"}},
		{"kubelet-serving", ca, pki.Request{CommonName: nodeName, Hosts: []string{nodeName, "localhost", "127.0.0.1", l.advertised()}}},
	} {
		pair, err := c.by.Issue(c.req)
		if err != nil {
			return err
		}
		if err := l.writePair(c.file, pair); err != nil {
			return err
		}
	}
	return l.kubeconfigs(ca)
}

func (l *launch) kubeconfigs(ca *pki.Authority) error {
	for _, u := range []struct {
		file string
		req  pki.Request
	}{
		{"kubeconfig", pki.Request{CommonName: "kubernetes-admin", Organizations: []string{"system:masters"}}},
		{"controller-manager.kubeconfig", pki.Request{CommonName: "system:kube-controller-manager"}},
		{"scheduler.kubeconfig", pki.Request{CommonName: "system:kube-scheduler"}},
		{"proxy.kubeconfig", pki.Request{CommonName: "system:kube-proxy"}},
		{"kubelet.kubeconfig", pki.Request{CommonName: "system:node:" + nodeName, Organizations: []string{"system:nodes"}}},
	} {
		pair, err := ca.Issue(u.req)
		if err != nil {
			return err
		}
		if err := l.writeKubeconfig(u.file, ca.Cert, pair); err != nil {
			return err
		}
		if u.file == "kubeconfig" {
			if err := l.newHTTPClient(ca.Cert, pair.Cert, pair.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *launch) writePair(name string, p pki.Pair) error {
	if err := os.WriteFile(l.path("pki", name+".crt"), p.Cert, 0o644); err != nil {
		return err
	}
	return os.WriteFile(l.path("pki", name+".key"), p.Key, 0o600)
}

func (l *launch) writeKubeconfig(file string, ca []byte, user pki.Pair) error {
	cfg := clientcmdapi.NewConfig()
	name := "keda-tf-" + l.o.Name
	cfg.Clusters[name] = &clientcmdapi.Cluster{
		Server:                   fmt.Sprintf("https://127.0.0.1:%d", l.state.Ports.API),
		CertificateAuthorityData: ca,
	}
	cfg.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: user.Cert, ClientKeyData: user.Key}
	cfg.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	cfg.CurrentContext = name
	return clientcmd.WriteToFile(*cfg, l.path(file))
}
