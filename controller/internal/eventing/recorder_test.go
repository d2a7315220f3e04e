// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package eventing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	kedav1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/eventing"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/eventsink"
)

// kubernetesEvents keeps the reasons of Kubernetes events.
type kubernetesEvents struct{ reasons []string }

// Eventf implements events.EventRecorder.
func (k *kubernetesEvents) Eventf(_, _ runtime.Object, _, reason, _, _ string, _ ...any) {
	k.reasons = append(k.reasons, reason)
}

// TestRecorder records events of all reasons: each becomes a Kubernetes event, and
// those of the 19 types a CloudEvent with the name of its object.
//
// Covers: cloudevent keda.scaledobject.failed.v1; cloudevent keda.scaledjob.failed.v1; cloudevent keda.scaledjob.rolloutcleanup.failed.v1
func TestRecorder(t *testing.T) {
	sink := eventsink.New(t)
	w := newWorld(t, ofCluster("all", spec(sink.URL))).run()
	kubernetes := &kubernetesEvents{}
	recorder := &eventing.Recorder{EventRecorder: kubernetes, Hub: w.hub}
	named := metav1.ObjectMeta{Namespace: "shop", Name: "x"}
	so, sj := &kedav1alpha1.ScaledObject{ObjectMeta: named}, &kedav1alpha1.ScaledJob{ObjectMeta: named}
	ta, cta := &kedav1alpha1.TriggerAuthentication{ObjectMeta: named}, &kedav1alpha1.ClusterTriggerAuthentication{ObjectMeta: metav1.ObjectMeta{Name: "x"}}
	var reasons, want []string
	for _, test := range []struct {
		object  client.Object
		reasons string // "reason type", the type without keda. and .v1; - for none
	}{
		{so, "ScaledObjectReady scaledobject.ready ScaledObjectCheckFailed scaledobject.failed ScaledObjectUpdateFailed scaledobject.failed " +
			"ScaledObjectDeleted scaledobject.removed ScaledObjectPaused scaledobject.paused ScaledObjectUnpaused scaledobject.unpaused " +
			"ScaledObjectFallbackActivated - KEDAScalersStarted - KEDAScalerFailed - KEDAScaleTargetActivated -"},
		{sj, "ScaledJobReady scaledjob.ready ScaledJobCheckFailed scaledjob.failed ScaledJobUpdateFailed scaledjob.failed " +
			"ScaledJobDeleted scaledjob.removed ScaledJobPaused scaledjob.paused ScaledJobUnpaused scaledjob.unpaused " +
			"ScaledJobRolloutCleanupStarted scaledjob.rolloutcleanup.started ScaledJobRolloutCleanupCompleted scaledjob.rolloutcleanup.completed " +
			"ScaledJobRolloutCleanupFailed scaledjob.rolloutcleanup.failed ScaledJobActive - KEDAJobsCreated -"},
		{ta, "TriggerAuthenticationAdded authentication.triggerauthentication.created TriggerAuthenticationUpdated authentication.triggerauthentication.updated " +
			"TriggerAuthenticationDeleted authentication.triggerauthentication.removed TriggerAuthenticationFailed -"},
		{cta, "ClusterTriggerAuthenticationAdded authentication.clustertriggerauthentication.created " +
			"ClusterTriggerAuthenticationUpdated authentication.clustertriggerauthentication.updated " +
			"ClusterTriggerAuthenticationDeleted authentication.clustertriggerauthentication.removed"},
	} {
		kind := strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", test.object), "*v1alpha1."))
		words := strings.Fields(test.reasons)
		for i := 0; i < len(words); i += 2 {
			recorder.Eventf(test.object, nil, corev1.EventTypeNormal, words[i], "Acted", "%d%% of %s", 100, kind)
			reasons = append(reasons, words[i])
			if words[i+1] != "-" {
				want = append(want, fmt.Sprintf("keda.%s.v1 /kubernetes-default/%s/%s/x %s: 100%% of %s", words[i+1], test.object.GetNamespace(), kind, words[i], kind))
			}
		}
	}
	if !slices.Equal(kubernetes.reasons, reasons) {
		t.Errorf("Kubernetes has the events %q", kubernetes.reasons)
	}
	w.eventually("all CloudEvents", func() error {
		var got []string
		for _, e := range sink.Events() {
			got = append(got, fmt.Sprintf("%s %s %s: %s", e.Type, e.Subject, e.Data.Reason, e.Data.Message))
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("there are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		return nil
	})
	for _, kind := range v1alpha1.CloudEventTypes() {
		if !slices.ContainsFunc(want, func(line string) bool { return strings.HasPrefix(line, string(kind)+" ") }) {
			t.Errorf("nothing becomes an event of type %s", kind)
		}
	}
	ids := map[string]bool{}
	for _, e := range sink.Events() {
		ids[e.ID] = true
	}
	if len(ids) != len(want) {
		t.Errorf("%d events have %d ids", len(want), len(ids))
	}
}
