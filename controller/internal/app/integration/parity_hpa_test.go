// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

func (e *env) noHPA(name string) {
	e.Helper()
	e.gone(&autoscalingv2.HorizontalPodAutoscaler{}, name)
}

// hpaBecomes waits until an HPA is as it should be.
func (e *env) hpaBecomes(name, what string, right func(*autoscalingv2.HorizontalPodAutoscaler) bool) *autoscalingv2.HorizontalPodAutoscaler {
	e.Helper()
	var h *autoscalingv2.HorizontalPodAutoscaler
	e.eventually(name+" "+what, func() error {
		if h = e.hpa(name); h == nil || !right(h) {
			return fmt.Errorf("it is %+v", h)
		}
		return nil
	})
	return h
}

// testMetricTypeReachesTheHPA: every type of trigger takes the metric types.
//
// Covers: field ScaledObject.spec.triggers.metricType; field ScaledObject.spec.triggers.type; field ScaledObject.spec.triggers.metadata
//
// Differs: HPA
// KEDA: Some triggers, such as pulsar and datadog, ignore metricType and always ask for an average.
// Here: The metric type is not the trigger's business: it reaches the HPA for all of them.
// Why: A field that is accepted has an effect.
// Old: Set metricType to AverageValue.
func testMetricTypeReachesTheHPA(e *env) {
	var triggers []v1alpha1.ScaleTrigger
	secrets := map[string]string{}
	for _, d := range trigger.All() {
		if _, external := d.New().(trigger.External); !external {
			continue
		}
		t := v1alpha1.ScaleTrigger{Type: d.Type, Metadata: d.Example.Metadata, MetricType: autoscalingv2.ValueMetricType}
		for _, parameter := range d.Example.Auth {
			secrets[parameter] = "x"
			t.AuthenticationRef = &v1alpha1.AuthenticationRef{Name: "all"}
		}
		triggers = append(triggers, t)
	}
	authentication := &v1alpha1.TriggerAuthentication{ObjectMeta: metav1.ObjectMeta{Namespace: e.ns, Name: "all"}}
	for parameter := range secrets {
		authentication.Spec.SecretTargetRef = append(authentication.Spec.SecretTargetRef, v1alpha1.AuthTargetRef{Parameter: parameter, Name: "all", Key: parameter})
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: e.ns, Name: "all"}, StringData: secrets}
	if err := e.c.Create(e.Context(), secret); err != nil {
		e.Fatal(err)
	}
	if err := e.c.Create(e.Context(), authentication); err != nil {
		e.Fatal(err)
	}
	e.apply(deployment("web", 0))
	so := &v1alpha1.ScaledObject{ObjectMeta: metav1.ObjectMeta{Namespace: e.ns, Name: "web"}, Spec: v1alpha1.ScaledObjectSpec{
		ScaleTargetRef: &v1alpha1.ScaleTarget{Name: "web"}, Triggers: triggers,
	}}
	if err := e.c.Create(e.Context(), so); err != nil {
		e.Fatal(err)
	}
	h := e.hpaBecomes("keda-hpa-web", "is there", func(*autoscalingv2.HorizontalPodAutoscaler) bool { return true })
	if len(h.Spec.Metrics) < len(triggers) {
		e.Errorf("%d triggers make %d metrics", len(triggers), len(h.Spec.Metrics))
	}
	for _, m := range h.Spec.Metrics {
		if m.External == nil || m.External.Target.Type != autoscalingv2.ValueMetricType || m.External.Target.Value == nil || m.External.Target.AverageValue != nil {
			e.Errorf("metric %+v is no external metric of type Value", m)
		}
	}
}

// testCPUWithoutNumberIsNamed: a value that is no quantity is refused, and so is
// the metric type in its former place; everything else goes on.
//
// Differs: Triggers
// KEDA: A cpu or memory trigger of metric type AverageValue whose value is no quantity panics outside of any recovery, which ends the operator.
// Here: The object is not Ready, and says which value of which trigger is wrong.
// Why: One object with a typing error must not stop the scaling of all.
// Old: not available
func testCPUWithoutNumberIsNamed(e *env) {
	object := func(metadata string) string {
		return `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec:
  scaleTargetRef: {name: web}
  minReplicaCount: 1
  triggers: [{type: cpu, metricType: AverageValue, metadata: ` + metadata + `}]
`
	}
	e.apply(deployment("web", 1), object(`{value: lots}`))
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "spec.triggers[0].metadata.value", "lots")
	e.apply(object(`{value: 500m, type: AverageValue}`))
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "spec.triggers[0].metadata.type", "metricType")
	e.apply(object(`{value: 500m}`))
	e.isReady("web")
}

// testFormulaKeepsContainerMetrics: a formula stands for the external metrics only.
//
// Differs: HPA
// KEDA: With scalingModifiers, cpu and memory triggers with a containerName vanish from the HPA.
// Here: They stay beside the composite metric, as those of whole pods do.
// Why: The trigger was declared, and nothing says that it has no effect.
// Old: Remove the trigger.
func testFormulaKeepsContainerMetrics(e *env) {
	e.apply(deployment("web", 0), e.formulaObject("web", "a + b", "")+`
    - {type: cpu, metricType: Utilization, metadata: {value: "60", containerName: main}}
    - {type: memory, metricType: Utilization, metadata: {value: "70"}}
`)
	e.isReady("web")
	var kinds []string
	for _, m := range e.hpa("keda-hpa-web").Spec.Metrics {
		kinds = append(kinds, string(m.Type))
	}
	if got := strings.Join(kinds, " "); got != "ContainerResource External Resource" {
		e.Errorf("the HPA watches %s", got)
	}
}

// testRemovedLabelLeavesTheHPA: labels and annotations follow the ScaledObject;
// what others put on the HPA is theirs.
//
// Covers: annotation scaledobject.keda.sh/hpa-excluded-labels; annotation scaledobject.keda.sh/copied-labels; annotation scaledobject.keda.sh/copied-annotations
//
// Differs: HPA
// KEDA: A label that is removed from a ScaledObject, or excluded later, stays on its HPA until another label changes; then everything that others put on the HPA goes with it.
// Here: Two annotations of the HPA list what was copied to it. What is gone from the ScaledObject goes, what others added stays.
// Why: Policies and bills go by labels.
// Old: not available
func testRemovedLabelLeavesTheHPA(e *env) {
	e.apply(deployment("web", 1), e.redisObject("web", ""))
	e.patch(&v1alpha1.ScaledObject{}, "web", `{"metadata":{"labels":{"team":"shop","tier":"web","secret":"yes"},"annotations":{"note":"x","scaledobject.keda.sh/hpa-excluded-labels":"secret"}}}`)
	const name = "keda-hpa-web"
	h := e.hpaBecomes(name, "has the labels", func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
		return h.Labels["team"] == "shop" && h.Labels["tier"] == "web" && h.Annotations["note"] == "x"
	})
	if _, there := h.Labels["secret"]; there {
		e.Error("an excluded label is on the HPA")
	}
	e.patch(&autoscalingv2.HorizontalPodAutoscaler{}, name, `{"metadata":{"labels":{"theirs":"yes"},"annotations":{"their-note":"y"}}}`)
	e.patch(&v1alpha1.ScaledObject{}, "web", `{"metadata":{"labels":{"team":null},"annotations":{"note":null,"scaledobject.keda.sh/hpa-excluded-labels":"secret,tier"}}}`)
	h = e.hpaBecomes(name, "lost the labels", func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
		return h.Labels["team"] == "" && h.Labels["tier"] == "" && h.Annotations["note"] == ""
	})
	if h.Labels["theirs"] != "yes" || h.Annotations["their-note"] != "y" {
		e.Errorf("what others added is gone: labels %v, annotations %v", h.Labels, h.Annotations)
	}
}

// testRenamedHPAWhileTheOldOneIsHeld: a finalizer of somebody else on the old HPA
// keeps nobody from having the new one, and a name is taken again when it is free.
func testRenamedHPAWhileTheOldOneIsHeld(e *env) {
	const old = "keda-hpa-web"
	hold := func(finalizers string) {
		e.patch(&autoscalingv2.HorizontalPodAutoscaler{}, old, `{"metadata":{"finalizers":`+finalizers+`}}`)
	}
	e.apply(deployment("web", 1), e.redisObject("web", ""))
	e.isReady("web")
	before := e.hpa(old).UID
	hold(`["example.test/hold"]`)
	e.apply(e.redisObject("web", "advanced: {horizontalPodAutoscalerConfig: {name: renamed}}"))
	e.hpaBecomes("renamed", "is there", func(*autoscalingv2.HorizontalPodAutoscaler) bool { return true })
	if so := e.isReady("web"); so.Status.HpaName != "renamed" {
		e.Errorf("status.hpaName is %q", so.Status.HpaName)
	}
	e.apply(e.redisObject("web", ""))
	e.noHPA("renamed")
	hold(`null`)
	e.hpaBecomes(old, "was made anew", func(h *autoscalingv2.HorizontalPodAutoscaler) bool { return h.UID != before })
}

// testAdoptedFromAnotherController: an HPA that something else controlled has one
// controller afterwards, us.
//
// Covers: annotation scaledobject.keda.sh/transfer-hpa-ownership
func testAdoptedFromAnotherController(e *env) {
	e.apply(`{apiVersion: v1, kind: ConfigMap, metadata: {name: app}}`, deployment("web", 1), foreignHPA("legacy", "web"))
	var app corev1.ConfigMap
	e.get(&app, "app")
	e.patch(&autoscalingv2.HorizontalPodAutoscaler{}, "legacy", fmt.Sprintf(
		`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"app","uid":%q,"controller":true}]}}`, app.UID))
	before := e.hpa("legacy").UID
	e.apply(e.redisObject("web", "advanced: {horizontalPodAutoscalerConfig: {name: legacy}}"))
	e.annotate("web", v1alpha1.AnnotationTransferHPAOwnership, "yes") // which is not true
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "legacy of ConfigMap app")
	e.annotate("web", v1alpha1.AnnotationTransferHPAOwnership, "true")
	so := e.isReady("web")
	h := e.hpa("legacy")
	if owner := metav1.GetControllerOf(h); h.UID != before || owner == nil || owner.UID != so.UID || len(h.OwnerReferences) != 2 {
		e.Errorf("the HPA %s became %s, owned by %v", before, h.UID, h.OwnerReferences)
	}
}

// testTargetWithoutScale: a target that cannot be scaled is told apart from one
// that is missing.
func testTargetWithoutScale(e *env) {
	target := "scaleTargetRef: {apiVersion: v1, kind: ConfigMap, name: settings}"
	e.apply(e.redisObject("web", target))
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "ConfigMap "+e.ns+"/settings does not exist")
	e.apply(`{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}`)
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "ConfigMap "+e.ns+"/settings has no /scale subresource")
}

// testKindOfTargetAppearsLater: what defines the target may be installed after the
// object, and the target after that.
func testKindOfTargetAppearsLater(e *env) {
	group := e.ns + ".example.test" // no other run has it
	e.apply(e.redisObject("late", fmt.Sprintf("scaleTargetRef: {apiVersion: %s/v1, kind: Widget, name: late}", group)))
	e.condition(scaledObject("late"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "does not know the kind", "Widget in "+group)
	definition := strings.ReplaceAll(widgetDefinition, "example.test", group)
	if err := testCluster.Apply(e.Context(), definition); err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() {
		crd := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(definition), &crd.Object); err != nil {
			e.Error(err)
		}
		if err := e.c.Delete(context.Background(), crd); err != nil {
			e.Error(err)
		}
	})
	e.condition(scaledObject("late"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "Widget "+e.ns+"/late does not exist")
	widget := fmt.Sprintf(`{apiVersion: %s/v1, kind: Widget, metadata: {name: late}, spec: {replicas: 0}}`, group)
	e.eventually("the widget is there", func() error { return e.tryApply(widget) })
	e.redis.Push(e.list("late"), 1)
	e.eventually("the widget has a replica", func() error {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: "v1", Kind: "Widget"})
		e.get(u, "late")
		if got, _, err := unstructured.NestedInt64(u.Object, "spec", "replicas"); got != 1 || err != nil {
			return fmt.Errorf("it has %d, error %w", got, err)
		}
		return nil
	})
	e.isReady("late")
}

// testUnreadableTriggerKeepsTheOthersHPA: the HPA is there before the sources were
// read, with a metric for each trigger, and an object whose spec becomes wrong
// keeps it.
func testUnreadableTriggerKeepsTheOthersHPA(e *env) {
	e.apply(deployment("web", 1), e.redisObjectAt("web", refusing(e), ""))
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError)
	before := e.hpa("keda-hpa-web")
	if before == nil || len(before.Spec.Metrics) != 1 {
		e.Fatalf("the HPA is %v", before)
	}
	e.patch(&v1alpha1.ScaledObject{}, "web", `{"spec":{"triggers":[{"type":"redis","metadata":{"address":"nowhere"}}]}}`)
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "listName")
	if after := e.hpa("keda-hpa-web"); after == nil || after.UID != before.UID {
		e.Errorf("the HPA became %v", after)
	}
}
