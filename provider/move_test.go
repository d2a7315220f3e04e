// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"sigs.k8s.io/yaml"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
)

const consumerYAML = `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: consumer
spec:
  scaleTargetRef: {name: consumer}
  maxReplicaCount: 20
  triggers:
  - type: redis
    metadata: {address: "redis:6379", listName: jobs, listLength: "5"}
  - type: cron
    metadata: {timezone: Europe/Paris, start: 0 8 * * *, end: 0 18 * * *, desiredReplicas: "3"}
`

// manifestState is the state of a kubernetes_manifest.
func manifestState(t *testing.T, manifest string) []byte {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(manifest), &value); err != nil {
		t.Fatal(err)
	}
	state, err := json.Marshal(map[string]any{"manifest": map[string]any{"type": "dynamic", "value": value}, "object": nil, "wait_for": nil})
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func kubectlState(t *testing.T, manifest, namespace string) []byte {
	t.Helper()
	state, err := json.Marshal(map[string]any{"yaml_body": manifest, "override_namespace": namespace, "uid": "uid-1"})
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func move(t *testing.T, server tfprotov6.ProviderServer, target, address, typeName string, state []byte) *tfprotov6.MoveResourceStateResponse {
	t.Helper()
	response, err := server.MoveResourceState(t.Context(), &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: address, SourceTypeName: typeName, SourceState: &tfprotov6.RawState{JSON: state}, TargetTypeName: target})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// TestMove moves an object to its own resource type, refreshes and plans: nothing
// is left to change.
func TestMove(t *testing.T) {
	for name, source := range map[string]struct {
		address, kind string
		state         []byte
	}{
		"kubernetes_manifest":   {"registry.example.org/hashicorp/kubernetes", "kubernetes_manifest", manifestState(t, consumerYAML)},
		"kubectl_manifest":      {"registry.example.org/gavinbunney/kubectl", "kubectl_manifest", kubectlState(t, consumerYAML, "")},
		"its maintained fork":   {"registry.example.com/alekc/kubectl", "kubectl_manifest", kubectlState(t, consumerYAML, "")},
		"an override namespace": {"registry.example.org/alekc/kubectl", "kubectl_manifest", kubectlState(t, consumerYAML, "default")},
	} {
		t.Run(name, func(t *testing.T) {
			api := acctest.NewAPI(t)
			server, d := open(t, api.URL), scaledObject()
			var object map[string]any
			if err := yaml.Unmarshal([]byte(consumerYAML), &object); err != nil {
				t.Fatal(err)
			}
			object["metadata"] = map[string]any{"name": "consumer", "namespace": "default", "labels": map[string]any{"scaledobject.keda.sh/name": "consumer"}}
			api.Put(consumerPath, object)
			response := move(t, server, scaledObjectType, source.address, source.kind, source.state)
			if len(response.Diagnostics) > 0 {
				t.Fatal(acctest.Text(response.Diagnostics))
			}
			s := acctest.NewSession(t, New("test")).Configure(map[string]any{"host": api.URL})
			moved, err := response.TargetState.Unmarshal(d.wire)
			if err != nil {
				t.Fatal(err)
			}
			state, diagnostics := s.Read(scaledObjectType, moved)
			if len(diagnostics) > 0 {
				t.Fatal(acctest.Text(diagnostics))
			}
			config := typedConfig()
			delete(config, "wait")
			unchanged(t, s, scaledObjectType, state, config)
		})
	}
}

func TestMoveRefuses(t *testing.T) {
	const kubernetes = "registry.example.org/hashicorp/kubernetes"
	server := open(t, acctest.Unknown)
	tests := map[string]struct {
		response *tfprotov6.MoveResourceStateResponse
		want     string
	}{
		"another type":     {move(t, server, scaledObjectType, kubernetes, "kubernetes_secret", []byte(`{}`)), "kubernetes_manifest and kubectl_manifest can"},
		"another provider": {move(t, server, scaledObjectType, "registry.example.org/example/kubernetes", "kubernetes_manifest", []byte(`{}`)), "kubernetes_manifest of registry.example.org/example/kubernetes cannot become"},
		"another kind":     {move(t, server, "keda_scaled_job", kubernetes, "kubernetes_manifest", manifestState(t, consumerYAML)), "holds a ScaledObject of keda.sh/v1alpha1, but a keda_scaled_job holds a ScaledJob"},
		"another group":    {move(t, server, scaledObjectType, kubernetes, "kubernetes_manifest", manifestState(t, "apiVersion: example.com/v1\nkind: ScaledObject\n")), "of example.com/v1, but"},
		"no manifest":      {move(t, server, scaledObjectType, kubernetes, "kubernetes_manifest", []byte(`{}`)), "it has no manifest"},
		"no YAML":          {move(t, server, scaledObjectType, "registry.example.org/alekc/kubectl", "kubectl_manifest", kubectlState(t, "password: [", "")), "yaml_body is not YAML"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { contains(t, acctest.Text(test.response.Diagnostics), test.want) })
	}
}

// TestMoveNeedsNoConfiguration: Terraform moves before it configures.
func TestMoveNeedsNoConfiguration(t *testing.T) {
	server, err := Server("test")()
	if err != nil {
		t.Fatal(err)
	}
	response := move(t, server, scaledObjectType, "registry.example.org/hashicorp/kubernetes", "kubernetes_manifest", manifestState(t, consumerYAML))
	state, err := response.TargetState.Unmarshal(scaledObject().wire)
	if err != nil || !state.IsFullyKnown() || state.Equal(tftypes.NewValue(scaledObject().wire, nil)) {
		t.Errorf("moved to %s (%v)", state, err)
	}
}

// TestAccMovedObjectIsOurs: the fields of a moved object belong to the field
// manager of the resource that is gone. The first change takes them over, so that
// it is no conflict, and what it leaves out goes.
func TestAccMovedObjectIsOurs(t *testing.T) {
	c := acctest.NewCluster(t, crdFolder)
	manifest := strings.Replace(consumerYAML, "name: consumer\nspec", "name: consumer\n  namespace: "+c.Namespace+"\nspec", 1)
	var object map[string]any
	if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
		t.Fatal(err)
	}
	c.Apply("scaledobjects", "Terraform", object)
	response := move(t, open(t, acctest.Unknown), scaledObjectType, "registry.example.org/hashicorp/kubernetes", "kubernetes_manifest", manifestState(t, manifest))
	state, err := response.TargetState.Unmarshal(scaledObject().wire)
	if err != nil {
		t.Fatal(err)
	}
	s := acctest.NewSession(t, New("test")).Configure(map[string]any{"config_path": c.Config})
	s.Private = response.TargetPrivate
	state, diagnostics := s.Read(scaledObjectType, state)
	config := s.Config(scaledObjectType, with(typedConfig(), map[string]any{"namespace": c.Namespace, "max_replica_count": 30, "trigger": typedConfig()["trigger"].([]any)[:1], "wait": false}))
	plan, more := s.Plan(scaledObjectType, state, config)
	state, most := s.Apply(scaledObjectType, state, plan, config)
	if text := acctest.Text(slices.Concat(diagnostics, more, most)); text != "" {
		t.Fatal(text)
	}
	if read, _ := s.Read(scaledObjectType, state); !read.Equal(state) {
		diffs, _ := state.Diff(read)
		t.Errorf("the object differs from what was applied: %v", diffs)
	}
	if s.Private != nil {
		t.Errorf("the resource still counts as moved: %s", s.Private)
	}
}

func TestFieldManagersOfMovedResources(t *testing.T) {
	for _, test := range []struct{ kind, state, manager string }{
		{"kubernetes_manifest", `{}`, "Terraform"},
		{"kubernetes_manifest", `{"field_manager":[{"name":"platform"}]}`, "platform"},
		{"kubectl_manifest", `{}`, "kubectl-client-side-apply"},
		{"kubectl_manifest", `{"field_manager":"deploy"}`, "deploy"},
		{"kubectl_manifest", `{}`, "terraform-provider-kubectl_v1.19.0"},
	} {
		var m mark
		if err := json.Unmarshal(markOf(test.kind, []byte(test.state)), &m); err != nil {
			t.Fatal(err)
		}
		if !m.includes(test.manager) || m.includes("kubectl-edit") {
			t.Errorf("%s %s marks %v", test.kind, test.state, m.Managers)
		}
	}
}
