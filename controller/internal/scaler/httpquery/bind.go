// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package httpquery reads triggers that ask a web server for one number:
// prometheus (an instant query) and metrics-api (a place in any JSON, YAML, XML or
// Prometheus page). Queries of one server share a connection pool and are asked a
// few at a time; answers are bounded, and no error shows a credential.
package httpquery

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

const (
	// defaultTimeout bounds a request where neither the trigger nor the
	// controller says.
	defaultTimeout = 3 * time.Second
	// connectTimeout bounds dialling and the TLS handshake, which go on for the next
	// request when the one that began them has given up.
	connectTimeout = 10 * time.Second
	// idleTimeout closes connections that nobody has used for so long.
	idleTimeout = 90 * time.Second
)

// endpoint is what a connection depends on.
type endpoint struct {
	base     string // URL of the server
	security scaler.TLS
	timeout  time.Duration             // of one request, 0 for the default
	requests int                       // made one after the other, at most
	pod      *v1alpha1.AuthPodIdentity // as whom prometheus asks
}

// Bind binds the triggers prometheus and metrics-api.
func Bind(decoded trigger.Decoded, env scaler.Env) (scaler.Binding, error) {
	var e endpoint
	switch t := decoded.Trigger.(type) {
	case *trigger.Prometheus:
		if _, err := identify(t, env.PodIdentity); err != nil {
			return scaler.Binding{}, err
		}
		e = endpoint{t.ServerAddress, security(t.HTTPAuth, t.UnsafeSSL), t.Timeout, 1, env.PodIdentity}
	case *trigger.MetricsAPI:
		e = endpoint{t.URL, security(t.HTTPAuth, t.UnsafeSSL), t.Timeout, 1, nil}
		if t.AggregateFromKubeServiceEndpoints {
			e.requests = turns
		}
	default:
		return scaler.Binding{}, fmt.Errorf("trigger %q does not ask a web server", decoded.Type)
	}
	return e.bind(decoded, env)
}

func (e endpoint) bind(decoded trigger.Decoded, env scaler.Env) (scaler.Binding, error) {
	base, err := url.Parse(e.base)
	if err != nil {
		// The error of url.Parse repeats the text, which may hold a password.
		return scaler.Binding{}, fmt.Errorf("the address of the %s trigger is not a URL", decoded.Type)
	}
	transport, own := env.Transport, (*http.Transport)(nil)
	if !e.security.Default() || transport == nil {
		config, err := e.security.Config()
		if err != nil {
			return scaler.Binding{}, err
		}
		own = &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true,
			DialContext: (&net.Dialer{Timeout: connectTimeout}).DialContext, TLSHandshakeTimeout: connectTimeout,
			MaxIdleConnsPerHost: parallel, IdleConnTimeout: idleTimeout,
		}
		transport = own
	}
	address := base.Scheme + "://" + base.Host
	timeout := time.Duration(e.requests) * cmp.Or(e.timeout, env.HTTPTimeout, defaultTimeout)
	return scaler.Binding{
		Server:  scaler.ServerID("http", address, append(e.security.Settings(), podSettings(e.pod)...)...),
		Address: address,
		Query:   scaler.Query{Key: decoded.Fingerprint, Trigger: decoded.Trigger},
		Timeout: timeout,
		Open: func(context.Context) (scaler.Source, error) {
			return &source{
				client:  &http.Client{Transport: env.Observed(transport), CheckRedirect: sameHost},
				plain:   transport,
				own:     own,
				timeout: cmp.Or(env.HTTPTimeout, defaultTimeout),
				cluster: env.Cluster,
				pod:     e.pod,
				shared:  env.Transport,
			}, nil
		},
	}, nil
}

// security returns the TLS settings that the trigger's authentication asks for.
func security(auth trigger.HTTPAuth, insecure bool) scaler.TLS {
	s := scaler.TLS{CA: auth.CA, Insecure: insecure}
	if auth.Uses("tls") {
		s.Cert, s.Key = auth.Cert, auth.Key
	}
	return s
}
