// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// diagnosisPatience bounds the reads that explain an error; the time of the
// operation is used up by then.
const diagnosisPatience = 5 * time.Second

// shownPods is how many pods an error speaks of.
const shownPods = 3

var pods = schema.GroupVersionResource{Version: "v1", Resource: "pods"}

// diagnose says what the cluster knows about an object that does not work. Its
// own errors are of no interest: there is another one to explain.
func (i *Installer) diagnose(ctx context.Context, ref kube.Ref) []string {
	ctx, cancel := context.WithTimeout(ctx, diagnosisPatience)
	defer cancel()
	name := ref.Name
	switch {
	case is(ref, "APIService"):
		name = manifests.MetricsAdapterName
	case is(ref, "ValidatingWebhookConfiguration"):
		name = manifests.ControllerName
	case !is(ref, "Deployment"):
		return nil
	}
	var hints []string
	if live, err := i.Client.Get(ctx, kube.Ref{Resource: resourceOf("Deployment"), Namespace: i.Options.Namespace, Name: name}); err == nil && live != nil {
		hints = append(hints, DeploymentTroubles(live)...)
	}
	list, err := i.Client.List(ctx, pods, kube.Selection{Namespace: i.Options.Namespace, Labels: "app=" + name})
	if err != nil {
		return hints
	}
	for n := range list[:min(shownPods, len(list))] {
		pod := &list[n]
		troubles := PodTroubles(pod)
		if len(troubles) == 0 {
			continue
		}
		for _, warning := range i.Client.Warnings(ctx, kube.Ref{Resource: pods, Namespace: i.Options.Namespace, Name: pod.GetName()}, pod.GetUID()) {
			troubles = append(troubles, "event "+warning)
		}
		for _, trouble := range slices.Compact(troubles) {
			hints = append(hints, "pod "+pod.GetName()+": "+trouble)
		}
	}
	return hints
}

// DeploymentTroubles lists the conditions of a Deployment that are not as they
// should be.
func DeploymentTroubles(deployment *unstructured.Unstructured) []string {
	var troubles []string
	for name, good := range map[string]string{"Available": "True", "Progressing": "True", "ReplicaFailure": "False"} {
		if c := condition(deployment, name); c != nil && c["status"] != good {
			troubles = append(troubles, describeCondition(name, c))
		}
	}
	slices.Sort(troubles)
	return troubles
}

// PodTroubles says why a pod is not ready: containers that wait or ended, or that
// no node takes the pod.
func PodTroubles(pod *unstructured.Unstructured) []string {
	var troubles []string
	if c := condition(pod, "PodScheduled"); c != nil && c["status"] == "False" {
		troubles = append(troubles, describeCondition("PodScheduled", c))
	}
	statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", "containerStatuses")
	for _, item := range statuses {
		status, _ := item.(map[string]any)
		if ready, _ := status["ready"].(bool); ready {
			continue
		}
		before := len(troubles)
		for _, state := range []struct{ text, key, kind string }{
			{"is waiting", "state", "waiting"}, {"ended", "state", "terminated"}, {"ended before", "lastState", "terminated"},
		} {
			if details, found, _ := unstructured.NestedMap(status, state.key, state.kind); found {
				troubles = append(troubles, fmt.Sprintf("container %v %s: %s", status["name"], state.text, containerState(details)))
			}
		}
		if len(troubles) == before {
			troubles = append(troubles, fmt.Sprintf("container %v runs but is not ready", status["name"]))
		}
	}
	return troubles
}

func containerState(details map[string]any) string {
	var parts []string
	for _, key := range []string{"reason", "exitCode", "message"} {
		switch value := details[key].(type) {
		case string:
			if value != "" {
				parts = append(parts, value)
			}
		case int64:
			parts = append(parts, fmt.Sprintf("exit code %d", value))
		}
	}
	return strings.Join(parts, ", ")
}
