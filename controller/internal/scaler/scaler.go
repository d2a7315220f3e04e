// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package scaler is the port between polling and event sources. A trigger's
// parameters are bound, without I/O, to a server and a query; poll opens one
// Source per server, however many triggers use it, and hands it all queries
// that are due together. The sub-packages hold one family of client library each.
package scaler

import (
	"context"
	"net/http"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// Reading is the value of one metric at one moment.
type Reading struct {
	// Value is the metric's value, in the metric's own unit.
	Value float64
	// Active overrides the comparison of the value with the activation threshold
	// where a trigger type defines activity otherwise (cron). Nil compares.
	Active *bool
	// Empty says that the source had no value, and Value stands for none because
	// the trigger says so (ignoreNullValues).
	Empty bool
}

// Result is the answer to one query.
type Result struct {
	// Readings has one entry for each of the trigger's Metrics, in their order.
	// It is nil when Err is set.
	Readings []Reading
	// Err says why there is no reading. It carries no secret.
	Err error
}

// Query is one question to a server.
type Query struct {
	// Key identifies the question: equal keys are asked once and share the
	// answer.
	Key string
	// Trigger holds the question's parameters.
	Trigger trigger.Trigger
	// Namespace is the namespace of the asking object; it is part of the key
	// only for sources that look at it.
	Namespace string
	// Asker is who asked first; it is no part of the key.
	Asker Asker
}

// Source is an open connection to one server. Read is never called twice at the
// same time for one Source.
type Source interface {
	// Read answers the queries, in their order, one result each, with as few
	// round trips as the protocol allows. A query that fails does not fail the
	// others. It keeps to ctx's deadline, and does not keep the queries.
	Read(ctx context.Context, queries []Query) []Result
	// Close frees the connection.
	Close() error
}

// Separate is a Source whose queries are requests of their own, so that a slow
// query need not hold up the others of its server: poll does not call Read then.
type Separate interface {
	Source
	// Ask answers one query, as Read would. It may be called for several queries
	// at the same time, but not twice for one that is still wanted.
	Ask(ctx context.Context, query Query) Result
	// Parallel is how many may be asked at the same time.
	Parallel() int
}

// Watcher is a Source that can also say when an answer may have changed, so
// that an activation does not wait for the next poll.
type Watcher interface {
	Source
	// Watch calls changed with a query's key whenever its answer may have
	// changed, until ctx ends or the connection fails. Missing and repeated
	// calls are both allowed: polling goes on beside it. Each call of Watch
	// replaces the set of watched queries of the call before it.
	Watch(ctx context.Context, queries []Query, changed func(key string)) error
}

// Binding is a trigger bound to its server, made without I/O.
type Binding struct {
	// Server identifies the connection: type of server, address and a hash of
	// credentials and TLS settings. Equal strings share one Source.
	Server string
	// Address names the server in messages, without credentials.
	Address string
	// Query is the question.
	Query Query
	// Open connects lazily or at once; errors name Address.
	Open func(ctx context.Context) (Source, error)
	// Timeout bounds one Read; zero means the poller's default of 3 s.
	Timeout time.Duration
	// Scheduled says that the source compares what it sees with what it saw when
	// it was asked last, so that asking more often changes the answer. It is asked
	// once per polling interval, however many read the answer, and not beside it.
	Scheduled bool
	// Floor is the least time between two scheduled asks, however often the other
	// triggers of the object are asked. It is set by who subscribes; zero is none.
	Floor time.Duration
}

// Env is what a trigger may know of its surroundings when it is bound.
type Env struct {
	// Namespace and Object name the ScaledObject or ScaledJob.
	Namespace, Object string
	// PodIdentity is the identity of the trigger's TriggerAuthentication, or nil.
	PodIdentity *v1alpha1.AuthPodIdentity
	// Cluster answers the triggers that ask about the cluster itself.
	Cluster Cluster
	// HTTPTimeout bounds a request whose trigger sets no timeout of its own.
	HTTPTimeout time.Duration
	// Transport is the process-wide HTTP transport for servers without TLS
	// settings of their own.
	Transport http.RoundTripper
	// Observe counts the requests of a transport for metrics; nil does not. Scalers
	// ask Observed.
	Observe func(http.RoundTripper) http.RoundTripper
	// Now is the clock of time-driven triggers.
	Now func() time.Time
}

// Cluster answers questions about Kubernetes objects from the controller's cache.
type Cluster interface {
	// Pods lists the pods in a namespace whose labels match the selector
	// (Kubernetes label selector syntax) and that have not finished.
	Pods(ctx context.Context, namespace, selector string) ([]Pod, error)
	// Endpoints lists the ready addresses of a Service as host:port.
	Endpoints(ctx context.Context, namespace, service string) ([]string, error)
}

// Pod is what triggers look at of a pod.
type Pod struct {
	// Name is the pod's name, Node the node it runs on or empty.
	Name, Node string
	// Ready says that the Ready condition is true.
	Ready bool
}

// Bind binds decoded parameters to a server. Errors are configuration errors:
// asking again with the same parameters cannot help.
type Bind func(decoded trigger.Decoded, env Env) (Binding, error)
