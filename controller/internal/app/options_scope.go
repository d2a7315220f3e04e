// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Complete fills in what flags and environment left open. It fails with
// everything that cannot be used, by the name of its flag or variable.
func (o *Options) Complete() error {
	if o.ClusterObjectNamespace == "" {
		o.ClusterObjectNamespace = o.Namespace
	}
	if o.Registry == nil {
		o.Registry = ctrlmetrics.Registry
	}
	if o.PodName == "" {
		o.PodName = hostname()
	}
	if o.PodIP == "" {
		o.PodIP = "127.0.0.1"
	}
	errs := slices.Clone(o.invalid)
	for _, namespace := range o.WatchNamespaces {
		errs = append(errs, namespaceName(flagWatchNamespaces, namespace))
	}
	errs = append(errs, namespaceName(flagClusterNamespace, o.ClusterObjectNamespace))
	errs = append(errs, o.SourceOptions.check())
	if o.Reconcilers < 1 {
		errs = append(errs, fmt.Errorf("--%s (%d): must be at least 1", flagReconcilers, o.Reconcilers))
	}
	if o.LeaderElect && (o.RetryPeriod <= 0 || o.RenewDeadline <= o.RetryPeriod || o.LeaseDuration <= o.RenewDeadline) {
		errs = append(errs, fmt.Errorf("--%s (%s), --%s (%s) and --%s (%s): each must be shorter than the one before, and above 0",
			flagLeaseDuration, o.LeaseDuration, flagRenewDeadline, o.RenewDeadline, flagRetryPeriod, o.RetryPeriod))
	}
	return errors.Join(errs...)
}

func namespaceName(flag, name string) error {
	if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
		return fmt.Errorf("--%s (%q) is not the name of a namespace: %s", flag, name, strings.Join(problems, "; "))
	}
	return nil
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "keda-operator"
	}
	return strings.ReplaceAll(name, "_", "-")
}

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
	wanted, flag, variable := o.WatchLabels, flagWatchLabels, "WATCH_LABEL_SELECTOR"
	switch object.(type) {
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
