// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package azurekeyvault_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth/azurekeyvault"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/azureentra"
	keyvault "github.com/keda-tf/terraform-provider-keda/internal/testkit/source/azurekeyvault"
)

const (
	tenant    = "11111111-1111-1111-1111-111111111111"
	client    = "22222222-2222-2222-2222-222222222222"
	secret    = "client-secret"
	assertion = "projected-token"
)

// cloud is one of Microsoft's clouds, or a private one.
type cloud struct {
	entra     *azureentra.Server
	vault     *keyvault.Server
	transport *http.Transport
	uri       string
}

// start serves Entra ID and a vault under the names that they have in a cloud.
func start(t *testing.T, authority, domain string) cloud {
	for _, name := range []string{"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	entra := azureentra.New()
	entra.AllowSecret(tenant, client, secret)
	vault := keyvault.New(&entra.Tokens, "https://"+authority+"/"+tenant, "https://"+domain)
	return cloud{entra, vault, source.Internet(t, map[string]http.Handler{authority: entra, "shop." + domain: vault}), "https://shop." + domain}
}

func public(t *testing.T) cloud { return start(t, "login.microsoftonline.com", "vault.azure.net") }

// spec reads secrets as the application.
func (c cloud) spec(secrets ...v1alpha1.AzureKeyVaultSecret) *v1alpha1.AzureKeyVault {
	return &v1alpha1.AzureKeyVault{
		VaultURI: c.uri, Secrets: secrets,
		Credentials: &v1alpha1.AzureKeyVaultCredentials{ClientID: client, TenantID: tenant},
	}
}

func password() v1alpha1.AzureKeyVaultSecret {
	return v1alpha1.AzureKeyVaultSecret{Parameter: "password", Name: "password"}
}

// TestSecretsAndVersions reads the newest and an older version of a secret.
//
// Covers: field TriggerAuthentication.spec.azureKeyVault.vaultUri; field TriggerAuthentication.spec.azureKeyVault.secrets.parameter; field TriggerAuthentication.spec.azureKeyVault.secrets.name; field TriggerAuthentication.spec.azureKeyVault.secrets.version; field TriggerAuthentication.spec.azureKeyVault.credentials.clientId; field TriggerAuthentication.spec.azureKeyVault.credentials.tenantId
func TestSecretsAndVersions(t *testing.T) {
	c := public(t)
	first := c.vault.Set("password", "old")
	c.vault.Set("password", "new")
	got, err := azurekeyvault.Read(t.Context(), c.spec(
		password(), v1alpha1.AzureKeyVaultSecret{Parameter: "again", Name: "password"},
		v1alpha1.AzureKeyVaultSecret{Parameter: "first", Name: "password", Version: first},
	), secret, c.transport)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"password": "new", "again": "new", "first": "old"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := c.vault.Calls("password"); n != 2 {
		t.Errorf("%d requests for two versions, want 2", n)
	}
}

// TestTokensAreShared reads as one application many times.
func TestTokensAreShared(t *testing.T) {
	c := public(t)
	c.vault.Set("password", "value")
	c.vault.Set("other", "value")
	read := func() {
		t.Helper()
		for _, s := range []v1alpha1.AzureKeyVaultSecret{password(), {Parameter: "p", Name: "other"}} {
			if _, err := azurekeyvault.Read(t.Context(), c.spec(s), secret, c.transport); err != nil {
				t.Fatal(err)
			}
		}
	}
	read()
	read()
	if n := c.entra.Calls(); n != 1 {
		t.Errorf("%d tokens for one application, want 1", n)
	}
}

// TestExpiredTokensAreReplaced reads with tokens that last a second.
func TestExpiredTokensAreReplaced(t *testing.T) {
	c := public(t)
	c.vault.Set("password", "value")
	c.entra.Tokens.Lifetime(time.Second)
	deadline := time.Now().Add(30 * time.Second)
	for c.entra.Calls() < 3 {
		if _, err := azurekeyvault.Read(t.Context(), c.spec(password()), secret, c.transport); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("an expired token is not replaced")
		}
	}
}

// TestCloudsAndIdentities reads in every cloud, as an application and as a workload
// identity.
//
// Covers: field TriggerAuthentication.spec.azureKeyVault.cloud.type; field TriggerAuthentication.spec.azureKeyVault.cloud.keyVaultResourceURL; field TriggerAuthentication.spec.azureKeyVault.cloud.activeDirectoryEndpoint; field TriggerAuthentication.spec.azureKeyVault.podIdentity.provider; field TriggerAuthentication.spec.azureKeyVault.podIdentity.identityId; field TriggerAuthentication.spec.azureKeyVault.podIdentity.identityTenantId; field TriggerAuthentication.spec.azureKeyVault.podIdentity.identityAuthorityHost
func TestCloudsAndIdentities(t *testing.T) {
	workload := v1alpha1.PodIdentityProviderAzureWorkload
	tests := map[string]struct {
		authority, domain string
		cloud             *v1alpha1.AzureKeyVaultCloudInfo
		pod               *v1alpha1.AuthPodIdentity
		environment       map[string]string
	}{
		"public cloud":     {cloud: &v1alpha1.AzureKeyVaultCloudInfo{Type: "AzurePublicCloud"}},
		"government cloud": {authority: "login.microsoftonline.us", domain: "vault.usgovcloudapi.net", cloud: &v1alpha1.AzureKeyVaultCloudInfo{Type: "AzureUSGovernmentCloud"}},
		"china cloud":      {authority: "login.chinacloudapi.cn", domain: "vault.azure.cn", cloud: &v1alpha1.AzureKeyVaultCloudInfo{Type: "AzureChinaCloud"}},
		"private cloud": {authority: "login.corp.example", domain: "vault.corp.example", cloud: &v1alpha1.AzureKeyVaultCloudInfo{
			Type: "Private", KeyVaultResourceURL: "https://vault.corp.example/", ActiveDirectoryEndpoint: "https://login.corp.example/",
		}},
		"workload identity": {
			pod:         &v1alpha1.AuthPodIdentity{Provider: workload},
			environment: map[string]string{"AZURE_CLIENT_ID": client, "AZURE_TENANT_ID": tenant},
		},
		"workload identity of a cloud in the environment": {
			authority: "login.microsoftonline.us", domain: "vault.usgovcloudapi.net", pod: &v1alpha1.AuthPodIdentity{Provider: workload},
			environment: map[string]string{"AZURE_CLIENT_ID": client, "AZURE_TENANT_ID": tenant, "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/"},
		},
		"another workload identity": {
			authority: "login.microsoftonline.us", domain: "vault.usgovcloudapi.net",
			pod: &v1alpha1.AuthPodIdentity{
				Provider: workload, IdentityID: new(client), IdentityTenantID: new(tenant), IdentityAuthorityHost: new("https://login.microsoftonline.us/"),
			},
			environment: map[string]string{"AZURE_CLIENT_ID": "another", "AZURE_TENANT_ID": "another"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.authority == "" {
				test.authority, test.domain = "login.microsoftonline.com", "vault.azure.net"
			}
			c := start(t, test.authority, test.domain)
			c.vault.Set("password", "value")
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			s := c.spec(password())
			s.Cloud, s.PodIdentity = test.cloud, test.pod
			given := secret
			if test.pod != nil {
				s.Credentials, given = nil, ""
				c.federate(t)
			}
			got, err := azurekeyvault.Read(t.Context(), s, given, c.transport)
			if err != nil || got["password"] != "value" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// federate gives the controller's pod a token that Entra ID trusts.
func (c cloud) federate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(assertion), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", file)
	c.entra.AllowAssertion(tenant, client, assertion)
}

// TestUnreadableKeyVaultSecretIsNamed shows each way in which a secret cannot be
// had, with an error of one line that names it and shows no value.
//
// Differs: Authentication
// KEDA: An error of Azure Key Vault fails the build of the trigger with the SDK's message, a page with the whole answer of the server.
// Here: One line names the vault, the secret and the remedy; a secret that is empty is an error too.
// Why: The message goes into a condition and an event, where one line is read and a page is cut off.
// Old: not available
func TestUnreadableKeyVaultSecretIsNamed(t *testing.T) {
	tests := map[string]struct {
		secret v1alpha1.AzureKeyVaultSecret
		given  string
		change func(cloud, *v1alpha1.AzureKeyVault)
		want   []string
	}{
		"missing secret":  {secret: v1alpha1.AzureKeyVaultSecret{Name: "absent"}, want: []string{`secret "absent"`, "404 SecretNotFound", "create it"}},
		"missing version": {secret: v1alpha1.AzureKeyVaultSecret{Name: "password", Version: "0123"}, want: []string{`version "0123"`, "404"}},
		"empty secret":    {secret: v1alpha1.AzureKeyVaultSecret{Name: "empty"}, want: []string{"is empty"}},
		"disabled secret": {change: func(c cloud, _ *v1alpha1.AzureKeyVault) { c.vault.Disable("password") }, want: []string{"403", "disabled secret"}},
		"not allowed":     {change: func(c cloud, _ *v1alpha1.AzureKeyVault) { c.vault.Forbid(client) }, want: []string{"403", "not authorized", "Key Vault Secrets User"}},
		"wrong secret":    {given: "wrong-secret", want: []string{"login.microsoftonline.com answers 401", "AADSTS7000215", "correct tenant, client or secret"}},
		"unknown client": {
			change: func(_ cloud, s *v1alpha1.AzureKeyVault) { s.Credentials.ClientID = "none" }, want: []string{"AADSTS700016"},
		},
		"unknown tenant": {
			change: func(_ cloud, s *v1alpha1.AzureKeyVault) {
				s.Credentials.TenantID = "33333333-3333-3333-3333-333333333333"
			},
			want: []string{"tenant"},
		},
		"unknown cloud": {
			change: func(_ cloud, s *v1alpha1.AzureKeyVault) { s.Cloud = &v1alpha1.AzureKeyVaultCloudInfo{Type: "Azure"} },
			want:   []string{`cloud type "Azure" is not known`},
		},
		"private cloud without URLs": {
			change: func(_ cloud, s *v1alpha1.AzureKeyVault) { s.Cloud = &v1alpha1.AzureKeyVaultCloudInfo{Type: "Private"} },
			want:   []string{"needs keyVaultResourceURL and activeDirectoryEndpoint"},
		},
		"no way in": {
			change: func(_ cloud, s *v1alpha1.AzureKeyVault) { s.Credentials = nil },
			want:   []string{"neither credentials nor a pod identity"},
		},
		"no workload identity": {
			change: func(_ cloud, s *v1alpha1.AzureKeyVault) {
				s.PodIdentity = &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAzureWorkload}
			},
			want: []string{"AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE is not set"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := public(t)
			c.vault.Set("password", "hunter2")
			c.vault.Set("empty", "")
			if test.secret.Name == "" {
				test.secret = password()
			}
			if test.given == "" {
				test.given = secret
			}
			s := c.spec(test.secret)
			if test.change != nil {
				test.change(c, s)
			}
			got, err := azurekeyvault.Read(t.Context(), s, test.given, c.transport)
			refused(t, got, err, append(test.want, "Azure Key Vault "+c.uri)...)
		})
	}
}

// TestEmptyIdentityIsRefusedInsteadOfReplaced gives a pod identity with an empty ID.
//
// Covers: field TriggerAuthentication.spec.azureKeyVault.podIdentity.identityId
func TestEmptyIdentityIsRefusedInsteadOfReplaced(t *testing.T) {
	c := public(t)
	c.federate(t)
	s := c.spec(password())
	s.PodIdentity = &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAzureWorkload, IdentityID: new("")}
	got, err := azurekeyvault.Read(t.Context(), s, "", c.transport)
	refused(t, got, err, "podIdentity.identityId is empty")
}

// TestTokensGoToVaultsOnly asks servers that are none, or of another cloud.
func TestTokensGoToVaultsOnly(t *testing.T) {
	c := public(t)
	greedy := keyvault.New(&c.entra.Tokens, "https://login.microsoftonline.com/"+tenant, "https://vault.azure.net")
	greedy.Set("password", "value")
	odd := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer authorization="x", resource="https://odd.example"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	transport := source.Internet(t, map[string]http.Handler{
		"login.microsoftonline.com": c.entra, "shop.thief.example": greedy, "vault.odd.example": odd, "shop.vault.azure.net": greedy,
	})
	s := c.spec(password())
	s.VaultURI = "https://shop.thief.example"
	got, err := azurekeyvault.Read(t.Context(), s, secret, transport)
	refused(t, got, err, "shop.thief.example", "doesn't match the requested domain")

	s.VaultURI = "https://vault.odd.example" // the SDK panics over its challenge
	got, err = azurekeyvault.Read(t.Context(), s, secret, transport)
	refused(t, got, err, "not that of a key vault", "correct vaultUri")

	s.VaultURI = "https://shop.vault.azure.net"
	s.Cloud = &v1alpha1.AzureKeyVaultCloudInfo{
		Type: "Private", KeyVaultResourceURL: "https://vault.corp.example", ActiveDirectoryEndpoint: "https://login.microsoftonline.com",
	}
	got, err = azurekeyvault.Read(t.Context(), s, secret, transport)
	refused(t, got, err, "wants tokens for https://vault.azure.net", "keyVaultResourceURL")
	if n := c.entra.Calls(); n != 0 {
		t.Errorf("%d tokens were asked for", n)
	}
}

// refused wants an error of one line with all texts and without a secret.
func refused(t *testing.T, got map[string]string, err error, texts ...string) {
	t.Helper()
	if err == nil || got != nil {
		t.Fatalf("got %v, %v", got, err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q lacks %q", err, text)
		}
	}
	for _, text := range []string{"hunter2", secret, "wrong-secret", assertion, "\n"} {
		if strings.Contains(err.Error(), text) {
			t.Errorf("%q shows %q", err, text)
		}
	}
}
