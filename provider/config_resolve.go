// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// unknown lists the arguments whose value only an apply will tell.
func (c *config) unknown(ctx context.Context) []string {
	var names []string
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		value, ok := v.Field(i).Interface().(attr.Value)
		if !ok {
			continue
		}
		if wire, err := value.ToTerraformValue(ctx); err == nil && !wire.IsFullyKnown() {
			names = append(names, v.Type().Field(i).Tag.Get("tfsdk"))
		}
	}
	return names
}

// resolve fills in the environment. getenv is os.Getenv, except in tests.
func (c *config) resolve(ctx context.Context, getenv func(string) string) (settings, diag.Diagnostics) {
	var diags diag.Diagnostics
	or := func(value types.String, variables ...string) string {
		if !value.IsNull() {
			return value.ValueString()
		}
		for _, variable := range variables {
			if text := getenv(variable); text != "" {
				return text
			}
		}
		return ""
	}
	s := settings{
		host: or(c.Host, "KUBE_HOST"), token: or(c.Token, "KUBE_TOKEN"), proxyURL: or(c.ProxyURL, "KUBE_PROXY_URL"),
		username: or(c.Username, "KUBE_USER", "KUBE_USERNAME"), password: or(c.Password, "KUBE_PASSWORD"),
		tlsServerName:        or(c.TLSServerName, "KUBE_TLS_SERVER_NAME"),
		clientCertificate:    or(c.ClientCertificate, "KUBE_CLIENT_CERT_DATA"),
		clientKey:            or(c.ClientKey, "KUBE_CLIENT_KEY_DATA"),
		clusterCACertificate: or(c.ClusterCACertificate, "KUBE_CLUSTER_CA_CERT_DATA"),
		context:              or(c.ConfigContext, "KUBE_CTX"),
		contextAuthInfo:      or(c.ConfigContextAuthInfo, "KUBE_CTX_AUTH_INFO"),
		contextCluster:       or(c.ConfigContextCluster, "KUBE_CTX_CLUSTER"),
		fieldManager:         or(c.FieldManager),
	}
	if s.fieldManager == "" {
		s.fieldManager = kube.DefaultFieldManager
	}
	s.insecure = c.resolveInsecure(getenv, &diags)
	s.configPaths = c.resolvePaths(ctx, getenv, &diags)
	s.exec = c.resolveExec(ctx, &diags)
	return s, diags
}

func (c *config) resolveInsecure(getenv func(string) string, diags *diag.Diagnostics) bool {
	text := getenv("KUBE_INSECURE")
	if !c.Insecure.IsNull() || text == "" {
		return c.Insecure.ValueBool()
	}
	insecure, err := strconv.ParseBool(text)
	if err != nil {
		diags.AddAttributeError(path.Root("insecure"), "KUBE_INSECURE is not a truth value",
			"The environment variable KUBE_INSECURE is "+strconv.Quote(text)+". Set it to true or false.")
	}
	return insecure
}

// resolvePaths prefers arguments to the environment, and one path to several.
func (c *config) resolvePaths(ctx context.Context, getenv func(string) string, diags *diag.Diagnostics) []string {
	var paths []string
	switch {
	case !c.ConfigPath.IsNull():
		paths = []string{c.ConfigPath.ValueString()}
	case !c.ConfigPaths.IsNull():
		diags.Append(c.ConfigPaths.ElementsAs(ctx, &paths, false)...)
	case getenv("KUBE_CONFIG_PATH") != "":
		paths = []string{getenv("KUBE_CONFIG_PATH")}
	default:
		paths = filepath.SplitList(getenv("KUBE_CONFIG_PATHS"))
	}
	return slices.DeleteFunc(paths, func(file string) bool { return file == "" })
}

func (c *config) resolveExec(ctx context.Context, diags *diag.Diagnostics) *clientcmdapi.ExecConfig {
	var blocks []execConfig
	if c.Exec.IsNull() {
		return nil
	}
	diags.Append(c.Exec.ElementsAs(ctx, &blocks, false)...)
	if len(blocks) == 0 {
		return nil
	}
	exec := &clientcmdapi.ExecConfig{
		APIVersion: blocks[0].APIVersion.ValueString(), Command: blocks[0].Command.ValueString(),
		InteractiveMode: clientcmdapi.IfAvailableExecInteractiveMode,
	}
	if !blocks[0].Args.IsNull() {
		diags.Append(blocks[0].Args.ElementsAs(ctx, &exec.Args, false)...)
	}
	env := map[string]string{}
	if !blocks[0].Env.IsNull() {
		diags.Append(blocks[0].Env.ElementsAs(ctx, &env, false)...)
	}
	for name, value := range env {
		exec.Env = append(exec.Env, clientcmdapi.ExecEnvVar{Name: name, Value: value})
	}
	slices.SortFunc(exec.Env, func(a, b clientcmdapi.ExecEnvVar) int { return strings.Compare(a.Name, b.Name) })
	if exec.APIVersion == "client.authentication.k8s.io/v1alpha1" {
		diags.AddAttributeWarning(path.Root("exec"), "Outdated exec API",
			"client.authentication.k8s.io/v1alpha1 was removed from Kubernetes clients. Set api_version to client.authentication.k8s.io/v1beta1.")
	}
	return exec
}
