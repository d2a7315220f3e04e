// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

func (r *reading) secrets(spec *v1alpha1.TriggerAuthenticationSpec) error {
	for _, ref := range spec.SecretTargetRef {
		value, err := r.resolver.secretKey(r.ctx, r.namespace, ref.Name, ref.Key, &r.found.References)
		if err != nil {
			return fmt.Errorf("secretTargetRef for parameter %s: %w", ref.Parameter, err)
		}
		r.set(ref.Parameter, value)
	}
	return nil
}

func (r *reading) configMaps(spec *v1alpha1.TriggerAuthenticationSpec) error {
	for _, ref := range spec.ConfigMapTargetRef {
		value, err := r.resolver.configMapKey(r.ctx, r.namespace, ref.Name, ref.Key, &r.found.References)
		if err != nil {
			return fmt.Errorf("configMapTargetRef for parameter %s: %w", ref.Parameter, err)
		}
		r.set(ref.Parameter, value)
	}
	return nil
}

// credential reads a credential that a source is opened with. field names it.
func (r *reading) credential(field string, ref v1alpha1.SecretReference) (string, error) {
	from := ref.ValueFrom.SecretKeyRef
	value, err := r.resolver.secretKey(r.ctx, r.namespace, from.Name, from.Key, &r.found.References)
	if err == nil && value == "" {
		err = fmt.Errorf("key %q of Secret %s/%s is empty: put the credential there", from.Key, r.namespace, from.Name)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", field, err)
	}
	return value, nil
}

// secretKey reads one key of a Secret. The error of a missing key lists the keys
// that there are; names of keys are no secret, their values are.
func (r *Resolver) secretKey(ctx context.Context, namespace, name, key string, references *[]Reference) (string, error) {
	data, ref, err := r.secret(ctx, namespace, name, references)
	if err != nil {
		return "", err
	}
	return pick(data, ref, key)
}

func (r *Resolver) secret(ctx context.Context, namespace, name string, references *[]Reference) (map[string]string, Reference, error) {
	ref := Reference{Kind: "Secret", Namespace: namespace, Name: name}
	*references = append(*references, ref)
	if r.RestrictSecrets && namespace != r.ClusterNamespace {
		return nil, ref, fmt.Errorf("%s must not be read: KEDA_RESTRICT_SECRET_ACCESS (--restrict-secret-access) leaves the controller the Secrets of namespace %s only: "+
			"put it there and use a ClusterTriggerAuthentication, or lift the restriction", ref, r.ClusterNamespace)
	}
	var secret corev1.Secret
	if err := r.Reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &secret); err != nil {
		return nil, ref, missing(err, ref, "create it; the trigger starts by itself when it appears")
	}
	data := make(map[string]string, len(secret.Data))
	for k, v := range secret.Data {
		data[k] = string(v)
	}
	return data, ref, nil
}

// configMapKey reads one key of a ConfigMap.
func (r *Resolver) configMapKey(ctx context.Context, namespace, name, key string, references *[]Reference) (string, error) {
	data, ref, err := r.configMap(ctx, namespace, name, references)
	if err != nil {
		return "", err
	}
	return pick(data, ref, key)
}

func (r *Resolver) configMap(ctx context.Context, namespace, name string, references *[]Reference) (map[string]string, Reference, error) {
	ref := Reference{Kind: "ConfigMap", Namespace: namespace, Name: name}
	*references = append(*references, ref)
	var cm corev1.ConfigMap
	if err := r.Reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &cm); err != nil {
		return nil, ref, missing(err, ref, "create it; the trigger starts by itself when it appears")
	}
	return cm.Data, ref, nil
}

func pick(data map[string]string, ref Reference, key string) (string, error) {
	value, ok := data[key]
	if ok {
		return value, nil
	}
	keys := make([]string, 0, len(data))
	for k := range data {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return "", &absence{fmt.Sprintf("%s has no key %q: it has [%s]", ref, key, strings.Join(keys, " "))}
}
