// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
)

// TestSharedFieldsDoNotStaySilently is TestAccImportedObjectLosesWhatIsTakenOut
// without a cluster.
func TestSharedFieldsDoNotStaySilently(t *testing.T) {
	s, api := connected(t)
	state := s.Create(scaledObjectType, typedConfig())
	fields := map[string]any{"f:spec": map[string]any{"f:maxReplicaCount": map[string]any{}}}
	api.Object(consumerPath)["metadata"].(map[string]any)["managedFields"] = []any{map[string]any{
		"manager": "kubectl-edit", "operation": "Update", "apiVersion": "keda.sh/v1alpha1", "fieldsType": "FieldsV1", "fieldsV1": fields}}
	config := s.Config(scaledObjectType, with(typedConfig(), map[string]any{"max_replica_count": nil}))
	plan, _ := s.Plan(scaledObjectType, state, config)
	after, diagnostics := s.Apply(scaledObjectType, state, plan, config)
	contains(t, acctest.Text(diagnostics), "Field shared with kubectl-edit", "At max_replica_count.")
	if !after.Equal(state) {
		t.Errorf("the state is %s", after)
	}
}

// TestSharedItemsDoNotStaySilently is TestAccImportedJobLosesWhatIsTakenOut without
// a cluster.
func TestSharedItemsDoNotStaySilently(t *testing.T) {
	s, api := connected(t)
	const kind = "keda_scaled_job"
	config := func(force bool, env ...any) map[string]any {
		main := map[string]any{"name": "main", "image": "x", "env": env}
		return map[string]any{"name": "j", "wait": false, "force_conflicts": force, "trigger": typedConfig()["trigger"],
			"job_template": map[string]any{"template": map[string]any{"spec": map[string]any{"restartPolicy": "Never", "containers": []any{main}}}}}
	}
	a, b := map[string]any{"name": "A", "value": "1"}, map[string]any{"name": "B", "value": "2"}
	state := s.Create(kind, config(false, a, b))
	env := map[string]any{`f:env`: map[string]any{`k:{"name":"A"}`: map[string]any{".": map[string]any{}, "f:value": map[string]any{}}, `k:{"name":"B"}`: map[string]any{".": map[string]any{}}}}
	fields := map[string]any{"f:spec": map[string]any{"f:jobTargetRef": map[string]any{"f:template": map[string]any{"f:spec": map[string]any{"f:containers": map[string]any{`k:{"name":"main"}`: env}}}}}}
	const place = "namespaces/default/scaledjobs/j"
	api.Object(place)["metadata"].(map[string]any)["managedFields"] = []any{map[string]any{
		"manager": "kubectl-edit", "operation": "Update", "apiVersion": "keda.sh/v1alpha1", "fieldsType": "FieldsV1", "fieldsV1": fields}}
	update := func(config map[string]any) string {
		plan, _ := s.Plan(kind, state, s.Config(kind, config))
		_, diagnostics := s.Apply(kind, state, plan, s.Config(kind, config))
		return acctest.Text(diagnostics)
	}
	text := update(config(false, b))
	contains(t, text, "Field shared with kubectl-edit", `The item {"name":"A"} of a list is not in the configuration any more`, "At job_template.template.spec.containers[0].env[0].")
	if strings.Contains(text, `"B"`) {
		t.Errorf("what stays is reported too: %s", text)
	}
}
