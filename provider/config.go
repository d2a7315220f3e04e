// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// settings are the provider's arguments with environment variables filled in.
type settings struct {
	host, username, password, token                    string
	insecure                                           bool
	tlsServerName                                      string
	clientCertificate, clientKey, clusterCACertificate string
	configPaths                                        []string
	context, contextAuthInfo, contextCluster           string
	proxyURL, fieldManager                             string
	exec                                               *clientcmdapi.ExecConfig
}

// howToConfigure is the remedy of every connection error.
const howToConfigure = "Configure the provider with config_path (environment KUBE_CONFIG_PATH), or with host (KUBE_HOST) and token, exec or a " +
	"client certificate; inside a cluster nothing is needed. KUBECONFIG is not read."

// connect makes a client. It reads files but does not dial.
func (s settings) connect() (*kube.Client, error) {
	config, err := s.restConfig()
	if err != nil {
		return nil, fmt.Errorf("the provider has no usable cluster configuration: %w. %s", err, howToConfigure)
	}
	// The API server protects itself by priority and fairness; the default
	// limit of client-go would make a thousand reads take minutes.
	config.QPS = -1
	config.UserAgent = kube.DefaultFieldManager
	config.WarningHandler = rest.NoWarnings{}
	return kube.New(config, s.fieldManager)
}

func (s settings) restConfig() (*rest.Config, error) {
	overrides, err := s.overrides()
	if err != nil {
		return nil, err
	}
	rules, err := s.loadingRules()
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if clientcmd.IsEmptyConfig(err) || errors.Is(err, rest.ErrNotInCluster) {
		err = errors.New("neither a host nor a kubeconfig is given, and this is not a pod of a cluster")
	}
	if err != nil {
		return nil, s.contextError(rules, err)
	}
	return config, nil
}

// contextError is the error of files that do not have the context that is asked
// for, or do not say which of theirs is meant; other trouble stays what it is.
func (s settings) contextError(rules *clientcmd.ClientConfigLoadingRules, trouble error) error {
	files, err := rules.Load()
	if err != nil || len(rules.Precedence) == 0 || s.host != "" {
		return trouble
	}
	name, what := s.context, fmt.Sprintf("config_context (KUBE_CTX) is %q, which is no context of", s.context)
	if name == "" {
		name, what = files.CurrentContext, fmt.Sprintf("config_context (KUBE_CTX) is not set, and current-context is %q in", files.CurrentContext)
	}
	if files.Contexts[name] != nil {
		return trouble
	}
	return fmt.Errorf("%s %s; the contexts there are %s", what, strings.Join(rules.Precedence, ", "), convert.Quoted(slices.Sorted(maps.Keys(files.Contexts))))
}

func (s settings) loadingRules() (*clientcmd.ClientConfigLoadingRules, error) {
	rules := &clientcmd.ClientConfigLoadingRules{}
	for _, file := range s.configPaths {
		expanded, err := expandHome(file)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(expanded); err != nil {
			return nil, fmt.Errorf("kubeconfig %q: %w", file, err)
		}
		rules.Precedence = append(rules.Precedence, expanded)
	}
	return rules, nil
}

// expandHome replaces a leading ~ by the home directory.
func expandHome(file string) (string, error) {
	rest, ok := strings.CutPrefix(file, "~")
	if !ok || (rest != "" && rest[0] != '/' && rest[0] != filepath.Separator) {
		return file, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("kubeconfig %q: %w", file, err)
	}
	return filepath.Join(home, rest), nil
}

func (s settings) overrides() (*clientcmd.ConfigOverrides, error) {
	o := &clientcmd.ConfigOverrides{CurrentContext: s.context}
	o.Context.AuthInfo, o.Context.Cluster = s.contextAuthInfo, s.contextCluster
	o.ClusterInfo.InsecureSkipTLSVerify = s.insecure
	o.ClusterInfo.TLSServerName = s.tlsServerName
	o.ClusterInfo.CertificateAuthorityData = []byte(s.clusterCACertificate)
	o.ClusterInfo.ProxyURL = s.proxyURL
	o.AuthInfo.Username, o.AuthInfo.Password, o.AuthInfo.Token = s.username, s.password, s.token
	o.AuthInfo.ClientCertificateData = []byte(s.clientCertificate)
	o.AuthInfo.ClientKeyData = []byte(s.clientKey)
	o.AuthInfo.Exec = s.exec
	if s.host == "" {
		return o, nil
	}
	server, err := serverURL(s.host, s.usesTLS())
	o.ClusterInfo.Server = server
	return o, err
}

func (s settings) usesTLS() bool {
	return s.clusterCACertificate != "" || s.clientCertificate != "" || s.insecure
}

// serverURL completes a host that has no scheme.
func serverURL(host string, tls bool) (string, error) {
	server, _, err := rest.DefaultServerURL(host, "", schema.GroupVersion{}, tls)
	if err != nil {
		return "", fmt.Errorf("host %q: %w", host, err)
	}
	return server.String(), nil
}
