// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// TestWrites counts what the API server is asked to write: nothing for objects
// with which nothing happens, and one patch of the status for each change.
func TestWrites(t *testing.T) {
	const objects = 10
	e := newOwnEnv(t)
	_, wire := e.lead("only", nil)
	for i := range objects {
		name := fmt.Sprint("web", i)
		e.apply(deployment(name, 0), e.redisObject(name, "fallback: {failureThreshold: 1, replicas: 2}"))
	}
	e.apply(e.redisJob("work", longRunning, ""))
	for i := range objects {
		so := e.isReady(fmt.Sprint("web", i))
		e.condition(so, v1alpha1.ConditionHPAActive, metav1.ConditionTrue, v1alpha1.ReasonScalingDisabled)
		e.event(so.Name, v1alpha1.EventScaledObjectReady)
	}
	e.condition(scaledJob("work"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledJobReady)
	e.event("work", v1alpha1.EventScaledJobReady)
	written := func() []string { // of this test: others have cluster-wide objects, which this controller sees too
		return slices.DeleteFunc(slices.Clone(wire.writes()), func(request string) bool { return !strings.Contains(request, "/namespaces/"+e.ns+"/") })
	}
	created := map[string]int{}
	for _, request := range written() {
		created[kindOfWrite(request)]++
	}
	t.Logf("creating %d ScaledObjects and one ScaledJob cost the writes %v", objects, created)

	before := len(written())
	e.polled(5)
	if idle := written()[before:]; len(idle) > 0 {
		t.Errorf("idle objects cost the writes %q", idle)
	}

	before = len(written())
	e.redis.Push(e.list("web0"), 1)
	e.scaled("web0", 1)
	e.condition(scaledObject("web0"), v1alpha1.ConditionHPAActive, metav1.ConditionFalse, "FailedGetExternalMetric")
	e.event("web0", v1alpha1.EventScaleTargetActivated)
	e.condition(scaledObject("web0"), v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive)
	e.polled(3)
	status, scale, other := 0, 0, []string{}
	for _, request := range written()[before:] {
		switch {
		case strings.HasSuffix(request, "/scaledobjects/web0/status"):
			status++
		case strings.HasSuffix(request, "/deployments/web0/scale"):
			scale++
		case !strings.Contains(request, "/events"):
			other = append(other, request)
		}
	}
	if status != 2 || scale != 1 || len(other) > 0 {
		t.Errorf("an activation cost %d writes of the status, want one for it and one for what the HPA says; %d of the scale, want 1; and %q", status, scale, other)
	}
}

// kindOfWrite is a write without the names.
func kindOfWrite(request string) string {
	method, path, _ := strings.Cut(request, " ")
	parts := strings.Split(path, "/")
	if last := parts[len(parts)-1]; last == "status" || last == "scale" {
		return method + " " + parts[len(parts)-3] + "/" + last
	}
	if method == http.MethodPost {
		return method + " " + parts[len(parts)-1]
	}
	return method + " " + parts[len(parts)-2]
}
