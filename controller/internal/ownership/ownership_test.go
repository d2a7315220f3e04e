// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package ownership_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/ownership"
)

// indexes gives a fake client the fields of Index.
type indexes struct{ *fake.ClientBuilder }

func (i indexes) IndexField(_ context.Context, o client.Object, field string, value client.IndexerFunc) error {
	i.WithIndex(o, field, value)
	return nil
}

func reader(t *testing.T, objects ...client.Object) client.Reader {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	builder := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...)
	if err := ownership.Index(t.Context(), indexes{builder}); err != nil {
		t.Fatal(err)
	}
	return builder.Build()
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// scaled is a ScaledObject on a Deployment, made some seconds after the first.
func scaled(name, target string, seconds int, change ...func(*v1alpha1.ScaledObject)) *v1alpha1.ScaledObject {
	o := &v1alpha1.ScaledObject{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name), CreationTimestamp: metav1.NewTime(start.Add(time.Duration(seconds) * time.Second))},
		Spec:       v1alpha1.ScaledObjectSpec{ScaleTargetRef: &v1alpha1.ScaleTarget{Name: target}},
	}
	for _, c := range change {
		c(o)
	}
	return o
}

func named(hpa string) func(*v1alpha1.ScaledObject) {
	return func(o *v1alpha1.ScaledObject) {
		o.Spec.Advanced = &v1alpha1.AdvancedConfig{HorizontalPodAutoscalerConfig: &v1alpha1.HorizontalPodAutoscalerConfig{Name: hpa}}
	}
}

func kind(apiVersion, kind string) func(*v1alpha1.ScaledObject) {
	return func(o *v1alpha1.ScaledObject) {
		o.Spec.ScaleTargetRef.APIVersion, o.Spec.ScaleTargetRef.Kind = apiVersion, kind
	}
}

func annotated(key, value string) func(*v1alpha1.ScaledObject) {
	return func(o *v1alpha1.ScaledObject) { o.Annotations = map[string]string{key: value} }
}

func autoscaler(name, target string, owner *v1alpha1.ScaledObject) *autoscalingv2.HorizontalPodAutoscaler {
	h := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       autoscalingv2.HorizontalPodAutoscalerSpec{ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: target}},
	}
	if owner != nil {
		h.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, v1alpha1.GroupVersion.WithKind(v1alpha1.KindScaledObject))}
	}
	return h
}

func TestCheck(t *testing.T) {
	first := scaled("first", "web", 0)
	released := autoscaler("legacy", "web", nil)
	released.Annotations = map[string]string{v1alpha1.AnnotationValidateHPAOwnership: "false"}
	elsewhere := scaled("elsewhere", "web", 0)
	elsewhere.Namespace = "other"
	for name, c := range map[string]struct {
		so     *v1alpha1.ScaledObject
		others []client.Object
		want   []string // words of each violation
	}{
		"alone":                         {first, []client.Object{first, autoscaler("keda-hpa-first", "web", first)}, nil},
		"an older one":                  {scaled("second", "web", 1), []client.Object{first, autoscaler("keda-hpa-first", "web", first)}, []string{"ScaledObject default/first already scales"}},
		"a younger one, with its HPA":   {first, []client.Object{scaled("second", "web", 1), autoscaler("keda-hpa-second", "web", scaled("second", "web", 1))}, nil},
		"of the same second":            {scaled("second", "web", 0), []client.Object{first}, []string{"ScaledObject default/first"}},
		"another namespace":             {first, []client.Object{elsewhere}, nil},
		"another target":                {scaled("second", "api", 1), []client.Object{first}, nil},
		"another kind of the same name": {scaled("second", "web", 1, kind("", "StatefulSet")), []client.Object{first}, nil},
		"another version":               {scaled("second", "web", 1, kind("apps/v1beta2", "")), []client.Object{first}, []string{"ScaledObject default/first"}},
		"the name of its HPA":           {scaled("second", "api", 1, named("keda-hpa-first")), []client.Object{first}, []string{"HorizontalPodAutoscaler keda-hpa-first, which belongs to ScaledObject default/first"}},
		"an HPA made by hand":           {first, []client.Object{autoscaler("legacy", "web", nil)}, []string{"HorizontalPodAutoscaler default/legacy already scales"}},
		"an HPA that is left over of another": {first, []client.Object{autoscaler("keda-hpa-gone", "web", scaled("gone", "web", 9))},
			[]string{"HorizontalPodAutoscaler default/keda-hpa-gone of ScaledObject gone already scales"}},
		"an HPA that is released": {first, []client.Object{released}, nil},
		"an HPA that is to be taken over": {scaled("first", "web", 0, named("legacy"), annotated(v1alpha1.AnnotationTransferHPAOwnership, "true")),
			[]client.Object{autoscaler("legacy", "web", nil)}, nil},
		"another HPA than the one to be taken over": {scaled("first", "web", 0, named("mine"), annotated(v1alpha1.AnnotationTransferHPAOwnership, "true")),
			[]client.Object{autoscaler("legacy", "web", nil)}, []string{"default/legacy"}},
		"several": {scaled("third", "web", 2), []client.Object{first, scaled("second", "web", 1), autoscaler("legacy", "web", nil)},
			[]string{"default/first", "default/second", "default/legacy"}},
		"an invalid target": {scaled("second", "web", 1, kind("a/b/c", "")), []client.Object{first}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := ownership.Check(t.Context(), reader(t, c.others...), c.so, func(other *v1alpha1.ScaledObject) bool { return ownership.Older(other, c.so) })
			if err != nil {
				t.Fatal(err)
			}
			if len(found) != len(c.want) {
				t.Fatalf("found %v, want %q", found, c.want)
			}
			for i, words := range c.want {
				if !strings.Contains(found[i].Error(), words) || found[i].Severity != v1alpha1.Unworkable {
					t.Errorf("found %v, want %q", found[i], words)
				}
			}
		})
	}
}

// TestReasons: admission counts refusals by these.
func TestReasons(t *testing.T) {
	taking := annotated(v1alpha1.AnnotationTransferHPAOwnership, "true")
	legacy, first := autoscaler("legacy", "web", nil), scaled("first", "web", 0)
	for want, c := range map[v1alpha1.Reason]struct {
		so     *v1alpha1.ScaledObject
		others []client.Object
	}{
		v1alpha1.ReasonOtherScaledObject:      {scaled("second", "web", 1), []client.Object{first}},
		v1alpha1.ReasonOtherScaledObjectHPA:   {scaled("second", "api", 1, named("keda-hpa-first")), []client.Object{first}},
		v1alpha1.ReasonOtherHPA:               {scaled("second", "web", 1, named("mine"), taking), []client.Object{legacy}},
		v1alpha1.ReasonTransferWithoutHPAName: {scaled("second", "web", 1, taking), []client.Object{legacy}},
	} {
		found, err := ownership.Check(t.Context(), reader(t, c.others...), c.so, func(*v1alpha1.ScaledObject) bool { return true })
		if err != nil || len(found) != 1 || found[0].Reason != want {
			t.Errorf("found %v for %s, error %v, want one of reason %s", found, c.so.Name, err, want)
		}
	}
}

// TestCheckLooksAtNoOtherObjects: what a check reads depends on who shares the
// target, not on how many objects there are.
//
// Differs: Admission
// KEDA: The webhook lists all ScaledObjects and HPAs of the namespace for each object that it checks, which with tens of thousands of objects has exhausted its memory.
// Here: Indexes by target, HPA name and owner answer in three lookups, without copies, whatever the number of objects.
// Why: Admission must not get slower, or fail, because a cluster has grown.
// Old: not available
func TestCheckLooksAtNoOtherObjects(t *testing.T) {
	const many = 500
	var objects []client.Object
	for i := range many {
		so := scaled(fmt.Sprint("other-", i), fmt.Sprint("web-", i), i)
		objects = append(objects, so, autoscaler("keda-hpa-"+so.Name, so.Spec.ScaleTargetRef.Name, so))
	}
	counter := &lists{Reader: reader(t, append(objects, autoscaler("legacy", "web", nil))...)}
	found, err := ownership.Check(t.Context(), counter, scaled("mine", "web", 0), func(*v1alpha1.ScaledObject) bool { return true })
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, error %v", found, err)
	}
	if counter.calls != 3 || counter.wide != 0 || counter.items != 1 {
		t.Errorf("%d lists, %d of them without an index, gave %d objects; want 3, 0 and 1 of %d", counter.calls, counter.wide, counter.items, 2*many+1)
	}
}

// lists counts what a reader lists.
type lists struct {
	client.Reader
	calls, wide, items int
}

func (l *lists) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	var options client.ListOptions
	options.ApplyOptions(opts)
	l.calls++
	if options.FieldSelector == nil || options.Namespace == "" || options.UnsafeDisableDeepCopy == nil {
		l.wide++
	}
	err := l.Reader.List(ctx, list, opts...)
	l.items += meta.LenList(list)
	return err
}

func TestHPAsAreThoseOfTheObject(t *testing.T) {
	first := scaled("first", "web", 0)
	before := scaled("first", "web", 0)
	before.UID = "an earlier object of this name"
	owned, err := ownership.HPAs(t.Context(), reader(t, autoscaler("a", "web", first), autoscaler("b", "web", nil), autoscaler("c", "web", before),
		autoscaler("d", "api", first)), first)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, h := range owned {
		names = append(names, h.Name)
	}
	if strings.Join(names, " ") != "a d" {
		t.Errorf("its HPAs are %q", names)
	}
}

// TestRivalsOfAnHPA finds who hears of an HPA that somebody makes or deletes.
func TestRivalsOfAnHPA(t *testing.T) {
	rivals, err := ownership.Rivals(t.Context(), reader(t, scaled("first", "web", 0), scaled("second", "api", 0)), autoscaler("legacy", "web", nil))
	if err != nil || len(rivals) != 1 || rivals[0].Name != "first" {
		t.Errorf("rivals %v, error %v", rivals, err)
	}
}
