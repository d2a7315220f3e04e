// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/utils/ptr"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func render(t *testing.T, options manifests.Options) []manifests.Phase {
	t.Helper()
	phases, err := manifests.Render(options)
	if err != nil {
		t.Fatal(err)
	}
	return phases
}

// find returns the object of that kind and name, and fails the test without it.
func find(t *testing.T, phases []manifests.Phase, kind, name string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range manifests.Objects(phases) {
		if object.GetKind() == kind && object.GetName() == name {
			return object
		}
	}
	t.Fatalf("no %s %s", kind, name)
	return nil
}

func names(phases []manifests.Phase) []string {
	var out []string
	for _, object := range manifests.Objects(phases) {
		out = append(out, object.GetKind()+" "+object.GetName())
	}
	return out
}

// nested reads a value out of an object; lists are indexed by position.
func nested(t *testing.T, object *unstructured.Unstructured, path ...any) any {
	t.Helper()
	var value any = object.Object
	for _, step := range path {
		switch s := step.(type) {
		case string:
			members, _ := value.(map[string]any)
			value = members[s]
		case int:
			items, _ := value.([]any)
			if s >= len(items) {
				t.Fatalf("%s: no item %d in %v", object.GetName(), s, path)
			}
			value = items[s]
		}
	}
	return value
}

// The golden file leaves out the CRDs, which are generated and have a golden form
// of their own.
func TestDefaultRenderingIsTheGoldenOne(t *testing.T) {
	phases := render(t, manifests.Options{CreateNamespace: true, Version: "1.2.3"})
	if phases[0].Name != manifests.PhaseCRDs {
		t.Fatalf("the first phase is %s, not the CRDs", phases[0].Name)
	}
	var got bytes.Buffer
	if err := manifests.WriteYAML(&got, phases[1:]); err != nil {
		t.Fatal(err)
	}
	const file = "testdata/default.yaml"
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("if this is meant, run go test -update (-want +got):\n%s", diff)
	}
}

func TestRenderingIsTheSameEveryTime(t *testing.T) {
	options := manifests.Options{
		WatchNamespaces: []string{"b", "a"}, NodeSelector: map[string]string{"a": "1", "b": "2", "c": "3"},
		Controller: manifests.Component{PodLabels: map[string]string{"x": "1", "y": "2"}},
	}
	if diff := cmp.Diff(render(t, options), render(t, options)); diff != "" {
		t.Error(diff)
	}
}

func TestPhasesAreInTheOrderOfInstallation(t *testing.T) {
	var got []string
	for _, phase := range render(t, manifests.Options{}) {
		got = append(got, phase.Name)
	}
	want := []string{"crds", "rbac", "controller", "metrics-adapter", "apiservice", "webhook"}
	if !slices.Equal(got, want) {
		t.Errorf("phases %v, want %v", got, want)
	}
}

func TestNoRuleHasAWildcard(t *testing.T) {
	for _, options := range []manifests.Options{
		{ScaleTargets: []manifests.ScaleTarget{{Group: "argoproj.io", Resource: "rollouts"}}},
		{WatchNamespaces: []string{"shop"}},
	} {
		roles := 0
		for _, object := range manifests.Objects(render(t, options)) {
			rules, _, _ := unstructured.NestedSlice(object.Object, "rules")
			if strings.HasSuffix(object.GetKind(), "Role") {
				roles++
				if len(rules) == 0 {
					t.Errorf("%s %s grants nothing", object.GetKind(), object.GetName())
				}
			}
			for _, rule := range rules {
				data, err := json.Marshal(rule)
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(data, []byte(`"*`)) || bytes.Contains(data, []byte(`*"`)) {
					t.Errorf("%s %s has a wildcard: %s", object.GetKind(), object.GetName(), data)
				}
			}
		}
		if roles < 6 {
			t.Errorf("only %d roles were looked at", roles)
		}
	}
}

func TestNobodyMayWriteSecretsExceptTheCertificates(t *testing.T) {
	for _, object := range manifests.Objects(render(t, manifests.Options{})) {
		rules, _, _ := unstructured.NestedSlice(object.Object, "rules")
		for _, rule := range rules {
			members, _ := rule.(map[string]any)
			resources, _, _ := unstructured.NestedStringSlice(members, "resources")
			verbs, _, _ := unstructured.NestedStringSlice(members, "verbs")
			objects, _, _ := unstructured.NestedStringSlice(members, "resourceNames")
			if !slices.Contains(resources, "secrets") || slices.Equal(verbs, []string{"get", "list", "watch"}) {
				continue
			}
			inNamespace := object.GetKind() == "Role" && object.GetNamespace() == "keda"
			if !inNamespace || !slices.Equal(verbs, []string{"create"}) && !slices.Equal(objects, []string{manifests.CertSecretName}) {
				t.Errorf("%s %s may %v %v %v", object.GetKind(), object.GetName(), verbs, resources, objects)
			}
		}
	}
}

func TestEveryObjectHasTheLabels(t *testing.T) {
	for _, object := range manifests.Objects(render(t, manifests.Options{CreateNamespace: true, Version: "1.2.3+dirty"})) {
		labels := object.GetLabels()
		for key, want := range map[string]string{
			"app.kubernetes.io/part-of": "keda-operator", "app.kubernetes.io/version": "1.2.3_dirty", manifests.LabelManagedBy: manifests.ManagedBy,
		} {
			if labels[key] != want {
				t.Errorf("%s %s: label %s is %q, want %q", object.GetKind(), object.GetName(), key, labels[key], want)
			}
		}
		if labels["app.kubernetes.io/name"] == "" {
			t.Errorf("%s %s has no name label", object.GetKind(), object.GetName())
		}
		for key, value := range labels {
			if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
				t.Errorf("%s %s: label %s is %q: %v", object.GetKind(), object.GetName(), key, value, problems)
			}
		}
	}
}

func TestPodsAreRestricted(t *testing.T) {
	for _, name := range []string{manifests.ControllerName, manifests.MetricsAdapterName} {
		deployment := find(t, render(t, manifests.Options{}), "Deployment", name)
		pod := []any{"spec", "template", "spec"}
		container := append(pod, "containers", 0, "securityContext")
		for _, want := range []struct {
			path  []any
			value any
		}{
			{append(pod, "securityContext", "runAsNonRoot"), true},
			{append(pod, "securityContext", "seccompProfile", "type"), "RuntimeDefault"},
			{append(container, "allowPrivilegeEscalation"), false},
			{append(container, "readOnlyRootFilesystem"), true},
			{append(container, "capabilities", "drop", 0), "ALL"},
		} {
			if got := nested(t, deployment, slices.Clone(want.path)...); got != want.value {
				t.Errorf("%s: %v is %v, want %v", name, want.path, got, want.value)
			}
		}
	}
}

// TestServicesSelectTheirPods: admission is answered by the controller's pods.
//
// Differs: Installation
// KEDA: Admission is a Deployment of its own, and keda_webhook_scaled_object_validations_total and _errors_total are scraped at port 8080 of the Service keda-admission-webhooks.
// Here: Every replica of the controller answers admission, and serves these metrics with all others at port 8080 of the Service keda-operator; keda-admission-webhooks has the port of admission only.
// Why: One Deployment less to run; a second Service would scrape the same processes twice and double every sum.
// Old: not available
func TestServicesSelectTheirPods(t *testing.T) {
	phases := render(t, manifests.Options{Controller: manifests.Component{PodLabels: map[string]string{"app": "mine", "team": "shop"}}})
	controller := find(t, phases, "Deployment", manifests.ControllerName)
	if got := nested(t, controller, "spec", "template", "metadata", "labels", "team"); got != "shop" {
		t.Errorf("pod label team is %v", got)
	}
	for service, deployment := range map[string]string{
		manifests.ControllerName: manifests.ControllerName, manifests.WebhookServiceName: manifests.ControllerName,
		manifests.MetricsAdapterName: manifests.MetricsAdapterName,
	} {
		selector := nested(t, find(t, phases, "Service", service), "spec", "selector", "app")
		label := nested(t, find(t, phases, "Deployment", deployment), "spec", "template", "metadata", "labels", "app")
		if selector != label {
			t.Errorf("Service %s selects app=%v, but the pods have app=%v", service, selector, label)
		}
	}
	if ports, ok := nested(t, find(t, phases, "Service", manifests.WebhookServiceName), "spec", "ports").([]any); !ok || len(ports) != 1 {
		t.Errorf("Service %s has the ports %v", manifests.WebhookServiceName, ports)
	}
}

func TestImages(t *testing.T) {
	for _, test := range []struct {
		name    string
		options manifests.Options
		want    string
	}{
		{"release", manifests.Options{Version: "1.2.3"}, "keda-tf/keda-controller:1.2.3"},
		{"mirror", manifests.Options{Version: "1.2.3", ImageRegistry: "mirror.example.com/apps/"}, "mirror.example.com/apps/keda-controller:1.2.3"},
		{"own", manifests.Options{ImageRegistry: "mirror.example.com", Controller: manifests.Component{Image: "a/b@sha256:0"}}, "a/b@sha256:0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			deployment := find(t, render(t, test.options), "Deployment", manifests.ControllerName)
			if got := nested(t, deployment, "spec", "template", "spec", "containers", 0, "image"); got != test.want {
				t.Errorf("image %v, want %v", got, test.want)
			}
		})
	}
}

func TestReplicasAreLeftToOthersUnlessSet(t *testing.T) {
	if got := nested(t, find(t, render(t, manifests.Options{}), "Deployment", manifests.ControllerName), "spec", "replicas"); got != nil {
		t.Errorf("replicas %v, want none", got)
	}
	options := manifests.Options{MetricsAdapter: manifests.Component{Replicas: 2}}
	if got := nested(t, find(t, render(t, options), "Deployment", manifests.MetricsAdapterName), "spec", "replicas"); got != int64(2) {
		t.Errorf("replicas %v, want 2", got)
	}
}

func TestWebhookCanBeLeftOut(t *testing.T) {
	phases := render(t, manifests.Options{Webhook: manifests.Webhook{Enabled: ptr.To(false)}})
	if slices.Contains(names(phases), "ValidatingWebhookConfiguration keda-admission") {
		t.Error("the webhook is there")
	}
	failing := render(t, manifests.Options{Webhook: manifests.Webhook{FailurePolicy: "Fail"}})
	hooks, _, _ := unstructured.NestedSlice(find(t, failing, "ValidatingWebhookConfiguration", manifests.WebhookName).Object, "webhooks")
	for _, hook := range hooks {
		if policy := hook.(map[string]any)["failurePolicy"]; policy != "Fail" {
			t.Errorf("failurePolicy %v", policy)
		}
	}
	if len(hooks) != 6 {
		t.Errorf("%d webhooks, want one per kind", len(hooks))
	}
}

func TestOptionsReadTheirJSON(t *testing.T) {
	var options manifests.Options
	if err := json.Unmarshal([]byte(`{"namespace":"scaling","webhook":{"enabled":false},"scaleTargets":[{"group":"argoproj.io","resource":"rollouts"}],
		"controller":{"replicas":2,"resources":{"limits":{"cpu":"1000m"}},"env":[{"name":"A","value":"b"}]},
		"tolerations":[{"key":"k","operator":"Exists"}]}`), &options); err != nil {
		t.Fatal(err)
	}
	phases := render(t, options)
	controller := find(t, phases, "Deployment", manifests.ControllerName)
	env, _ := nested(t, controller, "spec", "template", "spec", "containers", 0, "env").([]any)
	last, _ := env[len(env)-1].(map[string]any)
	if controller.GetNamespace() != "scaling" || last["name"] != "A" || options.Tolerations[0].Operator != corev1.TolerationOpExists {
		t.Errorf("namespace %s, env %v, tolerations %v", controller.GetNamespace(), env, options.Tolerations)
	}
}
