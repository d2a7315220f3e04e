// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"errors"
	"slices"
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// TestHPAThatTheCacheDidNotKnowYet: an object that is paused, or whose HPA gets
// another name, a moment after its HPA was created does not keep that HPA: it would
// go on scaling, and nothing would look at it again.
func TestHPAThatTheCacheDidNotKnowYet(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*v1alpha1.ScaledObject)
		want   []string
	}{
		"paused": {func(o *v1alpha1.ScaledObject) { o.Annotations = map[string]string{v1alpha1.AnnotationPaused: "true"} }, nil},
		"renamed": {func(o *v1alpha1.ScaledObject) {
			o.Spec.Advanced = &v1alpha1.AdvancedConfig{HorizontalPodAutoscalerConfig: &v1alpha1.HorizontalPodAutoscalerConfig{Name: "other"}}
		}, []string{"other"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, web(nil))
			b.reconcile()
			var created autoscalingv2.HorizontalPodAutoscaler
			if err := b.server.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "keda-hpa-web"}, &created); err != nil {
				t.Fatal(err)
			}
			appears := b.hpaChanged().Create
			if appears(event.CreateEvent{Object: &created}) {
				t.Error("an HPA as it should be wakes its owner")
			}
			b.hidden = func(o client.Object) bool { return o.GetName() == created.Name }
			b.change(c.change)
			b.reconcile()
			b.hidden = nil
			if !appears(event.CreateEvent{Object: &created}) {
				t.Error("an HPA that should not be there does not wake its owner")
			}
			b.reconcile()
			if got := b.hpas(); !slices.Equal(got, c.want) {
				t.Errorf("the HPAs are %v, want %v", got, c.want)
			}
		})
	}
}

// TestHPAThatTheCacheStillKnows: an object that is made again at once finds the HPA
// of its predecessor in the cache, which is deleted already.
func TestHPAThatTheCacheStillKnows(t *testing.T) {
	b := newBench(t, web(nil))
	b.kept = &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{
		Namespace: "default", Name: "keda-hpa-web", UID: "2", ResourceVersion: "7",
		OwnerReferences: []metav1.OwnerReference{{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.KindScaledObject, Name: "web", UID: "0", Controller: new(true)}},
	}}
	b.reconcile()
	if got := b.hpas(); !slices.Equal(got, []string{"keda-hpa-web"}) {
		t.Errorf("the HPAs are %v", got)
	}
	if told := b.told.take(); strings.Contains(told, v1alpha1.EventScaledObjectCheckFailed) {
		t.Errorf("told was %q", told)
	}
}

// TestHPANameIsThatOfAnHPAThatExists: status.hpaName names the HPA that the object has,
// whatever else is wrong with it.
//
// Covers: field ScaledObject.status.hpaName
func TestHPANameIsThatOfAnHPAThatExists(t *testing.T) {
	broken := func(o *v1alpha1.ScaledObject) { o.Spec.Triggers = nil }
	renamed := func(o *v1alpha1.ScaledObject) {
		o.Spec.Advanced = &v1alpha1.AdvancedConfig{HorizontalPodAutoscalerConfig: &v1alpha1.HorizontalPodAutoscalerConfig{Name: "other"}}
	}
	foreign := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "by-hand"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"},
		},
	}
	for name, c := range map[string]struct {
		first   func(*v1alpha1.ScaledObject)
		then    func(*bench)
		want    string
		refused bool
	}{
		"broken from the start":             {broken, func(*bench) {}, "", false},
		"broken later":                      {nil, func(b *bench) { b.change(broken) }, "keda-hpa-web", false},
		"beside another HPA":                {nil, func(b *bench) { _ = b.server.Create(b.Context(), foreign) }, "", false},
		"renamed while none can be created": {nil, func(b *bench) { b.change(renamed) }, "", true},
		"changed while none can be created": {nil, func(b *bench) { b.change(func(*v1alpha1.ScaledObject) {}) }, "keda-hpa-web", true},
		"unpaused, renamed and broken at once": {func(o *v1alpha1.ScaledObject) { o.Annotations = map[string]string{v1alpha1.AnnotationPaused: "true"} }, func(b *bench) {
			b.change(func(o *v1alpha1.ScaledObject) { o.Annotations = nil; broken(o); renamed(o) })
		}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, web(c.first))
			b.reconcile()
			if c.refused {
				b.refuse["create HorizontalPodAutoscaler"] = apierrors.NewForbidden(schema.GroupResource{}, "other", errors.New("a quota is exhausted"))
			}
			c.then(b)
			b.reconcile()
			if got := b.object().Status.HpaName; got != c.want || got == "" != (len(b.hpas()) == 0 || len(b.hpas()) == 1 && b.hpas()[0] == foreign.Name) {
				t.Errorf("status.hpaName is %q, want %q; there are %v", got, c.want, b.hpas())
			}
		})
	}
}
