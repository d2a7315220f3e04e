// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/azureentra"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/gcptoken"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sts"
)

const scalar = `{"status":"success","data":{"resultType":"scalar","result":[1,"3"]}}`

func decode(t *testing.T, kind string, metadata, auth map[string]string) (trigger.Decoded, error) {
	t.Helper()
	d, problems := trigger.Decode(kind, param.Input{Metadata: metadata, Auth: auth})
	return d, param.Errors(problems)
}

// prometheus decodes a prometheus trigger as a ScaledObject would give it.
func prometheus(t *testing.T, address string, metadata, auth map[string]string) *trigger.Prometheus {
	t.Helper()
	all := map[string]string{"serverAddress": address, "query": "q", "threshold": "1"}
	for k, v := range metadata {
		all[k] = v
	}
	d, err := decode(t, "prometheus", all, auth)
	if err != nil {
		t.Fatal(err)
	}
	return d.Trigger.(*trigger.Prometheus)
}

// TestAzureManagedPrometheus asks a workspace of each cloud as the workload identity
// of the TriggerAuthentication.
//
// Covers: field TriggerAuthentication.spec.podIdentity.provider; field TriggerAuthentication.spec.podIdentity.identityId; field TriggerAuthentication.spec.podIdentity.identityTenantId; field TriggerAuthentication.spec.podIdentity.identityAuthorityHost
func TestAzureManagedPrometheus(t *testing.T) {
	const tenant, client, assertion = "11111111-1111-1111-1111-111111111111", "22222222", "projected"
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(assertion), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", file)
	t.Setenv("AZURE_CLIENT_ID", "another")
	t.Setenv("AZURE_TENANT_ID", "another")
	for name, test := range map[string]struct{ metadata, resource, authority string }{
		"public":     {"", "https://prometheus.monitor.azure.com", "login.microsoftonline.com"},
		"government": {"AzureUSGovernmentCloud", "https://prometheus.monitor.azure.us", "login.microsoftonline.us"},
		"china":      {"AzureChinaCloud", "https://prometheus.monitor.azure.cn", "login.chinacloudapi.cn"},
		"private":    {"Private", "https://prometheus.corp.example", "login.microsoftonline.com"},
	} {
		t.Run(name, func(t *testing.T) {
			entra := azureentra.New()
			entra.AllowAssertion(tenant, client, assertion)
			transport := source.Internet(t, map[string]http.Handler{
				test.authority: entra, "workspace.example": wanting(&entra.Tokens, test.resource+"/.default", scalar),
			})
			pod := &v1alpha1.AuthPodIdentity{
				Provider: v1alpha1.PodIdentityProviderAzureWorkload, IdentityID: new(client), IdentityTenantID: new(tenant),
				IdentityAuthorityHost: new("https://" + test.authority + "/"),
			}
			metadata := map[string]string{"cloud": test.metadata}
			if test.metadata == "Private" {
				metadata["azureManagedPrometheusResourceURL"] = test.resource
			}
			p := prometheus(t, "https://workspace.example", metadata, nil)
			for range 3 {
				if value, err := ask(t, p, scaler.Env{PodIdentity: pod, Transport: transport}); err != nil || value != 3 {
					t.Fatalf("got %v, %v", value, err)
				}
			}
			if n := entra.Calls(); n != 1 {
				t.Errorf("%d tokens, want 1", n)
			}
			pod.IdentityID = new("stranger")
			_, err := ask(t, p, scaler.Env{PodIdentity: pod, Transport: transport})
			said(t, err, scaler.ClassMisconfigured, test.authority, "AADSTS700016")
		})
	}
}

// TestGoogleManagedPrometheus asks as the controller's node, and with a key.
func TestGoogleManagedPrometheus(t *testing.T) {
	const scope = "https://www.googleapis.com/auth/monitoring.read"
	tokens := gcptoken.New("shop")
	metadata := httptest.NewServer(tokens)
	t.Cleanup(metadata.Close)
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(metadata.URL, "http://"))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("HOME", t.TempDir())
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	email, key, err := tokens.Account("reader", "shop")
	if err != nil {
		t.Fatal(err)
	}
	transport := source.Internet(t, map[string]http.Handler{
		gcptoken.Host: tokens, "monitoring.googleapis.com": wanting(&tokens.Tokens, scope, scalar),
	})
	const address = "https://monitoring.googleapis.com/v1/projects/shop/location/global/prometheus"
	routed := source.Internet(t, map[string]http.Handler{gcptoken.Host: tokens, "monitoring.googleapis.com": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subject, ok := tokens.Tokens.Subject(r, scope); !ok || subject != email {
			http.Error(w, "not "+email, http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(scalar)) // the client may be gone
	})})
	pod := &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderGCP}
	for range 3 {
		if value, err := ask(t, prometheus(t, address, nil, nil), scaler.Env{PodIdentity: pod, Transport: transport}); err != nil || value != 3 {
			t.Fatalf("as the node: %v, %v", value, err)
		}
	}
	if n := tokens.Calls(); n != 1 {
		t.Errorf("%d tokens, want 1", n)
	}
	withKey := prometheus(t, address, nil, map[string]string{"GoogleApplicationCredentials": key})
	if value, err := ask(t, withKey, scaler.Env{Transport: routed}); err != nil || value != 3 {
		t.Errorf("with a key: %v, %v", value, err)
	}
	tokens.Delete(email)
	tokens.Tokens.Revoke()
	_, err = ask(t, withKey, scaler.Env{Transport: routed})
	said(t, err, scaler.ClassMisconfigured, "403")
}

// TestAmazonManagedPrometheus signs for a workspace, by key, role and pod identity.
//
// Covers: field TriggerAuthentication.spec.podIdentity.roleArn; field TriggerAuthentication.spec.podIdentity.externalID
func TestAmazonManagedPrometheus(t *testing.T) {
	const role = "arn:aws:iam::000000000000:role/reader"
	keys := &sigv4.Keys{}
	keys.Add("AKID", sigv4.Key{Secret: "key-secret"})
	roles := sts.New(keys)
	roles.AllowRole(role, "tenant")
	endpoint := httptest.NewServer(roles)
	t.Cleanup(endpoint.Close)
	none := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_STS": endpoint.URL, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none,
		"AWS_PROFILE": "", "AWS_SESSION_TOKEN": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "key-secret",
	} {
		t.Setenv(name, value)
	}
	workspace := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := sigv4.Verify(r, keys, "aps", time.Now()); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(scalar)) // the client may be gone
	}))
	t.Cleanup(workspace.Close)
	address := workspace.URL + "/workspaces/ws-1"
	aws := func(role, externalID *string) *v1alpha1.AuthPodIdentity {
		return &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAws, RoleArn: role, ExternalID: externalID}
	}
	region := map[string]string{"awsRegion": "eu-west-3", "query": `sum(rate(a{b="c d"}[1m])) + 1`}
	for name, test := range map[string]struct {
		auth map[string]string
		pod  *v1alpha1.AuthPodIdentity
	}{
		"key":              {auth: map[string]string{"awsAccessKeyID": "AKID", "awsSecretAccessKey": "key-secret"}},
		"controller's own": {pod: aws(nil, nil)},
		"role":             {pod: aws(new(role), new("tenant"))},
	} {
		for range 3 {
			if value, err := ask(t, prometheus(t, address, region, test.auth), scaler.Env{PodIdentity: test.pod}); err != nil || value != 3 {
				t.Errorf("%s: got %v, %v", name, value, err)
			}
		}
	}
	if n := roles.Calls("AssumeRole"); n != 1 {
		t.Errorf("the role was assumed %d times, want 1", n)
	}
	_, err := ask(t, prometheus(t, address, region, nil), scaler.Env{PodIdentity: aws(new(role), nil)})
	said(t, err, scaler.ClassMisconfigured, "assuming role "+role, "AccessDenied")
	_, err = ask(t, prometheus(t, address, region, map[string]string{"awsAccessKeyID": "AKID", "awsSecretAccessKey": "wrong-secret"}), scaler.Env{})
	said(t, err, scaler.ClassMisconfigured, "403", "SignatureDoesNotMatch")
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
}

// TestIdentitiesThatCannotBeUsedAreRefusedInsteadOfIgnored shows combinations that
// would ask without an identity or with two.
//
// Differs: Triggers
// KEDA: A prometheus trigger with the pod identity aws and no awsRegion, or with awsRegion and no credentials, asks without a signature.
// Here: Both are errors that name what is missing, as is a pod identity beside authModes basic, bearer or oauth.
// Why: The server would answer 403 without a hint at the reason.
// Old: leave out awsRegion and the pod identity
func TestIdentitiesThatCannotBeUsedAreRefusedInsteadOfIgnored(t *testing.T) {
	pod := func(provider v1alpha1.PodIdentityProvider) *v1alpha1.AuthPodIdentity {
		return &v1alpha1.AuthPodIdentity{Provider: provider}
	}
	for name, test := range map[string]struct {
		trigger trigger.Prometheus
		pod     *v1alpha1.AuthPodIdentity
		want    string
	}{
		"no region":      {pod: pod(v1alpha1.PodIdentityProviderAws), want: `set the parameter "awsRegion"`},
		"no credentials": {trigger: trigger.Prometheus{AWSAuth: trigger.AWSAuth{Region: "eu-west-3"}}, want: "there are no AWS credentials"},
		"two identities": {
			trigger: trigger.Prometheus{HTTPAuth: trigger.HTTPAuth{Modes: []string{"basic"}, Username: "u"}},
			pod:     pod(v1alpha1.PodIdentityProviderGCP), want: `authModes lists "basic"`,
		},
		"empty identity": {
			pod:  &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAzureWorkload, IdentityID: new("")},
			want: "podIdentity.identityId is empty",
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.trigger.ServerAddress = "http://prometheus.invalid"
			if _, err := ask(t, &test.trigger, scaler.Env{PodIdentity: test.pod}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
