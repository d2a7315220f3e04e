// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
)

func clusterAuthentication(spec v1alpha1.TriggerAuthenticationSpec) *v1alpha1.ClusterTriggerAuthentication {
	return &v1alpha1.ClusterTriggerAuthentication{ObjectMeta: metav1.ObjectMeta{Name: "cta"}, Spec: spec}
}

var clusterWide = &v1alpha1.AuthenticationRef{Name: "cta", Kind: v1alpha1.KindClusterTriggerAuthentication}

// refuse resolves and wants an error with these words.
func refuse(t *testing.T, resolver *auth.Resolver, ref *v1alpha1.AuthenticationRef, from auth.Workload, words ...string) {
	t.Helper()
	_, err := resolver.Resolve(t.Context(), ref, from)
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("error %v lacks %q", err, word)
		}
	}
}

// TestFile: a file is everything there is, whatever else the authentication names,
// and nothing leads out of the folder.
//
// Covers: field TriggerAuthentication.spec.filePath
func TestFile(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	write := func(folder, name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(outside, "secret.json", `{"password": "of somebody else"}`)
	// As the kubelet mounts a Secret.
	if err := os.MkdirAll(filepath.Join(root, "team", "..2026"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(root, "team", "..2026"), "redis.json", `{"username": "u", "password": "p"}`)
	write(root, "list.json", `["p"]`)
	write(root, "number.json", `{"port": 6379}`)
	write(root, "null.json", `{"password": null}`)
	write(root, "broken.json", `{"password": "s3cret"`)
	for from, to := range map[string]string{
		"team/..data": "..2026", "team/redis.json": "..data/redis.json", "escape.json": filepath.Join(outside, "secret.json"), "up": "../",
	} {
		if err := os.Symlink(to, filepath.Join(root, from)); err != nil {
			t.Fatal(err)
		}
	}
	spec := v1alpha1.TriggerAuthenticationSpec{
		PodIdentity:     &v1alpha1.AuthPodIdentity{Provider: "gcp"},
		FilePath:        "team/redis.json",
		Env:             []v1alpha1.AuthEnvironment{{Parameter: "host", Name: "A"}},
		SecretTargetRef: []v1alpha1.AuthTargetRef{target("password", "none", "none")},
	}
	resolver := newResolver(t, clusterAuthentication(spec))
	resolver.FileRoot = root
	got, err := resolver.Resolve(t.Context(), clusterWide, container([]corev1.EnvVar{literal("A", "x")}))
	if diff := cmp.Diff(map[string]string{"username": "u", "password": "p"}, got.Parameters); err != nil || diff != "" || got.PodIdentity == nil {
		t.Errorf("error %v, identity %v, parameters (-want +got):\n%s", err, got.PodIdentity, diff)
	}
	for path, words := range map[string][]string{
		"none.json":           {`filePath: "none.json" does not exist below`, "mount it"},
		"list.json":           {"is not a JSON object"},
		"broken.json":         {"is not a JSON object"},
		"number.json":         {`field "port" of "number.json"`, "is not a string"},
		"null.json":           {`field "password" of "null.json"`},
		"team":                {"must be a file"},
		"escape.json":         {"escape"},
		"up/secret.json":      {"escape"},
		"team/../number.json": {"relative path that has no .. in it"},
		"/etc/passwd":         {"relative path that has no .. in it"},
	} {
		resolver := newResolver(t, clusterAuthentication(v1alpha1.TriggerAuthenticationSpec{FilePath: path}))
		resolver.FileRoot = root
		refuse(t, resolver, clusterWide, container(nil), words...)
	}
	refuse(t, newResolver(t, clusterAuthentication(spec)), clusterWide, container(nil), "--filepath-auth-root-path")
	refuse(t, newResolver(t, authentication(spec)), byName, container(nil), "filePath is for ClusterTriggerAuthentication only")
}

// TestOAuth2 gives HTTP triggers what they request a token with.
//
// Covers: field TriggerAuthentication.spec.oauth2.*
func TestOAuth2(t *testing.T) {
	o := v1alpha1.OAuth2{
		ClientID: "app", TokenURL: "https://login.test/token", Scopes: []string{"read", "write"},
		TokenURLParams: map[string]string{"resource": "a b", "audience": "x&y"},
		ClientSecret:   v1alpha1.SecretReference{ValueFrom: v1alpha1.ValueFromSecret{SecretKeyRef: v1alpha1.SecretKeyRef{Name: "s", Key: "secret"}}},
	}
	resolver := newResolver(t, secret("s", "secret", "s3cret", "empty", ""), authentication(v1alpha1.TriggerAuthenticationSpec{OAuth2: &o}))
	got, err := resolver.Resolve(t.Context(), byName, container(nil))
	want := map[string]string{
		"oauthTokenURI": "https://login.test/token", "clientID": "app", "clientSecret": "s3cret", "scopes": "read,write",
		"endpointParams": "audience=x%26y&resource=a+b",
	}
	if diff := cmp.Diff(want, got.Parameters); err != nil || diff != "" {
		t.Errorf("error %v, parameters (-want +got):\n%s", err, diff)
	}
	o.ClientSecret.ValueFrom.SecretKeyRef.Key = "empty"
	refuse(t, newResolver(t, secret("s", "empty", ""), authentication(v1alpha1.TriggerAuthenticationSpec{OAuth2: &o})), byName, container(nil),
		`oauth2.clientSecret: key "empty" of Secret default/s is empty`)
	refuse(t, newResolver(t, authentication(v1alpha1.TriggerAuthenticationSpec{OAuth2: &o})), byName, container(nil),
		"oauth2.clientSecret: Secret default/s does not exist")
}

// tokens answers TokenRequests.
type tokens struct {
	client.SubResourceWriter
	clock func() time.Time
	err   error

	mu     sync.Mutex // parameters are asked for side by side
	issued int
	life   int64
}

func (k *tokens) Create(_ context.Context, account, request client.Object, _ ...client.SubResourceCreateOption) error {
	if k.err != nil {
		return k.err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.issued++
	r := request.(*authenticationv1.TokenRequest)
	k.life = *r.Spec.ExpirationSeconds
	r.Status.Token = account.GetNamespace() + "/" + account.GetName() + "#" + string(rune('0'+k.issued))
	r.Status.ExpirationTimestamp = metav1.NewTime(k.clock().Add(time.Duration(k.life) * time.Second))
	return nil
}

// TestBoundTokens: a token is requested for its ServiceAccount, and again after
// 80 % of its life.
func TestBoundTokens(t *testing.T) {
	spec := v1alpha1.TriggerAuthenticationSpec{BoundServiceAccountToken: []v1alpha1.BoundServiceAccountToken{
		{Parameter: "token", ServiceAccountName: "reader"}, {Parameter: "same", ServiceAccountName: "reader"}}}
	s := newStores(t, authentication(spec), clusterAuthentication(spec))
	k := &tokens{clock: s.clock.Now}
	s.Tokens, s.TokenLife = k, 2*time.Hour
	want := func(ref *v1alpha1.AuthenticationRef, token string) {
		t.Helper()
		got, err := s.use(ref)
		if got.Parameters["token"] != token || got.Parameters["same"] != token || err != nil {
			t.Errorf("parameters %v, error %v", got.Parameters, err)
		}
	}
	want(byName, "default/reader#1")
	if k.life != 7200 {
		t.Errorf("it lives %d s", k.life)
	}
	want(clusterWide, "keda/reader#2")
	s.clock.Step(95 * time.Minute)
	want(byName, "default/reader#1")
	s.clock.Step(2 * time.Minute)
	s.eventually("the token is replaced", func() bool {
		s.clock.Step(20 * time.Millisecond)
		got, err := s.use(byName)
		token := got.Parameters["token"] // or #4, because the other one is replaced too
		return err == nil && strings.HasPrefix(token, "default/reader#") && token != "default/reader#1"
	})
	accounts := schema.GroupResource{Resource: "serviceaccounts"}
	for want, err := range map[string]error{
		"boundServiceAccountToken for parameter token: ServiceAccount default/reader does not exist: create it":                     apierrors.NewNotFound(accounts, "reader"),
		"the controller may not create tokens for ServiceAccount default/reader: grant it the verb create on serviceaccounts/token": apierrors.NewForbidden(accounts, "reader", nil),
		"cannot request a token for ServiceAccount default/reader: ":                                                                apierrors.NewInternalError(os.ErrClosed),
	} {
		resolver := newResolver(t, authentication(spec))
		resolver.Tokens = &tokens{err: err}
		refuse(t, resolver, byName, container(nil), want)
	}
}

// TestWorkloadWithoutRoleIsNamedInsteadOfRunningAsTheController: the role of a workload is that of its ServiceAccount.
//
// Covers: field TriggerAuthentication.spec.podIdentity.identityOwner
// Covers: annotation eks.amazonaws.com/role-arn
// Differs: Authentication
// KEDA: with identityOwner workload, a ServiceAccount whose annotation of a role is empty gives no role, and the trigger runs under the operator's own identity.
// Here: the ServiceAccount and the annotation are named, and the trigger does not run, as without the annotation.
// Why: a trigger must not get rights of the controller that nobody gave it.
// Old: leave identityOwner out, or set it to keda
func TestWorkloadWithoutRoleIsNamedInsteadOfRunningAsTheController(t *testing.T) {
	account := func(name, role string) *corev1.ServiceAccount {
		a := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
		if role != "" {
			a.Annotations = map[string]string{"eks.amazonaws.com/role-arn": role}
		}
		return a
	}
	under := func(name string) auth.Workload {
		w := container(nil)
		template, _ := w.Template()
		template.Spec.ServiceAccountName = name
		w.Template = func() (*corev1.PodTemplateSpec, error) { return template, nil }
		return w
	}
	for _, id := range []v1alpha1.AuthPodIdentity{
		{Provider: "aws", IdentityOwner: ptr.To("workload"), ExternalID: ptr.To("x")}, {Provider: "aws-eks"},
	} {
		resolver := newResolver(t, account("consumer", "arn:aws:iam::1:role/consumer"), account("plain", ""), account("default", "arn:default"),
			authentication(v1alpha1.TriggerAuthenticationSpec{PodIdentity: &id}))
		for name, role := range map[string]string{"consumer": "arn:aws:iam::1:role/consumer", "": "arn:default"} {
			got, err := resolver.Resolve(t.Context(), byName, under(name))
			if err != nil || got.PodIdentity == nil || ptr.Deref(got.PodIdentity.RoleArn, "") != role || got.PodIdentity.ExternalID != id.ExternalID && *got.PodIdentity.ExternalID != *id.ExternalID {
				t.Errorf("identity %+v, error %v", got.PodIdentity, err)
			}
		}
		if id.Provider == v1alpha1.PodIdentityProviderAws {
			refuse(t, resolver, byName, under("plain"), "podIdentity: ServiceAccount default/plain has no annotation eks.amazonaws.com/role-arn: set it")
		} else if got, err := resolver.Resolve(t.Context(), byName, under("plain")); err != nil || got.PodIdentity == nil || got.PodIdentity.RoleArn != nil {
			t.Errorf("without a role: identity %+v, error %v", got.PodIdentity, err)
		}
		refuse(t, resolver, byName, under("nobody"), "ServiceAccount default/nobody does not exist: create it, or correct serviceAccountName of the workload")
		refuse(t, resolver, byName, auth.Workload{Name: "Widget default/w", Namespace: "default", Template: func() (*corev1.PodTemplateSpec, error) { return nil, nil }},
			"Widget default/w has no pod template")
	}
	own := v1alpha1.AuthPodIdentity{Provider: "aws", RoleArn: ptr.To("arn:given")}
	got, err := newResolver(t, authentication(v1alpha1.TriggerAuthenticationSpec{PodIdentity: &own})).Resolve(t.Context(), byName, under("nobody"))
	if err != nil || *got.PodIdentity.RoleArn != "arn:given" {
		t.Errorf("identity %+v, error %v", got.PodIdentity, err)
	}
	none := v1alpha1.AuthPodIdentity{Provider: "none"}
	if got, err := newResolver(t, authentication(v1alpha1.TriggerAuthenticationSpec{PodIdentity: &none})).Resolve(t.Context(), byName, under("")); err != nil || got.PodIdentity != nil {
		t.Errorf("identity none is %+v, error %v", got.PodIdentity, err)
	}
}

// TestLaterSourcesWin: Vault comes after Secrets, tokens of ServiceAccounts after
// Vault, OAuth 2 last.
func TestLaterSourcesWin(t *testing.T) {
	all := func(source string) []v1alpha1.AuthTargetRef {
		return []v1alpha1.AuthTargetRef{target("secret", source, "a"), target("password", source, "a"), target("token", source, "a"), target("scopes", source, "a")}
	}
	s := newStores(t, secret("s", "a", "of the Secret"), configMap("c", "a", "of the ConfigMap"))
	s.Tokens = &tokens{clock: s.clock.Now}
	ta := s.authentication()
	ta.Spec.SecretTargetRef, ta.Spec.ConfigMapTargetRef = all("s"), all("c")
	ta.Spec.HashiCorpVault.Secrets = append(ta.Spec.HashiCorpVault.Secrets,
		v1alpha1.VaultSecret{Parameter: "token", Path: "kv/redis", Key: "password"}, v1alpha1.VaultSecret{Parameter: "scopes", Path: "kv/redis", Key: "password"})
	ta.Spec.BoundServiceAccountToken = []v1alpha1.BoundServiceAccountToken{{Parameter: "token", ServiceAccountName: "r"}, {Parameter: "scopes", ServiceAccountName: "r"}}
	ta.Spec.OAuth2 = &v1alpha1.OAuth2{ClientID: "app", TokenURL: "https://t", Scopes: []string{"last"},
		ClientSecret: v1alpha1.SecretReference{ValueFrom: v1alpha1.ValueFromSecret{SecretKeyRef: v1alpha1.SecretKeyRef{Name: "s", Key: "a"}}}}
	if err := s.Objects.(client.Client).Create(t.Context(), ta); err != nil {
		t.Fatal(err)
	}
	got, err := s.Resolve(t.Context(), byName, container(nil))
	for parameter, want := range map[string]string{"secret": "of the Secret", "password": "one", "token": "default/r#1", "scopes": "last"} {
		if got.Parameters[parameter] != want || err != nil {
			t.Errorf("%s is %q, want %q, error %v", parameter, got.Parameters[parameter], want, err)
		}
	}
}
