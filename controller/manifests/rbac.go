// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

var (
	read      = []string{"get", "list", "watch"}
	readWrite = []string{"get", "list", "watch", "update", "patch"}
)

// rbac returns the namespace, the ServiceAccounts and all access rights. No rule
// has a wildcard; kinds to scale beside the built-in ones are named in
// Options.ScaleTargets.
func (o Options) rbac() []runtime.Object {
	var objects []runtime.Object
	if o.CreateNamespace {
		objects = append(objects, &corev1.Namespace{TypeMeta: typeMeta(corev1.SchemeGroupVersion, "Namespace"), ObjectMeta: metav1.ObjectMeta{Name: o.Namespace}})
	}
	objects = append(objects,
		o.serviceAccount(ControllerName, o.Controller.AccountAnnotations),
		o.serviceAccount(MetricsAdapterAccount, o.MetricsAdapter.AccountAnnotations))
	objects = append(objects, o.controllerRights()...)
	return append(objects,
		o.controllerRole(),
		roleBinding(o.Namespace, ControllerName, "Role", ControllerName, o.account(ControllerName)),
		o.adapterRole(),
		roleBinding(o.Namespace, MetricsAdapterAccount, "Role", MetricsAdapterAccount, o.account(MetricsAdapterAccount)),
		clusterRoleBinding("keda-system-auth-delegator", "system:auth-delegator", o.account(MetricsAdapterAccount)),
		roleBinding(metav1.NamespaceSystem, "keda-auth-reader", "Role", "extension-apiserver-authentication-reader", o.account(MetricsAdapterAccount)),
		clusterRole("keda-external-metrics-reader", []rbacv1.PolicyRule{
			rule("external.metrics.k8s.io", []string{"externalmetrics"}, "get", "list"),
		}),
		clusterRoleBinding("keda-external-metrics-reader", "keda-external-metrics-reader",
			rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: "horizontal-pod-autoscaler", Namespace: metav1.NamespaceSystem}),
		aggregatedRole("keda:edit", "edit", "get", "list", "watch", "create", "update", "patch", "delete"),
		aggregatedRole("keda:view", "view", read...),
	)
}

// watchedRole holds the controller's rights in the namespaces that it watches.
const watchedRole = ControllerName + "-watched"

// controllerRights give the controller one role in the whole cluster, or, when
// it watches some namespaces only, its rights on objects there and no others.
func (o Options) controllerRights() []runtime.Object {
	if len(o.WatchNamespaces) == 0 {
		return []runtime.Object{
			clusterRole(ControllerName, append(clusterRules(), o.namespaceRules()...)),
			clusterRoleBinding(ControllerName, ControllerName, o.account(ControllerName)),
		}
	}
	objects := []runtime.Object{
		clusterRole(ControllerName, clusterRules()),
		clusterRoleBinding(ControllerName, ControllerName, o.account(ControllerName)),
		clusterRole(watchedRole, o.namespaceRules()),
	}
	// Its own namespace has the Secrets of ClusterTriggerAuthentications.
	namespaces := append(slices.Clone(o.WatchNamespaces), o.Namespace)
	slices.Sort(namespaces)
	for _, namespace := range slices.Compact(namespaces) {
		objects = append(objects, roleBinding(namespace, watchedRole, "ClusterRole", watchedRole, o.account(ControllerName)))
	}
	return objects
}

const clusterKind = "clustertriggerauthentications"

var (
	namespacedKinds = []string{"scaledobjects", "scaledjobs", "triggerauthentications"}
	kinds           = append(slices.Clone(namespacedKinds), clusterKind)
)

// kindRules are the rights of the controller on its own kinds.
func kindRules(kinds ...string) []rbacv1.PolicyRule {
	suffixed := func(suffix string) []string {
		out := make([]string, len(kinds))
		for i, k := range kinds {
			out[i] = k + suffix
		}
		return out
	}
	return []rbacv1.PolicyRule{
		rule("keda.sh", kinds, readWrite...),
		rule("keda.sh", suffixed("/status"), "get", "update", "patch"),
		rule("keda.sh", suffixed("/finalizers"), "update"),
	}
}

// clusterRules are the rights of the controller on what has no namespace.
func clusterRules() []rbacv1.PolicyRule {
	return append(kindRules(clusterKind),
		named(rule("apiregistration.k8s.io", []string{"apiservices"}, "get", "patch"), APIServiceName),
		named(rule("admissionregistration.k8s.io", []string{"validatingwebhookconfigurations"}, "get", "patch"), WebhookName),
	)
}

// namespaceRules are the rights of the controller in namespaces.
func (o Options) namespaceRules() []rbacv1.PolicyRule {
	rules := append(kindRules(namespacedKinds...),
		rule("autoscaling", []string{"horizontalpodautoscalers"}, "get", "list", "watch", "create", "update", "patch", "delete"),
		rule("batch", []string{"jobs"}, "get", "list", "watch", "create", "delete"),
		rule("apps", []string{"deployments", "statefulsets", "replicasets"}, read...),
		rule("apps", []string{"deployments/scale", "statefulsets/scale", "replicasets/scale"}, "get", "update", "patch"),
		rule("", []string{"pods", "services", "serviceaccounts", "configmaps", "secrets", "limitranges"}, read...),
		rule("discovery.k8s.io", []string{"endpointslices"}, read...),
		rule("", []string{"events"}, "create", "patch"),
		rule("events.k8s.io", []string{"events"}, "create", "patch"),
	)
	for _, target := range o.ScaleTargets {
		rules = append(rules,
			rule(target.Group, []string{target.Resource}, read...),
			rule(target.Group, []string{target.Resource + "/scale"}, "get", "update", "patch"))
	}
	return rules
}

// controllerRole are the rights of the controller in its own namespace: the lease
// and the certificates.
func (o Options) controllerRole() *rbacv1.Role {
	return &rbacv1.Role{
		TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion, "Role"),
		ObjectMeta: o.meta(ControllerName),
		Rules: []rbacv1.PolicyRule{
			rule("coordination.k8s.io", []string{"leases"}, "create"),
			named(rule("coordination.k8s.io", []string{"leases"}, "get", "update", "patch"), LeaseName),
			rule("", []string{"secrets"}, "create"),
			named(rule("", []string{"secrets"}, "get", "update", "patch"), CertSecretName),
		},
	}
}

// adapterRole lets the adapter find the leading controller.
func (o Options) adapterRole() *rbacv1.Role {
	return &rbacv1.Role{
		TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion, "Role"),
		ObjectMeta: o.meta(MetricsAdapterAccount),
		Rules:      []rbacv1.PolicyRule{named(rule("coordination.k8s.io", []string{"leases"}, "get"), LeaseName)},
	}
}

func (o Options) account(name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: o.Namespace}
}

func (o Options) serviceAccount(name string, annotations map[string]string) *corev1.ServiceAccount {
	meta := o.meta(name)
	meta.Annotations = annotations
	return &corev1.ServiceAccount{TypeMeta: typeMeta(corev1.SchemeGroupVersion, "ServiceAccount"), ObjectMeta: meta}
}

func rule(group string, resources []string, verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: verbs}
}

func named(r rbacv1.PolicyRule, names ...string) rbacv1.PolicyRule {
	r.ResourceNames = names
	return r
}

func clusterRole(name string, rules []rbacv1.PolicyRule) *rbacv1.ClusterRole {
	return &rbacv1.ClusterRole{TypeMeta: typeMeta(rbacv1.SchemeGroupVersion, "ClusterRole"), ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}
}

// aggregatedRole adds rights on our kinds to one of Kubernetes' user-facing roles.
func aggregatedRole(name, into string, verbs ...string) *rbacv1.ClusterRole {
	role := clusterRole(name, []rbacv1.PolicyRule{rule("keda.sh", kinds, verbs...)})
	role.Labels = map[string]string{"rbac.authorization.k8s.io/aggregate-to-" + into: "true"}
	return role
}

func clusterRoleBinding(name, role string, subject rbacv1.Subject) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion, "ClusterRoleBinding"),
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{subject},
	}
}

func roleBinding(namespace, name, kind, role string, subject rbacv1.Subject) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion, "RoleBinding"),
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
		Subjects:   []rbacv1.Subject{subject},
	}
}
