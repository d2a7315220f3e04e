// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package awssecretmanager_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth/awssecretmanager"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/secretsmanager"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sts"
)

const (
	role     = "arn:aws:iam::000000000000:role/reader"
	webToken = "projected-token"
)

var keys = awssecretmanager.Keys{AccessKey: "AKID", SecretKey: "key-secret"}

// cloud is Secrets Manager and STS.
type cloud struct {
	secrets *secretsmanager.Server
	tokens  *sts.Server
	keys    *sigv4.Keys
}

// start runs the fakes and keeps the SDK from looking for credentials anywhere
// but where the test puts them.
func start(t *testing.T) cloud {
	known := &sigv4.Keys{}
	known.Add("AKID", sigv4.Key{Secret: "key-secret"})
	c := cloud{secretsmanager.New(known), sts.New(known), known}
	secrets, tokens := httptest.NewServer(c.secrets), httptest.NewServer(c.tokens)
	t.Cleanup(secrets.Close)
	t.Cleanup(tokens.Close)
	none := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": secrets.URL, "AWS_ENDPOINT_URL_STS": tokens.URL, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_PROFILE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_ROLE_ARN": "",
	} {
		t.Setenv(name, value)
	}
	return c
}

// web gives the controller a web identity, as EKS does, that may assume ownRole.
func (c cloud) web(t *testing.T, ownRole string) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(webToken), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file)
	t.Setenv("AWS_ROLE_ARN", ownRole)
	c.tokens.AllowToken(webToken, ownRole)
}

func spec(secrets ...v1alpha1.AwsSecretManagerSecret) *v1alpha1.AwsSecretManager {
	return &v1alpha1.AwsSecretManager{Region: "eu-west-3", Secrets: secrets, Credentials: &v1alpha1.AwsSecretManagerCredentials{}}
}

// TestSecretsVersionsStagesAndFields reads what a secret holds in all the ways that
// it can be named, one request for each version.
//
// Covers: field TriggerAuthentication.spec.awsSecretManager.secrets.parameter; field TriggerAuthentication.spec.awsSecretManager.secrets.name; field TriggerAuthentication.spec.awsSecretManager.secrets.versionId; field TriggerAuthentication.spec.awsSecretManager.secrets.versionStage; field TriggerAuthentication.spec.awsSecretManager.secrets.secretKey; field TriggerAuthentication.spec.awsSecretManager.region
func TestSecretsVersionsStagesAndFields(t *testing.T) {
	c := start(t)
	first := c.secrets.Put("password", "old")
	c.secrets.Put("password", "new")
	c.secrets.PutBinary("binary", []byte("bytes"))
	c.secrets.Put("database", `{"user":"app", "port": 5432, "ratio": 0.50, "tls": true, "hosts": ["a","b"], "quoted": "\u00e9\n"}`)
	field := func(name string) v1alpha1.AwsSecretManagerSecret {
		return v1alpha1.AwsSecretManagerSecret{Parameter: name, Name: "database", SecretKey: name}
	}
	got, err := awssecretmanager.Read(t.Context(), spec(
		v1alpha1.AwsSecretManagerSecret{Parameter: "current", Name: "password"},
		v1alpha1.AwsSecretManagerSecret{Parameter: "previous", Name: "password", VersionStage: "AWSPREVIOUS"},
		v1alpha1.AwsSecretManagerSecret{Parameter: "first", Name: "password", VersionID: first},
		v1alpha1.AwsSecretManagerSecret{Parameter: "binary", Name: "binary"},
		field("user"), field("port"), field("ratio"), field("tls"), field("hosts"), field("quoted"),
	), keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"current": "new", "previous": "old", "first": "old", "binary": "bytes",
		"user": "app", "port": "5432", "ratio": "0.50", "tls": "true", "hosts": `["a","b"]`, "quoted": "é\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := c.secrets.Calls("database"); n != 1 {
		t.Errorf("%d requests for a secret with six parameters, want 1", n)
	}
	if n := c.secrets.Calls("password"); n != 3 {
		t.Errorf("%d requests for three versions, want 3", n)
	}
}

// TestIdentitiesOfSecretManager reads as everybody whom a TriggerAuthentication may name.
//
// Covers: field TriggerAuthentication.spec.awsSecretManager.podIdentity; field TriggerAuthentication.spec.awsSecretManager.podIdentity.provider; field TriggerAuthentication.spec.awsSecretManager.podIdentity.roleArn; field TriggerAuthentication.spec.awsSecretManager.podIdentity.externalID
func TestIdentitiesOfSecretManager(t *testing.T) {
	aws := v1alpha1.PodIdentityProviderAws
	tests := map[string]struct {
		pod   *v1alpha1.AuthPodIdentity
		keys  awssecretmanager.Keys
		setup func(*testing.T, cloud)
	}{
		"key": {keys: keys},
		"temporary key": {
			keys:  awssecretmanager.Keys{AccessKey: "ASIA", SecretKey: "s", Token: "session"},
			setup: func(_ *testing.T, c cloud) { c.keys.Add("ASIA", sigv4.Key{Secret: "s", Token: "session"}) },
		},
		"controller's own": {
			pod:   &v1alpha1.AuthPodIdentity{Provider: aws},
			setup: func(t *testing.T, c cloud) { c.web(t, "arn:aws:iam::000000000000:role/own") },
		},
		"role": {
			pod:   &v1alpha1.AuthPodIdentity{Provider: aws, RoleArn: new(role)},
			setup: func(t *testing.T, c cloud) { c.web(t, role) },
		},
		"role with an external ID": {
			pod: &v1alpha1.AuthPodIdentity{Provider: aws, RoleArn: new(role), ExternalID: new("tenant")},
			setup: func(t *testing.T, c cloud) {
				c.web(t, "arn:aws:iam::000000000000:role/own")
				c.tokens.AllowRole(role, "tenant")
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := start(t)
			c.secrets.Put("password", "value")
			if test.setup != nil {
				test.setup(t, c)
			}
			s := spec(v1alpha1.AwsSecretManagerSecret{Parameter: "password", Name: "password"})
			s.PodIdentity = test.pod
			for range 3 {
				got, err := awssecretmanager.Read(t.Context(), s, test.keys, nil)
				if err != nil || got["password"] != "value" {
					t.Fatalf("got %v, %v", got, err)
				}
			}
			if n := c.tokens.Calls("AssumeRole") + c.tokens.Calls("AssumeRoleWithWebIdentity"); n > 2 {
				t.Errorf("three reads assume roles %d times", n)
			}
		})
	}
}

// TestRolesAreAssumedAgainBeforeTheyEnd reads with credentials of a role that last
// less than the five minutes that the next request should have.
func TestRolesAreAssumedAgainBeforeTheyEnd(t *testing.T) {
	c := start(t)
	c.secrets.Put("password", "value")
	c.web(t, role)
	c.tokens.Lifetime(4 * time.Minute)
	s := spec(v1alpha1.AwsSecretManagerSecret{Parameter: "password", Name: "password"})
	s.PodIdentity = &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAws, RoleArn: new(role)}
	for range 3 {
		if _, err := awssecretmanager.Read(t.Context(), s, awssecretmanager.Keys{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.tokens.Calls("AssumeRoleWithWebIdentity"); n != 3 {
		t.Errorf("the role was assumed %d times, want 3", n)
	}
}

// TestUnreadableAWSSecretStopsTheTriggerAndIsNamed shows each way in which a secret
// cannot be had, with an error that names it and shows no value.
//
// Differs: Authentication
// KEDA: An error of AWS Secrets Manager is only logged, and the trigger is built without the parameter.
// Here: The object is not Ready, with a message that names the store, the secret and the remedy; what the trigger had before keeps working.
// Why: A trigger without its password fails later with an error that points elsewhere, or asks a server anonymously.
// Old: not available
func TestUnreadableAWSSecretStopsTheTriggerAndIsNamed(t *testing.T) {
	one := func(s v1alpha1.AwsSecretManagerSecret) *v1alpha1.AwsSecretManager {
		s.Parameter = "password"
		return spec(s)
	}
	wrong := awssecretmanager.Keys{AccessKey: "AKID", SecretKey: "wrong-secret"}
	tests := map[string]struct {
		spec  *v1alpha1.AwsSecretManager
		keys  awssecretmanager.Keys
		setup func(cloud)
		want  []string
	}{
		"missing secret":  {spec: one(v1alpha1.AwsSecretManagerSecret{Name: "absent"}), want: []string{`secret "absent" does not exist in eu-west-3`, "create it"}},
		"missing version": {spec: one(v1alpha1.AwsSecretManagerSecret{Name: "database", VersionID: "none"}), want: []string{`version "none"`, "VersionId: none"}},
		"missing stage":   {spec: one(v1alpha1.AwsSecretManagerSecret{Name: "database", VersionStage: "NEXT"}), want: []string{`stage "NEXT"`}},
		"missing field":   {spec: one(v1alpha1.AwsSecretManagerSecret{Name: "database", SecretKey: "pass"}), want: []string{`no field "pass"`, "[none password]"}},
		"null field":      {spec: one(v1alpha1.AwsSecretManagerSecret{Name: "database", SecretKey: "none"}), want: []string{`field "none" is empty`}},
		"no object":       {spec: one(v1alpha1.AwsSecretManagerSecret{Name: "text", SecretKey: "a"}), want: []string{"no JSON object"}},
		"wrong key":       {spec: one(v1alpha1.AwsSecretManagerSecret{Name: "database"}), keys: wrong, want: []string{"SignatureDoesNotMatch", "correct the credentials"}},
		"not allowed": {
			spec: one(v1alpha1.AwsSecretManagerSecret{Name: "database"}), setup: func(c cloud) { c.secrets.Forbid("database") },
			want: []string{"AccessDeniedException", "secretsmanager:GetSecretValue"},
		},
		"throttled": {
			spec: one(v1alpha1.AwsSecretManagerSecret{Name: "database"}), setup: func(c cloud) { c.secrets.Throttle(true) },
			want: []string{"ThrottlingException"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := start(t)
			c.secrets.Put("database", `{"password":"hunter2","none":null}`)
			c.secrets.Put("text", "hunter2")
			if test.setup != nil {
				test.setup(c)
			}
			if test.keys.AccessKey == "" {
				test.keys = keys
			}
			got, err := awssecretmanager.Read(t.Context(), test.spec, test.keys, nil)
			refused(t, got, err, append(test.want, "AWS Secrets Manager in eu-west-3", "parameter password")...)
		})
	}
}

func TestWaysInThatAreMissing(t *testing.T) {
	start(t)
	s := spec(v1alpha1.AwsSecretManagerSecret{Parameter: "p", Name: "n"})
	got, err := awssecretmanager.Read(t.Context(), s, awssecretmanager.Keys{}, nil)
	refused(t, got, err, "neither an access key nor a pod identity", "awsSecretManager.credentials")
	s.Region = ""
	got, err = awssecretmanager.Read(t.Context(), s, keys, nil)
	refused(t, got, err, "region is not known", "awsSecretManager.region")
	s.Region = "eu-west-3"
	s.PodIdentity = &v1alpha1.AuthPodIdentity{Provider: v1alpha1.PodIdentityProviderAws, RoleArn: new(role)}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "key-secret")
	got, err = awssecretmanager.Read(t.Context(), s, awssecretmanager.Keys{}, nil)
	refused(t, got, err, "assuming role "+role, "AccessDenied")
}

// refused wants an error with all texts and without a secret.
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
	for _, secret := range []string{"hunter2", "key-secret", "wrong-secret"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q shows a secret", err)
		}
	}
}
