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
	"maps"
	"net/http"
	"time"

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
	// PodIdentity is the identity to ask under; nil for none. Where it is that of
	// the workload in AWS, RoleArn is the role of the workload's ServiceAccount.
	PodIdentity *v1alpha1.AuthPodIdentity
	// References lists what was read, or looked for, also when there is an error.
	// Those of KindStore are told to StoreOptions.Changed.
	References []Reference
}

// Resolver reads authentications.
type Resolver struct {
	// Reader reads Secrets, ConfigMaps and ServiceAccounts from the API server, so
	// that no informer keeps their contents in memory.
	Reader client.Reader
	// Objects reads TriggerAuthentications from the cache.
	Objects client.Reader
	// Tokens requests tokens of ServiceAccounts.
	Tokens client.SubResourceWriter
	// Stores keeps what cannot be watched; nil keeps nothing.
	Stores *Stores
	// Transport reaches the secret managers of clouds; nil is their libraries' own.
	Transport http.RoundTripper
	// ClusterNamespace is where the sources of a ClusterTriggerAuthentication live.
	ClusterNamespace string
	// RestrictSecrets refuses to read Secrets of other namespaces than that one.
	RestrictSecrets bool
	// Labels are those that Objects restricts authentications to, as text; empty
	// when it does not.
	Labels string
	// FileRoot is the folder below which filePath is; empty for none.
	FileRoot string
	// TokenLife is how long a requested token lives; default an hour.
	TokenLife time.Duration
	// Report is told what each reading of an authentication by a user came to; one
	// that does not exist has no problem of its own. Nil tells nobody.
	Report func(authentication Reference, user string, problem error)
}

// Resolve reads everything behind an authenticationRef. A nil reference gives no
// parameters.
func (r *Resolver) Resolve(ctx context.Context, ref *v1alpha1.AuthenticationRef, workload Workload) (Resolved, error) {
	resolved := Resolved{Parameters: map[string]string{}}
	if ref == nil || ref.Name == "" {
		return resolved, nil
	}
	read, spec, err := r.open(ctx, ref, workload, &resolved)
	if err != nil {
		r.report(ctx, resolved.References[0], workload, nil)
		return resolved, err
	}
	if err = read.all(spec); err != nil {
		err = fmt.Errorf("%s %s: %w", ref.KindOrDefault(), ref.Name, err)
	}
	r.report(ctx, read.owner, workload, err)
	return resolved, err
}

func (r *Resolver) report(ctx context.Context, authentication Reference, user Workload, problem error) {
	if r.Report != nil && ctx.Err() == nil {
		r.Report(authentication, user.Name, problem)
	}
}

// open reads the authentication object itself and says in which namespace its
// sources live.
func (r *Resolver) open(ctx context.Context, ref *v1alpha1.AuthenticationRef, workload Workload, resolved *Resolved) (*reading, *v1alpha1.TriggerAuthenticationSpec, error) {
	read := &reading{resolver: r, ctx: ctx, workload: workload, namespace: workload.Namespace, found: resolved}
	var object client.Object
	var spec *v1alpha1.TriggerAuthenticationSpec
	remedy := "create it, or correct authenticationRef (kind ClusterTriggerAuthentication for a cluster-wide one)"
	if ref.KindOrDefault() == v1alpha1.KindClusterTriggerAuthentication {
		cta := &v1alpha1.ClusterTriggerAuthentication{}
		object, spec, remedy = cta, &cta.Spec, "create it, or correct authenticationRef.name"
		read.owner = Reference{Kind: v1alpha1.KindClusterTriggerAuthentication, Name: ref.Name}
		read.namespace = r.ClusterNamespace
	} else {
		ta := &v1alpha1.TriggerAuthentication{}
		object, spec = ta, &ta.Spec
		read.owner = Reference{Kind: v1alpha1.KindTriggerAuthentication, Namespace: workload.Namespace, Name: ref.Name}
	}
	resolved.References = append(resolved.References, read.owner)
	if err := r.Objects.Get(ctx, client.ObjectKey{Namespace: read.owner.Namespace, Name: ref.Name}, object); err != nil {
		return nil, nil, missing(err, read.owner, remedy+r.selected())
	}
	read.version = fmt.Sprintf("%s.%d", object.GetUID(), object.GetGeneration())
	return read, spec, nil
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

// reading collects the parameters of one resolution.
type reading struct {
	resolver  *Resolver
	ctx       context.Context //nolint:containedctx // lives for one call of Resolve only
	owner     Reference       // the authentication
	version   string          // of the authentication
	namespace string          // of its sources
	workload  Workload
	found     *Resolved
}

func (r *reading) set(parameter, value string) { r.found.Parameters[parameter] = value }

// all reads the sources in KEDA's order, in which later ones override earlier ones.
// A file stands alone.
func (r *reading) all(spec *v1alpha1.TriggerAuthenticationSpec) error {
	var err error
	if r.found.PodIdentity, err = r.identity(spec.PodIdentity); err != nil {
		return fmt.Errorf("podIdentity: %w", err)
	}
	if spec.FilePath != "" {
		return r.file(spec.FilePath)
	}
	for _, source := range []func(*v1alpha1.TriggerAuthenticationSpec) error{
		r.environment, r.configMaps, r.secrets,
		r.hashiCorpVault, r.azureKeyVault, r.gcpSecretManager, r.awsSecretManager,
		r.boundTokens, r.oauth2,
	} {
		if err := source(spec); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) environment(spec *v1alpha1.TriggerAuthenticationSpec) error {
	for _, ref := range spec.Env {
		from := r.workload
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

// kept reads a source that no watch covers, by way of Stores. name is its field in
// the spec; credentials are what it is opened with, apart from the spec itself.
func (r *reading) kept(name string, read fetch, credentials ...string) (map[string]string, error) {
	id := Reference{Kind: KindStore, Namespace: r.owner.Namespace, Name: r.version + " " + name + " " + fingerprint(credentials)}
	r.found.References = append(r.found.References, id)
	return r.resolver.Stores.read(r.ctx, source{id: id, owner: r.owner, name: name, version: r.version, fetch: read})
}

// merge takes over all parameters of a source that no watch covers.
func (r *reading) merge(name string, read fetch, credentials ...string) error {
	parameters, err := r.kept(name, read, credentials...)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	maps.Copy(r.found.Parameters, parameters)
	return nil
}

func (r *Resolver) now() time.Time {
	if r.Stores != nil {
		return r.Stores.Clock.Now()
	}
	return time.Now()
}
