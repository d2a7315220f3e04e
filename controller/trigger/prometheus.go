// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// Prometheus measures the result of a PromQL instant query.
type Prometheus struct {
	HTTPAuth
	// AWSAuth signs requests to Amazon Managed Service for Prometheus, if it has a
	// region.
	AWSAuth
	// GCPAuth is a key for Google Cloud Managed Service for Prometheus.
	GCPAuth
	// AzureCloud is the cloud of an Azure Monitor workspace, empty for the public
	// one, and AzureResourceURL what a token is asked for if the cloud is "Private".
	AzureCloud, AzureResourceURL string
	// ServerAddress is the base URL of the server, Query the PromQL expression.
	ServerAddress, Query string
	// Threshold is the target, ActivationThreshold the activation value.
	Threshold, ActivationThreshold float64
	// Namespace is sent as the query parameter of that name; empty means none.
	Namespace string
	// QueryParameters and CustomHeaders are added to each request.
	QueryParameters, CustomHeaders map[string]string
	// IgnoreNullValues reads an empty, NaN or infinite result as zero instead of
	// an error.
	IgnoreNullValues bool
	// UnsafeSSL accepts any server certificate.
	UnsafeSSL bool
	// Timeout bounds one request; zero means the controller's default.
	Timeout time.Duration
}

func definePrometheus() Definition {
	return Definition{
		Type: "prometheus", Title: "Prometheus", Typed: true,
		Prose: "Scales with the result of a PromQL query on a Prometheus server or one that speaks its API.\n\n" +
			"The query is evaluated at the moment of asking and must yield one number: a scalar, or a vector of one element. Aggregate with " +
			"`sum` or `max` where there may be several. An empty result, NaN and infinity mean zero, unless `ignoreNullValues` is false: " +
			"then they are errors, and the fallback of the scaled object applies.\n\n" +
			"The managed services of the clouds want requests with an identity. A TriggerAuthentication with the pod identity " +
			"`azure-workload` gives one for Azure Monitor, with `gcp` or a service account's key one for Google Cloud, and with `aws`, an " +
			"access key or a role, and `awsRegion`, one for Amazon.",
		Example: Example{Metadata: map[string]string{
			"serverAddress": "http://prometheus.monitoring.svc:9090", "query": `sum(irate(http_requests_total{app="shop"}[1m]))`,
			"threshold": "100",
		}},
		New: func() Trigger { return new(Prometheus) },
	}
}

// Declare implements Trigger.
func (t *Prometheus) Declare(p *param.Set) {
	p.String(&t.ServerAddress, "serverAddress", "Base URL of the server, such as `http://prometheus.monitoring.svc:9090`.").
		Required().Check(httpURL)
	p.String(&t.Query, "query", "PromQL expression with one number as its result.").Required()
	p.Float(&t.Threshold, "threshold", "Value that one replica should have to bear.").Required().Positive().Target()
	p.Float(&t.ActivationThreshold, "activationThreshold", "A value above this activates the workload.").
		Default("0").Activation()
	p.String(&t.Namespace, "namespace", "Namespace for servers that are queried per namespace, such as Thanos Querier.")
	p.Map(&t.QueryParameters, "queryParameters", "Further query parameters as `key=value` pairs, separated by commas.")
	p.Map(&t.CustomHeaders, "customHeaders", "Request headers as `key=value` pairs, separated by commas.")
	p.Bool(&t.IgnoreNullValues, "ignoreNullValues", "Whether an empty, NaN or infinite result means 0. If not, it is an error.").
		Default("true")
	p.Bool(&t.UnsafeSSL, "unsafeSsl", "Whether to accept any server certificate. For tests only.").Default("false")
	p.Duration(&t.Timeout, "timeout", "Time that one request may take: a duration such as `2s`, or milliseconds.")
	t.HTTPAuth.declare(p, modeBasic, modeBearer, modeCustom, modeOAuth, modeTLS)
	p.String(&t.Region, "awsRegion", "AWS region of the workspace: requests are signed for Amazon Managed Service for Prometheus.").
		From(param.Metadata, param.Auth)
	t.declareIdentity(p)
	t.GCPAuth.declare(p)
	p.String(&t.AzureCloud, "cloud", "Cloud of the Azure Monitor workspace, with the pod identity `azure-workload`.").
		Enum("AzurePublicCloud", "AzureUSGovernmentCloud", "AzureChinaCloud", "Private")
	p.String(&t.AzureResourceURL, "azureManagedPrometheusResourceURL", "What to ask a token for, if `cloud` is `Private`.").Check(httpURL)
	p.Rule("`cloud` with `Private` needs `azureManagedPrometheusResourceURL`.", func() error {
		if t.AzureCloud == "Private" && t.AzureResourceURL == "" {
			return p.Missing("azureManagedPrometheusResourceURL", `"cloud" is "Private"`)
		}
		return nil
	}, "cloud", "azureManagedPrometheusResourceURL")
}

// Metrics implements External.
func (t *Prometheus) Metrics() []Metric {
	return []Metric{{Name: "prometheus", Target: t.Threshold, Activation: t.ActivationThreshold}}
}
