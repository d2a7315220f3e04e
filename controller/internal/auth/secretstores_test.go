// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
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

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestAWSKeys: the store is opened with the keys of the authentication's namespace.
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
