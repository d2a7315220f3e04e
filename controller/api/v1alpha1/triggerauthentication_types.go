// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TriggerAuthentication says where triggers of its namespace get parameters and identities from.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=triggerauthentications,scope=Namespaced,shortName=ta;triggerauth
// +kubebuilder:printcolumn:name="PodIdentity",type="string",JSONPath=".spec.podIdentity.provider"
// +kubebuilder:printcolumn:name="Secret",type="string",JSONPath=".spec.secretTargetRef[*].name"
// +kubebuilder:printcolumn:name="Env",type="string",JSONPath=".spec.env[*].name"
// +kubebuilder:printcolumn:name="VaultAddress",type="string",JSONPath=".spec.hashiCorpVault.address"
// +kubebuilder:printcolumn:name="ScaledObjects",type="string",priority=1,JSONPath=".status.scaledobjects"
// +kubebuilder:printcolumn:name="ScaledJobs",type="string",priority=1,JSONPath=".status.scaledjobs"
type TriggerAuthentication struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   TriggerAuthenticationSpec   `json:"spec"`
	Status TriggerAuthenticationStatus `json:"status,omitempty"`
}

// TriggerAuthenticationList is a list of TriggerAuthentications.
//
// +kubebuilder:object:root=true
type TriggerAuthenticationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []TriggerAuthentication `json:"items"`
}

// ClusterTriggerAuthentication is a TriggerAuthentication for all namespaces; what it refers to lives in the controller's.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=clustertriggerauthentications,scope=Cluster,shortName=cta;clustertriggerauth
// +kubebuilder:printcolumn:name="PodIdentity",type="string",JSONPath=".spec.podIdentity.provider"
// +kubebuilder:printcolumn:name="Secret",type="string",JSONPath=".spec.secretTargetRef[*].name"
// +kubebuilder:printcolumn:name="Env",type="string",JSONPath=".spec.env[*].name"
// +kubebuilder:printcolumn:name="FilePath",type="string",JSONPath=".spec.filePath"
// +kubebuilder:printcolumn:name="VaultAddress",type="string",JSONPath=".spec.hashiCorpVault.address"
// +kubebuilder:printcolumn:name="ScaledObjects",type="string",priority=1,JSONPath=".status.scaledobjects"
// +kubebuilder:printcolumn:name="ScaledJobs",type="string",priority=1,JSONPath=".status.scaledjobs"
type ClusterTriggerAuthentication struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   TriggerAuthenticationSpec   `json:"spec"`
	Status TriggerAuthenticationStatus `json:"status,omitempty"`
}

// ClusterTriggerAuthenticationList is a list of ClusterTriggerAuthentications.
//
// +kubebuilder:object:root=true
type ClusterTriggerAuthenticationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ClusterTriggerAuthentication `json:"items"`
}

// TriggerAuthenticationSpec lists sources; they combine, and a later one overrides an earlier one for the same parameter in
// the order podIdentity, env, filePath, configMapTargetRef, secretTargetRef, hashiCorpVault, azureKeyVault, gcpSecretManager,
// awsSecretManager, boundServiceAccountToken, oauth2.
type TriggerAuthenticationSpec struct {
	// +optional
	PodIdentity *AuthPodIdentity `json:"podIdentity,omitempty"`
	// +optional
	SecretTargetRef []AuthTargetRef `json:"secretTargetRef,omitempty"`
	// +optional
	ConfigMapTargetRef []AuthTargetRef `json:"configMapTargetRef,omitempty"`
	// +optional
	Env []AuthEnvironment `json:"env,omitempty"`
	// JSON file below the controller's root for such files; for ClusterTriggerAuthentication only.
	// +optional
	FilePath string `json:"filePath,omitempty"`
	// +optional
	HashiCorpVault *HashiCorpVault `json:"hashiCorpVault,omitempty"`
	// +optional
	AzureKeyVault *AzureKeyVault `json:"azureKeyVault,omitempty"`
	// +optional
	GCPSecretManager *GCPSecretManager `json:"gcpSecretManager,omitempty"`
	// +optional
	AwsSecretManager *AwsSecretManager `json:"awsSecretManager,omitempty"`
	// +optional
	BoundServiceAccountToken []BoundServiceAccountToken `json:"boundServiceAccountToken,omitempty"`
	// +optional
	OAuth2 *OAuth2 `json:"oauth2,omitempty"`
}

// TriggerAuthenticationStatus lists who uses the object.
type TriggerAuthenticationStatus struct {
	// Names of the ScaledObjects, joined by commas.
	// +optional
	ScaledObjectNamesStr string `json:"scaledobjects,omitempty"`
	// Names of the ScaledJobs, joined by commas.
	// +optional
	ScaledJobNamesStr string `json:"scaledjobs,omitempty"`
}

// PodIdentityProvider names a platform's way to give a pod an identity.
type PodIdentityProvider string

// The identity providers. aws-eks is deprecated in favour of aws.
const (
	PodIdentityProviderNone          PodIdentityProvider = "none"
	PodIdentityProviderAzureWorkload PodIdentityProvider = "azure-workload"
	PodIdentityProviderGCP           PodIdentityProvider = "gcp"
	PodIdentityProviderAwsEKS        PodIdentityProvider = "aws-eks"
	PodIdentityProviderAws           PodIdentityProvider = "aws"
)

// The values of AuthPodIdentity.IdentityOwner; keda is the default.
const (
	IdentityOwnerKeda     = "keda"
	IdentityOwnerWorkload = "workload"
)

// AuthPodIdentity gives a trigger the identity of the controller or of the workload.
type AuthPodIdentity struct {
	// +kubebuilder:validation:Enum=azure-workload;gcp;aws;aws-eks;none
	Provider PodIdentityProvider `json:"provider"`
	// Azure: client ID instead of the default one.
	// +optional
	IdentityID *string `json:"identityId,omitempty"`
	// Azure: tenant instead of the default one; needs identityId.
	// +optional
	IdentityTenantID *string `json:"identityTenantId,omitempty"`
	// Azure: authority host instead of the default one; needs identityTenantId.
	// +optional
	IdentityAuthorityHost *string `json:"identityAuthorityHost,omitempty"`
	// AWS: role to assume; not with identityOwner workload.
	// +optional
	RoleArn *string `json:"roleArn,omitempty"`
	// AWS: external ID for assuming roleArn.
	// +optional
	ExternalID *string `json:"externalID,omitempty"`
	// AWS: whose identity is used: keda (default) or workload.
	// +optional
	// +kubebuilder:validation:Enum=keda;workload
	IdentityOwner *string `json:"identityOwner,omitempty"`
}

// AuthTargetRef takes a parameter from a key of a Secret or ConfigMap.
type AuthTargetRef struct {
	Parameter string `json:"parameter"`
	Name      string `json:"name"`
	Key       string `json:"key"`
}

// AuthEnvironment takes a parameter from an environment variable of the workload.
type AuthEnvironment struct {
	Parameter string `json:"parameter"`
	Name      string `json:"name"`
	// Default: the first container.
	// +optional
	ContainerName string `json:"containerName,omitempty"`
}

// BoundServiceAccountToken takes a parameter from a token requested for a ServiceAccount.
type BoundServiceAccountToken struct {
	Parameter          string `json:"parameter"`
	ServiceAccountName string `json:"serviceAccountName"`
}

// OAuth2Type names a grant.
type OAuth2Type string

// OAuth2ClientCredentials is the only grant.
const OAuth2ClientCredentials OAuth2Type = "clientCredentials"

// OAuth2 gives HTTP triggers an access token.
type OAuth2 struct {
	// +optional
	// +kubebuilder:default=clientCredentials
	// +kubebuilder:validation:Enum=clientCredentials
	Type         OAuth2Type      `json:"type,omitempty"`
	ClientID     string          `json:"clientId"`
	ClientSecret SecretReference `json:"clientSecret"`
	// http or https URL of the token endpoint.
	TokenURL string `json:"tokenUrl"`
	// +optional
	Scopes []string `json:"scopes,omitempty"`
	// Further parameters of the token request.
	// +optional
	TokenURLParams map[string]string `json:"tokenUrlParams,omitempty"`
}

// SecretReference is a value that is kept in a Secret.
type SecretReference struct {
	ValueFrom ValueFromSecret `json:"valueFrom"`
}

// ValueFromSecret points to a Secret.
type ValueFromSecret struct {
	SecretKeyRef SecretKeyRef `json:"secretKeyRef"`
}

// SecretKeyRef is one key of a Secret.
type SecretKeyRef struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}
