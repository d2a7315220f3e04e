// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// Environment reads the named variables of a workload's container as the kubelet
// would set them: env before envFrom, the last definition of a name, references
// to Secrets and ConfigMaps resolved, $(NAME) expanded. Variables that only a
// running pod knows (fieldRef, resourceFieldRef) cannot be read and count as
// missing, as in KEDA. Only the sources that the names need are read.
func (r *Resolver) Environment(ctx context.Context, workload Workload, names []string) (map[string]string, []Reference, error) {
	container, err := workload.container()
	if err != nil {
		return nil, nil, err
	}
	env := &environment{resolver: r, ctx: ctx, namespace: workload.Namespace, container: container, known: map[int]variable{}, sources: map[int]map[string]string{}}
	values := make(map[string]string, len(names))
	for _, name := range names {
		value, found, err := env.lookup(name, len(container.Env))
		if err != nil {
			return nil, env.references, err
		}
		if !found {
			return nil, env.references, fmt.Errorf("container %s of %s has no environment variable %s that is set from a value, a Secret or a ConfigMap", container.Name, workload.Name, name)
		}
		values[name] = value
	}
	return values, env.references, nil
}

func (w Workload) container() (*corev1.Container, error) {
	template, err := w.Template()
	if err != nil {
		return nil, err
	}
	if template == nil || len(template.Spec.Containers) == 0 {
		return nil, fmt.Errorf("%s has no containers, so it has no environment to read from", w.Name)
	}
	containers := template.Spec.Containers
	if w.Container == "" {
		return &containers[0], nil
	}
	for i := range containers {
		if containers[i].Name == w.Container {
			return &containers[i], nil
		}
	}
	return nil, fmt.Errorf("%s has no container named %q", w.Name, w.Container)
}

// environment reads the variables of one container.
type environment struct {
	resolver   *Resolver
	ctx        context.Context //nolint:containedctx // lives for one call of Environment only
	namespace  string
	container  *corev1.Container
	references []Reference
	known      map[int]variable          // by place in env, so that each is expanded once
	sources    map[int]map[string]string // by place in envFrom, so that each is read once
}

// variable is what an entry of env comes to.
type variable struct {
	value string
	state state
}

// state says whether an entry of env sets its variable.
type state int

const (
	unset   state = iota // only a running pod knows
	set                  // it has a value
	skipped              // its source is optional and absent: what was set before holds
)

// maxValue bounds the length of an expanded variable. Each $(NAME) may double what
// the one before it came to, and the text is anybody's who may create a workload.
const maxValue = 1 << 20

// lookup finds a variable among the first n entries of env, and then in envFrom.
// The bound keeps $(NAME) from looking at itself or at later entries.
func (e *environment) lookup(name string, n int) (string, bool, error) {
	for i := n - 1; i >= 0; i-- {
		if e.container.Env[i].Name != name {
			continue
		}
		v, err := e.entry(i)
		if err != nil || v.state != skipped {
			return v.value, v.state == set, err
		}
	}
	for i := len(e.container.EnvFrom) - 1; i >= 0; i-- {
		value, found, err := e.from(i, name)
		if found || err != nil {
			return value, found, err
		}
	}
	return "", false, nil
}

func (e *environment) entry(index int) (variable, error) {
	if v, known := e.known[index]; known {
		return v, nil
	}
	v, err := e.read(&e.container.Env[index], index)
	if err == nil {
		e.known[index] = v
	}
	return v, err
}

func (e *environment) read(v *corev1.EnvVar, index int) (variable, error) {
	switch {
	case v.ValueFrom == nil:
		value, err := e.expand(v.Value, index)
		return variable{value, set}, err
	case v.ValueFrom.SecretKeyRef != nil:
		ref := v.ValueFrom.SecretKeyRef
		value, err := e.resolver.secretKey(e.ctx, e.namespace, ref.Name, ref.Key, &e.references)
		return optional(value, err, ref.Optional)
	case v.ValueFrom.ConfigMapKeyRef != nil:
		ref := v.ValueFrom.ConfigMapKeyRef
		value, err := e.resolver.configMapKey(e.ctx, e.namespace, ref.Name, ref.Key, &e.references)
		return optional(value, err, ref.Optional)
	}
	return variable{}, nil
}

func (e *environment) from(index int, name string) (string, bool, error) {
	source := &e.container.EnvFrom[index]
	key, ok := strings.CutPrefix(name, source.Prefix)
	if !ok {
		return "", false, nil
	}
	data, known := e.sources[index]
	if !known {
		var err error
		if data, err = e.load(source); err != nil {
			return "", false, err
		}
		e.sources[index] = data
	}
	value, found := data[key]
	return value, found, nil
}

func (e *environment) load(source *corev1.EnvFromSource) (data map[string]string, err error) {
	var isOptional *bool
	switch {
	case source.SecretRef != nil:
		data, _, err = e.resolver.secret(e.ctx, e.namespace, source.SecretRef.Name, &e.references)
		isOptional = source.SecretRef.Optional
	case source.ConfigMapRef != nil:
		data, _, err = e.resolver.configMap(e.ctx, e.namespace, source.ConfigMapRef.Name, &e.references)
		isOptional = source.ConfigMapRef.Optional
	}
	_, err = optional("", err, isOptional)
	return data, err
}

// optional forgives a source that is absent and may be. One that cannot be read
// may not.
func optional(value string, err error, isOptional *bool) (variable, error) {
	if isAbsent(err) && ptr.Deref(isOptional, false) {
		return variable{state: skipped}, nil
	}
	return variable{value, set}, err
}

// expand replaces $(NAME) by the value of an earlier variable; $$ stands for $,
// and a reference to an unknown variable stays as it is, as the kubelet does.
func (e *environment) expand(text string, index int) (string, error) {
	var out strings.Builder
	for {
		if out.Len()+len(text) > maxValue {
			return "", fmt.Errorf("environment variable %s of container %s expands to more than %d bytes", e.container.Env[index].Name, e.container.Name, maxValue)
		}
		at := strings.IndexByte(text, '$')
		if at < 0 || at+1 == len(text) {
			out.WriteString(text)
			return out.String(), nil
		}
		out.WriteString(text[:at])
		rest := text[at+1:]
		end := strings.IndexByte(rest, ')')
		switch {
		case rest[0] == '$':
			out.WriteByte('$')
			text = rest[1:]
		case rest[0] == '(' && end > 0:
			value, found, err := e.lookup(rest[1:end], index)
			if err != nil {
				return "", err
			}
			if !found {
				value = "$" + rest[:end+1]
			}
			out.WriteString(value)
			text = rest[end+1:]
		default:
			out.WriteByte('$')
			text = rest
		}
	}
}
