// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package gcpsecretmanager_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth/gcpsecretmanager"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
	manager "github.com/keda-tf/terraform-provider-keda/internal/testkit/source/gcpsecretmanager"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/gcptoken"
)

const (
	project  = "shop"
	location = "europe-west9"
	name     = "projects/shop/secrets/password"
	regional = "projects/shop/locations/europe-west9/secrets/password"
)

// cloud is Secret Manager and what issues tokens for it.
type cloud struct {
	tokens     *gcptoken.Server
	secrets    *manager.Server
	transport  *http.Transport
	email, key string
}

func start(t *testing.T) cloud {
	tokens := gcptoken.New(project)
	secrets := manager.New(&tokens.Tokens)
	email, key, err := tokens.Account("reader", project)
	if err != nil {
		t.Fatal(err)
	}
	return cloud{tokens, secrets, source.Internet(t, map[string]http.Handler{
		gcptoken.Host: tokens, manager.Host: secrets, "secretmanager." + location + ".rep.googleapis.com": secrets,
	}), email, key}
}

// onNode makes the controller run on a node of Google's.
func (c cloud) onNode(t *testing.T) {
	metadata := httptest.NewServer(c.tokens)
	t.Cleanup(metadata.Close)
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(metadata.URL, "http://"))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("HOME", t.TempDir()) // where gcloud would keep a file
}

func spec(secrets ...v1alpha1.GCPSecretManagerSecret) *v1alpha1.GCPSecretManager {
	return &v1alpha1.GCPSecretManager{Secrets: secrets, Credentials: &v1alpha1.GCPCredentials{}}
}

func ref(parameter, id, version string) v1alpha1.GCPSecretManagerSecret {
	return v1alpha1.GCPSecretManagerSecret{Parameter: parameter, ID: id, Version: version}
}

// TestNamesAndVersions reads a secret under all names that it has.
//
// Covers: field TriggerAuthentication.spec.gcpSecretManager.secrets.parameter; field TriggerAuthentication.spec.gcpSecretManager.secrets.id; field TriggerAuthentication.spec.gcpSecretManager.secrets.version
func TestNamesAndVersions(t *testing.T) {
	c := start(t)
	c.secrets.Add(name, "old", c.email)
	c.secrets.Add(name, "new")
	c.secrets.Add(regional, "near", c.email)
	got, err := gcpsecretmanager.Read(t.Context(), spec(
		ref("latest", "password", ""), ref("named", "password", "latest"), ref("first", "password", "1"),
		ref("full", name, ""), ref("fullVersion", name+"/versions/1", ""), ref("regional", regional, ""),
	), c.key, c.transport)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"latest": "new", "named": "new", "first": "old", "full": "new", "fullVersion": "old", "regional": "near"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := c.secrets.Calls(name); n != 2 {
		t.Errorf("%d requests for two versions, want 2", n)
	}
	if n := c.tokens.Calls(); n != 1 {
		t.Errorf("%d tokens, want 1", n)
	}
}

// TestPodIdentityOfTheNode reads as the controller, by the metadata server and by a file.
//
// Covers: field TriggerAuthentication.spec.gcpSecretManager.podIdentity.provider
func TestPodIdentityOfTheNode(t *testing.T) {
	c := start(t)
	c.onNode(t)
	c.secrets.Add(name, "value", gcptoken.Node, c.email)
	s := spec(ref("password", "password", ""))
	s.PodIdentity = &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderGCP}
	read := func() {
		t.Helper()
		got, err := gcpsecretmanager.Read(t.Context(), s, "", c.transport)
		if err != nil || got["password"] != "value" {
			t.Errorf("got %v, %v", got, err)
		}
	}
	read()
	read()
	if n := c.tokens.Calls(); n != 1 {
		t.Errorf("%d tokens, want 1", n)
	}
	file := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(file, []byte(c.key), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
	c.tokens.Tokens.Revoke() // those of the node
	read()
}

// TestTokensAreReplaced reads with tokens that expire, and with one that is revoked.
func TestTokensAreReplaced(t *testing.T) {
	c := start(t)
	c.secrets.Add(name, "value", c.email)
	s := spec(ref("password", "password", ""))
	read := func() error {
		_, err := gcpsecretmanager.Read(t.Context(), s, c.key, c.transport)
		return err
	}
	c.tokens.Tokens.Lifetime(time.Second)
	for deadline := time.Now().Add(30 * time.Second); c.tokens.Calls() < 3; {
		if err := read(); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("an expired token is not replaced")
		}
	}
	c.tokens.Tokens.Lifetime(time.Hour)
	for deadline := time.Now().Add(30 * time.Second); c.tokens.Calls() < 4 && time.Now().Before(deadline); {
		if err := read(); err != nil {
			t.Fatal(err)
		}
	}
	c.tokens.Tokens.Revoke()
	if err := read(); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("a revoked token gives %v", err)
	}
	if err := read(); err != nil {
		t.Errorf("after a refusal: %v", err)
	}
}

// TestUnreadableGCPSecretStopsTheTriggerAndIsNamed shows each way in which a secret
// cannot be had, with an error that names it and shows no value.
//
// Differs: Authentication
// KEDA: An error of GCP Secret Manager is only logged, and the trigger is built without the parameter.
// Here: The object is not Ready, with a message that names the store, the secret and the remedy; what the trigger had before keeps working.
// Why: A trigger without its password fails later with an error that points elsewhere, or asks a server anonymously.
// Old: not available
func TestUnreadableGCPSecretStopsTheTriggerAndIsNamed(t *testing.T) {
	tests := map[string]struct {
		id, version string
		change      func(*cloud, *v1alpha1.GCPSecretManager)
		want        []string
	}{
		"missing secret":   {id: "absent", want: []string{"404", "not found or has no versions", "create it"}},
		"missing version":  {id: "password", version: "9", want: []string{"404", "versions/9", "version"}},
		"disabled version": {id: "password", change: func(c *cloud, _ *v1alpha1.GCPSecretManager) { c.secrets.Disable(name, 1) }, want: []string{"DISABLED", "enable the version"}},
		"empty secret":     {id: "empty", want: []string{"is empty"}},
		"not allowed":      {id: "private", want: []string{"403", "roles/secretmanager.secretAccessor"}},
		"no resource name": {id: "projects/shop/password", want: []string{"write projects/PROJECT/secrets/NAME"}},
		"strange location": {id: "projects/shop/locations/evil.example#/secrets/password", want: []string{"write projects/PROJECT/secrets/NAME"}},
		"damaged value":    {id: "password", change: func(c *cloud, _ *v1alpha1.GCPSecretManager) { c.secrets.Damage() }, want: []string{"damaged"}},
		"deleted account":  {id: "password", change: func(c *cloud, _ *v1alpha1.GCPSecretManager) { c.tokens.Delete(c.email) }, want: []string{"oauth2.googleapis.com answers 400", "account not found"}},
		"no key":           {id: "password", change: func(c *cloud, _ *v1alpha1.GCPSecretManager) { c.key = "" }, want: []string{"neither credentials nor a pod identity"}},
		"key that is none": {id: "password", change: func(c *cloud, _ *v1alpha1.GCPSecretManager) { c.key = "hunter2" }, want: []string{"no JSON key of a service account"}},
	}
	for test, tt := range tests {
		t.Run(test, func(t *testing.T) {
			c := start(t)
			c.secrets.Add(name, "hunter2", c.email)
			c.secrets.Add("projects/shop/secrets/empty", "", c.email)
			c.secrets.Add("projects/shop/secrets/private", "hunter2")
			s := spec(ref("password", tt.id, tt.version))
			if tt.change != nil {
				tt.change(&c, s)
			}
			got, err := gcpsecretmanager.Read(t.Context(), s, c.key, c.transport)
			refused(t, got, err, append(tt.want, "GCP Secret Manager")...)
		})
	}
}

// TestCredentialsMayNotNameFilesOfTheController gives credentials of a kind that
// sends a file of the controller's pod to a server of its author.
//
// Differs: Authentication
// KEDA: Google credentials in a Secret may be of any kind, also one that names a file or URL whose content is sent to a token endpoint.
// Here: They may be the key of a service account only; files that the controller's own environment names may be of any kind.
// Why: Who may write a TriggerAuthentication could have the controller's own service account token sent to a server of his.
// Old: not available
func TestCredentialsMayNotNameFilesOfTheController(t *testing.T) {
	c := start(t)
	got, err := gcpsecretmanager.Read(t.Context(), spec(ref("password", name, "")), `{"type": "external_account",
		"audience": "x", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "https://oauth2.googleapis.com/token",
		"credential_source": {"file": "/var/run/secrets/kubernetes.io/serviceaccount/token"}}`, c.transport)
	refused(t, got, err, "no JSON key of a service account", "external_account")
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
	for _, text := range []string{"hunter2", "PRIVATE KEY", "\n"} {
		if strings.Contains(err.Error(), text) {
			t.Errorf("%q shows %q", err, text)
		}
	}
}
