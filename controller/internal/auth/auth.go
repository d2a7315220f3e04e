// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package auth turns a trigger's authenticationRef into parameters and an
// identity: it reads the TriggerAuthentication or ClusterTriggerAuthentication
// and every source that it names, one file per kind of source. A source that is
// missing is an error that names it, never an empty parameter. It also reports
// what it read, so that the reconcilers can look again when one of those changes.
package auth

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Reference names an object that parameters were read from, or would be if it
// existed.
type Reference struct {
	// Kind is Secret, ConfigMap, TriggerAuthentication or ClusterTriggerAuthentication.
	Kind string
	// Namespace is empty for cluster-scoped kinds.
	Namespace, Name string
}

// String gives "Secret default/redis".
func (r Reference) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// Workload is the part of the scale target that parameters may come from.
type Workload struct {
	// Name names the workload in messages: "Deployment default/consumer".
	Name string
	// Namespace is the workload's.
	Namespace string
	// Template reads its pod template, which is nil when it has none. It is called
	// only when a parameter comes from there, and may be called again.
	Template func() (*corev1.PodTemplateSpec, error)
	// Container is the container whose environment counts; empty means the first.
	Container string
}

// Resolved is what an authenticationRef stands for.
type Resolved struct {
	// Parameters are the trigger's parameters by name. They may be secret.
	Parameters map[string]string
	// PodIdentity is the identity to ask under; nil for none.
	PodIdentity *v1alpha1.AuthPodIdentity
	// References lists what was read, or looked for, also when there is an error.
	References []Reference
}

// Resolver reads authentications.
type Resolver struct {
	// Reader reads Secrets and ConfigMaps from the API server, so that no
	// informer keeps their contents in memory.
	Reader client.Reader
	// Objects reads TriggerAuthentications from the cache.
	Objects client.Reader
	// ClusterNamespace is where the sources of a ClusterTriggerAuthentication live.
	ClusterNamespace string
	// RestrictSecrets refuses to read Secrets of other namespaces than that one.
	RestrictSecrets bool
	// Labels are those that Objects restricts authentications to, as text; empty
	// when it does not.
	Labels string
}

// Resolve reads everything behind an authenticationRef. A nil reference gives no
// parameters.
func (r *Resolver) Resolve(ctx context.Context, ref *v1alpha1.AuthenticationRef, workload Workload) (Resolved, error) {
	resolved := Resolved{Parameters: map[string]string{}}
	if ref == nil || ref.Name == "" {
		return resolved, nil
	}
	spec, namespace, err := r.spec(ctx, ref, workload.Namespace, &resolved)
	if err != nil {
		return resolved, err
	}
	if err := unsupported(spec); err != nil {
		return resolved, fmt.Errorf("%s %s: %w", ref.KindOrDefault(), ref.Name, err)
	}
	if id := spec.PodIdentity; id != nil && id.Provider != v1alpha1.PodIdentityProviderNone {
		resolved.PodIdentity = id
	}
	read := reading{resolver: r, ctx: ctx, namespace: namespace, found: &resolved}
	// Later sources override earlier ones, in the order that KEDA documents.
	for _, source := range []func(*v1alpha1.TriggerAuthenticationSpec) error{
		func(s *v1alpha1.TriggerAuthenticationSpec) error { return read.environment(s.Env, workload) },
		func(s *v1alpha1.TriggerAuthenticationSpec) error { return read.configMaps(s.ConfigMapTargetRef) },
		func(s *v1alpha1.TriggerAuthenticationSpec) error { return read.secrets(s.SecretTargetRef) },
	} {
		if err := source(spec); err != nil {
			return resolved, fmt.Errorf("%s %s: %w", ref.KindOrDefault(), ref.Name, err)
		}
	}
	return resolved, nil
}

// spec reads the authentication object itself and says in which namespace its
// sources live.
func (r *Resolver) spec(ctx context.Context, ref *v1alpha1.AuthenticationRef, namespace string, resolved *Resolved) (*v1alpha1.TriggerAuthenticationSpec, string, error) {
	if ref.KindOrDefault() == v1alpha1.KindClusterTriggerAuthentication {
		resolved.References = append(resolved.References, Reference{Kind: v1alpha1.KindClusterTriggerAuthentication, Name: ref.Name})
		var cta v1alpha1.ClusterTriggerAuthentication
		if err := r.Objects.Get(ctx, client.ObjectKey{Name: ref.Name}, &cta); err != nil {
			return nil, "", missing(err, resolved.References[0], "create it, or correct authenticationRef.name"+r.selected())
		}
		return &cta.Spec, r.ClusterNamespace, nil
	}
	resolved.References = append(resolved.References, Reference{Kind: v1alpha1.KindTriggerAuthentication, Namespace: namespace, Name: ref.Name})
	var ta v1alpha1.TriggerAuthentication
	if err := r.Objects.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, &ta); err != nil {
		return nil, "", missing(err, resolved.References[0], "create it, or correct authenticationRef (kind ClusterTriggerAuthentication for a cluster-wide one)"+r.selected())
	}
	return &ta.Spec, namespace, nil
}

// selected ends the remedy of an authentication that is not seen.
func (r *Resolver) selected() string {
	if r.Labels == "" {
		return ""
	}
	return fmt.Sprintf("; the controller sees only those with the labels %q (WATCH_LABEL_SELECTOR_FOR_TRIGGERAUTH)", r.Labels)
}

// absence is the error of an object, or of a key in it, that does not exist.
type absence struct{ message string }

func (a *absence) Error() string { return a.message }

func isAbsent(err error) bool {
	var a *absence
	return errors.As(err, &a)
}

// missing words the error of reading a referenced object.
func missing(err error, ref Reference, remedy string) error {
	if client.IgnoreNotFound(err) == nil {
		return &absence{fmt.Sprintf("%s does not exist: %s", ref, remedy)}
	}
	return fmt.Errorf("cannot read %s: %w", ref, err)
}

// unsupported names a source that this release cannot read. Silence would build
// the trigger without its credentials.
func unsupported(spec *v1alpha1.TriggerAuthenticationSpec) error {
	for _, source := range []struct {
		field string
		set   bool
	}{
		{"filePath", spec.FilePath != ""},
		{"hashiCorpVault", spec.HashiCorpVault != nil},
		{"azureKeyVault", spec.AzureKeyVault != nil},
		{"gcpSecretManager", spec.GCPSecretManager != nil},
		{"awsSecretManager", spec.AwsSecretManager != nil},
		{"boundServiceAccountToken", len(spec.BoundServiceAccountToken) > 0},
		{"oauth2", spec.OAuth2 != nil},
	} {
		if source.set {
			return fmt.Errorf("spec.%s is not supported by this release: use secretTargetRef, configMapTargetRef, env or podIdentity", source.field)
		}
	}
	return nil
}

// reading collects the parameters of one resolution.
type reading struct {
	resolver  *Resolver
	ctx       context.Context //nolint:containedctx // lives for one call of Resolve only
	namespace string
	found     *Resolved
}

func (r *reading) set(parameter, value string) { r.found.Parameters[parameter] = value }

func (r *reading) environment(refs []v1alpha1.AuthEnvironment, workload Workload) error {
	for _, ref := range refs {
		from := workload
		if ref.ContainerName != "" {
			from.Container = ref.ContainerName
		}
		values, references, err := r.resolver.Environment(r.ctx, from, []string{ref.Name})
		r.found.References = append(r.found.References, references...)
		if err != nil {
			return fmt.Errorf("env %s for parameter %s: %w", ref.Name, ref.Parameter, err)
		}
		r.set(ref.Parameter, values[ref.Name])
	}
	return nil
}
