// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// secretKey declares a value that stands in a Secret. The manifest wraps it in
// two objects that say nothing.
func secretKey(name, key, prose string) schema.Field {
	return schema.Field{Name: name, Kind: schema.Block, At: []string{key, "valueFrom", "secretKeyRef"}, Prose: prose + " Taken from a Secret.", Fields: []schema.Field{
		required("name", "name", "Name of the Secret."), required("key", "key", "Key of the Secret."),
	}}
}

// secrets declares the list of what a secret store is asked for.
func secrets(fields ...schema.Field) schema.Field {
	parameter := required("parameter", "parameter", "Parameter of the trigger to fill.")
	return schema.Field{Name: "secret", Kind: schema.Blocks, At: []string{"secrets"}, Prose: "Secret to read. At least one.",
		Fields: append([]schema.Field{parameter}, fields...)}
}

func vaultBlock() schema.Field {
	authentication := required("authentication", "authentication", "How to log in.")
	authentication.Enum = []string{string(v1alpha1.VaultAuthenticationToken), string(v1alpha1.VaultAuthenticationKubernetes)}
	token := optional("token", "token", "Token. It is stored in the object and in the state: prefer a ServiceAccount.")
	token.Secret = true
	kind := optional("type", "type", "Secrets engine. Without it, version 2 of key/value is recognised by itself.")
	kind.Enum = []string{string(v1alpha1.VaultSecretTypeSecret), string(v1alpha1.VaultSecretTypeSecretV2), string(v1alpha1.VaultSecretTypePki)}
	return schema.Field{Name: "hashicorp_vault", Kind: schema.Block, At: []string{"spec", "hashiCorpVault"}, Prose: "Parameters from HashiCorp Vault.", Fields: []schema.Field{
		required("address", "address", "URL of the server."), authentication,
		optional("namespace", "namespace", "Vault namespace."),
		optional("role", "role", "Role of the Kubernetes login."),
		optional("mount", "mount", "Mount of the Kubernetes login."),
		{Name: "credential", Kind: schema.Block, At: []string{"credential"}, Prose: "What the login uses.", Fields: []schema.Field{
			token,
			optional("service_account", "serviceAccount", "File in the controller's container with the token of a ServiceAccount."),
			optional("service_account_name", "serviceAccountName", "ServiceAccount for which a token is requested."),
		}},
		secrets(
			required("path", "path", "Path of the secret."), required("key", "key", "Key in the secret."), kind,
			schema.Field{Name: "pki_data", Kind: schema.Block, At: []string{"pkiData"}, Prose: "Certificate to request.", Fields: []schema.Field{
				optional("common_name", "commonName", "Common name."), optional("alt_names", "altNames", "Further names."),
				optional("ip_sans", "ipSans", "IP addresses."), optional("uri_sans", "uriSans", "URIs."),
				optional("other_sans", "otherSans", "Other names."), optional("ttl", "ttl", "Time to live."),
				optional("format", "format", "Format."),
			}},
		),
	}}
}

func azureKeyVaultBlock() schema.Field {
	return schema.Field{Name: "azure_key_vault", Kind: schema.Block, At: []string{"spec", "azureKeyVault"}, Prose: "Parameters from Azure Key Vault. Opened by `credentials` or `pod_identity`.", Fields: []schema.Field{
		required("vault_uri", "vaultUri", "URL of the vault."),
		{Name: "credentials", Kind: schema.Block, At: []string{"credentials"}, Prose: "Application to log in as.", Fields: []schema.Field{
			required("client_id", "clientId", "Client ID."), required("tenant_id", "tenantId", "Tenant ID."),
			secretKey("client_secret", "clientSecret", "Client secret."),
		}},
		podIdentity([]string{"podIdentity"}, "Identity to log in as.", v1alpha1.PodIdentityProviderAzureWorkload),
		{Name: "cloud", Kind: schema.Block, At: []string{"cloud"}, Prose: "Cloud, if not the public one.", Fields: []schema.Field{
			required("type", "type", "Name of the cloud; `Private` needs both URLs."),
			optional("key_vault_resource_url", "keyVaultResourceURL", "Resource URL of Key Vault."),
			optional("active_directory_endpoint", "activeDirectoryEndpoint", "Endpoint of Active Directory."),
		}},
		secrets(required("name", "name", "Name of the secret."), optional("version", "version", "Version. Default: the newest.")),
	}}
}

func gcpSecretManagerBlock() schema.Field {
	version := optional("version", "version", "Version.")
	version.Default = "latest"
	return schema.Field{Name: "gcp_secret_manager", Kind: schema.Block, At: []string{"spec", "gcpSecretManager"}, Prose: "Parameters from Google Cloud Secret Manager. Opened by `credentials` or `pod_identity`.", Fields: []schema.Field{
		{Name: "credentials", Kind: schema.Block, At: []string{"credentials"}, Prose: "Service account key.", Fields: []schema.Field{
			secretKey("client_secret", "clientSecret", "Key as JSON."),
		}},
		podIdentity([]string{"podIdentity"}, "Identity to log in as.", v1alpha1.PodIdentityProviderGCP),
		secrets(required("id", "id", "ID of the secret."), version),
	}}
}

func awsSecretManagerBlock() schema.Field {
	return schema.Field{Name: "aws_secret_manager", Kind: schema.Block, At: []string{"spec", "awsSecretManager"}, Prose: "Parameters from AWS Secrets Manager. Opened by `credentials` or `pod_identity`.", Fields: []schema.Field{
		optional("region", "region", "Region."),
		{Name: "credentials", Kind: schema.Block, At: []string{"credentials"}, Prose: "Access key.", Fields: []schema.Field{
			secretKey("access_key", "accessKey", "Access key ID."), secretKey("access_secret_key", "accessSecretKey", "Secret access key."),
			secretKey("access_token", "accessToken", "Session token."),
		}},
		podIdentity([]string{"podIdentity"}, "Identity to log in as.", v1alpha1.PodIdentityProviderAws),
		secrets(required("name", "name", "Name or ARN of the secret."), optional("version_id", "versionId", "Version ID."),
			optional("version_stage", "versionStage", "Version stage."), optional("secret_key", "secretKey", "Field of a secret that is a JSON object.")),
	}}
}
