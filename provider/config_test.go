// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"k8s.io/client-go/rest"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
)

// kubeconfig writes a kubeconfig with two contexts and returns its path.
func kubeconfig(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	text := `
apiVersion: v1
kind: Config
current-context: first
clusters:
- {name: one, cluster: {server: "https://one.example:6443"}}
- {name: two, cluster: {server: "https://two.example:6443"}}
users:
- {name: alice, user: {token: alice-token}}
- {name: bob, user: {token: bob-token}}
contexts:
- {name: first, context: {cluster: one, user: alice}}
- {name: second, context: {cluster: two, user: bob}}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// blank is a provider block without arguments.
func blank() *config {
	texts := types.ListNull(types.StringType)
	return &config{ConfigPaths: texts, IgnoreAnnotations: texts, IgnoreLabels: texts}
}

func text(s string) types.String { return types.StringValue(s) }

// configTest is a provider block, the environment, and what comes of both.
type configTest struct {
	config func(*config)
	env    map[string]string
	check  func(*rest.Config) bool
}

func kubeconfigTests(file string) map[string]configTest {
	return map[string]configTest{
		"a kubeconfig": {
			func(c *config) { c.ConfigPath = text(file) }, nil,
			func(r *rest.Config) bool {
				return r.Host == "https://one.example:6443" && r.BearerToken == "alice-token"
			},
		},
		"another context": {
			func(c *config) { c.ConfigPath, c.ConfigContext = text(file), text("second") }, nil,
			func(r *rest.Config) bool {
				return r.Host == "https://two.example:6443" && r.BearerToken == "bob-token"
			},
		},
		"another user and cluster": {
			func(c *config) {
				c.ConfigPath, c.ConfigContextAuthInfo, c.ConfigContextCluster = text(file), text("bob"), text("one")
			}, nil,
			func(r *rest.Config) bool {
				return r.Host == "https://one.example:6443" && r.BearerToken == "bob-token"
			},
		},
		"all from the environment": {
			func(*config) {}, map[string]string{"KUBE_CONFIG_PATHS": file, "KUBE_CTX": "second"},
			func(r *rest.Config) bool { return r.Host == "https://two.example:6443" },
		},
		"an argument wins over the environment, which wins over the kubeconfig": {
			func(c *config) { c.ConfigPath, c.Token = text(file), text("mine") },
			map[string]string{"KUBE_TOKEN": "other", "KUBE_HOST": "https://env.example"},
			func(r *rest.Config) bool { return r.Host == "https://env.example" && r.BearerToken == "mine" },
		},
		"one path wins over several from the environment": {
			func(c *config) { c.ConfigPath = text(file) }, map[string]string{"KUBE_CONFIG_PATHS": "/nonexistent"},
			func(r *rest.Config) bool { return r.Host == "https://one.example:6443" },
		},
	}
}

func hostTests(t *testing.T) map[string]configTest {
	t.Helper()
	return map[string]configTest{
		"a host without a scheme": {
			func(c *config) { c.Host, c.Insecure = text("api.example"), types.BoolValue(true) }, nil,
			func(r *rest.Config) bool { return r.Host == "https://api.example" && r.Insecure },
		},
		"insecure from the environment": {
			func(c *config) { c.Host = text("https://api.example") }, map[string]string{"KUBE_INSECURE": "true"},
			func(r *rest.Config) bool { return r.Insecure },
		},
		"either name of the user": {
			func(c *config) { c.Host = text("https://api.example") }, map[string]string{"KUBE_USERNAME": "alice", "KUBE_PASSWORD": "p"},
			func(r *rest.Config) bool { return r.Username == "alice" && r.Password == "p" },
		},
		"certificates, server name and proxy": {
			func(c *config) {
				c.Host, c.TLSServerName, c.ClusterCACertificate = text("https://api.example"), text("kube"), text("CA")
				c.ClientCertificate, c.ClientKey, c.ProxyURL = text("CERT"), text("KEY"), text("http://proxy.example:3128")
			}, nil,
			func(r *rest.Config) bool {
				return r.ServerName == "kube" && string(r.CAData) == "CA" && string(r.CertData) == "CERT" && string(r.KeyData) == "KEY" && r.Proxy != nil
			},
		},
		"a command": {
			func(c *config) {
				c.Host, c.Exec = text("https://api.example"), execList(t)
			}, nil,
			func(r *rest.Config) bool {
				e := r.ExecProvider
				return e != nil && e.Command == "aws" && strings.Join(e.Args, " ") == "eks get-token" && e.Env[0].Name == "AWS_PROFILE" && e.InteractiveMode == "IfAvailable"
			},
		},
	}
}

func TestConfig(t *testing.T) {
	tests := kubeconfigTests(kubeconfig(t))
	maps.Copy(tests, hostTests(t))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := blank()
			test.config(c)
			s, diags := c.resolve(t.Context(), func(name string) string { return test.env[name] })
			if diags.HasError() {
				t.Fatal(diags)
			}
			got, err := s.restConfig()
			if err != nil {
				t.Fatal(err)
			}
			if !test.check(got) {
				t.Errorf("got %s", got)
			}
		})
	}
}

// execList is the value of an exec block.
func execList(t *testing.T) types.List {
	t.Helper()
	kind := types.ObjectType{AttrTypes: map[string]attr.Type{
		"api_version": types.StringType, "command": types.StringType,
		"args": types.ListType{ElemType: types.StringType}, "env": types.MapType{ElemType: types.StringType},
	}}
	args, _ := types.ListValueFrom(t.Context(), types.StringType, []string{"eks", "get-token"})
	env, _ := types.MapValueFrom(t.Context(), types.StringType, map[string]string{"AWS_PROFILE": "prod"})
	block, diags := types.ObjectValue(kind.AttrTypes, map[string]attr.Value{
		"api_version": text("client.authentication.k8s.io/v1beta1"), "command": text("aws"), "args": args, "env": env,
	})
	list, more := types.ListValue(kind, []attr.Value{block})
	if diags.HasError() || more.HasError() {
		t.Fatal(diags, more)
	}
	return list
}

// contextless writes a kubeconfig that does not say which of its contexts is meant.
func contextless(t *testing.T) string {
	t.Helper()
	file := kubeconfig(t)
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(text), "current-context: first", "", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfigErrors(t *testing.T) {
	tests := map[string]struct {
		config func(*config)
		want   string
	}{
		"nothing":         {func(*config) {}, "neither a host nor a kubeconfig is given"},
		"no such file":    {func(c *config) { c.ConfigPath = text("/nonexistent") }, `kubeconfig "/nonexistent"`},
		"an odd host":     {func(c *config) { c.Host = text("http://a b") }, `host "http://a b"`},
		"no such context": {func(c *config) { c.ConfigPath, c.ConfigContext = text(kubeconfig(t)), text("third") }, `config_context (KUBE_CTX) is "third", which is no context of`},
		"what there is":   {func(c *config) { c.ConfigPath, c.ConfigContext = text(kubeconfig(t)), text("third") }, `the contexts there are "first", "second"`},
		"no context":      {func(c *config) { c.ConfigPath = text(contextless(t)) }, `config_context (KUBE_CTX) is not set, and current-context is "" in`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBERNETES_SERVICE_HOST", "")
			c := blank()
			test.config(c)
			s, diags := c.resolve(t.Context(), func(string) string { return "" })
			if diags.HasError() {
				t.Fatal(diags)
			}
			_, err := s.connect()
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "KUBE_CONFIG_PATH") {
				t.Fatalf("got %v, want %s and how to configure", err, test.want)
			}
		})
	}
}

func TestExpandHome(t *testing.T) {
	t.Setenv("HOME", "/home/alice")
	for file, want := range map[string]string{"~/.kube/config": "/home/alice/.kube/config", "~": "/home/alice", "/a/~b": "/a/~b", "~bob/x": "~bob/x"} {
		if got, err := expandHome(file); err != nil || got != want {
			t.Errorf("%s is %s, want %s (%v)", file, got, want, err)
		}
	}
}

// TestProviderBlockPastes configures the provider with every argument of
// hashicorp/kubernetes at once, known or not.
func TestProviderBlockPastes(t *testing.T) {
	arguments := map[string]any{
		"host": "https://api.example", "username": "u", "password": "p", "insecure": true, "tls_server_name": "n",
		"client_certificate": "c", "client_key": "k", "cluster_ca_certificate": "ca", "config_paths": []any{"~/.kube/config"},
		"config_context": "c", "config_context_auth_info": "a", "config_context_cluster": "c", "token": "t", "proxy_url": "http://p",
		"ignore_annotations": []any{"^a$"}, "ignore_labels": []any{"^b$"},
		"exec":        []any{map[string]any{"api_version": "client.authentication.k8s.io/v1", "command": "aws", "args": []any{"eks"}, "env": map[string]any{"A": "b"}}},
		"experiments": []any{map[string]any{"manifest_resource": true}},
	}
	acctest.NewSession(t, New("test")).Configure(arguments)
	for name := range arguments {
		if name == "exec" || name == "experiments" {
			continue
		}
		acctest.NewSession(t, New("test")).Configure(map[string]any{name: acctest.Unknown})
	}
}
