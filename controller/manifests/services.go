// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

func (o Options) controllerService() *corev1.Service {
	return o.service(ControllerName, ControllerName, servicePort("metricsservice", portFeed, portFeed), servicePort("metrics", portMetrics, portMetrics))
}

func (o Options) webhookService() *corev1.Service {
	return o.service(WebhookServiceName, ControllerName, servicePort("https", 443, portWebhook))
}

func (o Options) adapterService() *corev1.Service {
	return o.service(MetricsAdapterName, MetricsAdapterName, servicePort("https", 443, portAdapter), servicePort("metrics", portMetrics, portMetrics),
		servicePort("old-metrics", portOld, portOld))
}

func (o Options) service(name, app string, ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   typeMeta(corev1.SchemeGroupVersion, "Service"),
		ObjectMeta: o.meta(name),
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": app}, Ports: ports},
	}
}

func servicePort(name string, port, target int) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Port: int32(port), TargetPort: intstr.FromInt(target), Protocol: corev1.ProtocolTCP}
}

// apiService routes external.metrics.k8s.io to the adapter. The controller fills
// in the CA, so the field is not set here: a field that is not applied is not
// taken away again.
func (o Options) apiService() runtime.Object {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1",
		"kind":       "APIService",
		"metadata":   map[string]any{"name": APIServiceName},
		"spec": map[string]any{
			"group":                "external.metrics.k8s.io",
			"version":              "v1beta1",
			"groupPriorityMinimum": int64(100),
			"versionPriority":      int64(100),
			"service":              map[string]any{"name": MetricsAdapterName, "namespace": o.Namespace, "port": int64(443)},
		},
	}}
}

// webhooks returns the admission webhook: one entry per kind, none for deletion.
func (o Options) webhooks() []runtime.Object {
	if !ptr.Deref(o.Webhook.Enabled, true) {
		return nil
	}
	config := &admissionv1.ValidatingWebhookConfiguration{
		TypeMeta:   typeMeta(admissionv1.SchemeGroupVersion, "ValidatingWebhookConfiguration"),
		ObjectMeta: metav1.ObjectMeta{Name: WebhookName},
	}
	for _, w := range []struct{ name, group, kind string }{
		{"vscaledobject.kb.io", "keda.sh", "scaledobject"},
		{"vscaledjob.kb.io", "keda.sh", "scaledjob"},
		{"vstriggerauthentication.kb.io", "keda.sh", "triggerauthentication"},
		{"vsclustertriggerauthentication.kb.io", "keda.sh", "clustertriggerauthentication"},
		{"vcloudeventsource.kb.io", "eventing.keda.sh", "cloudeventsource"},
		{"vclustercloudeventsource.kb.io", "eventing.keda.sh", "clustercloudeventsource"},
	} {
		config.Webhooks = append(config.Webhooks, o.webhook(w.name, w.group, w.kind))
	}
	return []runtime.Object{config}
}

func (o Options) webhook(name, group, kind string) admissionv1.ValidatingWebhook {
	path := "/validate-" + strings.ReplaceAll(group, ".", "-") + "-v1alpha1-" + kind
	return admissionv1.ValidatingWebhook{
		Name: name,
		ClientConfig: admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{
			Name: WebhookServiceName, Namespace: o.Namespace, Path: ptr.To(path), Port: ptr.To[int32](443),
		}},
		Rules: []admissionv1.RuleWithOperations{{
			Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
			Rule:       admissionv1.Rule{APIGroups: []string{group}, APIVersions: []string{"v1alpha1"}, Resources: []string{kind + "s"}},
		}},
		FailurePolicy:           ptr.To(admissionv1.FailurePolicyType(o.Webhook.FailurePolicy)),
		MatchPolicy:             ptr.To(admissionv1.Equivalent),
		SideEffects:             ptr.To(admissionv1.SideEffectClassNone),
		TimeoutSeconds:          ptr.To[int32](10),
		AdmissionReviewVersions: []string{"v1"},
	}
}
