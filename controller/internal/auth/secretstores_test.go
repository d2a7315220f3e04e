// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/azureentra"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/azurekeyvault"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/gcpsecretmanager"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/gcptoken"
)

func from(name, key string) v1alpha1.SecretReference {
	return v1alpha1.SecretReference{ValueFrom: v1alpha1.ValueFromSecret{SecretKeyRef: v1alpha1.SecretKeyRef{Name: name, Key: key}}}
}

// TestCredentialsOfStoresAreNamedInsteadOfLogged: a credential of a secret store that is missing is named
// by its field and its Secret, and nothing is asked without it.
//
// Differs: Authentication
// KEDA: credentials of the secret managers of Google and Amazon that are missing, and errors of reading there, are only logged, and the trigger is built without its parameters.
// Here: they are in the Ready condition, by field and Secret, and the trigger is not built.
// Why: a trigger without its credentials asks the wrong question or none, and nobody looks into the log.
// Old: not available
func TestCredentialsOfStoresAreNamedInsteadOfLogged(t *testing.T) {
	for want, spec := range map[string]v1alpha1.TriggerAuthenticationSpec{
		"azureKeyVault.credentials.clientSecret: Secret default/none does not exist": {AzureKeyVault: &v1alpha1.AzureKeyVault{
			VaultURI: "https://vault.test", Credentials: &v1alpha1.AzureKeyVaultCredentials{ClientID: "a", TenantID: "b", ClientSecret: from("none", "a")}}},
		"gcpSecretManager.credentials.clientSecret: key \"empty\" of Secret default/s is empty": {GCPSecretManager: &v1alpha1.GCPSecretManager{
			Credentials: &v1alpha1.GCPCredentials{ClientSecret: from("s", "empty")}}},
		"awsSecretManager.credentials.accessSecretKey: Secret default/s has no key \"none\"": {AwsSecretManager: &v1alpha1.AwsSecretManager{
			Credentials: &v1alpha1.AwsSecretManagerCredentials{AccessKey: from("s", "id"), AccessSecretKey: from("s", "none")}}},
		"awsSecretManager.podIdentity: ServiceAccount default/default does not exist": {AwsSecretManager: &v1alpha1.AwsSecretManager{
			PodIdentity: &v1alpha1.AuthPodIdentity{Provider: "aws", IdentityOwner: ptr.To("workload")}}},
	} {
		resolver := newResolver(t, secret("s", "empty", "", "id", "AKID"), authentication(spec))
		resolver.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			t.Errorf("%s was asked", r.URL)
			return nil, io.ErrUnexpectedEOF
		})
		refuse(t, resolver, byName, container(nil), want)
	}
}

// TestCredentialsBesideAnIdentityAreNotRead: the pod identity opens a store, and
// credentials that stand beside it need not be there any more.
func TestCredentialsBesideAnIdentityAreNotRead(t *testing.T) {
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKOWN")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "own")
	resolver := newResolver(t, authentication(v1alpha1.TriggerAuthenticationSpec{AwsSecretManager: &v1alpha1.AwsSecretManager{
		Region: "eu-west-3", PodIdentity: &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAws},
		Credentials: &v1alpha1.AwsSecretManagerCredentials{AccessKey: from("gone", "id"), AccessSecretKey: from("gone", "secret")},
		Secrets:     []v1alpha1.AwsSecretManagerSecret{{Parameter: "password", Name: "redis"}},
	}}))
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=AKOWN/") {
			t.Errorf("asked with %s", r.Header.Get("Authorization"))
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
			Body: io.NopCloser(strings.NewReader(`{"Name":"redis","SecretString":"one"}`))}, nil
	})
	resolver.Transport = &transport
	got, err := resolver.Resolve(t.Context(), byName, container(nil))
	if err != nil || got.Parameters["password"] != "one" {
		t.Errorf("parameters %v, error %v", got.Parameters, err)
	}
	for want, spec := range map[string]v1alpha1.TriggerAuthenticationSpec{
		"no Azure workload identity": {AzureKeyVault: &v1alpha1.AzureKeyVault{
			VaultURI: "https://vault.test", PodIdentity: &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAzureWorkload},
			Credentials: &v1alpha1.AzureKeyVaultCredentials{ClientID: "a", TenantID: "b", ClientSecret: from("gone", "a")}}},
		"no Google identity": {GCPSecretManager: &v1alpha1.GCPSecretManager{
			PodIdentity: &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderGCP},
			Credentials: &v1alpha1.GCPCredentials{ClientSecret: from("gone", "a")},
			Secrets:     []v1alpha1.GCPSecretManagerSecret{{Parameter: "password", ID: "projects/p/secrets/s"}}}},
	} {
		t.Setenv("AZURE_CLIENT_ID", "")
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none.json"))
		refuse(t, newResolver(t, authentication(spec)), byName, container(nil), want)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestApplicationsAndAccounts: the stores of Azure and Google are opened with the
// secret and the key that lie in the namespace of a cluster-wide authentication,
// and the later one wins.
//
// Covers: field TriggerAuthentication.spec.azureKeyVault.credentials.clientSecret; field TriggerAuthentication.spec.gcpSecretManager.credentials.clientSecret
func TestApplicationsAndAccounts(t *testing.T) {
	const tenant, app = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
	entra := azureentra.New()
	entra.AllowSecret(tenant, app, "s3cret")
	azure := azurekeyvault.New(&entra.Tokens, "https://login.microsoftonline.com/"+tenant, "https://vault.azure.net")
	google := gcptoken.New("shop")
	secrets := gcpsecretmanager.New(&google.Tokens)
	email, key, err := google.Account("reader", "shop")
	if err != nil {
		t.Fatal(err)
	}
	azure.Set("password", "of Azure")
	azure.Set("user", "of Azure")
	secrets.Add("projects/shop/secrets/password", "of Google", email)
	credentials := secret("credentials", "azure", "s3cret", "gcp", key)
	credentials.Namespace = "keda"
	resolver := newResolver(t, credentials, secret("credentials", "azure", "wrong", "gcp", "wrong"), clusterAuthentication(v1alpha1.TriggerAuthenticationSpec{
		AzureKeyVault: &v1alpha1.AzureKeyVault{
			VaultURI:    "https://shop.vault.azure.net",
			Credentials: &v1alpha1.AzureKeyVaultCredentials{ClientID: app, TenantID: tenant, ClientSecret: from("credentials", "azure")},
			Secrets:     []v1alpha1.AzureKeyVaultSecret{{Parameter: "password", Name: "password"}, {Parameter: "username", Name: "user"}},
		},
		GCPSecretManager: &v1alpha1.GCPSecretManager{
			Credentials: &v1alpha1.GCPCredentials{ClientSecret: from("credentials", "gcp")},
			Secrets:     []v1alpha1.GCPSecretManagerSecret{{Parameter: "password", ID: "password"}},
		},
	}))
	resolver.Transport = source.Internet(t, map[string]http.Handler{
		"login.microsoftonline.com": entra, "shop.vault.azure.net": azure, gcptoken.Host: google, gcpsecretmanager.Host: secrets,
	})
	got, err := resolver.Resolve(t.Context(), clusterWide, container(nil))
	if diff := cmp.Diff(map[string]string{"password": "of Google", "username": "of Azure"}, got.Parameters); err != nil || diff != "" {
		t.Errorf("error %v, parameters (-want +got):\n%s", err, diff)
	}
}

// TestAWSKeys: the store is opened with the keys of the authentication's namespace.
//
// Covers: field TriggerAuthentication.spec.awsSecretManager.credentials.*
func TestAWSKeys(t *testing.T) {
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	keys := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "keda", Name: "aws"},
		Data: map[string][]byte{"id": []byte("AKCENTRAL"), "secret": []byte("s3cret"), "token": []byte("session")}}
	resolver := newResolver(t, keys, clusterAuthentication(v1alpha1.TriggerAuthenticationSpec{AwsSecretManager: &v1alpha1.AwsSecretManager{
		Region:      "eu-west-3",
		Credentials: &v1alpha1.AwsSecretManagerCredentials{AccessKey: from("aws", "id"), AccessSecretKey: from("aws", "secret"), AccessToken: ptr.To(from("aws", "token"))},
		Secrets:     []v1alpha1.AwsSecretManagerSecret{{Parameter: "password", Name: "redis", SecretKey: "password"}},
	}}))
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=AKCENTRAL/") || r.Header.Get("X-Amz-Security-Token") != "session" {
			t.Errorf("asked with %s, token %q", r.Header.Get("Authorization"), r.Header.Get("X-Amz-Security-Token"))
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
			Body: io.NopCloser(strings.NewReader(`{"Name":"redis","SecretString":"{\"password\":\"one\"}"}`))}, nil
	})
	resolver.Transport = &transport
	got, err := resolver.Resolve(t.Context(), clusterWide, container(nil))
	if err != nil || got.Parameters["password"] != "one" {
		t.Errorf("parameters %v, error %v", got.Parameters, err)
	}
}
