// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
)

// newResolver reads from the given objects. The Secret "broken" cannot be read.
func newResolver(t testing.TB, objects ...client.Object) *auth.Resolver {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if key.Name == "broken" {
				return errors.New("etcd is away")
			}
			return c.Get(ctx, key, o, opts...)
		},
	}).Build()
	return &auth.Resolver{Reader: c, Objects: c, ClusterNamespace: "keda"}
}

func secret(name string, pairs ...string) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Data: map[string][]byte{}}
	for i := 0; i < len(pairs); i += 2 {
		s.Data[pairs[i]] = []byte(pairs[i+1])
	}
	return s
}

func configMap(name string, pairs ...string) *corev1.ConfigMap {
	c := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Data: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		c.Data[pairs[i]] = pairs[i+1]
	}
	return c
}

func target(parameter, name, key string) v1alpha1.AuthTargetRef {
	return v1alpha1.AuthTargetRef{Parameter: parameter, Name: name, Key: key}
}

func authentication(spec v1alpha1.TriggerAuthenticationSpec) *v1alpha1.TriggerAuthentication {
	return &v1alpha1.TriggerAuthentication{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "ta"}, Spec: spec}
}

var byName = &v1alpha1.AuthenticationRef{Name: "ta"}

// TestResolveOrder: of one parameter the later source wins, Secrets last.
//
// Covers: field TriggerAuthentication.spec.env.containerName
func TestResolveOrder(t *testing.T) {
	resolver := newResolver(t, secret("s", "a", "of the Secret"), configMap("c", "a", "of the ConfigMap", "b", "of the ConfigMap"),
		authentication(v1alpha1.TriggerAuthenticationSpec{
			PodIdentity:        &v1alpha1.AuthPodIdentity{Provider: "aws"},
			SecretTargetRef:    []v1alpha1.AuthTargetRef{target("first", "s", "a")},
			ConfigMapTargetRef: []v1alpha1.AuthTargetRef{target("first", "c", "a"), target("second", "c", "b")},
			Env:                []v1alpha1.AuthEnvironment{{Parameter: "second", Name: "A"}, {Parameter: "third", Name: "A"}, {Parameter: "fourth", Name: "A", ContainerName: "sidecar"}},
		}))
	got, err := resolver.Resolve(t.Context(), byName, container([]corev1.EnvVar{literal("A", "of the container")}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"first": "of the Secret", "second": "of the ConfigMap", "third": "of the container", "fourth": "of the sidecar"}
	if diff := cmp.Diff(want, got.Parameters); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if got.PodIdentity == nil || got.PodIdentity.Provider != "aws" {
		t.Errorf("identity %v", got.PodIdentity)
	}
}

// TestResolveCluster: the sources of a cluster-wide authentication are in the
// controller's namespace, whoever uses it.
func TestResolveCluster(t *testing.T) {
	central := secret("s", "a", "central")
	central.Namespace = "keda"
	resolver := newResolver(t, secret("s", "a", "local"), central, &v1alpha1.ClusterTriggerAuthentication{
		ObjectMeta: metav1.ObjectMeta{Name: "ta"},
		Spec:       v1alpha1.TriggerAuthenticationSpec{SecretTargetRef: []v1alpha1.AuthTargetRef{target("p", "s", "a")}},
	})
	got, err := resolver.Resolve(t.Context(), &v1alpha1.AuthenticationRef{Name: "ta", Kind: "ClusterTriggerAuthentication"}, container(nil))
	want := auth.Resolved{Parameters: map[string]string{"p": "central"}, References: []auth.Reference{
		{Kind: "ClusterTriggerAuthentication", Name: "ta"}, {Kind: "Secret", Namespace: "keda", Name: "s"}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, resolved (-want +got):\n%s", err, diff)
	}
}

// TestResolveFails: whatever is missing is named with its remedy, and is among the
// references, so that its appearance is noticed.
func TestResolveFails(t *testing.T) {
	for want, c := range map[string]struct {
		spec    *v1alpha1.TriggerAuthenticationSpec
		missing auth.Reference
	}{
		"TriggerAuthentication default/ta does not exist: create it": {nil, auth.Reference{Kind: "TriggerAuthentication", Namespace: "default", Name: "ta"}},
		"TriggerAuthentication ta: secretTargetRef for parameter p: Secret default/no does not exist": {
			&v1alpha1.TriggerAuthenticationSpec{SecretTargetRef: []v1alpha1.AuthTargetRef{target("p", "no", "a")}}, auth.Reference{Kind: "Secret", Namespace: "default", Name: "no"}},
		"configMapTargetRef for parameter p: ConfigMap default/no does not exist": {
			&v1alpha1.TriggerAuthenticationSpec{ConfigMapTargetRef: []v1alpha1.AuthTargetRef{target("p", "no", "a")}}, auth.Reference{Kind: "ConfigMap", Namespace: "default", Name: "no"}},
		`Secret default/s has no key "b": it has [a z]`: {
			&v1alpha1.TriggerAuthenticationSpec{SecretTargetRef: []v1alpha1.AuthTargetRef{target("p", "s", "b")}}, auth.Reference{Kind: "Secret", Namespace: "default", Name: "s"}},
		"cannot read Secret default/broken: etcd is away": {
			&v1alpha1.TriggerAuthenticationSpec{SecretTargetRef: []v1alpha1.AuthTargetRef{target("p", "broken", "b")}}, auth.Reference{Kind: "Secret", Namespace: "default", Name: "broken"}},
		"env A for parameter p: container main of Deployment default/web has no environment variable A": {
			&v1alpha1.TriggerAuthenticationSpec{Env: []v1alpha1.AuthEnvironment{{Parameter: "p", Name: "A"}}}, auth.Reference{Kind: "TriggerAuthentication", Namespace: "default", Name: "ta"}},
	} {
		t.Run(want, func(t *testing.T) {
			objects := []client.Object{secret("s", "a", "s3cret", "z", "s3cret")}
			if c.spec != nil {
				objects = append(objects, authentication(*c.spec))
			}
			got, err := newResolver(t, objects...).Resolve(t.Context(), byName, container(nil))
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error %v", err)
			}
			found := false
			for _, r := range got.References {
				found = found || r == c.missing
			}
			if !found {
				t.Errorf("references %v lack %v", got.References, c.missing)
			}
		})
	}
}

func TestResolveNothing(t *testing.T) {
	got, err := newResolver(t).Resolve(t.Context(), nil, auth.Workload{})
	if err != nil || len(got.Parameters)+len(got.References) > 0 {
		t.Errorf("no reference gives %v, error %v", got, err)
	}
}
