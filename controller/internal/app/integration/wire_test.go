// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/app"
)

// wire is a controller's way to the API server. It sees every request, and can be
// told to lose some, or all.
type wire struct {
	mu       sync.Mutex
	dead     bool
	requests []string // method and path of those that had no conflict
	// meddle, if set, may answer in place of the API server.
	meddle func(request *http.Request, ask func() (*http.Response, error)) (*http.Response, error)
}

var errDead = errors.New("the process is dead")

func (w *wire) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := w.pass(request, next)
		if response == nil || response.StatusCode != http.StatusConflict {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.requests = append(w.requests, request.Method+" "+request.URL.Path)
		}
		return response, err
	})
}

func (w *wire) pass(request *http.Request, next http.RoundTripper) (*http.Response, error) {
	w.mu.Lock()
	dead, meddle := w.dead, w.meddle
	w.mu.Unlock()
	switch {
	case dead:
		return nil, errDead
	case meddle != nil:
		return meddle(request, func() (*http.Response, error) { return next.RoundTrip(request) })
	}
	return next.RoundTrip(request)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// kill cuts the wire for good: whatever the process still does, nobody hears of it.
func (w *wire) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = true
}

// meddleWith sets what happens to requests.
func (w *wire) meddleWith(f func(*http.Request, func() (*http.Response, error)) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.meddle = f
}

// writes lists the requests so far that change something, but for those that hold
// the leadership.
func (w *wire) writes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, r := range w.requests {
		if !strings.HasPrefix(r, http.MethodGet+" ") && !strings.Contains(r, "/leases") {
			out = append(out, r)
		}
	}
	return out
}

// unavailable is what an API server says that cannot.
func unavailable(request *http.Request) *http.Response {
	body := `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"etcd is away","reason":"InternalError","code":500}`
	return &http.Response{
		StatusCode: http.StatusInternalServerError, Status: "500 Internal Server Error", Request: request,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewBufferString(body)),
	}
}

// newOwnEnv is an env for controllers of the test's own, which it starts with
// lead.
func newOwnEnv(t *testing.T) *env {
	t.Helper()
	t.Parallel() // after those that share a controller, which would meddle
	return newEnv(t, nil)
}

// lead starts a controller for the namespace of the test, with a Lease that
// expires soon.
func (e *env) lead(name string, change func(*app.Options)) (*controller, *wire) {
	e.Helper()
	w := &wire{}
	ctl := startController(e.T, func(o *app.Options) {
		o.Config = rest.CopyConfig(o.Config)
		o.Config.WrapTransport = w.wrap
		o.Namespace, o.WatchNamespaces, o.PodName = e.ns, []string{e.ns}, name
		o.LeaderElect, o.LeaseDuration, o.RenewDeadline, o.RetryPeriod = true, 4*time.Second, 3*time.Second, 500*time.Millisecond
		if change != nil {
			change(o)
		}
	})
	e.ctl = ctl
	ctl.ready(e.T)
	return ctl, w
}
