// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"net/http"
	"testing"

	"k8s.io/utils/ptr"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/azureentra"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/azurekeyvault"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/gcpsecretmanager"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/gcptoken"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/secretsmanager"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
)

// TestSecretManagersOfAllClouds reads a parameter from each of the three with the
// credentials that a Secret holds, through the clouds' own libraries.
//
// Covers: field TriggerAuthentication.spec.azureKeyVault.credentials.clientSecret; field TriggerAuthentication.spec.gcpSecretManager.credentials.clientSecret; field TriggerAuthentication.spec.awsSecretManager.credentials.accessKey; field TriggerAuthentication.spec.awsSecretManager.credentials.accessSecretKey; field TriggerAuthentication.spec.awsSecretManager.credentials.accessToken
func TestSecretManagersOfAllClouds(t *testing.T) {
	entra, google, keys := azureentra.New(), gcptoken.New("shop"), &sigv4.Keys{}
	entra.AllowSecret("tenant", "app", "app-secret")
	keys.Add("ASIA", sigv4.Key{Secret: "key-secret", Token: "session"})
	email, account, err := google.Account("reader", "shop")
	if err != nil {
		t.Fatal(err)
	}
	vault := azurekeyvault.New(&entra.Tokens, "https://login.microsoftonline.com/tenant", "https://vault.azure.net")
	vault.Set("redis", "of Azure")
	manager := gcpsecretmanager.New(&google.Tokens)
	manager.Add("projects/shop/secrets/redis", "of Google", email)
	amazon := secretsmanager.New(keys)
	amazon.Put("redis", `{"password": "of Amazon"}`)

	resolver := newResolver(t,
		secret("s", "client", "app-secret", "account", account, "id", "ASIA", "key", "key-secret", "token", "session"),
		authentication(v1alpha1.TriggerAuthenticationSpec{
			AzureKeyVault: &v1alpha1.AzureKeyVault{
				VaultURI: "https://shop.vault.azure.net", Secrets: []v1alpha1.AzureKeyVaultSecret{{Parameter: "azure", Name: "redis"}},
				Credentials: &v1alpha1.AzureKeyVaultCredentials{TenantID: "tenant", ClientID: "app", ClientSecret: from("s", "client")},
			},
			GCPSecretManager: &v1alpha1.GCPSecretManager{
				Secrets:     []v1alpha1.GCPSecretManagerSecret{{Parameter: "google", ID: "redis"}},
				Credentials: &v1alpha1.GCPCredentials{ClientSecret: from("s", "account")},
			},
			AwsSecretManager: &v1alpha1.AwsSecretManager{
				Region: "eu-west-3", Secrets: []v1alpha1.AwsSecretManagerSecret{{Parameter: "amazon", Name: "redis", SecretKey: "password"}},
				Credentials: &v1alpha1.AwsSecretManagerCredentials{
					AccessKey: from("s", "id"), AccessSecretKey: from("s", "key"), AccessToken: ptr.To(from("s", "token")),
				},
			},
		}))
	resolver.Transport = source.Internet(t, map[string]http.Handler{
		"login.microsoftonline.com": entra, "shop.vault.azure.net": vault, gcptoken.Host: google, gcpsecretmanager.Host: manager,
		"secretsmanager.eu-west-3.amazonaws.com": amazon,
	})
	got, err := resolver.Resolve(t.Context(), byName, container(nil))
	if err != nil {
		t.Fatal(err)
	}
	for parameter, want := range map[string]string{"azure": "of Azure", "google": "of Google", "amazon": "of Amazon"} {
		if got.Parameters[parameter] != want {
			t.Errorf("parameter %s is %q, want %q", parameter, got.Parameters[parameter], want)
		}
	}
}
