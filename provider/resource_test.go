// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
)

const (
	scaledObjectType = "keda_scaled_object"
	consumerPath     = "namespaces/default/scaledobjects/consumer"
)

func definitions() []*definition {
	return []*definition{scaledObject(), scaledJob(), triggerAuthentication(), clusterTriggerAuthentication()}
}

func TestSchemasAreValid(t *testing.T) {
	for _, d := range definitions() {
		if diags := d.schema.ValidateImplementation(t.Context()); diags.HasError() {
			t.Errorf("%s: %v", d.name, diags)
		}
	}
}

// connected is a session with a provider that talks to an API server in memory.
func connected(t *testing.T) (*acctest.Session, *acctest.API) {
	t.Helper()
	api := acctest.NewAPI(t)
	return acctest.NewSession(t, New("test")).Configure(map[string]any{"host": api.URL}), api
}

// with returns a configuration with some members replaced.
func with(config map[string]any, members map[string]any) map[string]any {
	for name, value := range members {
		config[name] = value
	}
	return config
}

func TestCreateSendsTheObject(t *testing.T) {
	s, api := connected(t)
	config := with(typedConfig(), map[string]any{
		"paused": true, "paused_scale_in": false, "labels": map[string]any{"team": "data"}, "annotations": map[string]any{"a": "b"},
		"restore_to_original_replica_count": true,
		"horizontal_pod_autoscaler": map[string]any{"behavior": map[string]any{"scale_down": map[string]any{
			"stabilization_window_seconds": 60, "policy": []any{map[string]any{"type": "Percent", "value": 50, "period_seconds": 15}}}}},
		"fallback": map[string]any{"failure_threshold": 3, "replicas": 6},
	})
	state := s.Create(scaledObjectType, config)
	want := map[string]any{
		"scaleTargetRef": map[string]any{"name": "consumer"}, "maxReplicaCount": 20.0,
		"advanced": map[string]any{"restoreToOriginalReplicaCount": true, "horizontalPodAutoscalerConfig": map[string]any{"behavior": map[string]any{
			"scaleDown": map[string]any{"stabilizationWindowSeconds": 60.0, "policies": []any{
				map[string]any{"type": "Percent", "value": 50.0, "periodSeconds": 15.0}}}}}},
		"fallback": map[string]any{"failureThreshold": 3.0, "replicas": 6.0},
		"triggers": []any{
			map[string]any{"type": "redis", "metadata": map[string]any{"address": "redis:6379", "listName": "jobs", "listLength": "5"}},
			map[string]any{"type": "cron", "metadata": map[string]any{"timezone": "Europe/Paris", "start": "0 8 * * *", "end": "0 18 * * *", "desiredReplicas": "3"}},
		},
	}
	object := api.Object(consumerPath)
	if diff := cmp.Diff(want, object["spec"]); diff != "" {
		t.Error(diff)
	}
	annotations := map[string]any{"a": "b", "autoscaling.keda.sh/paused": "true", "autoscaling.keda.sh/paused-scale-in": "false"}
	if diff := cmp.Diff(annotations, object["metadata"].(map[string]any)["annotations"]); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{"uid": "uid-1", "hpa_name": "keda-hpa-consumer", "namespace": "default"} {
		if got, _ := convert.Known(state, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	unchanged(t, s, scaledObjectType, state, config)
}

// unchanged refreshes and plans, and fails if either finds a difference.
func unchanged(t *testing.T, s *acctest.Session, kind string, state tftypes.Value, config map[string]any) {
	t.Helper()
	read, diagnostics := s.Read(kind, state)
	if !read.Equal(state) || len(diagnostics) > 0 {
		diffs, _ := state.Diff(read)
		t.Fatalf("refresh changes %v %s", diffs, acctest.Text(diagnostics))
	}
	plan, diagnostics := s.Plan(kind, read, s.Config(kind, config))
	if !plan.Equal(read) || len(diagnostics) > 0 {
		diffs, _ := read.Diff(plan)
		t.Fatalf("plan changes %v %s", diffs, acctest.Text(diagnostics))
	}
}

// TestEmptyValuesAreNoDrift writes what says nothing.
func TestEmptyValuesAreNoDrift(t *testing.T) {
	behavior := map[string]any{"name": "", "behavior": map[string]any{"scale_up": map[string]any{"policy": []any{}}}}
	secret := map[string]any{"name": "idp", "key": "secret"}
	for name, test := range map[string]struct {
		kind   string
		config map[string]any
	}{
		"labels":     {scaledObjectType, with(typedConfig(), map[string]any{"labels": map[string]any{}, "annotations": map[string]any{}})},
		"blocks":     {scaledObjectType, with(typedConfig(), map[string]any{"horizontal_pod_autoscaler": behavior})},
		"conditions": {"keda_scaled_job", with(jobConfig(), map[string]any{"rollout": map[string]any{}, "scaling_strategy": map[string]any{"pending_pod_conditions": []any{}}})},
		"scopes": {"keda_trigger_authentication", map[string]any{"name": "x", "oauth2": map[string]any{"client_id": "x", "client_secret": secret,
			"token_url": "https://idp.test/token", "scopes": []any{}, "token_url_params": map[string]any{}}}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := connected(t)
			unchanged(t, s, test.kind, s.Create(test.kind, test.config), test.config)
		})
	}
}

func TestUpdateKeepsTheObject(t *testing.T) {
	s, api := connected(t)
	state := s.Create(scaledObjectType, typedConfig())
	config := s.Config(scaledObjectType, with(typedConfig(), map[string]any{"min_replica_count": 2}))
	plan, diagnostics := s.Plan(scaledObjectType, state, config)
	if uid, _ := convert.Known(plan, "uid"); uid != "uid-1" || len(diagnostics) > 0 {
		t.Fatalf("planned uid is %q; %s", uid, acctest.Text(diagnostics))
	}
	state, diagnostics = s.Apply(scaledObjectType, state, plan, config)
	if len(diagnostics) > 0 || !state.Equal(plan) {
		t.Fatalf("state differs from plan: %s", acctest.Text(diagnostics))
	}
	if got := api.Object(consumerPath)["spec"].(map[string]any)["minReplicaCount"]; got != 2.0 {
		t.Fatalf("minReplicaCount is %v", got)
	}
}

// TestUpdateMeansTheObjectThatWasPlanned: Terraform calls a provider broken whose
// object has another UID after an apply than the plan said.
func TestUpdateMeansTheObjectThatWasPlanned(t *testing.T) {
	for name, again := range map[string]bool{"gone": false, "made anew": true} {
		t.Run(name, func(t *testing.T) {
			s, api := connected(t)
			state := s.Create(scaledObjectType, typedConfig())
			config := s.Config(scaledObjectType, with(typedConfig(), map[string]any{"min_replica_count": 2}))
			plan, _ := s.Plan(scaledObjectType, state, config)
			object := api.Object(consumerPath)
			api.Remove(consumerPath)
			if again {
				api.Put(consumerPath, object)
			}
			after, diagnostics := s.Apply(scaledObjectType, state, plan, config)
			contains(t, acctest.Text(diagnostics), "Not the object that was planned", "Plan again.")
			if !after.Equal(state) || (api.Object(consumerPath) != nil) != again {
				t.Errorf("the state is %s, the object %v", after, api.Object(consumerPath))
			}
		})
	}
}

func TestDeleteWaitsUntilTheObjectIsGone(t *testing.T) {
	s, api := connected(t)
	state := s.Create(scaledObjectType, with(typedConfig(), map[string]any{"timeouts": map[string]any{"delete": "100ms"}}))
	null := tftypes.NewValue(state.Type(), nil)
	api.Keep = true
	_, diagnostics := s.Apply(scaledObjectType, state, null, null)
	contains(t, acctest.Text(diagnostics), "An object does not go", "scaledobjects.keda.sh default/consumer is marked for deletion but still there, held by the finalizers finalizer.keda.sh",
		`kubectl patch scaledobjects.keda.sh consumer -n default --type merge -p '{"metadata":{"finalizers":[]}}'`)
	api.Keep = false
	if _, diagnostics = s.Apply(scaledObjectType, state, null, null); len(diagnostics) > 0 {
		t.Fatal(acctest.Text(diagnostics))
	}
	if api.Object(consumerPath) != nil {
		t.Fatal("the object is still there")
	}
}

func TestReadFindsDrift(t *testing.T) {
	s, api := connected(t)
	config := typedConfig()
	state := s.Create(scaledObjectType, config)
	object := api.Object(consumerPath)
	object["spec"].(map[string]any)["maxReplicaCount"] = 7
	read, _ := s.Read(scaledObjectType, state)
	if got := convert.Attribute(read, "max_replica_count"); got.Equal(convert.Attribute(state, "max_replica_count")) {
		t.Fatalf("max_replica_count is still %s", got)
	}
	api.Remove(consumerPath)
	if read, _ = s.Read(scaledObjectType, state); !read.IsNull() {
		t.Fatalf("the state of a deleted object is %s", read)
	}
}

func TestCreateDoesNotTakeOver(t *testing.T) {
	s, _ := connected(t)
	s.Create(scaledObjectType, typedConfig())
	contains(t, create(s, scaledObjectType, typedConfig()), "ScaledObject default/consumer already exists", `id = "default/consumer"`)
}

// TestCreateDoesNotTakeOverWhatAppearsMeanwhile: another client makes the object
// after Terraform has seen that there is none.
func TestCreateDoesNotTakeOverWhatAppearsMeanwhile(t *testing.T) {
	s, api := connected(t)
	api.Fail = func(r *http.Request) int {
		if r.Method == http.MethodPatch {
			api.Put(consumerPath, map[string]any{"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": map[string]any{"namespace": "default", "name": "consumer"}, "spec": "theirs"})
		}
		return 0
	}
	contains(t, create(s, scaledObjectType, typedConfig()), "ScaledObject default/consumer already exists", `id = "default/consumer"`)
	if spec := api.Object(consumerPath)["spec"]; spec != "theirs" {
		t.Errorf("the object of another client is %v now", spec)
	}
}

// create plans and applies a new resource and returns the diagnostics.
func create(s *acctest.Session, kind string, config map[string]any) string {
	null, wanted := tftypes.NewValue(s.Type(kind), nil), s.Config(kind, config)
	plan, diagnostics := s.Plan(kind, null, wanted)
	if len(diagnostics) > 0 {
		return acctest.Text(diagnostics)
	}
	_, diagnostics = s.Apply(kind, null, plan, wanted)
	return acctest.Text(diagnostics)
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not contain %q", text, part)
		}
	}
}

func TestWaitsForReady(t *testing.T) {
	ready := func(status, reason, message string, observed any) func(map[string]any) map[string]any {
		return func(map[string]any) map[string]any {
			report := map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": status, "reason": reason, "message": message}}}
			if observed != nil {
				report["observedGeneration"] = observed
			}
			return report
		}
	}
	config := func() map[string]any {
		return with(typedConfig(), map[string]any{"wait": nil, "timeouts": map[string]any{"create": "200ms"}})
	}
	t.Run("ready", func(t *testing.T) {
		s, api := connected(t)
		api.Status = ready("True", "ScaledObjectReady", "", 1)
		s.Create(scaledObjectType, config())
	})
	t.Run("ready without a generation, as KEDA says it", func(t *testing.T) {
		s, api := connected(t)
		api.Status = ready("True", "ScaledObjectReady", "", nil)
		s.Create(scaledObjectType, config())
	})
	t.Run("not ready", func(t *testing.T) {
		s, api := connected(t)
		api.Status = ready("False", "TriggerError", "no such queue.", 1)
		contains(t, create(s, scaledObjectType, config()), "ScaledObject consumer is not Ready", "Ready is False, TriggerError: no such queue.",
			"KEDAScalerFailed: the queue does not exist", "kubectl describe scaledobjects.keda.sh consumer -n default")
	})
	t.Run("nobody reports", func(t *testing.T) {
		s, _ := connected(t)
		contains(t, create(s, scaledObjectType, config()), "No controller has reported", "Is KEDA running?")
	})
	t.Run("an old generation", func(t *testing.T) {
		s, api := connected(t)
		api.Status = ready("True", "ScaledObjectReady", "", 0)
		contains(t, create(s, scaledObjectType, config()), "is not Ready")
	})
}

func TestImport(t *testing.T) {
	s, api := connected(t)
	api.Put(consumerPath, map[string]any{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
		"metadata": map[string]any{"name": "consumer", "namespace": "default",
			"labels":      map[string]any{"scaledobject.keda.sh/name": "consumer", "team": "data"},
			"annotations": map[string]any{"autoscaling.keda.sh/paused": "true", "kubectl.kubernetes.io/last-applied-configuration": "{}"}},
		"spec": map[string]any{
			"scaleTargetRef": map[string]any{"name": "consumer"}, "maxReplicaCount": 20,
			"fallback": map[string]any{"failureThreshold": 3, "replicas": 6, "behavior": "static"},
			"triggers": []any{
				map[string]any{"type": "redis", "metadata": map[string]any{"address": "redis:6379", "listName": "jobs", "listLength": "05"}},
				map[string]any{"type": "solr", "metadata": map[string]any{"host": "http://solr"}},
			},
		},
	})
	for _, id := range []string{"default/consumer", "apiVersion=keda.sh/v1alpha1,kind=ScaledObject,namespace=default,name=consumer"} {
		state, diagnostics := s.Import(scaledObjectType, id)
		want := s.Config(scaledObjectType, map[string]any{
			"name": "consumer", "namespace": "default", "uid": "uid-1", "hpa_name": "keda-hpa-consumer",
			"labels": map[string]any{"team": "data"}, "paused": true, "max_replica_count": 20,
			"scale_target_ref": map[string]any{"name": "consumer"}, "fallback": map[string]any{"failure_threshold": 3, "replicas": 6},
			"trigger": []any{
				map[string]any{"redis": map[string]any{"address": []any{"redis:6379"}, "list_name": "jobs", "list_length": 5}},
				map[string]any{"type": "solr", "metadata": map[string]any{"host": "http://solr"}},
			},
		})
		if !state.Equal(want) || len(diagnostics) > 0 {
			diffs, _ := want.Diff(state)
			t.Fatalf("%s: %v %s", id, diffs, acctest.Text(diagnostics))
		}
	}
	for id, want := range map[string]string{
		"consumer": "namespace/name", "a/b/c": "namespace/name", "kind=ScaledJob,namespace=default,name=x": "names a ScaledJob",
	} {
		_, diagnostics := s.Import(scaledObjectType, id)
		contains(t, acctest.Text(diagnostics), want)
	}
}

// TestImportsNumbersThatAreNone imports what kubectl let pass.
func TestImportsNumbersThatAreNone(t *testing.T) {
	s, api := connected(t)
	metadata := map[string]any{"serverAddress": "http://prometheus:9090", "query": "up", "threshold": "NaN"}
	api.Put(consumerPath, map[string]any{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": map[string]any{"name": "consumer", "namespace": "default"},
		"spec": map[string]any{
			"scaleTargetRef": map[string]any{"name": "consumer"},
			"advanced":       map[string]any{"scalingModifiers": map[string]any{"formula": "up", "target": "+Inf"}},
			"triggers":       []any{map[string]any{"type": "prometheus", "name": "up", "metadata": metadata}},
		},
	})
	state, diagnostics := s.Import(scaledObjectType, "default/consumer")
	want := s.Config(scaledObjectType, map[string]any{
		"name": "consumer", "namespace": "default", "uid": "uid-1", "hpa_name": "keda-hpa-consumer", "scale_target_ref": map[string]any{"name": "consumer"},
		"scaling_modifiers": map[string]any{"formula": "up"}, "trigger": []any{map[string]any{"type": "prometheus", "name": "up", "metadata": metadata}},
	})
	if !state.Equal(want) || len(diagnostics) > 0 {
		diffs, _ := want.Diff(state)
		t.Errorf("%v %s", diffs, acctest.Text(diagnostics))
	}
}

// TestImportsTheDeprecatedRolloutStrategy: without it the next change of the
// ScaledJob would end the Jobs that run.
func TestImportsTheDeprecatedRolloutStrategy(t *testing.T) {
	s, api := connected(t)
	api.Put("namespaces/default/scaledjobs/csv", map[string]any{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob", "metadata": map[string]any{"name": "csv", "namespace": "default"},
		"spec": map[string]any{
			"rolloutStrategy": "gradual", "jobTargetRef": jobTemplate(map[string]any{"name": "main", "image": "busybox"}),
			"triggers": []any{map[string]any{"type": "redis", "metadata": map[string]any{"address": "redis:6379", "listName": "jobs"}}},
		},
	})
	state, _ := s.Import("keda_scaled_job", "default/csv")
	if strategy, _ := convert.Known(convert.Attribute(state, "rollout"), "strategy"); strategy != "gradual" {
		t.Errorf("rollout is %s", convert.Attribute(state, "rollout"))
	}
	unchanged(t, s, "keda_scaled_job", state, with(jobConfig(), map[string]any{"wait": nil, "rollout": map[string]any{"strategy": "gradual"}}))
}

func TestApplyErrors(t *testing.T) {
	status := func(code float64, reason string, cause map[string]any) map[string]any {
		return map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": "refused",
			"details": map[string]any{"causes": []any{cause}}}
	}
	tests := map[string]struct {
		refuse map[string]any
		want   []string
	}{
		"a conflict": {
			status(409, "Conflict", map[string]any{"reason": "FieldManagerConflict", "field": ".spec.maxReplicaCount",
				"message": `conflict with "kubectl-edit" using keda.sh/v1alpha1`}),
			[]string{`Field owned by "kubectl-edit"`, "max_replica_count was set by", "force_conflicts = true", "At max_replica_count."},
		},
		"a conflict over an annotation": {
			status(409, "Conflict", map[string]any{"reason": "FieldManagerConflict", "field": ".metadata.annotations.autoscaling.keda.sh/paused",
				"message": `conflict with "kubectl-annotate" using keda.sh/v1alpha1`}),
			[]string{`Field owned by "kubectl-annotate"`, "paused was set by", "At paused."},
		},
		"an invalid field": {
			status(422, "Invalid", map[string]any{"reason": "FieldValueInvalid", "field": "spec.triggers[1].metadata.start", "message": "no"}),
			[]string{"Refused by the cluster", "At trigger[1].cron.start."},
		},
		"a webhook": {
			map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403.0,
				"message": "admission webhook \"vscaledobject.kb.io\" denied the request: the workload is managed by two objects"},
			[]string{"Refused by the cluster", "managed by two objects"},
		},
		"a token that has expired": {
			map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Unauthorized", "code": 401.0, "message": "Unauthorized"},
			[]string{"Credentials not accepted: The API server http://", "Unauthorized", "A token may have expired", "KUBE_CONFIG_PATH"},
		},
		"a right that is missing": {
			map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403.0,
				"message": `scaledobjects.keda.sh "consumer" is forbidden: User "ci" cannot patch resource "scaledobjects" in API group "keda.sh" in the namespace "default"`},
			[]string{`Not allowed: scaledobjects.keda.sh "consumer" is forbidden: User "ci" cannot patch`, "Give the user this right by a Role"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, api := connected(t)
			api.Refuse = test.refuse
			contains(t, create(s, scaledObjectType, with(typedConfig(), map[string]any{"paused": false})), test.want...)
		})
	}
}

func TestPlanNeedsNoCluster(t *testing.T) {
	config := typedConfig()
	for name, host := range map[string]any{"dead": "http://127.0.0.1:1", "unknown": acctest.Unknown} {
		t.Run(name, func(t *testing.T) {
			s := acctest.NewSession(t, New("test")).Configure(map[string]any{"host": host})
			wanted, null := s.Config(scaledObjectType, config), tftypes.NewValue(s.Type(scaledObjectType), nil)
			plan, diagnostics := s.Plan(scaledObjectType, null, wanted)
			if len(diagnostics) > 0 {
				t.Fatal(acctest.Text(diagnostics))
			}
			_, diagnostics = s.Apply(scaledObjectType, null, plan, wanted)
			want := []string{"the API server http://127.0.0.1:1 did not answer", "config_path"}
			if name == "unknown" {
				want = []string{"arguments host depend on resources that do not exist yet"}
			}
			contains(t, strings.ReplaceAll(acctest.Text(diagnostics), "The ", "the "), want...)
		})
	}
}
