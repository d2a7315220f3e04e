// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package manifests holds everything that an installation puts into a cluster:
// the CRDs (generated, embedded), RBAC, Services, Deployments, the APIService and
// the admission webhook. Render is pure: keda_installation applies its result,
// and `make install` and the release YAML come from it too.
package manifests

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Names that an installation is known by. They are KEDA's, so that dashboards,
// network policies and habits go on working.
const (
	// ControllerName is the Deployment, Service and ServiceAccount of the controller.
	ControllerName = "keda-operator"
	// MetricsAdapterName is the Deployment and Service of the metrics adapter.
	MetricsAdapterName = "keda-metrics-apiserver"
	// MetricsAdapterAccount is the ServiceAccount of the metrics adapter.
	MetricsAdapterAccount = "keda-metrics-server"
	// WebhookServiceName is the Service of the admission webhook, which the
	// controller serves.
	WebhookServiceName = "keda-admission-webhooks"
	// WebhookName is the ValidatingWebhookConfiguration.
	WebhookName = "keda-admission"
	// APIServiceName registers the metrics adapter with the API server.
	APIServiceName = "v1beta1.external.metrics.k8s.io"
	// CertSecretName is the Secret with the certificates of all three services.
	CertSecretName = "kedaorg-certs"
	// LeaseName is the Lease of the leading controller.
	LeaseName = "operator.keda.sh"
	// LabelManagedBy marks what Terraform installed.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedBy is its value.
	ManagedBy = "terraform-provider-keda"
)

// Component configures one of the two Deployments.
type Component struct {
	// Image is the complete image reference.
	Image string
	// Replicas is the number of pods; 0 means 1.
	Replicas int32
	// Resources are the container's requests and limits; empty means requests of
	// 100m CPU and 100Mi, and a memory limit of 1000Mi.
	Resources corev1.ResourceRequirements
	// Args are appended to the command line.
	Args []string
	// Env is appended to the environment.
	Env []corev1.EnvVar
	// AccountAnnotations are put on the ServiceAccount, for cloud identities
	// such as eks.amazonaws.com/role-arn.
	AccountAnnotations map[string]string
	// PodLabels and PodAnnotations are put on the pods.
	PodLabels, PodAnnotations map[string]string
}

// Options describe one installation. The zero value of a field is its default.
type Options struct {
	// Namespace of everything that has one; "keda" when empty.
	Namespace string
	// CreateNamespace adds the namespace to the objects.
	CreateNamespace bool
	// Version is put on labels: the release of the bundle.
	Version string
	// Controller and MetricsAdapter configure the Deployments.
	Controller, MetricsAdapter Component
	// ImagePullPolicy is the API's default when empty.
	ImagePullPolicy corev1.PullPolicy
	// ImagePullSecrets name Secrets in Namespace.
	ImagePullSecrets []string
	// WatchNamespaces restricts the controller; empty means all namespaces.
	WatchNamespaces []string
	// ScaleTargets lists kinds with a /scale subresource that may be scaled, beside
	// Deployments, StatefulSets and ReplicaSets.
	ScaleTargets []schema.GroupResource
	// ClusterDomain of service names; "cluster.local" when empty.
	ClusterDomain string
	// LogLevel is debug, info or error; "info" when empty.
	LogLevel string
	// WebhookDisabled leaves the admission webhook out.
	WebhookDisabled bool
	// WebhookFailurePolicy is Ignore or Fail; "Ignore" when empty.
	WebhookFailurePolicy string
	// NodeSelector, Tolerations and PriorityClassName place the pods.
	NodeSelector      map[string]string
	Tolerations       []corev1.Toleration
	PriorityClassName string
}

// Phase groups objects that are applied together; the phases are in the order of
// installation.
type Phase struct {
	// Name says in a word what the phase brings, for progress and errors.
	Name string
	// Objects are complete but for what the API server fills in.
	Objects []*unstructured.Unstructured
}

// The phases of an installation.
const (
	PhaseCRDs       = "crds"
	PhaseRBAC       = "rbac"
	PhaseController = "controller"
	PhaseAdapter    = "metrics-adapter"
	PhaseAPIService = "apiservice"
	PhaseWebhook    = "webhook"
)

// Render builds the objects of an installation, in the order in which they must
// be applied: CRDs, then access rights, the controller, the adapter (which mounts
// the certificates that the controller makes), the APIService, and the webhook
// last, so that nothing is refused by a webhook that does not answer yet.
func Render(options Options) ([]Phase, error) {
	o := options.withDefaults()
	crds, err := CRDs()
	if err != nil {
		return nil, err
	}
	phases := []Phase{{Name: PhaseCRDs, Objects: crds}}
	for _, p := range []struct {
		name    string
		objects []runtime.Object
	}{
		{PhaseRBAC, o.rbac()},
		{PhaseController, []runtime.Object{o.controllerService(), o.webhookService(), o.controllerDeployment()}},
		{PhaseAdapter, []runtime.Object{o.adapterService(), o.adapterDeployment()}},
		{PhaseAPIService, []runtime.Object{o.apiService()}},
		{PhaseWebhook, o.webhooks()},
	} {
		phase := Phase{Name: p.name}
		for _, object := range p.objects {
			u, err := o.toUnstructured(object)
			if err != nil {
				return nil, err
			}
			phase.Objects = append(phase.Objects, u)
		}
		if len(phase.Objects) > 0 {
			phases = append(phases, phase)
		}
	}
	return phases, nil
}

func (o Options) withDefaults() Options {
	if o.Namespace == "" {
		o.Namespace = "keda"
	}
	if o.ClusterDomain == "" {
		o.ClusterDomain = "cluster.local"
	}
	if o.LogLevel == "" {
		o.LogLevel = "info"
	}
	if o.WebhookFailurePolicy == "" {
		o.WebhookFailurePolicy = "Ignore"
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	return o
}

// toUnstructured converts a typed object and removes what its Go type writes but
// nobody configured: creation timestamps and status.
func (o Options) toUnstructured(object runtime.Object) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("cannot convert %T: %w", object, err)
	}
	u := &unstructured.Unstructured{Object: content}
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(u.Object, "spec", "template", "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(u.Object, "status")
	labels := u.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	for k, v := range o.labels(u.GetName()) {
		if _, set := labels[k]; !set {
			labels[k] = v
		}
	}
	u.SetLabels(labels)
	return u, nil
}

func (o Options) labels(name string) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":    name,
		"app.kubernetes.io/part-of": ControllerName,
		"app.kubernetes.io/version": o.Version,
		LabelManagedBy:              ManagedBy,
	}
}

// meta is the metadata of an object in the installation's namespace.
func (o Options) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: o.Namespace}
}

func typeMeta(gv schema.GroupVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: gv.String(), Kind: kind}
}

// Objects flattens phases.
func Objects(phases []Phase) []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, p := range phases {
		all = append(all, p.Objects...)
	}
	return slices.Clip(all)
}
