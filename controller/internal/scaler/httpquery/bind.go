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
	if _, err := e.security.Config(); err != nil {
		return scaler.Binding{}, err
	}
	address := base.Scheme + "://" + base.Host
	timeout := time.Duration(e.requests) * cmp.Or(e.timeout, env.HTTPTimeout, defaultTimeout)
	return scaler.Binding{
		Server:  scaler.ServerID("http", address, append(e.security.Settings(), podSettings(e.pod)...)...),
		Address: address,
		Query:   scaler.Query{Key: decoded.Fingerprint, Trigger: decoded.Trigger},
		Timeout: timeout,
		Open:    func(context.Context) (scaler.Source, error) { return e.open(env) },
	}, nil
}

// open makes the source. Of the bindings of one server, one is opened; so it is here
// that a transport is made, with its copy of the system's certificate authorities.
func (e endpoint) open(env scaler.Env) (scaler.Source, error) {
	s := &source{
		plain: env.Transport, timeout: cmp.Or(env.HTTPTimeout, defaultTimeout), cluster: env.Cluster, pod: e.pod, shared: env.Transport,
	}
	if !e.security.Default() || s.plain == nil {
		config, err := e.security.Config()
		if err != nil {
			return nil, err
		}
		s.own = &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true,
			DialContext: (&net.Dialer{Timeout: connectTimeout}).DialContext, TLSHandshakeTimeout: connectTimeout,
			MaxIdleConnsPerHost: parallel, IdleConnTimeout: idleTimeout,
		}
		s.plain = s.own
	}
	s.client = &http.Client{Transport: env.Observed(s.plain), CheckRedirect: sameHost}
	return s, nil
}

// security returns the TLS settings that the trigger's authentication asks for.
func security(auth trigger.HTTPAuth, insecure bool) scaler.TLS {
	s := scaler.TLS{CA: auth.CA, Insecure: insecure}
	if auth.Uses("tls") {
		s.Cert, s.Key = auth.Cert, auth.Key
	}
	return s
}
