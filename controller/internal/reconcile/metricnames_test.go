// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"slices"
	"testing"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// TestMetricNamesStayWhileTriggersCannotBeResolved: the HPA stays, and the status names
// what it asks for.
//
// Covers: field ScaledObject.status.externalMetricNames
func TestMetricNamesStayWhileTriggersCannotBeResolved(t *testing.T) {
	b := newBench(t, web(nil))
	b.reconcile()
	before := b.object().Status.ExternalMetricNames
	if len(before) == 0 {
		t.Fatal("a sound object names no metric")
	}
	b.change(func(o *v1alpha1.ScaledObject) {
		o.Spec.Triggers[0].AuthenticationRef = &v1alpha1.AuthenticationRef{Name: "missing"}
	})
	b.reconcile()
	status := b.object().Status
	if c := status.Conditions.Get(v1alpha1.ConditionReady); c.Reason != v1alpha1.ReasonScaledObjectCheckFailed {
		t.Fatalf("Ready is %+v", c)
	}
	if !slices.Equal(status.ExternalMetricNames, before) {
		t.Errorf("status.externalMetricNames is %q, and was %q", status.ExternalMetricNames, before)
	}
}
