// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

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
