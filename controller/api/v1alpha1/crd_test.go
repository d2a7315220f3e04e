// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// definition is a CRD as the API server uses it.
type definition struct {
	crd        apiextensionsv1.CustomResourceDefinition
	structural *schema.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
}

func loadDefinition(t *testing.T, plural string) definition {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "manifests", "crds", GroupName+"_"+plural+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var d definition
	if err := yaml.UnmarshalStrict(data, &d.crd); err != nil {
		t.Fatal(err)
	}
	var internal apiextensions.JSONSchemaProps
	props := d.crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(props, &internal, nil); err != nil {
		t.Fatal(err)
	}
	if d.structural, err = schema.NewStructural(&internal); err != nil {
		t.Fatal(err)
	}
	if errs := schema.ValidateStructural(nil, d.structural); len(errs) > 0 {
		t.Fatal(errs.ToAggregate())
	}
	if d.schema, _, err = validation.NewSchemaValidator(&internal); err != nil {
		t.Fatal(err)
	}
	d.rules = cel.NewValidator(d.structural, true, celconfig.PerCallLimit)
	return d
}

// admit does to a manifest what the API server does: prune, default, validate. It returns the object as it would be stored, what
// was pruned, and the errors in one text.
func (d definition) admit(t *testing.T, manifest string) (object map[string]any, pruned []string, errs string) {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	if err := utiljson.Unmarshal(data, &object); err != nil { // whole numbers become int64, as in the API server
		t.Fatal(err)
	}
	pruned = pruning.PruneWithOptions(object, d.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.Default(object, d.structural)
	all := validation.ValidateCustomResource(nil, object, d.schema)
	fromRules, _ := d.rules.Validate(context.Background(), nil, d.structural, object, nil, celconfig.RuntimeCELCostBudget)
	all = append(all, fromRules...)
	if len(all) > 0 {
		errs = all.ToAggregate().Error()
	}
	return object, pruned, errs
}

const (
	scaledObjectStart = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: consumer}\nspec:\n  scaleTargetRef: {name: consumer}\n"
	oneTrigger        = "  triggers: [{type: redis, metadata: {listName: jobs}}]\n"
	scaledJobStart    = "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {name: processor}\nspec:\n"
	jobTemplate       = "  jobTargetRef: {template: {metadata: {labels: {app: x}}, spec: {containers: [{name: main, image: busybox}]}}}\n"
	authStart         = "apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {name: redis}\nspec:\n"
)

func TestSchemas(t *testing.T) {
	tests := []struct {
		name, plural, manifest string
		err                    string
	}{
		{"ScaledObject", "scaledobjects", scaledObjectStart + oneTrigger, ""},
		{"bounds in order", "scaledobjects", scaledObjectStart + oneTrigger + "  minReplicaCount: 3\n  maxReplicaCount: 3\n", ""},
		{"min above max", "scaledobjects", scaledObjectStart + oneTrigger + "  minReplicaCount: 4\n  maxReplicaCount: 3\n", "minReplicaCount must not be greater than maxReplicaCount"},
		{"min above the default max", "scaledobjects", scaledObjectStart + oneTrigger + "  minReplicaCount: 101\n", "minReplicaCount must not be greater than maxReplicaCount"},
		{"pollingInterval 0", "scaledobjects", scaledObjectStart + oneTrigger + "  pollingInterval: 0\n", "spec.pollingInterval"},
		{"no target", "scaledobjects", "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a}\nspec:\n" + oneTrigger, "spec.scaleTargetRef"},
		{"no triggers", "scaledobjects", scaledObjectStart + "  triggers: []\n", "spec.triggers"},
		{"metadata that is a number", "scaledobjects", scaledObjectStart + "  triggers: [{type: redis, metadata: {listLength: 5}}]\n", "metadata.listLength"},
		{"kind of authentication", "scaledobjects", scaledObjectStart + "  triggers: [{type: redis, metadata: {}, authenticationRef: {name: a, kind: Secret}}]\n", "Unsupported value: \"Secret\""},
		{"behavior of fallback", "scaledobjects", scaledObjectStart + oneTrigger + "  fallback: {failureThreshold: 3, replicas: 1, behavior: none}\n", "Unsupported value: \"none\""},
		{"longest window", "scaledobjects", scaledObjectStart + oneTrigger + "  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {stabilizationWindowSeconds: 3600}}}}\n", ""},
		{"window too long", "scaledobjects", scaledObjectStart + oneTrigger + "  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {stabilizationWindowSeconds: 3601}}}}\n", "less than or equal to 3600"},
		{"metric type of modifiers", "scaledobjects", scaledObjectStart + oneTrigger + "  advanced: {scalingModifiers: {metricType: Utilization}}\n", "Unsupported value: \"Utilization\""},
		{"ScaledJob", "scaledjobs", scaledJobStart + jobTemplate + oneTrigger, ""},
		{"ScaledJob without template", "scaledjobs", scaledJobStart + oneTrigger, "spec.jobTargetRef"},
		{"ScaledJob with a misspelt type", "scaledjobs", scaledJobStart + strings.Replace(jobTemplate, "image: busybox", "image: busybox, ports: [{containerPort: http}]", 1) + oneTrigger, "containerPort"},
		{"rollout", "scaledjobs", scaledJobStart + jobTemplate + oneTrigger + "  rollout: {strategy: slow}\n", "Unsupported value: \"slow\""},
		{"TriggerAuthentication", "triggerauthentications", authStart + "  secretTargetRef: [{parameter: password, name: redis, key: password}]\n", ""},
		{"incomplete reference", "triggerauthentications", authStart + "  secretTargetRef: [{parameter: password, name: redis}]\n", "secretTargetRef[0].key"},
		{"identity", "triggerauthentications", authStart + "  podIdentity: {provider: azure}\n", "Unsupported value: \"azure\""},
		{"vault without secrets", "triggerauthentications", authStart + "  hashiCorpVault: {address: a, authentication: token, secrets: []}\n", "hashiCorpVault.secrets"},
		{"ClusterTriggerAuthentication", "clustertriggerauthentications", authStart + "  filePath: creds.json\n", ""},
	}
	definitions := map[string]definition{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, ok := definitions[tt.plural]
			if !ok {
				d = loadDefinition(t, tt.plural)
				definitions[tt.plural] = d
			}
			_, pruned, errs := d.admit(t, tt.manifest)
			if (tt.err == "") != (errs == "") || !strings.Contains(errs, tt.err) {
				t.Errorf("errors %q, want %q", errs, tt.err)
			}
			if len(pruned) > 0 {
				t.Errorf("unknown fields %v", pruned)
			}
		})
	}
}

func TestSchemaDefaults(t *testing.T) {
	object, _, errs := loadDefinition(t, "scaledobjects").admit(t, scaledObjectStart+oneTrigger+"  fallback: {failureThreshold: 3, replicas: 1}\n")
	if behavior := object["spec"].(map[string]any)["fallback"].(map[string]any)["behavior"]; behavior != "static" || errs != "" {
		t.Errorf("fallback.behavior = %v, %s", behavior, errs)
	}
	object, _, errs = loadDefinition(t, "triggerauthentications").admit(t, authStart+
		"  oauth2: {clientId: a, tokenUrl: https://t, clientSecret: {valueFrom: {secretKeyRef: {name: a, key: b}}}}\n")
	if kind := object["spec"].(map[string]any)["oauth2"].(map[string]any)["type"]; kind != "clientCredentials" || errs != "" {
		t.Errorf("oauth2.type = %v, %s", kind, errs)
	}
}

func TestSchemaPrunesWhatDoesNotExist(t *testing.T) {
	manifest := scaledJobStart + strings.Replace(jobTemplate, "image:", "imagePulPolicy: Always, image:", 1) +
		"  triggers: [{type: redis, metricType: Value, metadata: {listName: jobs}}]\n"
	object, pruned, errs := loadDefinition(t, "scaledjobs").admit(t, manifest)
	want := "[spec.jobTargetRef.template.spec.containers[0].imagePulPolicy spec.triggers[0].metricType]"
	if fmt.Sprint(pruned) != want || errs != "" {
		t.Errorf("pruned %v (%s), want %s", pruned, errs, want)
	}
	data, err := json.Marshal(object)
	if err != nil || !strings.Contains(string(data), `"labels":{"app":"x"}`) {
		t.Errorf("the labels of the pod template are lost: %s, %v", data, err)
	}
}

// TestSchemasKeepWhatTypesHold holds that no field of a Go type is missing in its schema: what the controller writes is stored.
func TestSchemasKeepWhatTypesHold(t *testing.T) {
	job := validScaledJob()
	job.Spec.ScalingStrategy = &ScalingStrategy{Strategy: StrategyCustom, CustomScalingRunningJobPercentage: "0.5", PendingPodConditions: nil}
	job.Status = ScaledJobStatus{ObservedGeneration: 1, Conditions: Conditions{{Type: ConditionReady, Status: "True"}}, ExternalMetricNames: []string{"s0"}}
	object := validScaledObject()
	object.Status = ScaledObjectStatus{
		ObservedGeneration: 1, ScaleTargetGVKR: &GroupVersionKindResource{Group: "apps", Version: "v1", Kind: "Deployment", Resource: "deployments"},
		Health: map[string]HealthStatus{"s0": {NumberOfFailures: ptr[int32](1), Status: HealthStatusFailing}}, HpaName: "a",
		TriggersActivity: map[string]TriggerActivityStatus{"s0": {IsActive: true}}, TriggersTypes: ptr("redis"), PausedReplicaCount: ptr[int32](0),
		Conditions: Conditions{{Type: ConditionReady, Status: "True", Reason: "a", Message: "b"}},
	}
	for plural, value := range map[string]any{"scaledjobs": job, "scaledobjects": object} {
		data, err := yaml.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if _, pruned, errs := loadDefinition(t, plural).admit(t, string(data)); len(pruned) > 0 || errs != "" {
			t.Errorf("%s: pruned %v, errors %s", plural, pruned, errs)
		}
	}
}

// TestDefinitions holds names and columns that people and dashboards rely on.
func TestDefinitions(t *testing.T) {
	tests := []struct {
		plural, kind, scope string
		short, columns      string
	}{
		{"scaledobjects", KindScaledObject, "Namespaced", "[so]", "ScaleTargetKind ScaleTargetName Min Max Ready Active Fallback Paused Triggers Authentications Age"},
		{"scaledjobs", KindScaledJob, "Namespaced", "[sj]", "Min Max Ready Active Paused Triggers Authentications Age"},
		{"triggerauthentications", KindTriggerAuthentication, "Namespaced", "[ta triggerauth]", "PodIdentity Secret Env VaultAddress ScaledObjects ScaledJobs"},
		{"clustertriggerauthentications", KindClusterTriggerAuthentication, "Cluster", "[cta clustertriggerauth]", "PodIdentity Secret Env FilePath VaultAddress ScaledObjects ScaledJobs"},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			crd := loadDefinition(t, tt.plural).crd
			version := crd.Spec.Versions[0]
			var columns []string
			for _, column := range version.AdditionalPrinterColumns {
				columns = append(columns, column.Name)
			}
			got := fmt.Sprint(crd.Name, crd.Spec.Names.Kind, crd.Spec.Scope, crd.Spec.Names.ShortNames, version.Name, version.Subresources.Status != nil, columns)
			want := fmt.Sprint(tt.plural+".keda.sh", tt.kind, tt.scope, tt.short, "v1alpha1", true, strings.Fields(tt.columns))
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
