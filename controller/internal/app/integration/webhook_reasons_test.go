// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// admissionTests are the tests of what admission would have refused.
var admissionTests = map[string]func(*env){
	"WithoutWebhook": testWithoutWebhook,
}

// blunder is an object that KEDA's admission refuses, for one reason.
type blunder struct {
	reason v1alpha1.Reason
	// around is what must be there before, spec what the ScaledObject has beside
	// its target, annotations what it is annotated with.
	around            func(*env) []string
	spec, annotations string
	// name of the ScaledObject; reason when empty.
	name string
	// words that everybody has for it.
	words string
	// works says that the object is stored and works, but not as it reads.
	works bool
}

func (b *blunder) manifest(e *env) string {
	name := b.name
	if name == "" {
		name = string(b.reason)
	}
	spec := b.spec
	if !strings.Contains(spec, "triggers:") {
		spec += fmt.Sprintf("\ntriggers: [{type: redis, name: queue, metadata: {address: %q, listName: jobs}}]", e.redis.Address)
	}
	if !strings.Contains(spec, "scaleTargetRef:") {
		spec += "\nscaleTargetRef: {name: " + string(b.reason) + "}"
	}
	return "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: " + name + ", annotations: {" + b.annotations + "}}\nspec:\n  " +
		strings.ReplaceAll(strings.TrimSpace(spec), "\n", "\n  ")
}

const byCPU = "\ntriggers: [{type: cpu, metricType: Utilization, metadata: {value: '50'}}]"

// blunders are the reasons of KEDA's admission.
var blunders = []blunder{
	{reason: v1alpha1.ReasonOtherScaledObject, around: first, spec: "scaleTargetRef: {name: first}", words: "/first already scales"},
	{reason: v1alpha1.ReasonOtherScaledObjectHPA, around: first, spec: "advanced: {horizontalPodAutoscalerConfig: {name: keda-hpa-first}}",
		words: "HorizontalPodAutoscaler keda-hpa-first, which belongs to ScaledObject"},
	{reason: v1alpha1.ReasonOtherHPA, around: legacy, spec: "scaleTargetRef: {name: taken}", words: "/legacy already scales"},
	{reason: v1alpha1.ReasonTransferWithoutHPAName, around: legacy, spec: "scaleTargetRef: {name: taken}",
		annotations: v1alpha1.AnnotationTransferHPAOwnership + ": 'true'", words: "spec.advanced.horizontalPodAutoscalerConfig.name: legacy"},
	{reason: v1alpha1.ReasonScalingModifiers, spec: "advanced: {scalingModifiers: {target: '1', formula: queue +* 2}}", words: "line 1, column 8"},
	{reason: v1alpha1.ReasonScalingModifiersFallback, spec: "fallback: {failureThreshold: 1, replicas: 1, behavior: scalingModifiers}",
		words: `spec.fallback.behavior ("scalingModifiers") needs advanced.scalingModifiers.formula`, works: true},
	{reason: v1alpha1.ReasonScaleToZero, around: requesting, spec: byCPU, words: "spec.minReplicaCount (0) must be at least 1", works: true},
	{reason: v1alpha1.ReasonIncorrectReplicas, spec: "minReplicaCount: 2\nidleReplicaCount: 2", words: "spec.idleReplicaCount (2) must be lower than minReplicaCount, which is 2"},
	{reason: v1alpha1.ReasonIncorrectFallback, around: requesting, spec: "minReplicaCount: 1\nfallback: {failureThreshold: 1, replicas: 1}" + byCPU,
		words: "spec.fallback has no effect with cpu and memory triggers only", works: true},
	{reason: v1alpha1.ReasonNameTooLong, name: strings.Repeat("long", 16), spec: "advanced: {horizontalPodAutoscalerConfig: {name: short}}", words: "has 64 characters; shorten it to 63"},
	{reason: v1alpha1.ReasonHPANameTooLong, name: strings.Repeat("long", 15), words: "has 69 characters; set a name of at most 63", works: true},
	{reason: v1alpha1.ReasonIncorrectTriggers, spec: "triggers: [{type: cron, useCachedMetrics: true, metadata: {timezone: UTC, start: 0 6 * * *, end: 0 8 * * *, desiredReplicas: '1'}}]",
		words: "spec.triggers[0].useCachedMetrics is not possible with cron"},
}

// first is a ScaledObject that is there already.
func first(e *env) []string { return []string{deployment("first", 0), e.redisObject("first", "")} }

// legacy is an HPA that somebody made.
func legacy(*env) []string { return []string{deployment("taken", 1), foreignHPA("legacy", "taken")} }

// requesting lets all containers request cpu.
func requesting(*env) []string {
	return []string{"{apiVersion: v1, kind: LimitRange, metadata: {name: defaults}, spec: {limits: [{type: Container, defaultRequest: {cpu: 10m}}]}}"}
}

// TestWebhookRefuses: each reason of KEDA's admission is a reason here, is counted
// as such, and names the field, its value and the remedy. A dry run answers the
// same.
//
// Covers: admission other-scaled-object; admission other-scaled-object-hpa; admission other-hpa; admission transfer-ownership-missing-hpa-name
// Covers: admission scaling-modifiers; admission scaling-modifiers-fallback; admission missing-requests; admission scale-to-zero-requirements-not-met
// Covers: admission incorrect-replicas; admission incorrect-fallback; admission name-too-long; admission hpa-name-too-long; admission incorrect-triggers
//
// Differs: Admission
// KEDA: Type and parameters of triggers are not looked at; an unknown type or a missing parameter shows when the object is reconciled, and an unknown parameter never.
// Here: They are checked with the same library as a Terraform plan: what cannot work is refused, what KEDA ignores is a warning that names the nearest parameter.
// Why: A typo that picks a default is found by nobody.
// Old: not available
func TestWebhookRefuses(t *testing.T) {
	e := newAdmitted(t, nil)
	all := append(slices.Clone(blunders), blunder{reason: v1alpha1.ReasonMissingRequests, spec: "minReplicaCount: 1" + byCPU,
		words: `spec.triggers[0].metricType ("Utilization") compares with what containers request of cpu, and main of Deployment`})
	slices.Reverse(all) // the one that needs the absence of a LimitRange comes first
	for _, b := range all {
		e.apply(deployment(string(b.reason), 1))
		if b.around != nil {
			e.apply(b.around(e.env)...)
		}
		before := e.reasons()[string(b.reason)]
		// What was made just before shows in the caches a moment later.
		e.eventually(string(b.reason)+" is refused", func() error {
			err := e.dryRun(b.manifest(e.env))
			if err == nil || !strings.Contains(err.Error(), "denied the request") || !strings.Contains(err.Error(), b.words) {
				return fmt.Errorf("the answer was %w, want %q", err, b.words)
			}
			return nil
		})
		e.refuses(b.manifest(e.env), b.words)
		if got := e.reasons()[string(b.reason)]; got != before+1 {
			t.Errorf("%s was counted %v times: %v", b.reason, got-before, e.reasons())
		}
	}
}

// dryRun does what kubectl create --dry-run=server does.
func (e *env) dryRun(manifest string) error {
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &o.Object); err != nil {
		return err
	}
	o.SetNamespace(e.ns)
	return e.c.Create(e.Context(), o, client.DryRunAll)
}

// testWithoutWebhook applies the same where no webhook answers.
//
// Differs: Admission
// KEDA: The webhook is asked with failurePolicy Ignore, and most of its checks are made nowhere else: while it is down, or cannot be reached through a firewall, they vanish without a word.
// Here: The controller makes the same checks. What cannot work is Ready=False with the webhook's own words, what works otherwise than it reads is an event KEDAScalerInfo with them.
// Why: Whether a mistake is found must not depend on a port.
// Old: not available
func testWithoutWebhook(e *env) {
	for _, b := range blunders {
		e.apply(deployment(string(b.reason), 1))
		if b.around != nil {
			e.apply(b.around(e)...)
		}
		if b.reason == v1alpha1.ReasonOtherScaledObject || b.reason == v1alpha1.ReasonOtherScaledObjectHPA {
			e.isReady("first")
		}
		e.apply(b.manifest(e))
		name := b.name
		if name == "" {
			name = string(b.reason)
		}
		if !b.works {
			e.condition(scaledObject(name), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, b.words)
			e.event(name, v1alpha1.EventScaledObjectCheckFailed, b.words)
			continue
		}
		e.isReady(name)
		e.event(name, v1alpha1.EventScalerInfo, b.words)
	}
}
