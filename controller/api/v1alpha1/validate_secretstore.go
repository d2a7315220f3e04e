// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// someSecrets reports a secret store that reads nothing.
func (c *checker) someSecrets(count int, at Path) {
	if count == 0 {
		c.refuse(at, nil, "is empty; add at least one secret")
	}
}

func (c *checker) vault(v *HashiCorpVault, at Path) {
	if v == nil {
		return
	}
	c.webAddress(v.Address, at.With("address"))
	c.required(string(v.Authentication), at.With("authentication"))
	oneOf(c, Unworkable, ReasonIncorrectAuthentication, at.With("authentication"), v.Authentication,
		VaultAuthenticationToken, VaultAuthenticationKubernetes)
	if v.Authentication == VaultAuthenticationKubernetes && c.known(at.With("authentication")) {
		c.required(v.Role, at.With("role"))
		c.required(v.Mount, at.With("mount"))
	}
	c.someSecrets(len(v.Secrets), at.With("secrets"))
	var seen parameters
	for i, secret := range v.Secrets {
		each := at.With("secrets", i)
		seen.add(c, secret.Parameter, each)
		c.required(secret.Path, each.With("path"))
		c.required(secret.Key, each.With("key"))
		oneOf(c, Unworkable, ReasonIncorrectAuthentication, each.With("type"), secret.Type,
			VaultSecretTypeSecret, VaultSecretTypeSecretV2, VaultSecretTypePki)
		if secret.Type == VaultSecretTypePki {
			c.required(valueOr(secret.PkiData, VaultPkiData{}).CommonName, each.With("pkiData", "commonName"))
		}
	}
}

// access checks that a secret store is opened in exactly one way. identity is its podIdentity, provider the only one it takes.
func (c *checker) access(credentials bool, identity *AuthPodIdentity, provider PodIdentityProvider, at Path) {
	identityPath := at.With("podIdentity")
	c.podIdentity(identity, identityPath)
	usable := identity != nil && identity.Provider != PodIdentityProviderNone && identity.Provider != ""
	switch {
	case !c.known(at.With("credentials"), identityPath, identityPath.With("provider")):
	case usable && identity.Provider != provider:
		c.refuse(identityPath.With("provider"), string(identity.Provider), "must be %s here", provider)
	case usable && credentials:
		c.mislead(at.With("credentials"), nil, "stand beside podIdentity; keep one of the two")
	case !usable && !credentials:
		c.refuse(at, nil, "can be opened neither by credentials nor by podIdentity; set one, the latter with provider %s", provider)
	}
}

func (c *checker) azureKeyVault(v *AzureKeyVault, at Path) {
	if v == nil {
		return
	}
	c.webAddress(v.VaultURI, at.With("vaultUri"))
	c.access(v.Credentials != nil, v.PodIdentity, PodIdentityProviderAzureWorkload, at)
	if v.Credentials != nil {
		credentials := at.With("credentials")
		c.required(v.Credentials.ClientID, credentials.With("clientId"))
		c.required(v.Credentials.TenantID, credentials.With("tenantId"))
		c.secretRef(v.Credentials.ClientSecret, credentials.With("clientSecret"))
	}
	c.azureCloud(v.Cloud, at.With("cloud"))
	c.someSecrets(len(v.Secrets), at.With("secrets"))
	var seen parameters
	for i, secret := range v.Secrets {
		seen.add(c, secret.Parameter, at.With("secrets", i))
		c.required(secret.Name, at.With("secrets", i, "name"))
	}
}

func (c *checker) azureCloud(cloud *AzureKeyVaultCloudInfo, at Path) {
	if cloud == nil {
		return
	}
	c.required(cloud.Type, at.With("type"))
	if cloud.Type == "Private" {
		c.webAddress(cloud.ActiveDirectoryEndpoint, at.With("activeDirectoryEndpoint"))
		c.webAddress(cloud.KeyVaultResourceURL, at.With("keyVaultResourceURL"))
	}
}

func (c *checker) gcpSecretManager(m *GCPSecretManager, at Path) {
	if m == nil {
		return
	}
	c.access(m.Credentials != nil, m.PodIdentity, PodIdentityProviderGCP, at)
	if m.Credentials != nil {
		c.secretRef(m.Credentials.ClientSecret, at.With("credentials", "clientSecret"))
	}
	c.someSecrets(len(m.Secrets), at.With("secrets"))
	var seen parameters
	for i, secret := range m.Secrets {
		seen.add(c, secret.Parameter, at.With("secrets", i))
		c.required(secret.ID, at.With("secrets", i, "id"))
	}
}

func (c *checker) awsSecretManager(m *AwsSecretManager, at Path) {
	if m == nil {
		return
	}
	c.access(m.Credentials != nil, m.PodIdentity, PodIdentityProviderAws, at)
	if m.Credentials != nil {
		credentials := at.With("credentials")
		c.secretRef(m.Credentials.AccessKey, credentials.With("accessKey"))
		c.secretRef(m.Credentials.AccessSecretKey, credentials.With("accessSecretKey"))
		if m.Credentials.AccessToken != nil {
			c.secretRef(*m.Credentials.AccessToken, credentials.With("accessToken"))
		}
	}
	c.someSecrets(len(m.Secrets), at.With("secrets"))
	var seen parameters
	for i, secret := range m.Secrets {
		seen.add(c, secret.Parameter, at.With("secrets", i))
		c.required(secret.Name, at.With("secrets", i, "name"))
	}
}
