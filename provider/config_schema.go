// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	ps "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// config is the provider block. It takes whatever hashicorp/kubernetes takes.
type config struct {
	Host                  types.String `tfsdk:"host"`
	Username              types.String `tfsdk:"username"`
	Password              types.String `tfsdk:"password"`
	Insecure              types.Bool   `tfsdk:"insecure"`
	TLSServerName         types.String `tfsdk:"tls_server_name"`
	ClientCertificate     types.String `tfsdk:"client_certificate"`
	ClientKey             types.String `tfsdk:"client_key"`
	ClusterCACertificate  types.String `tfsdk:"cluster_ca_certificate"`
	ConfigPath            types.String `tfsdk:"config_path"`
	ConfigPaths           types.List   `tfsdk:"config_paths"`
	ConfigContext         types.String `tfsdk:"config_context"`
	ConfigContextAuthInfo types.String `tfsdk:"config_context_auth_info"`
	ConfigContextCluster  types.String `tfsdk:"config_context_cluster"`
	Token                 types.String `tfsdk:"token"`
	ProxyURL              types.String `tfsdk:"proxy_url"`
	IgnoreAnnotations     types.List   `tfsdk:"ignore_annotations"`
	IgnoreLabels          types.List   `tfsdk:"ignore_labels"`
	FieldManager          types.String `tfsdk:"field_manager"`
	Exec                  types.List   `tfsdk:"exec"`
	Experiments           types.List   `tfsdk:"experiments"`
}

// execConfig is the exec block: a command that yields credentials.
type execConfig struct {
	APIVersion types.String `tfsdk:"api_version"`
	Command    types.String `tfsdk:"command"`
	Args       types.List   `tfsdk:"args"`
	Env        types.Map    `tfsdk:"env"`
}

func configSchema() ps.Schema {
	text := func(prose, variable string) ps.StringAttribute {
		return ps.StringAttribute{Optional: true, MarkdownDescription: prose + " Environment: `" + variable + "`."}
	}
	secret := func(prose, variable string) ps.StringAttribute {
		attribute := text(prose, variable)
		attribute.Sensitive = true
		return attribute
	}
	patterns := func(what string) ps.ListAttribute {
		return ps.ListAttribute{Optional: true, ElementType: types.StringType,
			MarkdownDescription: "Regular expressions of " + what + " that imports leave out."}
	}
	file := text("Path of a kubeconfig file.", "KUBE_CONFIG_PATH")
	file.Validators = []validator.String{stringvalidator.ConflictsWith(path.MatchRoot("config_paths"))}
	return ps.Schema{
		MarkdownDescription: "Event-driven autoscaling for Kubernetes, compatible with KEDA. The provider block takes the same " +
			"arguments and environment variables as that of `hashicorp/kubernetes`. Arguments win over environment variables, both " +
			"over the kubeconfig. The cluster is not contacted before it is needed: plans of new resources work without one.",
		Attributes: map[string]ps.Attribute{
			"host":     text("Address of the API server.", "KUBE_HOST"),
			"username": text("User for basic authentication.", "KUBE_USER"),
			"password": secret("Password for basic authentication.", "KUBE_PASSWORD"),
			"insecure": ps.BoolAttribute{Optional: true,
				MarkdownDescription: "Whether to accept any certificate of the API server. Environment: `KUBE_INSECURE`."},
			"tls_server_name":        text("Name to check the certificate of the API server against.", "KUBE_TLS_SERVER_NAME"),
			"client_certificate":     text("Client certificate, PEM.", "KUBE_CLIENT_CERT_DATA"),
			"client_key":             secret("Key of the client certificate, PEM.", "KUBE_CLIENT_KEY_DATA"),
			"cluster_ca_certificate": text("Certificate authorities of the API server, PEM.", "KUBE_CLUSTER_CA_CERT_DATA"),
			"config_path":            file,
			"config_paths": ps.ListAttribute{Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Paths of several kubeconfig files, which are merged. Environment: `KUBE_CONFIG_PATHS`, separated like `PATH`."},
			"config_context":           text("Context of the kubeconfig.", "KUBE_CTX"),
			"config_context_auth_info": text("User of the kubeconfig.", "KUBE_CTX_AUTH_INFO"),
			"config_context_cluster":   text("Cluster of the kubeconfig.", "KUBE_CTX_CLUSTER"),
			"token":                    secret("Bearer token.", "KUBE_TOKEN"),
			"proxy_url":                text("URL of a proxy to the API server.", "KUBE_PROXY_URL"),
			"ignore_annotations":       patterns("annotations"),
			"ignore_labels":            patterns("labels"),
			"field_manager": ps.StringAttribute{Optional: true,
				MarkdownDescription: "Name under which fields are owned in server-side apply. Default `terraform-provider-keda`."},
		},
		Blocks: map[string]ps.Block{"exec": execBlock(), "experiments": experimentsBlock()},
	}
}

func execBlock() ps.Block {
	return ps.ListNestedBlock{
		MarkdownDescription: "Command that prints credentials, such as `aws eks get-token`.",
		Validators:          []validator.List{listvalidator.SizeAtMost(1)},
		NestedObject: ps.NestedBlockObject{Attributes: map[string]ps.Attribute{
			"api_version": ps.StringAttribute{Required: true, MarkdownDescription: "`client.authentication.k8s.io/v1` or `/v1beta1`."},
			"command":     ps.StringAttribute{Required: true, MarkdownDescription: "Command to run."},
			"args":        ps.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Its arguments."},
			"env":         ps.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Its environment variables."},
		}},
	}
}

func experimentsBlock() ps.Block {
	return ps.ListNestedBlock{
		MarkdownDescription: "Has no effect; accepted so that the block of `hashicorp/kubernetes` can be pasted.",
		DeprecationMessage:  "The experiments block has no effect. Remove it.",
		NestedObject: ps.NestedBlockObject{Attributes: map[string]ps.Attribute{
			"manifest_resource": ps.BoolAttribute{Optional: true, MarkdownDescription: "Has no effect."},
		}},
	}
}
