// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package fallback_test

import (
	"math"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/fallback"
)

// TestOutage plays attempts (x fails, . succeeds) and says when the fallback with
// a failureThreshold of 3 stands in.
func TestOutage(t *testing.T) {
	for _, c := range []struct{ name, attempts, engaged string }{
		{"healthy", "......", "......"},
		{"the fourth failure is more than three", "xxxxx", "...xx"},
		{"a success begins the count anew", "xxx.xxxx", ".......x"},
		{"a success ends the fallback at once", "xxxxx..x", "...xx..."},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h fallback.Health
			var got strings.Builder
			for _, attempt := range c.attempts {
				h = fallback.Observe(h, attempt == 'x')
				if fallback.Engaged(h, 3) {
					got.WriteByte('x')
				} else {
					got.WriteByte('.')
				}
				if restored := fallback.FromStatus(h.Status()); restored != h {
					t.Errorf("health %+v becomes %+v by way of the status", h, restored)
				}
				if happy := h.Status().Status == v1alpha1.HealthStatusHappy; happy != (attempt == '.') {
					t.Errorf("after %q the status is %s", attempt, h.Status().Status)
				}
			}
			if got.String() != c.engaged {
				t.Errorf("attempts %s engage the fallback at %s, want %s", c.attempts, got.String(), c.engaged)
			}
		})
	}
	if h := fallback.Observe(fallback.Health{}, true); !fallback.Engaged(h, 0) {
		t.Error("a threshold of 0 does not engage at the first failure")
	}
	if h := fallback.Observe(fallback.Health{Failures: math.MaxInt32}, true); h.Failures != math.MaxInt32 {
		t.Errorf("the count overflows to %d", h.Failures)
	}
	if h := fallback.FromStatus(v1alpha1.HealthStatus{}); h != (fallback.Health{}) {
		t.Errorf("an empty status gives %+v", h)
	}
}

// TestReplicas: what each behavior asks for.
//
// Covers: field ScaledObject.spec.fallback.behavior; field ScaledObject.spec.fallback.replicas
func TestReplicas(t *testing.T) {
	for _, c := range []struct {
		behavior                v1alpha1.FallbackBehavior
		replicas, current, want int32
	}{
		{"", 6, 9, 6},
		{v1alpha1.FallbackStatic, 6, 9, 6},
		{v1alpha1.FallbackScalingModifiers, 6, 9, 6},
		{v1alpha1.FallbackCurrentReplicas, 6, 9, 9},
		{v1alpha1.FallbackCurrentReplicas, 6, 0, 0},
		{v1alpha1.FallbackCurrentReplicasIfHigher, 6, 9, 9},
		{v1alpha1.FallbackCurrentReplicasIfHigher, 6, 3, 6},
		{v1alpha1.FallbackCurrentReplicasIfLower, 6, 9, 6},
		{v1alpha1.FallbackCurrentReplicasIfLower, 6, 3, 3},
	} {
		if got := fallback.Replicas(c.behavior, c.replicas, c.current); got != c.want {
			t.Errorf("%q with fallback.replicas %d and %d running: %d, want %d", c.behavior, c.replicas, c.current, got, c.want)
		}
	}
}

// TestTheHPARunsWhatTheFallbackWants puts the value through the HPA's own rule,
// which reads three decimals and rounds replicas up. Targets need not be whole
// numbers.
func TestTheHPARunsWhatTheFallbackWants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target := rapid.Float64Range(1, 1e6).Draw(t, "target")
		replicas := rapid.Int32Range(0, 500).Draw(t, "replicas")
		ready := rapid.Int32Range(1, 500).Draw(t, "ready pods")
		thousandths := func(v float64) int64 { return int64(math.Round(v * 1000)) }
		for metricType, factor := range map[autoscalingv2.MetricTargetType]int64{
			autoscalingv2.AverageValueMetricType: 1, autoscalingv2.ValueMetricType: int64(ready),
		} {
			value, err := fallback.Value(metricType, target, replicas, ready)
			if err != nil {
				t.Fatal(err)
			}
			usage, wanted := thousandths(value)*factor, thousandths(target)
			if pods := (usage + wanted - 1) / wanted; pods != int64(replicas) {
				t.Fatalf("%s %v: the HPA would run %d replicas, want %d", metricType, value, pods, replicas)
			}
		}
	})
}

// TestValueFails: some targets have no value for which the HPA runs what is asked for.
//
// Kept: Fallback
// KEDA: With metricType Value a fallback needs a ready pod: with none, it is an error.
// Why: The HPA multiplies the ready pods, and nothing times anything is nothing.
func TestValueFails(t *testing.T) {
	for _, c := range []struct {
		metricType autoscalingv2.MetricTargetType
		target     float64
		ready      int32
		want       string
	}{
		{autoscalingv2.ValueMetricType, 5, 0, "no pod is ready"},
		{autoscalingv2.AverageValueMetricType, 0, 1, "set the trigger's target above 0"},
		{autoscalingv2.AverageValueMetricType, math.NaN(), 1, "set the trigger's target above 0"},
		{autoscalingv2.AverageValueMetricType, math.Inf(1), 1, "set the trigger's target above 0"},
	} {
		if _, err := fallback.Value(c.metricType, c.target, 6, c.ready); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %v with %d ready pods: error %v, want %q", c.metricType, c.target, c.ready, err, c.want)
		}
	}
}
