// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/autoscale"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/catalog"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// triggerResolver turns the triggers of an object into bound queries and metrics.
type triggerResolver struct {
	auth *auth.Resolver
	env  scaler.Env
}

// triggerRequest is what the triggers of one object are resolved with.
type triggerRequest struct {
	namespace, name string
	triggers        []v1alpha1.ScaleTrigger
	// workload is where environment variables come from.
	workload       auth.Workload
	targetOptional bool
}

// resolvedTriggers is the outcome. References are complete also when there is an
// error, so that whatever is missing is noticed when it appears.
type resolvedTriggers struct {
	triggers   []autoscale.Trigger
	references []auth.Reference
}

// resolve resolves all triggers and reports the errors of all of them.
func (r *triggerResolver) resolve(ctx context.Context, req triggerRequest) (resolvedTriggers, error) {
	var out resolvedTriggers
	var errs []error
	req.workload.Template = sync.OnceValues(req.workload.Template)
	for i := range req.triggers {
		t, err := r.one(ctx, req, i, &out)
		if err != nil {
			errs = append(errs, fmt.Errorf("spec.triggers[%d] (%s): %w", i, req.triggers[i].Type, err))
			continue
		}
		out.triggers = append(out.triggers, t)
	}
	slices.SortFunc(out.references, func(a, b auth.Reference) int { return strings.Compare(a.String(), b.String()) })
	out.references = slices.Compact(out.references)
	return out, errors.Join(errs...)
}

const fromEnvSuffix = "FromEnv"

func environmentNames(metadata map[string]string) []string {
	var names []string
	for key, name := range metadata {
		if name = strings.TrimSpace(name); strings.HasSuffix(key, fromEnvSuffix) && name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (r *triggerResolver) one(ctx context.Context, req triggerRequest, index int, out *resolvedTriggers) (autoscale.Trigger, error) {
	spec := &req.triggers[index]
	resolved, err := r.auth.Resolve(ctx, spec.AuthenticationRef, req.workload)
	out.references = append(out.references, resolved.References...)
	if err != nil {
		return autoscale.Trigger{}, err
	}
	environment, err := r.environment(ctx, spec, req.workload, out)
	if err != nil {
		return autoscale.Trigger{}, err
	}
	decoded, problems := trigger.Decode(spec.Type, param.Input{
		Metadata: spec.Metadata, Auth: resolved.Parameters, Env: environment,
		Namespace: req.namespace, TargetOptional: req.targetOptional,
	})
	if err := param.Errors(problems); err != nil {
		return autoscale.Trigger{}, err
	}
	return r.bind(req, index, decoded, resolved)
}

func (r *triggerResolver) environment(ctx context.Context, spec *v1alpha1.ScaleTrigger, from auth.Workload, out *resolvedTriggers) (map[string]string, error) {
	names := environmentNames(spec.Metadata)
	if len(names) == 0 {
		return nil, nil
	}
	values, references, err := r.auth.Environment(ctx, from, names)
	out.references = append(out.references, references...)
	return values, err
}

// bind names the metrics of a decoded trigger and binds it to its server.
func (r *triggerResolver) bind(req triggerRequest, index int, decoded trigger.Decoded, resolved auth.Resolved) (autoscale.Trigger, error) {
	spec := &req.triggers[index]
	t := autoscale.Trigger{Index: index, Type: spec.Type, Name: spec.Name, MetricType: spec.MetricTypeOrDefault(), Cached: spec.UseCachedMetrics}
	if resource, ok := decoded.Trigger.(trigger.Resource); ok {
		t.Resource = new(resource.Resource())
		return t, nil
	}
	external, ok := decoded.Trigger.(trigger.External)
	if !ok {
		return t, fmt.Errorf("trigger type %s measures nothing", spec.Type)
	}
	for _, m := range external.Metrics() {
		t.Metrics = append(t.Metrics, autoscale.Metric{Metric: m, FullName: trigger.MetricName(index, m.Name)})
	}
	bind, ok := catalog.For(spec.Type)
	if !ok {
		return t, fmt.Errorf("this controller cannot read triggers of type %s", spec.Type)
	}
	env := r.env
	env.Namespace, env.Object, env.PodIdentity = req.namespace, req.name, resolved.PodIdentity
	binding, err := bind(decoded, env)
	if err != nil {
		return t, err
	}
	binding.Query.Asker = scaler.Asker{Namespace: req.namespace, Object: req.name, Type: spec.Type, Trigger: spec.Name}
	if len(t.Metrics) > 0 {
		binding.Query.Asker.Metric = t.Metrics[0].FullName
	}
	t.Binding = &binding
	return t, nil
}
