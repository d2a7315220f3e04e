// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"slices"
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

// authenticationBench reconciles the TriggerAuthentication default/ta.
type authenticationBench struct {
	*authentications
	told *told
}

func newAuthentications(t *testing.T, hooks interceptor.Funcs, objects ...client.Object) authenticationBench {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	var started atomic.Pointer[time.Time]
	started.Store(new(time.Now()))
	told := &told{}
	return authenticationBench{told: told, authentications: &authentications{
		client: fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithStatusSubresource(&v1alpha1.TriggerAuthentication{}).WithInterceptorFuncs(hooks).Build(),
		events: told, metrics: observe.New(prometheus.NewRegistry(), "", ""), kind: v1alpha1.KindTriggerAuthentication,
		new: func() client.Object { return &v1alpha1.TriggerAuthentication{} },
		status: func(o client.Object) *v1alpha1.TriggerAuthenticationStatus {
			return &o.(*v1alpha1.TriggerAuthentication).Status
		},
		started: &started, seen: map[types.NamespacedName]announced{}, listed: map[types.NamespacedName]bool{},
	}}
}

func (b authenticationBench) reconcile(t *testing.T) {
	t.Helper()
	if _, err := b.Reconcile(t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "default", Name: "ta"}}); err != nil {
		t.Errorf("error %v", err)
	}
}

func triggerAuthentication(uid types.UID) *v1alpha1.TriggerAuthentication {
	return &v1alpha1.TriggerAuthentication{ObjectMeta: metav1.ObjectMeta{
		Namespace: "default", Name: "ta", UID: uid, Generation: 1, CreationTimestamp: metav1.Now(),
	}}
}

// TestAuthenticationThatGoesWhileItsStatusIsWritten: there is nothing to write any
// more, and nothing wrong.
func TestAuthenticationThatGoesWhileItsStatusIsWritten(t *testing.T) {
	var used v1alpha1.ScaledObject
	used.Namespace, used.Name = "default", "web"
	used.Spec.Triggers = []v1alpha1.ScaleTrigger{{Type: "redis", AuthenticationRef: &v1alpha1.AuthenticationRef{Name: "ta"}}}
	newAuthentications(t, interceptor.Funcs{
		SubResourcePatch: func(context.Context, client.Client, string, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
			return apierrors.NewNotFound(schema.GroupResource{Group: "keda.sh", Resource: "triggerauthentications"}, "ta")
		},
	}, &used, triggerAuthentication("1")).reconcile(t)
}

// TestAuthenticationThatIsReplaced: one that is deleted and created again before
// anybody has looked is another one.
func TestAuthenticationThatIsReplaced(t *testing.T) {
	b := newAuthentications(t, interceptor.Funcs{}, triggerAuthentication("1"))
	b.reconcile(t)
	for _, do := range []error{b.client.Delete(t.Context(), triggerAuthentication("1")), b.client.Create(t.Context(), triggerAuthentication("2"))} {
		if do != nil {
			t.Fatal(do)
		}
	}
	b.reconcile(t)
	b.reconcile(t)
	want := []string{
		"TriggerAuthenticationAdded: TriggerAuthentication was created",
		"TriggerAuthenticationDeleted: TriggerAuthentication was deleted",
		"TriggerAuthenticationAdded: TriggerAuthentication was created",
	}
	if !slices.Equal(b.told.events, want) {
		t.Errorf("told %q", b.told.events)
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
