// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"
	"testing"
)

// FuzzValidate holds that no object makes a check or an accessor panic, that the same object gives the same violations in the
// same order, that every violation can be shown, and that an object of which nothing is known has none.
func FuzzValidate(f *testing.F) {
	job := validScaledJob()
	job.Spec.ScalingStrategy = &ScalingStrategy{Strategy: "custom", CustomScalingRunningJobPercentage: "x"}
	object := validScaledObject()
	object.Spec.Advanced = &AdvancedConfig{ScalingModifiers: &ScalingModifiers{Formula: "a ?? b", Target: "1"}, HorizontalPodAutoscalerConfig: &HorizontalPodAutoscalerConfig{}}
	object.Spec.Fallback, object.Spec.Triggers = &Fallback{Replicas: 3}, []ScaleTrigger{redis("a"), cpu()}
	authentication := validAuthentication()
	authentication.Spec.HashiCorpVault = &HashiCorpVault{Secrets: []VaultSecret{{}}}
	authentication.Spec.AzureKeyVault = &AzureKeyVault{Credentials: &AzureKeyVaultCredentials{}, PodIdentity: &AuthPodIdentity{}}
	for _, seed := range []any{job, object, authentication, map[string]any{}} {
		data, err := json.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzOne(t, data, func(o *ScaledObject) { o.PollInterval(); _ = o.HPAName(); _, _ = o.Pause() }, ValidateScaledObject)
		fuzzOne(t, data, func(j *ScaledJob) { j.MinReplicas(); j.Scaling(); j.RolloutStrategy() }, ValidateScaledJob)
		fuzzOne(t, data, func(*TriggerAuthentication) {}, ValidateTriggerAuthentication)
		fuzzOne(t, data, func(*ClusterTriggerAuthentication) {}, ValidateClusterTriggerAuthentication)
	})
}

func fuzzOne[T any](t *testing.T, data []byte, access func(*T), validate func(*T, ...Path) Violations) {
	var object T
	if json.Unmarshal(data, &object) != nil {
		return
	}
	access(&object)
	first, second := validate(&object), validate(&object)
	if first.Error() != second.Error() {
		t.Errorf("two answers:\n%s\n%s", first.Error(), second.Error())
	}
	for _, v := range first {
		if v.Path.String() == "" || v.Message == "" || v.Reason == "" || severityNames[v.Severity] == "" {
			t.Errorf("incomplete violation %+v", v)
		}
	}
	if found := validate(&object, Path{"spec"}, Path{"metadata"}); len(found) > 0 {
		t.Errorf("nothing is known, yet: %v", found)
	}
}
