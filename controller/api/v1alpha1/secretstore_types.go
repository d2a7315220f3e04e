// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// VaultAuthentication names a login method of HashiCorp Vault.
type VaultAuthentication string

// The login methods.
const (
	VaultAuthenticationToken      VaultAuthentication = "token"
	VaultAuthenticationKubernetes VaultAuthentication = "kubernetes"
)

// VaultSecretType names a secrets engine.
type VaultSecretType string

// The secrets engines; the empty type recognises version 2 by the shape of the answer.
const (
	VaultSecretTypeGeneric  VaultSecretType = ""
	VaultSecretTypeSecret   VaultSecretType = "secret"
	VaultSecretTypeSecretV2 VaultSecretType = "secretV2"
	VaultSecretTypePki      VaultSecretType = "pki"
)

// HashiCorpVault takes parameters from HashiCorp Vault.
type HashiCorpVault struct {
	Address string `json:"address"`
	// token or kubernetes.
	Authentication VaultAuthentication `json:"authentication"`
	// +kubebuilder:validation:MinItems=1
	Secrets []VaultSecret `json:"secrets"`
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// +optional
	Credential *VaultCredential `json:"credential,omitempty"`
	// Role of the kubernetes login.
	// +optional
	Role string `json:"role,omitempty"`
	// Mount of the kubernetes login.
	// +optional
	Mount string `json:"mount,omitempty"`
}

// VaultCredential is what the login uses.
type VaultCredential struct {
	// The environment variable VAULT_TOKEN of the controller overrides it.
	// +optional
	Token string `json:"token,omitempty"`
	// Path of a file with a ServiceAccount token.
	// +optional
	ServiceAccount string `json:"serviceAccount,omitempty"`
	// ServiceAccount for which a token is requested.
	// +optional
	ServiceAccountName string `json:"serviceAccountName,omitempty"`
}

// VaultSecret takes a parameter from a path and key.
type VaultSecret struct {
	Parameter string `json:"parameter"`
	Path      string `json:"path"`
	Key       string `json:"key"`
	// secret, secretV2, pki or empty.
	// +optional
	Type VaultSecretType `json:"type,omitempty"`
	// +optional
	PkiData *VaultPkiData `json:"pkiData,omitempty"`
}

// VaultPkiData is the request for a certificate.
type VaultPkiData struct {
	// +optional
	CommonName string `json:"commonName,omitempty"`
	// +optional
	AltNames string `json:"altNames,omitempty"`
	// +optional
	IPSans string `json:"ipSans,omitempty"`
	// +optional
	URISans string `json:"uriSans,omitempty"`
	// +optional
	OtherSans string `json:"otherSans,omitempty"`
	// +optional
	TTL string `json:"ttl,omitempty"`
	// +optional
	Format string `json:"format,omitempty"`
}

// AzureKeyVault takes parameters from Azure Key Vault, by credentials or podIdentity.
type AzureKeyVault struct {
	VaultURI string `json:"vaultUri"`
	// +kubebuilder:validation:MinItems=1
	Secrets []AzureKeyVaultSecret `json:"secrets"`
	// +optional
	Credentials *AzureKeyVaultCredentials `json:"credentials,omitempty"`
	// +optional
	PodIdentity *AuthPodIdentity `json:"podIdentity,omitempty"`
	// +optional
	Cloud *AzureKeyVaultCloudInfo `json:"cloud,omitempty"`
}

// AzureKeyVaultCredentials is an application and its secret.
type AzureKeyVaultCredentials struct {
	ClientID     string          `json:"clientId"`
	TenantID     string          `json:"tenantId"`
	ClientSecret SecretReference `json:"clientSecret"`
}

// AzureKeyVaultSecret takes a parameter from a secret.
type AzureKeyVaultSecret struct {
	Parameter string `json:"parameter"`
	Name      string `json:"name"`
	// +optional
	Version string `json:"version,omitempty"`
}

// AzureKeyVaultCloudInfo names a cloud; type Private needs both URLs.
type AzureKeyVaultCloudInfo struct {
	Type string `json:"type"`
	// +optional
	KeyVaultResourceURL string `json:"keyVaultResourceURL,omitempty"`
	// +optional
	ActiveDirectoryEndpoint string `json:"activeDirectoryEndpoint,omitempty"`
}

// GCPSecretManager takes parameters from Google Cloud Secret Manager, by credentials or podIdentity.
type GCPSecretManager struct {
	// +kubebuilder:validation:MinItems=1
	Secrets []GCPSecretManagerSecret `json:"secrets"`
	// +optional
	Credentials *GCPCredentials `json:"credentials,omitempty"`
	// +optional
	PodIdentity *AuthPodIdentity `json:"podIdentity,omitempty"`
}

// GCPCredentials is a service account key.
type GCPCredentials struct {
	ClientSecret SecretReference `json:"clientSecret"`
}

// GCPSecretManagerSecret takes a parameter from a secret.
type GCPSecretManagerSecret struct {
	Parameter string `json:"parameter"`
	ID        string `json:"id"`
	// Default latest.
	// +optional
	Version string `json:"version,omitempty"`
}

// AwsSecretManager takes parameters from AWS Secrets Manager, by credentials or podIdentity.
type AwsSecretManager struct {
	// +kubebuilder:validation:MinItems=1
	Secrets []AwsSecretManagerSecret `json:"secrets"`
	// +optional
	Credentials *AwsSecretManagerCredentials `json:"credentials,omitempty"`
	// +optional
	PodIdentity *AuthPodIdentity `json:"podIdentity,omitempty"`
	// +optional
	Region string `json:"region,omitempty"`
}

// AwsSecretManagerCredentials is an access key.
type AwsSecretManagerCredentials struct {
	AccessKey       SecretReference `json:"accessKey"`
	AccessSecretKey SecretReference `json:"accessSecretKey"`
	// +optional
	AccessToken *SecretReference `json:"accessToken,omitempty"`
}

// AwsSecretManagerSecret takes a parameter from a secret.
type AwsSecretManagerSecret struct {
	Parameter string `json:"parameter"`
	Name      string `json:"name"`
	// +optional
	VersionID string `json:"versionId,omitempty"`
	// +optional
	VersionStage string `json:"versionStage,omitempty"`
	// Field of a secret that is a JSON object.
	// +optional
	SecretKey string `json:"secretKey,omitempty"`
}
