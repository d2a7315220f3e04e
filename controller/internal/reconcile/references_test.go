// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// TestChangedStore: what no watch covers leads to its users of all kinds, as long
// as they use it.
func TestChangedStore(t *testing.T) {
	references := NewReferences()
	var enqueued []string
	for _, kind := range []string{"ScaledObject", "ScaledJob"} {
		references.Listen(kind, func(o sample.Object) { enqueued = append(enqueued, o.Kind+" "+o.Name) })
	}
	store, secret := auth.Reference{Kind: auth.KindStore, Name: "vault"}, auth.Reference{Kind: "Secret", Name: "vault"}
	object, job := sample.Object{Kind: "ScaledObject", Name: "web"}, sample.Object{Kind: "ScaledJob", Name: "work"}
	references.Set(object, []auth.Reference{secret, store})
	references.Set(job, []auth.Reference{store})
	references.Set(sample.Object{Kind: "ScaledObject", Name: "other"}, []auth.Reference{secret})
	references.Changed(store)
	slices.Sort(enqueued)
	if !slices.Equal(enqueued, []string{"ScaledJob work", "ScaledObject web"}) || !references.Used(store) {
		t.Errorf("it leads to %q", enqueued)
	}
	if got := references.Stores(object); !slices.Equal(got, []auth.Reference{store}) {
		t.Errorf("the stores of the object are %v", got)
	}
	references.Set(object, nil)
	references.Set(job, []auth.Reference{secret})
	enqueued = nil
	references.Changed(store)
	if len(enqueued) > 0 || references.Used(store) || len(references.Stores(job)) > 0 {
		t.Errorf("without users it leads to %q", enqueued)
	}
}

// TestChangeWhileItIsRead: a Secret that changes after it was read, and before it is
// known who read it, is read once more.
func TestChangeWhileItIsRead(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	references := NewReferences()
	var enqueued []string
	references.Listen(v1alpha1.KindScaledJob, func(o sample.Object) { enqueued = append(enqueued, o.Name) })
	change := true
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "redis"}, Data: map[string][]byte{"password": []byte("one")}},
		&v1alpha1.TriggerAuthentication{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "ta"}, Spec: v1alpha1.TriggerAuthenticationSpec{
			SecretTargetRef: []v1alpha1.AuthTargetRef{{Parameter: "password", Name: "redis", Key: "password"}}}},
	).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			err := c.Get(ctx, key, o, opts...)
			if _, ok := o.(*corev1.Secret); ok && change { // as its watch does
				references.Users(auth.Reference{Kind: "Secret", Namespace: key.Namespace, Name: key.Name}, v1alpha1.KindScaledJob)
			}
			return err
		},
	}).Build()
	r := &ScaledJobs{Dependencies: Dependencies{References: references, Auth: &auth.Resolver{Reader: c, Objects: c}}}
	sj := &v1alpha1.ScaledJob{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "work"}, Spec: v1alpha1.ScaledJobSpec{
		Triggers: []v1alpha1.ScaleTrigger{{Type: "none", AuthenticationRef: &v1alpha1.AuthenticationRef{Name: "ta"}}}}}
	id := sample.Object{Kind: v1alpha1.KindScaledJob, Namespace: "default", Name: "work"}
	for _, want := range [][]string{{"work"}, nil} {
		enqueued = nil
		_, _ = r.plan(t.Context(), sj, id) // its only trigger is of no type, which does not matter here
		if !slices.Equal(enqueued, want) {
			t.Errorf("with a change %v: enqueued %q", change, enqueued)
		}
		change = false
	}
	references.Begin(id)
	references.Changed(auth.Reference{Kind: "Secret", Namespace: "default", Name: "other"})
	references.Set(id, []auth.Reference{{Kind: "Secret", Namespace: "default", Name: "redis"}})
	if len(enqueued) > 0 {
		t.Error("the change of what it does not refer to enqueued it")
	}
}
