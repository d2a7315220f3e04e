// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
)

func triggerOf(kind string, parameters map[string]any) map[string]any {
	return map[string]any{kind: parameters}
}

func triggerMap(kind string, metadata map[string]any) map[string]any {
	return map[string]any{"type": kind, "metadata": metadata}
}

func redisJobs() map[string]any {
	return map[string]any{"address": []any{"redis:6379"}, "list_name": "jobs"}
}

// TestBadInput plans mistakes. Each must be one error with the place, the value
// and the remedy, and none if what it depends on is not known yet.
func TestBadInput(t *testing.T) {
	one := func(trigger map[string]any) map[string]any { return map[string]any{"trigger": []any{trigger}} }
	named := func(name string) map[string]any {
		return map[string]any{"name": name, "redis": redisJobs()}
	}
	cpu := triggerOf("cpu", map[string]any{"value": "50"})
	cpu["metric_type"] = "Utilization"
	tests := map[string]struct {
		change map[string]any
		// open makes the same mistake depend on an unknown value; nil if it
		// cannot.
		open map[string]any
		want []string
	}{
		"a misspelt metadata key": {
			change: one(triggerMap("redis", map[string]any{"address": "redis:6379", "listNmae": "jobs", "listName": "jobs"})),
			want:   []string{"Unknown parameter listNmae", `Did you mean "listName"?`, `At trigger[0].metadata["listNmae"].`},
		},
		"a value of another type": {
			change: one(triggerMap("redis", map[string]any{"address": "redis:6379", "listName": "jobs", "listLength": "many"})),
			want:   []string{`listLength = "many" must be a whole number`, `At trigger[0].metadata["listLength"].`},
		},
		"a negative target in a typed block": {
			change: one(triggerOf("redis", with(redisJobs(), map[string]any{"list_length": -5}))),
			open:   one(triggerOf("redis", with(redisJobs(), map[string]any{"list_length": acctest.Unknown}))),
			want:   []string{"list_length = -5 must be greater than 0", "At trigger[0].redis.list_length."},
		},
		"a misspelt type": {
			change: one(triggerMap("rediss", map[string]any{})),
			open:   one(map[string]any{"type": acctest.Unknown, "metadata": map[string]any{}}),
			want:   []string{`type = "rediss" is no trigger type`, `Did you mean "redis"?`, "At trigger[0].type."},
		},
		"a missing parameter": {
			change: one(triggerMap("redis", map[string]any{"address": "redis:6379"})),
			open:   one(triggerMap("redis", map[string]any{"address": "redis:6379", "listName": acctest.Unknown})),
			want:   []string{"Missing listName", "At trigger[0]"},
		},
		"a missing parameter in a typed block": {
			change: one(triggerOf("redis", map[string]any{"address": []any{"redis:6379"}})),
			open:   one(triggerOf("redis", map[string]any{"address": []any{"redis:6379"}, "list_name": acctest.Unknown})),
			want:   []string{"Missing list_name", "At trigger[0].redis.list_name."},
		},
		"one of two parameters": {
			change: one(triggerOf("redis", map[string]any{"list_name": "jobs"})),
			open: one(map[string]any{"redis": map[string]any{"list_name": "jobs"},
				"authentication_ref": map[string]any{"name": "later"}}),
			want: []string{"Missing address", `"address" or "host"`, "At trigger[0].redis.address."},
		},
		"two forms of one trigger": {
			change: one(map[string]any{"type": "redis", "redis": redisJobs()}),
			want:   []string{"Said twice", "type and the block redis exclude each other", "At trigger[0].type."},
		},
		"two types in one trigger": {
			change: one(map[string]any{"redis": redisJobs(), "cpu": map[string]any{"value": "50"}}),
			want:   []string{"Two blocks where one is allowed", "At trigger[0]."},
		},
		"no type": {
			change: one(map[string]any{"name": "empty"}),
			want:   []string{"Nothing to do", "or type", "At trigger[0]."},
		},
		"no trigger": {
			change: map[string]any{"trigger": []any{}},
			open:   map[string]any{"trigger": acctest.Unknown},
			want:   []string{"Invalid trigger", "is empty; add at least one trigger"},
		},
		"no target": {
			change: map[string]any{"scale_target_ref": nil},
			open:   map[string]any{"scale_target_ref": acctest.Unknown},
			want:   []string{"Missing scale_target_ref", "At scale_target_ref."},
		},
		"a misspelt enum": {
			change: map[string]any{"fallback": map[string]any{"failure_threshold": 1, "replicas": 1, "behavior": "statc"}},
			open:   map[string]any{"fallback": map[string]any{"failure_threshold": 1, "replicas": 1, "behavior": acctest.Unknown}},
			want:   []string{`"statc" is not one of`, `Did you mean "static"?`, "At fallback.behavior."},
		},
		"a required argument of a block": {
			change: map[string]any{"fallback": map[string]any{"replicas": 1}},
			open:   map[string]any{"fallback": map[string]any{"replicas": 1, "failure_threshold": acctest.Unknown}},
			want:   []string{"Missing failure_threshold", "At fallback.failure_threshold."},
		},
		"min above max": {
			change: map[string]any{"min_replica_count": 30},
			open:   map[string]any{"min_replica_count": 30, "max_replica_count": acctest.Unknown},
			want:   []string{"min_replica_count = 30 must not be greater than max_replica_count, which is 20", "At min_replica_count."},
		},
		"idle at min": {
			change: map[string]any{"min_replica_count": 2, "idle_replica_count": 2},
			open:   map[string]any{"min_replica_count": acctest.Unknown, "idle_replica_count": 2},
			want:   []string{"idle_replica_count = 2 must be lower than min_replica_count", "At idle_replica_count."},
		},
		"cpu alone cannot scale from zero": {
			change: one(cpu),
			open:   with(one(cpu), map[string]any{"min_replica_count": acctest.Unknown}),
			want:   []string{"min_replica_count = 0 must be at least 1", "At min_replica_count."},
		},
		"two triggers of one name": {
			change: map[string]any{"trigger": []any{named("a"), named("a")}},
			want:   []string{`name = "a" is the name of two triggers`, "At trigger[1].name."},
		},
		"a formula over no trigger": {
			change: map[string]any{"trigger": []any{named("a")}, "scaling_modifiers": map[string]any{"formula": "a + b", "target": 5}},
			open:   map[string]any{"trigger": []any{named("a")}, "scaling_modifiers": map[string]any{"formula": acctest.Unknown, "target": 5}},
			want:   []string{"formula is refused", "At scaling_modifiers.formula."},
		},
		"a name that is none": {
			change: map[string]any{"name": "My_Consumer"},
			want:   []string{`"My_Consumer" is no name in Kubernetes`, "At name."},
		},
		"a label that is none": {
			change: map[string]any{"labels": map[string]any{"team": "data platform"}},
			open:   map[string]any{"labels": map[string]any{"team": acctest.Unknown}},
			want:   []string{`"data platform" is not allowed`, `At labels["team"].`},
		},
		"an annotation that is none": {
			change: map[string]any{"annotations": map[string]any{"my note": "x"}},
			open:   map[string]any{"annotations": map[string]any{"note": acctest.Unknown}},
			want:   []string{`"my note" is not allowed`, `At annotations["my note"].`},
		},
		"an empty namespace": {
			change: map[string]any{"namespace": ""},
			open:   map[string]any{"namespace": acctest.Unknown},
			want:   []string{`"" is no name in Kubernetes: write 1 to 63 lower case letters`, "At namespace."},
		},
		"a number below its bound": {
			change: map[string]any{"polling_interval": 0},
			want:   []string{"0 is less than 1", "At polling_interval."},
		},
		"a timeout that is none": {
			change: map[string]any{"timeouts": map[string]any{"create": "soon"}},
			open:   map[string]any{"timeouts": map[string]any{"create": acctest.Unknown}},
			want:   []string{`"soon" is not a duration`, "At timeouts.create."},
		},
		"an annotation that has an argument": {
			change: map[string]any{"paused": true, "annotations": map[string]any{"autoscaling.keda.sh/paused": "true"}},
			want:   []string{"is what paused sets", `At annotations["autoscaling.keda.sh/paused"].`},
		},
		"cached metrics of cron": {
			change: one(map[string]any{"use_cached_metrics": true, "cron": typedConfig()["trigger"].([]any)[1].(map[string]any)["cron"]}),
			want:   []string{"use_cached_metrics is not possible with cron", "At trigger[0].use_cached_metrics."},
		},
	}
	s := acctest.NewSession(t, New("test"))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			diagnostics := s.Validate(scaledObjectType, s.Config(scaledObjectType, with(typedConfig(), test.change)))
			text := acctest.Text(diagnostics)
			contains(t, text, test.want...)
			if len(diagnostics) != 1 || diagnostics[0].Severity != tfprotov6.DiagnosticSeverityError {
				t.Errorf("want one error, got:\n%s", text)
			}
			if test.open == nil {
				return
			}
			if text := acctest.Text(s.Validate(scaledObjectType, s.Config(scaledObjectType, with(typedConfig(), test.open)))); text != "" {
				t.Errorf("with an unknown value it is no mistake yet, but got:\n%s", text)
			}
		})
	}
}

func jobConfig() map[string]any {
	return map[string]any{
		"name": "csv", "wait": false,
		"job_template": jobTemplate(map[string]any{"name": "main", "image": "busybox"}),
		"trigger":      []any{triggerOf("redis", redisJobs())},
	}
}

func jobTemplate(container map[string]any) map[string]any {
	return map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{container}}}}
}

func TestBadJobTemplate(t *testing.T) {
	tests := map[string]struct {
		template any
		want     []string
	}{
		"a misspelt field": {
			jobTemplate(map[string]any{"name": "main", "imagee": "busybox"}),
			[]string{`There is no "imagee" here. Did you mean "image"?`, "At job_template.template.spec.containers[0].imagee."},
		},
		"a number for text": {
			jobTemplate(map[string]any{"name": "main", "env": []any{map[string]any{"name": "A", "value": 5}}}),
			[]string{"A string is expected here, not the number 5", "At job_template.template.spec.containers[0].env[0].value."},
		},
		"no containers": {
			map[string]any{"template": map[string]any{"spec": map[string]any{}}},
			[]string{"containers is empty", "At job_template.template.spec.containers."},
		},
		"text": {"apiVersion: batch/v1", []string{"An object is expected here", "At job_template."}},
	}
	s := acctest.NewSession(t, New("test"))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			diagnostics := s.Validate("keda_scaled_job", s.Config("keda_scaled_job", with(jobConfig(), map[string]any{"job_template": test.template})))
			contains(t, acctest.Text(diagnostics), test.want...)
			if len(diagnostics) != 1 {
				t.Errorf("want one error, got:\n%s", acctest.Text(diagnostics))
			}
		})
	}
	unknown := with(jobConfig(), map[string]any{"job_template": jobTemplate(map[string]any{"name": "main", "image": acctest.Unknown})})
	if text := acctest.Text(s.Validate("keda_scaled_job", s.Config("keda_scaled_job", unknown))); text != "" {
		t.Errorf("an unknown image is no mistake, but got:\n%s", text)
	}
}

func TestScaledJob(t *testing.T) {
	s, api := connected(t)
	config := with(jobConfig(), map[string]any{
		"polling_interval": 10, "rollout": map[string]any{"strategy": "gradual"},
		"scaling_strategy": map[string]any{"strategy": "custom", "custom_scaling_running_job_percentage": 0.5, "pending_pod_conditions": []any{"Ready"}},
	})
	state := s.Create("keda_scaled_job", config)
	unchanged(t, s, "keda_scaled_job", state, config)
	spec := api.Object("namespaces/default/scaledjobs/csv")["spec"].(map[string]any)
	strategy := spec["scalingStrategy"].(map[string]any)
	if strategy["customScalingRunningJobPercentage"] != "0.5" {
		t.Errorf("customScalingRunningJobPercentage is %v", strategy["customScalingRunningJobPercentage"])
	}
	if spec["jobTargetRef"].(map[string]any)["template"] == nil {
		t.Error("the object has no Job template")
	}
}

func TestTriggerAuthentications(t *testing.T) {
	s, api := connected(t)
	source := map[string]any{"parameter": "password", "name": "redis", "key": "password"}
	config := map[string]any{
		"name": "redis", "secret_target_ref": []any{source}, "pod_identity": map[string]any{"provider": "aws", "role_arn": "arn:aws:iam::1:role/x"},
		"aws_secret_manager": map[string]any{
			"region": "eu-west-3", "secret": []any{map[string]any{"parameter": "token", "name": "t"}},
			"credentials": map[string]any{"access_key": map[string]any{"name": "a", "key": "b"}, "access_secret_key": map[string]any{"name": "a", "key": "c"}},
		},
	}
	state := s.Create("keda_trigger_authentication", config)
	unchanged(t, s, "keda_trigger_authentication", state, config)
	spec := api.Object("namespaces/default/triggerauthentications/redis")["spec"].(map[string]any)
	credentials := spec["awsSecretManager"].(map[string]any)["credentials"].(map[string]any)
	if credentials["accessKey"].(map[string]any)["valueFrom"].(map[string]any)["secretKeyRef"].(map[string]any)["key"] != "b" {
		t.Errorf("credentials are %v", credentials)
	}

	cluster := map[string]any{"name": "all", "file_path": "creds.json"}
	state = s.Create("keda_cluster_trigger_authentication", cluster)
	unchanged(t, s, "keda_cluster_trigger_authentication", state, cluster)
	if api.Object("clustertriggerauthentications/all") == nil {
		t.Error("the object is not cluster-scoped")
	}

	for want, change := range map[string]map[string]any{
		"At secret_target_ref[1].parameter.": {"secret_target_ref": []any{source, source}},
		"At name.":                           {"name": "A_b"},
		"At pod_identity.provider.":          {"pod_identity": map[string]any{"provider": "asw"}},
		"At hashicorp_vault.secret.":         {"hashicorp_vault": map[string]any{"address": "http://vault:8200", "authentication": "token"}},
	} {
		diagnostics := s.Validate("keda_trigger_authentication", s.Config("keda_trigger_authentication", with(map[string]any{"name": "x"}, change)))
		contains(t, acctest.Text(diagnostics), want)
	}
}

func TestSecretsAreSensitive(t *testing.T) {
	for _, d := range definitions() {
		attribute, _ := d.schema.AttributeAtTerraformPath(t.Context(), tftypes.NewAttributePath().WithAttributeName("hashicorp_vault").
			WithAttributeName("credential").WithAttributeName("token"))
		if attribute != nil && !attribute.IsSensitive() {
			t.Errorf("%s: the Vault token is not sensitive", d.name)
		}
	}
	attribute, err := scaledObject().schema.AttributeAtTerraformPath(t.Context(), tftypes.NewAttributePath().WithAttributeName("trigger").
		WithElementKeyInt(0).WithAttributeName("redis").WithAttributeName("password"))
	if err != nil || !attribute.IsSensitive() {
		t.Errorf("the password of redis is not sensitive: %v", err)
	}
}
