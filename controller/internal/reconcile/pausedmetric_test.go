// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
)

// TestPausedMetricOfABrokenObject: the metric says what the annotation says, also of
// an object that cannot be scaled as it is.
func TestPausedMetricOfABrokenObject(t *testing.T) {
	b := newBench(t, web(nil))
	registry := prometheus.NewRegistry()
	b.Metrics = observe.New(registry, "", "")
	for _, paused := range []int{1, 0} {
		b.change(func(o *v1alpha1.ScaledObject) {
			o.Spec.Triggers[0].Type = "nothing"
			o.Annotations = map[string]string{v1alpha1.AnnotationPaused: fmt.Sprint(paused == 1)}
		})
		b.reconcile()
		want := fmt.Sprintf("# HELP keda_scaled_object_paused 1 while the ScaledObject is paused, else 0.\n# TYPE keda_scaled_object_paused gauge\n"+
			"keda_scaled_object_paused{namespace=\"default\",scaledObject=\"web\"} %d\n", paused)
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "keda_scaled_object_paused"); err != nil {
			t.Error(err)
		}
	}
}
