// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"slices"
	"sync"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// triggerAuthentication is keda_trigger_authentication.
var triggerAuthentication = sync.OnceValue(func() *definition {
	return define(definition{
		name: "trigger_authentication", kind: v1alpha1.KindTriggerAuthentication, plural: "triggerauthentications", namespaced: true,
		prose: "Supplies parameters and identities to the triggers of its namespace, from Secrets, the environment, secret " +
			"stores and pod identities. No secret passes through Terraform.",
		fields: slices.Concat(objectFields(true), authenticationFields()),
		check:  checked(v1alpha1.ValidateTriggerAuthentication),
	})
})

// clusterTriggerAuthentication is keda_cluster_trigger_authentication.
var clusterTriggerAuthentication = sync.OnceValue(func() *definition {
	return define(definition{
		name: "cluster_trigger_authentication", kind: v1alpha1.KindClusterTriggerAuthentication, plural: "clustertriggerauthentications",
		prose: "Supplies parameters and identities to the triggers of all namespaces. The Secrets and ConfigMaps that it " +
			"refers to are in the namespace of the controller. No secret passes through Terraform.",
		fields: slices.Concat(objectFields(false), authenticationFields(), []schema.Field{
			{Name: "file_path", At: []string{"spec", "filePath"}, Prose: "JSON file of parameters, relative to the directory that the controller is started with. The sources after it are then not read."},
		}),
		check: checked(v1alpha1.ValidateClusterTriggerAuthentication),
	})
})

func authenticationFields() []schema.Field {
	return []schema.Field{
		podIdentity([]string{"spec", "podIdentity"}, "Identity for the whole trigger.", v1alpha1.PodIdentityProviderAzureWorkload,
			v1alpha1.PodIdentityProviderGCP, v1alpha1.PodIdentityProviderAws, v1alpha1.PodIdentityProviderAwsEKS, v1alpha1.PodIdentityProviderNone),
		list("secret_target_ref", "secretTargetRef", "Parameter from a key of a Secret.",
			required("name", "name", "Name of the Secret."), required("key", "key", "Key of the Secret.")),
		list("config_map_target_ref", "configMapTargetRef", "Parameter from a key of a ConfigMap.",
			required("name", "name", "Name of the ConfigMap."), required("key", "key", "Key of the ConfigMap.")),
		list("env", "env", "Parameter from an environment variable of the workload.",
			required("name", "name", "Name of the variable."),
			optional("container_name", "containerName", "Container that has the variable. Default: the first.")),
		vaultBlock(), azureKeyVaultBlock(), gcpSecretManagerBlock(), awsSecretManagerBlock(),
		list("bound_service_account_token", "boundServiceAccountToken", "Parameter from a token that is requested for a ServiceAccount.",
			required("service_account_name", "serviceAccountName", "Name of the ServiceAccount.")),
		oauth2Block(),
	}
}

// list declares a list of sources of the spec, each for one parameter.
func list(name, key, prose string, fields ...schema.Field) schema.Field {
	parameter := required("parameter", "parameter", "Parameter of the trigger to fill.")
	return schema.Field{Name: name, Kind: schema.Blocks, At: []string{"spec", key}, Prose: prose, Fields: slices.Insert(fields, 0, parameter)}
}

func required(name, key, prose string) schema.Field {
	return schema.Field{Name: name, At: []string{key}, Prose: prose, Required: true}
}

func optional(name, key, prose string) schema.Field {
	return schema.Field{Name: name, At: []string{key}, Prose: prose}
}

func podIdentity(at []string, prose string, providers ...v1alpha1.PodIdentityProvider) schema.Field {
	provider := required("provider", "provider", "Platform that gives the identity.")
	for _, p := range providers {
		provider.Enum = append(provider.Enum, string(p))
	}
	owner := optional("identity_owner", "identityOwner", "AWS: whose identity is used, that of the controller or that of the workload.")
	owner.Enum, owner.Default = []string{v1alpha1.IdentityOwnerKeda, v1alpha1.IdentityOwnerWorkload}, v1alpha1.IdentityOwnerKeda
	return schema.Field{Name: "pod_identity", Kind: schema.Block, At: at, Prose: prose, Fields: []schema.Field{
		provider,
		optional("identity_id", "identityId", "Azure: client ID, if not the default one."),
		optional("identity_tenant_id", "identityTenantId", "Azure: tenant, if not the default one; needs `identity_id`."),
		optional("identity_authority_host", "identityAuthorityHost", "Azure: authority host, if not the default one; needs `identity_tenant_id`."),
		optional("role_arn", "roleArn", "AWS: role to assume; not with `identity_owner = \"workload\"`."),
		optional("external_id", "externalID", "AWS: external ID for assuming `role_arn`."),
		owner,
	}}
}

func oauth2Block() schema.Field {
	return schema.Field{Name: "oauth2", Kind: schema.Block, At: []string{"spec", "oauth2"}, Prose: "Access token for triggers over HTTP.", Fields: []schema.Field{
		{Name: "type", At: []string{"type"}, Default: "clientCredentials", Written: true, Enum: []string{string(v1alpha1.OAuth2ClientCredentials)}, Prose: "Grant."},
		required("client_id", "clientId", "Client ID."),
		secretKey("client_secret", "clientSecret", "Client secret."),
		required("token_url", "tokenUrl", "URL of the token endpoint, http or https."),
		{Name: "scopes", Kind: schema.Strings, At: []string{"scopes"}, Prose: "Scopes to ask for."},
		{Name: "token_url_params", Kind: schema.StringMap, At: []string{"tokenUrlParams"}, Prose: "Further parameters of the token request."},
	}}
}
