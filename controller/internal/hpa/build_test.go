// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package hpa_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/hpa"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	averageValue = autoscalingv2.AverageValueMetricType
	value        = autoscalingv2.ValueMetricType
	utilization  = autoscalingv2.UtilizationMetricType
)

var (
	queue     = hpa.Metric{Name: "s0-aws-sqs-orders", Target: 5, Integer: true, Type: averageValue}
	requests  = hpa.Metric{Name: "s1-prometheus", Target: 2.5, Type: value}
	cpu       = hpa.Metric{Type: utilization, Resource: &trigger.ResourceMetric{Name: "cpu", Value: "60"}}
	memory    = hpa.Metric{Type: averageValue, Resource: &trigger.ResourceMetric{Name: "memory", Value: "256Mi"}}
	container = hpa.Metric{Type: utilization, Resource: &trigger.ResourceMetric{Name: "cpu", Container: "app", Value: "80"}}
)

// input is a ScaledObject as it arrives from the API server, changed by changes.
func input(changes ...func(*hpa.Input)) hpa.Input {
	in := hpa.Input{
		Object: &v1alpha1.ScaledObject{
			ObjectMeta: metav1.ObjectMeta{
				Name: "consumer", Namespace: "shop", UID: "9b1d7f6e-0000-4000-8000-000000000001",
				Labels: map[string]string{v1alpha1.LabelScaledObjectName: "consumer"},
			},
			Spec: v1alpha1.ScaledObjectSpec{ScaleTargetRef: &v1alpha1.ScaleTarget{Name: "consumer"}},
		},
		Target:  schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"},
		Metrics: []hpa.Metric{queue},
		Version: "1.0.0",
	}
	for _, change := range changes {
		change(&in)
	}
	return in
}

func advanced(a v1alpha1.AdvancedConfig) func(*hpa.Input) {
	return func(in *hpa.Input) { in.Object.Spec.Advanced = &a }
}

func annotated(key, value string) func(*hpa.Input) {
	return func(in *hpa.Input) {
		if in.Object.Annotations == nil {
			in.Object.Annotations = map[string]string{}
		}
		in.Object.Annotations[key] = value
	}
}

func metrics(m ...hpa.Metric) func(*hpa.Input) { return func(in *hpa.Input) { in.Metrics = m } }

var slowDown = v1alpha1.AdvancedConfig{HorizontalPodAutoscalerConfig: &v1alpha1.HorizontalPodAutoscalerConfig{
	Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
		ScaleDown: &autoscalingv2.HPAScalingRules{
			StabilizationWindowSeconds: new(int32(60)),
			Policies:                   []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: 1, PeriodSeconds: 30}},
		},
	},
}}

// TestGolden compares whole HPAs with the files under testdata, which go test
// -update writes.
func TestGolden(t *testing.T) {
	for name, in := range map[string]hpa.Input{
		"queue-with-defaults": input(),
		"bounds-and-every-kind-of-metric": input(metrics(queue, memory, requests, container, cpu), func(in *hpa.Input) {
			in.Object.Spec.MinReplicaCount, in.Object.Spec.MaxReplicaCount = new(int32(2)), new(int32(20))
		}),
		"formula-beside-resource-metrics": input(metrics(queue, container, requests, cpu),
			advanced(v1alpha1.AdvancedConfig{ScalingModifiers: &v1alpha1.ScalingModifiers{Formula: "a + b", Target: "2.5"}})),
		"scale-in-paused":           input(annotated(v1alpha1.AnnotationPausedScaleIn, "true"), advanced(slowDown)),
		"paused-in-both-directions": input(annotated(v1alpha1.AnnotationPausedScaleIn, "true"), annotated(v1alpha1.AnnotationPausedScaleOut, "")),
		"own-name-labels-and-resource": input(
			advanced(v1alpha1.AdvancedConfig{HorizontalPodAutoscalerConfig: &v1alpha1.HorizontalPodAutoscalerConfig{Name: "orders"}}),
			annotated(v1alpha1.AnnotationHPAExcludedLabels, "team, argocd.argoproj.io/instance"),
			annotated("kubectl.kubernetes.io/last-applied-configuration", "{}"),
			func(in *hpa.Input) {
				in.Object.Labels["team"], in.Object.Labels["tier"] = "shop", "backend"
				in.Object.Labels["argocd.argoproj.io/instance"] = "shop"
				in.Object.Labels[v1alpha1.LabelAppManagedBy] = "Helm"
				in.Target = schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Rollout"}
				in.Version = "v1.0.0+dirty"
			}),
	} {
		t.Run(name, func(t *testing.T) {
			before := in.Object.DeepCopy()
			built, err := hpa.Build(in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, in.Object); diff != "" {
				t.Errorf("Build changed the ScaledObject (-before +after):\n%s", diff)
			}
			got, err := yaml.Marshal(built)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("HPA differs from %s; run go test -update if that is right (-want +got):\n%s", file, diff)
			}
		})
	}
}

func TestBuildFails(t *testing.T) {
	formula := func(target string) func(*hpa.Input) {
		return advanced(v1alpha1.AdvancedConfig{ScalingModifiers: &v1alpha1.ScalingModifiers{Formula: "a", Target: target}})
	}
	resource := func(metricType autoscalingv2.MetricTargetType, value string) func(*hpa.Input) {
		return metrics(hpa.Metric{Type: metricType, Resource: &trigger.ResourceMetric{Name: "cpu", Value: value}})
	}
	for name, c := range map[string]struct {
		in   hpa.Input
		want string
	}{
		"no trigger has a metric":        {input(metrics()), "yield no metric"},
		"two metrics of one name":        {input(metrics(queue, queue)), "two metrics are named s0-aws-sqs-orders"},
		"a target of zero":               {input(metrics(hpa.Metric{Name: "s0-x", Type: averageValue})), "metric s0-x has the target 0: set it to 0.001 or more"},
		"a target too small for an HPA":  {input(metrics(hpa.Metric{Name: "s0-x", Target: 0.0001, Type: averageValue})), "metric s0-x has the target 0.0001"},
		"a utilization from outside":     {input(metrics(hpa.Metric{Name: "s0-x", Target: 1, Type: utilization})), `metricType "Utilization"`},
		"a formula without target":       {input(formula("")), `scalingModifiers.target ""`},
		"a formula with target zero":     {input(formula("0")), "metric composite-metric has the target 0"},
		"a percentage that is none":      {input(resource(utilization, "60%")), `value "60%"`},
		"a quantity that is none":        {input(resource(averageValue, "lots")), `value "lots"`},
		"a resource of metricType Value": {input(resource(value, "1")), `metricType "Value": set it to Utilization or AverageValue`},
		"a pause that is no number":      {input(annotated(v1alpha1.AnnotationPausedReplicas, "few")), v1alpha1.AnnotationPausedReplicas},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := hpa.Build(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one about %q", err, c.want)
			}
		})
	}
}

func TestLongNamesMakeValidLabels(t *testing.T) {
	in := input(func(in *hpa.Input) { in.Object.Name = strings.Repeat("a", 53) + "-" + strings.Repeat("b", 9) })
	built, err := hpa.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	// keda-hpa- and 53 letters are 62 characters, and a dash cannot be the last.
	if got, want := built.Labels[v1alpha1.LabelAppName], "keda-hpa-"+strings.Repeat("a", 53); got != want {
		t.Errorf("label %s is %q, want %q", v1alpha1.LabelAppName, got, want)
	}
}
