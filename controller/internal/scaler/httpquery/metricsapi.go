// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// endpointsAtOnce bounds the requests to the endpoints of one Service.
const endpointsAtOnce = 5

// turns is how many times in a row endpointsAtOnce endpoints may fail to answer
// before those after them are not asked.
const turns = 10

// defaultPorts are the ports of URLs that name none.
var defaultPorts = map[string]string{"http": "80", "https": "443"}

// metricsAPI fetches a page, or that of each endpoint of a Service, and finds the
// value in it.
func (s *source) metricsAPI(ctx context.Context, t *trigger.MetricsAPI) (float64, error) {
	u, err := url.Parse(t.URL)
	if err != nil {
		return 0, scaler.Misconfigured(errors.New(`parameter "url" is not a URL`))
	}
	if !t.AggregateFromKubeServiceEndpoints {
		return s.page(ctx, t, u, "")
	}
	addresses, err := s.endpoints(ctx, u)
	if err != nil {
		return 0, err
	}
	values, err := s.pages(ctx, t, u, addresses)
	if err != nil {
		return 0, err
	}
	return aggregate(values, t.AggregationType), nil
}

// page fetches one page and finds the value in it.
func (s *source) page(ctx context.Context, t *trigger.MetricsAPI, u *url.URL, host string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(t.Timeout, s.timeout))
	defer cancel()
	signer, err := oauthSigner(&t.HTTPAuth, s.plain)
	if err != nil {
		return 0, err
	}
	r := request{url: u, host: host, auth: &t.HTTPAuth, signer: signer}
	if t.Format == "prometheus" {
		r.headers = map[string]string{"Accept": "text/plain;version=0.0.4"}
	}
	body, err := s.fetch(ctx, r)
	if err != nil {
		return 0, err
	}
	value, err := find(body, t.Format, t.ValueLocation)
	if err != nil {
		return 0, scaler.Misconfigured(fmt.Errorf("the answer of %s: %w", r.where(), err))
	}
	return value, nil
}

// pages asks all endpoints. Those that fail do not count, unless all fail.
func (s *source) pages(ctx context.Context, t *trigger.MetricsAPI, u *url.URL, addresses []string) ([]float64, error) {
	var mu sync.Mutex
	var values []float64
	var failures []error
	var group errgroup.Group
	group.SetLimit(endpointsAtOnce)
	for _, address := range addresses {
		group.Go(func() error {
			one := *u
			one.Host = address
			value, err := s.page(ctx, t, &one, u.Host)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures = append(failures, err)
			} else {
				values = append(values, value)
			}
			return nil
		})
	}
	_ = group.Wait() // errors are in failures
	if len(values) == 0 {
		return nil, fmt.Errorf("none of %d endpoints of %s answers; one says: %w", len(addresses), u.Host, failures[0])
	}
	return values, nil
}

// endpoints lists the ready addresses of the Service that the URL's host names as
// SERVICE.NAMESPACE, optionally with a domain after it. The URL's port selects
// among several ports of the pods.
func (s *source) endpoints(ctx context.Context, u *url.URL) ([]string, error) {
	parts := strings.Split(u.Hostname(), ".")
	if len(parts) < 2 {
		return nil, scaler.Misconfigured(fmt.Errorf(
			"the host %q of parameter \"url\" names no Service; write SERVICE.NAMESPACE or SERVICE.NAMESPACE.svc", u.Hostname()))
	}
	if s.cluster == nil {
		return nil, scaler.Terminal(errors.New("the endpoints of Services are not known here"))
	}
	all, err := s.cluster.Endpoints(ctx, parts[1], parts[0])
	if err != nil {
		return nil, fmt.Errorf("listing the endpoints of Service %s/%s: %w", parts[1], parts[0], err)
	}
	addresses, ports := selectPort(all, cmp.Or(u.Port(), defaultPorts[u.Scheme]))
	switch {
	case len(all) == 0:
		return nil, fmt.Errorf("there are no ready endpoints of Service %s/%s", parts[1], parts[0])
	case len(addresses) == 0:
		return nil, scaler.Misconfigured(fmt.Errorf("the endpoints of Service %s/%s have the ports %s; put the right one into parameter \"url\"",
			parts[1], parts[0], strings.Join(ports, ", ")))
	}
	return addresses, nil
}

// selectPort returns the addresses with a port. A port that none has may be that
// of the Service instead of the pods, which is no matter as long as the pods have
// only one.
func selectPort(all []string, port string) (addresses, ports []string) {
	for _, address := range all {
		_, p, err := net.SplitHostPort(address)
		if err != nil {
			continue
		}
		if p == port {
			addresses = append(addresses, address)
		}
		ports = append(ports, p)
	}
	slices.Sort(ports)
	ports = slices.Compact(ports)
	if len(addresses) == 0 && len(ports) == 1 {
		addresses = all
	}
	return addresses, ports
}

// aggregate combines at least one value.
func aggregate(values []float64, how string) float64 {
	switch how {
	case "max":
		return slices.Max(values)
	case "min":
		return slices.Min(values)
	}
	sum := 0.0
	for _, value := range values {
		sum += value
	}
	if how == "sum" {
		return sum
	}
	return sum / float64(len(values))
}
