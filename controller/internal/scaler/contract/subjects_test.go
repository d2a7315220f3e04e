// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/fault"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sqs"
)

// secret is the credential in all subjects' triggers.
const secret = "s3cr3t-value"

// subject is one trigger type with an event source behind it.
type subject struct {
	kind string
	// metadata and auth are the parameters of a query by name; auth is the same
	// for all. bad is a query that must fail while others succeed, "" if the type
	// has none.
	metadata func(name string) map[string]string
	auth     map[string]string
	bad      string
	// set gives values to queries.
	set func(values map[string]int)
	env scaler.Env
	// proxy stands before the server; nil where there is no network.
	proxy *fault.Proxy
	// checksSecret says that the server refuses a wrong secret.
	checksSecret bool
}

// subjects starts one for each kind of client.
var subjects = map[string]func(*testing.T) subject{
	"redis": redis, "prometheus": prometheus, "metrics-api": metricsAPI,
	"aws-sqs-queue": awsSQSQueue, "kubernetes-workload": kubernetesWorkload,
}

func redis(t *testing.T) subject {
	server := source.Redis(t, "requirepass "+secret)
	server.Do("SET", "bad", "no list")
	proxy := fault.NewProxy(t, server.Address)
	return subject{
		kind: "redis", auth: map[string]string{"password": secret}, bad: "bad", proxy: proxy, checksSecret: true,
		metadata: func(name string) map[string]string {
			return map[string]string{"address": proxy.Address(), "listName": name}
		},
		set: func(values map[string]int) {
			for name, n := range values {
				server.Do("DEL", name)
				if n > 0 {
					server.Push(name, n)
				}
			}
		},
	}
}

func prometheus(t *testing.T) subject {
	server := source.Prometheus(t)
	proxy := fault.NewProxy(t, strings.TrimPrefix(server.URL, "http://"))
	generation := 0
	return subject{
		kind: "prometheus", bad: `((`, proxy: proxy, env: scaler.Env{Transport: transport(t)},
		auth: map[string]string{"authModes": "bearer", "bearerToken": secret},
		metadata: func(name string) map[string]string {
			query := name
			if name != "((" {
				query = fmt.Sprintf("sum(work{name=%q})", name)
			}
			return map[string]string{"serverAddress": "http://" + proxy.Address(), "query": query, "threshold": "1"}
		},
		set: func(values map[string]int) {
			generation++
			page := fmt.Sprintf("generation %d\n", generation)
			for name, n := range values {
				page += fmt.Sprintf("work{name=%q} %d\n", name, n)
			}
			server.Export(page, fmt.Sprintf("generation == %d", generation))
		},
	}
}

func metricsAPI(t *testing.T) subject {
	server := source.HTTP(t)
	proxy := fault.NewProxy(t, strings.TrimPrefix(server.URL, "http://"))
	return subject{
		kind: "metrics-api", bad: "absent", proxy: proxy, env: scaler.Env{Transport: transport(t)}, checksSecret: true,
		auth: map[string]string{"authMode": "apiKey", "apiKey": secret, "method": "query"},
		metadata: func(name string) map[string]string {
			u := url.URL{Scheme: "http", Host: proxy.Address(), Path: "/values"}
			return map[string]string{"url": u.String(), "valueLocation": name, "targetValue": "1"}
		},
		set: func(values map[string]int) {
			var fields []string
			for name, n := range values {
				fields = append(fields, fmt.Sprintf("%q:%d", name, n))
			}
			server.Route("/values", func(w http.ResponseWriter, r *http.Request) {
				if key := r.FormValue("api_key"); key != secret {
					w.WriteHeader(http.StatusForbidden)
					_, _ = fmt.Fprintf(w, "key %s is not known", key)
					return
				}
				_, _ = fmt.Fprintf(w, "{%s}", strings.Join(fields, ","))
			})
		},
	}
}

func awsSQSQueue(t *testing.T) subject {
	keys := &sigv4.Keys{}
	keys.Add("AKID", sigv4.Key{Secret: secret})
	service := sqs.New(keys)
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	proxy := fault.NewProxy(t, server.Listener.Addr().String())
	return subject{
		kind: "aws-sqs-queue", bad: "absent", proxy: proxy, checksSecret: true,
		auth: map[string]string{"awsAccessKeyID": "AKID", "awsSecretAccessKey": secret},
		metadata: func(name string) map[string]string {
			return map[string]string{"queueURL": name, "awsRegion": "eu-west-3", "awsEndpoint": "http://" + proxy.Address()}
		},
		set: func(values map[string]int) {
			for name, n := range values {
				service.Purge(name)
				service.Send(name, make([]string, n)...)
			}
		},
	}
}

// pods answers "app=NAME" with as many pods as NAME has.
type pods map[string]int

func (p pods) Pods(_ context.Context, _, selector string) ([]scaler.Pod, error) {
	n, ok := p[strings.TrimPrefix(selector, "app=")]
	if !ok {
		return nil, errors.New("no such application")
	}
	return make([]scaler.Pod, n), nil
}

func (pods) Endpoints(context.Context, string, string) ([]string, error) { return nil, nil }

func kubernetesWorkload(*testing.T) subject {
	cluster := pods{}
	return subject{
		kind: "kubernetes-workload", bad: "absent", env: scaler.Env{Cluster: cluster, Namespace: "shop"},
		metadata: func(name string) map[string]string {
			return map[string]string{"podSelector": "app=" + name, "value": "1"}
		},
		set: func(values map[string]int) {
			for name, n := range values {
				cluster[name] = n
			}
		},
	}
}

// transport is the process-wide one of a controller.
func transport(t *testing.T) http.RoundTripper {
	shared := &http.Transport{MaxIdleConnsPerHost: 100, IdleConnTimeout: time.Minute}
	t.Cleanup(shared.CloseIdleConnections)
	return shared
}
