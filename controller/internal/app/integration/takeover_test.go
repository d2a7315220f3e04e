// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// TestTakeoverFromKEDA starts the controller where KEDA was stopped: the HPA stays
// the same object, the cooldown goes on where it was, the Jobs that run count, and
// what was noted about the target before KEDA scaled it is kept.
//
// Covers: field ScaledObject.status.originalReplicaCount; field ScaledObject.status.lastActiveTime
func TestTakeoverFromKEDA(t *testing.T) {
	e := newOwnEnv(t)
	e.apply(deployment("web", 3), strings.Replace(e.redisObject("web", "advanced: {restoreToOriginalReplicaCount: true}"), "cooldownPeriod: 1\n", "cooldownPeriod: 600\n", 1))
	before := e.leaveObject("web")
	e.redis.Push(e.list("work"), 2)
	e.apply(e.redisJob("work", longRunning, "maxReplicaCount: 5"))
	e.leaveJobs("work", 2)

	e.lead("ours", nil)
	so := e.isReady("web")
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerCooldown)
	e.condition(scaledJob("work"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledJobReady)
	e.running(2)
	if got := e.replicas("web"); got != 3 {
		t.Errorf("the target was scaled to %d in the middle of its cooldown", got)
	}
	if after := e.hpa("keda-hpa-web"); after == nil || after.UID != before {
		t.Errorf("the HPA was replaced: %v", after)
	}
	if got := *so.Status.OriginalReplicaCount; got != 1 {
		t.Errorf("status.originalReplicaCount became %d", got)
	}
	e.delete(&v1alpha1.ScaledObject{}, "web")
	e.gone(&v1alpha1.ScaledObject{}, "web")
	e.scaled("web", 1)
}

// leaveObject leaves what KEDA does of an active ScaledObject that has just become
// inactive: finalizer, label, status, and its HPA, whose UID it returns.
func (e *env) leaveObject(name string) types.UID {
	e.Helper()
	e.patch(&v1alpha1.ScaledObject{}, name, fmt.Sprintf(`{"metadata":{"finalizers":["finalizer.keda.sh"],"labels":{"scaledobject.keda.sh/name":%q}}}`, name))
	metric := "s0-redis-" + e.list(name)
	e.patchStatus(&v1alpha1.ScaledObject{}, name, fmt.Sprintf(`{"status":{
		"scaleTargetKind": "apps/v1.Deployment", "scaleTargetGVKR": {"group":"apps","version":"v1","kind":"Deployment","resource":"deployments"},
		"originalReplicaCount": 1, "lastActiveTime": %q, "externalMetricNames": [%q], "hpaName": "keda-hpa-%s",
		"conditions": [{"type":"Ready","status":"True","reason":"ScaledObjectReady"},{"type":"Active","status":"True","reason":"ScalerActive"},
			{"type":"Fallback","status":"False","reason":"NoFallbackFound"},{"type":"Paused","status":"False"}]}}`,
		time.Now().Add(-time.Minute).UTC().Format(time.RFC3339), metric, name))
	so := e.so(name)
	e.apply(fmt.Sprintf(`
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: keda-hpa-%[1]s
  labels: {app.kubernetes.io/managed-by: keda-operator, app.kubernetes.io/name: keda-hpa-%[1]s, app.kubernetes.io/part-of: %[1]s, app.kubernetes.io/version: 2.20.2, scaledobject.keda.sh/name: %[1]s}
  ownerReferences: [{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, name: %[1]s, uid: %[2]s, controller: true, blockOwnerDeletion: true}]
spec:
  minReplicas: 1
  maxReplicas: 100
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %[1]s}
  metrics: [{type: External, external: {metric: {name: %[3]s, selector: {matchLabels: {scaledobject.keda.sh/name: %[1]s}}}, target: {type: AverageValue, averageValue: "5"}}}]
`, name, so.UID, metric))
	h := &autoscalingv2.HorizontalPodAutoscaler{}
	e.get(h, "keda-hpa-"+name)
	return h.UID
}

// leaveJobs leaves n running Jobs as KEDA names and marks them.
func (e *env) leaveJobs(name string, n int) {
	e.Helper()
	sj := e.sj(name)
	for i := range n {
		job := &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: e.ns, Name: fmt.Sprintf("%s-x7k%d", name, i),
				Labels:          map[string]string{v1alpha1.LabelScaledJobName: name, v1alpha1.LabelAppManagedBy: v1alpha1.ManagedBy},
				Annotations:     map[string]string{v1alpha1.AnnotationJobGeneration: fmt.Sprint(sj.Generation)},
				OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(sj, v1alpha1.GroupVersion.WithKind(v1alpha1.KindScaledJob))},
			},
			Spec: *sj.Spec.JobTargetRef.DeepCopy(),
		}
		if err := e.c.Create(e.Context(), job); err != nil {
			e.Fatal(err)
		}
	}
}

func (e *env) patchStatus(o client.Object, name, patch string) {
	e.Helper()
	o.SetNamespace(e.ns)
	o.SetName(name)
	if err := e.c.Status().Patch(e.Context(), o, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		e.Fatal(err)
	}
}
