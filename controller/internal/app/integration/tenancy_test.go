// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/app"
)

// labelled gives an object that is named like this labels.
func labelled(manifest, name, with string) string {
	return strings.Replace(manifest, "metadata: {name: "+name, "metadata: {labels: {"+with+"}, name: "+name, 1)
}

// wrote fails when a controller has written to what is not its own.
func (w *wire) wrote(t *testing.T, whose string, foreign ...string) {
	t.Helper()
	for _, request := range w.writes() {
		for _, part := range foreign {
			if strings.Contains(request, part) {
				t.Errorf("the controller of %s did %s", whose, request)
			}
		}
	}
}

// TestTenantsByNamespace: two controllers with namespaces of their own take no
// notice of each other.
func TestTenantsByNamespace(t *testing.T) {
	a := newOwnEnv(t)
	b := newEnv(t, nil)
	_, wireA := a.lead("a", nil)
	_, wireB := b.lead("b", nil)
	for _, e := range []*env{a, b} {
		e.apply(deployment("web", 0), e.redisObject("web", ""))
		e.isReady("web")
		e.redis.Push(e.list("web"), 1)
		e.scaled("web", 1)
	}
	a.delete(&v1alpha1.ScaledObject{}, "web")
	a.gone(&v1alpha1.ScaledObject{}, "web")
	b.isReady("web")
	wireA.wrote(t, "one namespace", "/namespaces/"+b.ns+"/")
	wireB.wrote(t, "the other", "/namespaces/"+a.ns+"/")
}

// TestTenantsByLabel: two controllers share a namespace by labels. Each sees all
// HPAs, so that it knows its own whatever their labels are, and finds out when the
// other scales a target already.
//
// Differs: HPA
// KEDA: WATCH_LABEL_SELECTOR restricts the cache of HPAs too: an HPA that lacks the label, because it is somebody else's or because hpa-excluded-labels names it, does not exist for the operator. Two operators with different labels then scale one target against each other.
// Here: The selector restricts ScaledObjects and ScaledJobs. All HPAs are seen: the second object on a target is Ready=False with the name of the other's HPA, and an HPA without the label is kept up to date.
// Why: Who else scales a workload does not depend on labels.
// Old: not available
func TestTenantsByLabel(t *testing.T) {
	e := newOwnEnv(t)
	of := func(team string, home string) *wire {
		_, w := e.lead(team, func(o *app.Options) {
			o.Namespace, o.WatchLabels = home, labels.SelectorFromSet(labels.Set{"team": team})
		})
		return w
	}
	wireA, wireB := of("a", e.ns), of("b", testCluster.Namespace(t))
	object := func(name, team, more string) string {
		return strings.Replace(labelled(e.redisObject(name, more), name, "team: "+team), "metadata: {", "metadata: {annotations: {"+v1alpha1.AnnotationHPAExcludedLabels+": team}, ", 1)
	}
	e.apply(deployment("mine", 0), deployment("yours", 0), object("mine", "a", ""), object("yours", "b", "maxReplicaCount: 9"))
	for _, name := range []string{"mine", "yours"} {
		so := e.isReady(name)
		e.condition(so, v1alpha1.ConditionHPAActive, metav1.ConditionTrue, v1alpha1.ReasonScalingDisabled)
		if h := e.hpa("keda-hpa-" + name); h.Labels["team"] != "" {
			t.Errorf("the label was not excluded: %v", h.Labels)
		}
		e.redis.Push(e.list(name), 1)
		e.scaled(name, 1)
	}
	e.patch(&autoscalingv2.HorizontalPodAutoscaler{}, "keda-hpa-yours", `{"spec":{"maxReplicas":99}}`)
	e.eventually("the HPA without the label is put right", func() error {
		if h := e.hpa("keda-hpa-yours"); h.Spec.MaxReplicas != 9 {
			return fmt.Errorf("maxReplicas is %d", h.Spec.MaxReplicas)
		}
		return nil
	})
	e.apply(object("thief", "b", "scaleTargetRef: {name: mine}"))
	e.condition(scaledObject("thief"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed,
		"HorizontalPodAutoscaler "+e.ns+"/keda-hpa-mine of ScaledObject mine already scales")
	e.isReady("mine")
	wireA.wrote(t, "team a", "/yours", "/keda-hpa-yours", "/thief")
	wireB.wrote(t, "team b", "/mine", "/keda-hpa-mine")

	e.patch(&v1alpha1.ScaledObject{}, "yours", `{"metadata":{"labels":{"team":"a"}}}`)
	e.redis.Do("DEL", e.list("yours"))
	e.scaled("yours", 0)
	e.eventually("the new controller works on it", func() error {
		if writes := strings.Join(wireA.writes(), "\n"); !strings.Contains(writes, "/deployments/yours/scale") {
			return fmt.Errorf("it wrote %s", writes)
		}
		return nil
	})
	e.isReady("yours")
}

// TestAuthenticationsByLabel: an authentication that the selector hides is missed
// with the selector's name.
func TestAuthenticationsByLabel(t *testing.T) {
	e := newOwnEnv(t)
	e.lead("only", func(o *app.Options) { o.WatchAuthenticationLabels = labels.SelectorFromSet(labels.Set{"team": "a"}) })
	hidden := "{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: redis}, spec: {secretTargetRef: [{parameter: username, name: redis, key: user}]}}"
	e.apply(deployment("web", 0), hidden, "{apiVersion: v1, kind: Secret, metadata: {name: redis}, stringData: {user: ''}}", e.authenticated("web", "name: redis", e.redis))
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed,
		"TriggerAuthentication "+e.ns+"/redis does not exist", `"team=a" (WATCH_LABEL_SELECTOR_FOR_TRIGGERAUTH)`)
	e.apply(labelled(hidden, "redis", "team: a"))
	e.isReady("web")
}
