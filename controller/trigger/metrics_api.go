// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// MetricsAPI measures a number in the answer of an HTTP server.
type MetricsAPI struct {
	HTTPAuth
	// URL is what is fetched; Format is "json", "yaml", "xml" or "prometheus";
	// ValueLocation says where in the answer the number stands.
	URL, Format, ValueLocation string
	// TargetValue is the target, ActivationTargetValue the activation value.
	TargetValue, ActivationTargetValue float64
	// AggregateFromKubeServiceEndpoints asks every ready endpoint of the Service
	// that URL names, and combines the answers as AggregationType says: "average",
	// "sum", "max" or "min".
	AggregateFromKubeServiceEndpoints bool
	AggregationType                   string
	// UnsafeSSL accepts any server certificate.
	UnsafeSSL bool
	// Timeout bounds one request; zero means the controller's default.
	Timeout time.Duration
}

func defineMetricsAPI() Definition {
	return Definition{
		Type: "metrics-api", Title: "Metrics API", Typed: true,
		Prose: "Scales with a number in the answer of any HTTP server.\n\n" +
			"The controller fetches `url` and reads the number at `valueLocation`. In JSON and YAML the number may also be a string in " +
			"Kubernetes' notation for quantities, such as `\"500m\"`. With `aggregateFromKubeServiceEndpoints` it asks every ready endpoint of " +
			"the Service instead of one behind its virtual address, and combines the answers.",
		Example: Example{
			Metadata: map[string]string{
				"url": "http://queue.default.svc:8080/stats", "valueLocation": "tasks.waiting", "targetValue": "10", "authModes": "apiKey",
			},
			Auth: []string{"apiKey"},
		},
		New: func() Trigger { return new(MetricsAPI) },
	}
}

// Declare implements Trigger.
func (t *MetricsAPI) Declare(p *param.Set) {
	p.String(&t.URL, "url", "URL to fetch.").Required().Check(httpURL)
	p.String(&t.ValueLocation, "valueLocation", "Where the number stands in the answer: a gjson path for `json`, "+
		"a dotted path for `yaml` and `xml`, a metric name with an optional selector for `prometheus`.").Required().Check(location)
	p.Float(&t.TargetValue, "targetValue", "Value that one replica should have to bear.").Required().Positive().Target()
	p.Float(&t.ActivationTargetValue, "activationTargetValue", "A value above this activates the workload.").
		Default("0").Activation()
	p.String(&t.Format, "format", "Format of the answer.").Enum("prometheus", "json", "xml", "yaml").Default("json")
	p.Bool(&t.AggregateFromKubeServiceEndpoints, "aggregateFromKubeServiceEndpoints",
		"Whether to ask every ready endpoint of the Kubernetes Service that the host of `url` names.").Default("false")
	p.String(&t.AggregationType, "aggregationType", "How to combine the answers of several endpoints.").
		Enum("average", "sum", "max", "min").Default("average")
	p.Bool(&t.UnsafeSSL, "unsafeSsl", "Whether to accept any server certificate. For tests only.").Default("false")
	p.Duration(&t.Timeout, "timeout", "Time that one request may take: a duration such as `2s`, or milliseconds.")
	t.declare(p, modeAPIKey, modeBasic, modeBearer, modeOAuth, modeTLS)
	p.Rule("With the `format` `json`, `valueLocation` may not make much more of the answer than it is: a few modifiers and parts of "+
		"multipaths, `@dig` once, and not `@group`, `@pretty` and `@tostr`.", func() error {
		if t.Format == "json" {
			return jsonPath(t.ValueLocation)
		}
		return nil
	}, "valueLocation", "format")
}

// Metrics implements External.
func (t *MetricsAPI) Metrics() []Metric {
	return []Metric{{
		Name: "metric-api-" + t.ValueLocation, Target: t.TargetValue, Activation: t.ActivationTargetValue,
	}}
}
