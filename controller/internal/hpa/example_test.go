// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package hpa_test

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/hpa"
)

func ExampleBuild() {
	built, err := hpa.Build(hpa.Input{
		Object: &v1alpha1.ScaledObject{
			ObjectMeta: metav1.ObjectMeta{Name: "consumer"},
			Spec:       v1alpha1.ScaledObjectSpec{ScaleTargetRef: &v1alpha1.ScaleTarget{Name: "consumer"}},
		},
		Target:  schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"},
		Metrics: []hpa.Metric{{Name: "s0-aws-sqs-orders", Target: 5, Integer: true, Type: autoscalingv2.AverageValueMetricType}},
		Version: "1.0.0",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	metric := built.Spec.Metrics[0].External
	fmt.Println(built.Name, *built.Spec.MinReplicas, built.Spec.MaxReplicas)
	fmt.Println(metric.Metric.Name, metric.Metric.Selector.MatchLabels, metric.Target.AverageValue)
	// Output:
	// keda-hpa-consumer 1 100
	// s0-aws-sqs-orders map[scaledobject.keda.sh/name:consumer] 5
}
