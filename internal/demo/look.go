// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

// externalMetrics is the API that the HPA controller reads.
const externalMetrics = "/apis/external.metrics.k8s.io/v1beta1"

// count is how many replicas a Deployment is to have, and how many are ready.
func (p *play) count(ctx context.Context, deployment string) (asked, ready int, err error) {
	d, err := p.kube.AppsV1().Deployments(p.namespace).Get(ctx, deployment, metav1.GetOptions{})
	if err != nil {
		return 0, 0, err
	}
	asked = 1
	if d.Spec.Replicas != nil {
		asked = int(*d.Spec.Replicas)
	}
	return asked, int(d.Status.ReadyReplicas), nil
}

// replicas holds when a Deployment has n replicas, all of them ready.
func (p *play) replicas(deployment string, n int) fact {
	return func(ctx context.Context) (string, bool, error) {
		asked, ready, err := p.count(ctx, deployment)
		return fmt.Sprintf("%s has %d replicas, %d ready", deployment, asked, ready), asked == n && ready == n, err
	}
}

func (p *play) scaledObject(ctx context.Context, name string) (*unstructured.Unstructured, error) {
	return p.dynamic.Resource(scaledObjects).Namespace(p.namespace).Get(ctx, name, metav1.GetOptions{})
}

// condition holds when a condition of a ScaledObject has a status.
func (p *play) condition(name, kind, status string) fact {
	return func(ctx context.Context) (string, bool, error) {
		o, err := p.scaledObject(ctx, name)
		if err != nil {
			return "", false, err
		}
		conditions, _, err := unstructured.NestedSlice(o.Object, "status", "conditions")
		for _, c := range conditions {
			if c, ok := c.(map[string]any); ok && c["type"] == kind {
				return fmt.Sprintf("condition %s=%v (%v)", kind, c["status"], c["reason"]), c["status"] == status, err
			}
		}
		return "no condition " + kind, false, err
	}
}

// metricNames holds when status.externalMetricNames of a ScaledObject are these.
func (p *play) metricNames(name string, want ...string) fact {
	return func(ctx context.Context) (string, bool, error) {
		o, err := p.scaledObject(ctx, name)
		if err != nil {
			return "", false, err
		}
		names, _, err := unstructured.NestedStringSlice(o.Object, "status", "externalMetricNames")
		return fmt.Sprintf("status.externalMetricNames=%v", names), slices.Equal(names, want), err
	}
}

// decided holds when status.lastDecision of a ScaledObject says who brought its replicas to n, and names a metric.
func (p *play) decided(name, by string, n int64, metric string) fact {
	return func(ctx context.Context) (string, bool, error) {
		o, err := p.scaledObject(ctx, name)
		if err != nil {
			return "", false, err
		}
		last, _, err := unstructured.NestedMap(o.Object, "status", "lastDecision")
		why, _ := last["why"].(string)
		return fmt.Sprintf("last decision: %v → %v by %v: %s", last["from"], last["to"], last["by"], why),
			last["by"] == by && last["to"] == n && strings.Contains(why, metric), err
	}
}

// event holds when there is an event of a reason about a ScaledObject.
func (p *play) event(name, reason string) fact {
	return func(ctx context.Context) (string, bool, error) {
		list, err := p.kube.CoreV1().Events(p.namespace).List(ctx, metav1.ListOptions{
			FieldSelector: "involvedObject.kind=ScaledObject,involvedObject.name=" + name + ",reason=" + reason})
		if err != nil {
			return "", false, err
		}
		if len(list.Items) == 0 {
			return "no event " + reason, false, nil
		}
		return "event " + reason, true, nil
	}
}

// noHPA holds when a ScaledObject's HPA is not there.
func (p *play) noHPA(name string) fact {
	return func(ctx context.Context) (string, bool, error) {
		_, err := p.kube.AutoscalingV2().HorizontalPodAutoscalers(p.namespace).Get(ctx, "keda-hpa-"+name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return "no HPA", true, nil
		}
		return "its HPA is there", false, err
	}
}

// served holds when the API for external metrics lists its resource and answers for a metric of a ScaledObject.
func (p *play) served(name, metric string) fact {
	return func(ctx context.Context) (string, bool, error) {
		list, err := p.raw(ctx, externalMetrics)
		if err != nil {
			return "", false, err
		}
		var resources metav1.APIResourceList
		if err := json.Unmarshal(list, &resources); err != nil || len(resources.APIResources) == 0 {
			return externalMetrics + " lists no resources", false, err
		}
		value, err := p.external(ctx, name, metric)
		return fmt.Sprintf("%s lists %s, %s is %s", externalMetrics, resources.APIResources[0].Name, metric, value), err == nil, err
	}
}

// external reads a metric as the HPA controller does, and returns a Kubernetes quantity.
func (p *play) external(ctx context.Context, name, metric string) (string, error) {
	path := externalMetrics + "/namespaces/" + p.namespace + "/" + metric
	answer, err := p.kube.CoreV1().RESTClient().Get().AbsPath(path).Param("labelSelector", "scaledobject.keda.sh/name="+name).DoRaw(ctx)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	var list struct{ Items []struct{ Value string } }
	if err := json.Unmarshal(answer, &list); err != nil {
		return "", err
	}
	if len(list.Items) != 1 {
		return "", fmt.Errorf("%s has %d values", path, len(list.Items))
	}
	return list.Items[0].Value, nil
}

func (p *play) raw(ctx context.Context, path string) ([]byte, error) {
	return p.kube.CoreV1().RESTClient().Get().AbsPath(path).DoRaw(ctx)
}

// metric holds when the sum of the controller's series of a name, for a ScaledObject of this story, is one that is wanted.
func (p *play) metric(object, name string, wanted func(float64) bool) fact {
	return func(ctx context.Context) (string, bool, error) {
		page, err := p.kube.CoreV1().Services(kedaNamespace).ProxyGet("http", manifests.ControllerName, "metrics", "metrics", nil).DoRaw(ctx)
		if err != nil {
			return "", false, fmt.Errorf("read the controller's metrics: %w", err)
		}
		value, found, err := series(page, name, map[string]string{"namespace": p.namespace, "scaledObject": object})
		if !found {
			return "no series " + name, false, err
		}
		return fmt.Sprintf("%s=%g", name, value), wanted(value), err
	}
}

func is(want float64) func(float64) bool { return func(got float64) bool { return got == want } }

func atLeast(want float64) func(float64) bool { return func(got float64) bool { return got >= want } }

// series sums those with the labels.
func series(page []byte, name string, labels map[string]string) (sum float64, found bool, err error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		return 0, false, fmt.Errorf("parse the controller's metrics: %w", err)
	}
	for _, m := range families[name].GetMetric() {
		if has(m, labels) {
			found = true
			sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return sum, found, nil
}

func has(m *dto.Metric, labels map[string]string) bool {
	got := map[string]string{}
	for _, l := range m.GetLabel() {
		got[l.GetName()] = l.GetValue()
	}
	return !slices.ContainsFunc(slices.Collect(maps.Keys(labels)), func(k string) bool { return got[k] != labels[k] })
}

// ask gets JSON from a Service of the story, by way of the API server: that works wherever the kubeconfig does.
func (p *play) ask(ctx context.Context, service, port, path string, into any) error {
	answer, err := p.kube.CoreV1().Services(p.namespace).ProxyGet("http", service, port, path, nil).DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("ask the Service %s for %s: %w: %.300s", service, path, err, answer)
	}
	return json.Unmarshal(answer, into)
}

// stateless holds when Terraform's state does not contain a secret.
func (p *play) stateless(secret string) fact {
	return func(context.Context) (string, bool, error) {
		state, err := p.state()
		return fmt.Sprintf("state of %d bytes", len(state)), err == nil && len(state) > 0 && !strings.Contains(state, secret), err
	}
}
