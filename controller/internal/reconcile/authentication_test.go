// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
)

// TestAuthenticationThatGoesWhileItsStatusIsWritten: there is nothing to write any
// more, and nothing wrong.
func TestAuthenticationThatGoesWhileItsStatusIsWritten(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	var used v1alpha1.ScaledObject
	used.Namespace, used.Name = "default", "web"
	used.Spec.Triggers = []v1alpha1.ScaleTrigger{{Type: "redis", AuthenticationRef: &v1alpha1.AuthenticationRef{Name: "ta"}}}
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(&used, &v1alpha1.TriggerAuthentication{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "ta"}}).
		WithInterceptorFuncs(interceptor.Funcs{
			SubResourcePatch: func(context.Context, client.Client, string, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
				return apierrors.NewNotFound(schema.GroupResource{Group: "keda.sh", Resource: "triggerauthentications"}, "ta")
			},
		}).Build()
	var started atomic.Pointer[time.Time]
	started.Store(new(time.Now()))
	a := &authentications{
		client: c, events: &listener{}, metrics: observe.New(prometheus.NewRegistry(), "", ""), kind: v1alpha1.KindTriggerAuthentication,
		new: func() client.Object { return &v1alpha1.TriggerAuthentication{} },
		status: func(o client.Object) *v1alpha1.TriggerAuthenticationStatus {
			return &o.(*v1alpha1.TriggerAuthentication).Status
		},
		started: &started, seen: map[types.NamespacedName]int64{}, listed: map[types.NamespacedName]bool{},
	}
	if _, err := a.Reconcile(t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "default", Name: "ta"}}); err != nil {
		t.Errorf("error %v", err)
	}
}

// TestUsersThatAnotherControllerKnowsStay: two controllers that each see a part of
// the cluster may share a ClusterTriggerAuthentication. The one whose objects do
// not use it leaves the list of users alone; who wrote it empties it.
func TestUsersThatAnotherControllerKnowsStay(t *testing.T) {
	key := types.NamespacedName{Name: "shared"}
	none, some := v1alpha1.TriggerAuthenticationStatus{}, v1alpha1.TriggerAuthenticationStatus{ScaledObjectNamesStr: "web"}
	for _, test := range []struct {
		name    string
		partial bool
		history []v1alpha1.TriggerAuthenticationStatus
		want    []bool
	}{
		{"a part of the cluster", true, []v1alpha1.TriggerAuthenticationStatus{none, some, none}, []bool{true, false, false}},
		{"the whole cluster", false, []v1alpha1.TriggerAuthenticationStatus{none, some, none}, []bool{false, false, false}},
	} {
		a := &authentications{partial: test.partial, listed: map[types.NamespacedName]bool{}}
		for i, users := range test.history {
			if got := a.foreign(key, users); got != test.want[i] {
				t.Errorf("%s: foreign(%q) is %v at look %d", test.name, users.ScaledObjectNamesStr, got, i)
			}
		}
	}
}
