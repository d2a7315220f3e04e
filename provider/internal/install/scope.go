// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// Unwatched is an object that holds KEDA's finalizer, but that the controller does
// not work on, so that it does not go when it is deleted.
type Unwatched struct {
	Ref        kube.Ref
	Finalizers []string
	// Why says which argument leaves the object out.
	Why string
}

// UnwatchedError means that a drain would wait in vain, and did not begin.
type UnwatchedError struct{ Objects []Unwatched }

func (e *UnwatchedError) Error() string {
	return fmt.Sprintf("%d objects hold the finalizer %s that this installation does not work on, the first %s: %s",
		len(e.Objects), v1alpha1.Finalizer, e.Objects[0].Ref, e.Objects[0].Why)
}

// checkWatched looks for objects that the running controller would not let go.
func (i *Installer) checkWatched(users []user) error {
	var e UnwatchedError
	for _, u := range users {
		finalizers := u.object.GetFinalizers()
		if why := i.outside(u); why != "" && slices.Contains(finalizers, v1alpha1.Finalizer) {
			e.Objects = append(e.Objects, Unwatched{u.ref, finalizers, why})
		}
	}
	if len(e.Objects) == 0 {
		return nil
	}
	return &e
}

// outside says why the controller does not work on an object; empty when it does.
func (i *Installer) outside(u user) string {
	watched := i.Options.WatchNamespaces
	if u.ref.Namespace != "" && len(watched) > 0 && !slices.Contains(watched, u.ref.Namespace) {
		return fmt.Sprintf("watch_namespaces are %s only", strings.Join(watched, ", "))
	}
	name, text := "", ""
	switch u.ref.Resource {
	case v1alpha1.ScaledObjectGVR, v1alpha1.ScaledJobGVR:
		name, text = "watch_label_selector", i.Options.WatchLabelSelector
	case v1alpha1.TriggerAuthenticationGVR, v1alpha1.ClusterTriggerAuthenticationGVR:
		name, text = "watch_label_selector_for_triggerauth", i.Options.WatchAuthenticationLabelSelector
	}
	if selector, err := labels.Parse(text); err == nil && !selector.Matches(labels.Set(u.object.GetLabels())) {
		return fmt.Sprintf("its labels do not match %s = %q", name, text)
	}
	return ""
}
