// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// partial says that other controllers may work on what this one does not see.
func (o *Options) partial() bool {
	return len(o.WatchNamespaces) > 0 || o.WatchLabels != nil && !o.WatchLabels.Empty()
}

// outside says why the controller does not work on an object; empty when it does.
func (o *Options) outside(object client.Object) string {
	namespace := object.GetNamespace()
	if namespace != "" && len(o.WatchNamespaces) > 0 && !slices.Contains(o.WatchNamespaces, namespace) {
		return fmt.Sprintf("it watches the namespaces %s (--%s, WATCH_NAMESPACE), not %s", strings.Join(o.WatchNamespaces, ", "), flagWatchNamespaces, namespace)
	}
	var wanted labels.Selector
	var flag, variable string
	switch object.(type) {
	case *v1alpha1.ScaledObject, *v1alpha1.ScaledJob:
		wanted, flag, variable = o.WatchLabels, flagWatchLabels, "WATCH_LABEL_SELECTOR"
	case *v1alpha1.TriggerAuthentication, *v1alpha1.ClusterTriggerAuthentication:
		wanted, flag, variable = o.WatchAuthenticationLabels, flagWatchAuthentication, "WATCH_LABEL_SELECTOR_FOR_TRIGGERAUTH"
	}
	if wanted != nil && !wanted.Matches(labels.Set(object.GetLabels())) {
		return fmt.Sprintf("its labels do not match %q (--%s, %s)", wanted, flag, variable)
	}
	return ""
}

// selectorText is what a selector looks like; empty for none.
func selectorText(selector labels.Selector) string {
	if selector == nil {
		return ""
	}
	return selector.String()
}
