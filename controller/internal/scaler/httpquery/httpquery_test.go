// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/httpquery"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ask binds one trigger and reads it once.
func ask(t *testing.T, tr trigger.Trigger, env scaler.Env) (float64, error) {
	t.Helper()
	b, err := httpquery.Bind(trigger.Decoded{Type: "test", Trigger: tr, Fingerprint: "f"}, env)
	if err != nil {
		return 0, err
	}
	s, err := b.Open(t.Context())
	if err != nil {
		return 0, err
	}
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r := s.Read(ctx, []scaler.Query{b.Query})[0]
	if r.Err != nil {
		return 0, r.Err
	}
	return r.Readings[0].Value, nil
}

// api is a metrics-api trigger that reads {"n": …}.
func api(server *source.HTTPServer, auth trigger.HTTPAuth) *trigger.MetricsAPI {
	return &trigger.MetricsAPI{URL: server.URL + "/page?a=b", Format: "json", ValueLocation: "n", HTTPAuth: auth}
}

func TestCredentialsAreSentAsTheModesSay(t *testing.T) {
	all := trigger.HTTPAuth{
		APIKey: "key1", Method: "header", Username: "user", Password: "pass", BearerToken: "token",
		CustomAuthHeader: "X-Tenant", CustomAuthValue: "tenant",
	}
	tests := map[string]struct {
		modes  []string
		change func(*trigger.HTTPAuth)
		want   map[string]string // header or "?parameter" to value, "" for absent
	}{
		"none":           {want: map[string]string{"Authorization": "", "X-Api-Key": "", "X-Tenant": "", "?api_key": ""}},
		"key in header":  {modes: []string{"apiKey"}, want: map[string]string{"X-Api-Key": "key1", "Authorization": ""}},
		"key by name":    {modes: []string{"apiKey"}, change: func(a *trigger.HTTPAuth) { a.KeyParamName = "X-K" }, want: map[string]string{"X-K": "key1"}},
		"key in query":   {modes: []string{"apiKey"}, change: func(a *trigger.HTTPAuth) { a.Method = "query" }, want: map[string]string{"?api_key": "key1", "?a": "b", "X-Api-Key": ""}},
		"basic":          {modes: []string{"basic"}, want: map[string]string{"Authorization": "Basic dXNlcjpwYXNz"}},
		"bearer and key": {modes: []string{"bearer", "apiKey"}, want: map[string]string{"Authorization": "Bearer token", "X-Api-Key": "key1"}},
		"custom":         {modes: []string{"custom"}, want: map[string]string{"X-Tenant": "tenant"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := source.HTTP(t)
			server.Answer(http.StatusOK, `{"n":3}`)
			auth := all
			auth.Modes = test.modes
			if test.change != nil {
				test.change(&auth)
			}
			if value, err := ask(t, api(server, auth), scaler.Env{}); err != nil || value != 3 {
				t.Fatalf("got %v, %v", value, err)
			}
			r := server.Requests()[0]
			for where, want := range test.want {
				got := r.Header.Get(where)
				if parameter, ok := strings.CutPrefix(where, "?"); ok {
					got = r.URL.Query().Get(parameter)
				}
				if got != want {
					t.Errorf("%s is %q, want %q", where, got, want)
				}
			}
		})
	}
}

func TestFailuresAreClassifiedAndQuoted(t *testing.T) {
	tests := []struct {
		status     int
		retryAfter string
		class      scaler.Class
		after      time.Duration
	}{
		{status: 400, class: scaler.ClassMisconfigured},
		{status: 401, class: scaler.ClassMisconfigured},
		{status: 404, class: scaler.ClassMisconfigured},
		{status: 408, class: scaler.ClassTransient},
		{status: 429, class: scaler.ClassThrottled},
		{status: 429, retryAfter: "7", class: scaler.ClassThrottled, after: 7 * time.Second},
		{status: 429, retryAfter: "18446744074", class: scaler.ClassThrottled, after: 24 * time.Hour}, // overflows
		{status: 500, class: scaler.ClassTransient},
		{status: 503, class: scaler.ClassTransient},
		{status: 503, retryAfter: "20", class: scaler.ClassThrottled, after: 20 * time.Second},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.status, test.retryAfter), func(t *testing.T) {
			server := source.HTTP(t)
			server.Answer(test.status, "no\n  luck with key1-secret "+strings.Repeat("x", 1000))
			if test.retryAfter != "" {
				server.Header("Retry-After", test.retryAfter)
			}
			_, err := ask(t, api(server, trigger.HTTPAuth{Modes: []string{"apiKey"}, APIKey: "key1-secret", Method: "query"}), scaler.Env{})
			if scaler.Classify(err) != test.class || scaler.RetryAfter(err) != test.after {
				t.Errorf("class %s, retry after %v; want %s, %v", scaler.Classify(err), scaler.RetryAfter(err), test.class, test.after)
			}
			text := err.Error()
			if !strings.Contains(text, server.URL+"/page") || !strings.Contains(text, "no luck with ***") || !strings.Contains(text, fmt.Sprint(test.status)) {
				t.Errorf("the message lacks address, status or body: %s", text)
			}
			if strings.Contains(text, "key1-secret") || strings.Contains(text, "a=b") || len(text) > 400 {
				t.Errorf("the message shows too much: %s", text)
			}
		})
	}
}

// TestMessagesAreShortAndWithoutSecrets: what a server says ends in the object's
// condition.
func TestMessagesAreShortAndWithoutSecrets(t *testing.T) {
	const key = "se/cret+key 1"
	long := strings.Repeat("x", 1<<14)
	auth := trigger.HTTPAuth{Modes: []string{"apiKey"}, APIKey: key, Method: "query"}
	for name, test := range map[string]struct {
		status       int
		body, format string // no format means prometheus' API
	}{
		"the URL in an error page": {status: http.StatusNotFound, body: "no such page: /page?api_key=se%2Fcret%2Bkey+1, /page?api_key=se%2Fcret%2Bkey%201", format: "json"},
		"an error of Prometheus":   {body: `{"status":"error","errorType":"` + long + `","error":"` + long + `"}`},
		"a type of result":         {body: `{"status":"success","data":{"resultType":"` + long + `","result":[]}}`},
		"a value":                  {body: `{"status":"success","data":{"resultType":"scalar","result":[1,"` + long + `"]}}`},
		"a metric":                 {body: "n " + long + "\n", format: "prometheus"},
		"a type of metric":         {body: "# TYPE m " + long + "\n", format: "prometheus"},
		"a tag":                    {body: "<" + long + "></a>", format: "xml"},
		"a character set":          {body: `<?xml version="1.0" encoding="` + long + `"?><a/>`, format: "xml"},
		"a key":                    {body: "a: *" + long, format: "yaml"},
	} {
		server := source.HTTP(t)
		server.Answer(cmp.Or(test.status, http.StatusOK), test.body)
		var tr trigger.Trigger = &trigger.MetricsAPI{URL: server.URL + "/page", Format: test.format, ValueLocation: "n", HTTPAuth: auth}
		if test.format == "" {
			tr = &trigger.Prometheus{ServerAddress: server.URL, Query: "q"}
		}
		_, err := ask(t, tr, scaler.Env{})
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if text := err.Error(); len(text) > 1100 || strings.Contains(text, "cret") {
			t.Errorf("%s: %d bytes: %.300s", name, len(text), text)
		}
	}
}

// TestAnswersAreBounded gives a page that nobody made for reading one number.
//
// Differs: Triggers
// KEDA: The answer to a metrics-api or prometheus trigger is read into memory whatever its size.
// Here: An answer above 4 MiB is an error that says so.
// Why: One wrong URL must not take the memory of all others.
// Old: not available
func TestAnswersAreBounded(t *testing.T) {
	server := source.HTTP(t)
	server.Answer(http.StatusOK, `{"n":3,"rest":"`+strings.Repeat("x", 5<<20)+`"}`)
	if _, err := ask(t, api(server, trigger.HTTPAuth{}), scaler.Env{}); err == nil || !strings.Contains(err.Error(), "larger than 4 MiB") {
		t.Errorf("got error %v", err)
	}
}

// TestRedirectsStayOnTheHost: the next request would carry the credentials.
//
// Differs: Triggers
// KEDA: Requests of HTTP triggers follow redirects wherever they lead.
// Here: They follow up to five on the same host, and none from https to http; another host is an error that names it.
// Why: Passwords in parameters and headers of the trigger's own would go along to whom nobody named.
// Old: name the host that is redirected to
func TestRedirectsStayOnTheHost(t *testing.T) {
	other := source.HTTP(t)
	other.Answer(http.StatusOK, `{"n":1}`)
	server := source.HTTP(t)
	server.Answer(http.StatusOK, `{"n":2}`)
	target := "/elsewhere"
	server.Route("/page", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, http.StatusFound) })
	auth := trigger.HTTPAuth{Modes: []string{"apiKey"}, APIKey: "key1"}
	if value, err := ask(t, api(server, auth), scaler.Env{}); err != nil || value != 2 {
		t.Errorf("a redirect on the host gives %v, %v", value, err)
	}
	target = strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	if _, err := ask(t, api(server, auth), scaler.Env{}); err == nil || !strings.Contains(err.Error(), "another host") {
		t.Errorf("a redirect to another host gives %v", err)
	}
	if n := len(other.Requests()); n != 0 {
		t.Errorf("the other host got %d requests", n)
	}
}

func TestTimeoutOfTheTriggerAndOfTheController(t *testing.T) {
	server := source.HTTP(t)
	server.Hang()
	for name, test := range map[string]struct{ own, controller time.Duration }{
		"own": {50 * time.Millisecond, time.Hour}, "controller's": {0, 50 * time.Millisecond},
	} {
		trigger := api(server, trigger.HTTPAuth{})
		trigger.Timeout = test.own
		_, err := ask(t, trigger, scaler.Env{HTTPTimeout: test.controller})
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), server.URL) {
			t.Errorf("%s time-out: got %v", name, err)
		}
	}
}

func TestTLS(t *testing.T) {
	server := source.HTTPS(t)
	server.Answer(http.StatusOK, `{"n":3}`)
	_, err := ask(t, api(server, trigger.HTTPAuth{}), scaler.Env{})
	if scaler.Classify(err) != scaler.ClassMisconfigured {
		t.Errorf("an unknown authority gives %v (%s)", err, scaler.Classify(err))
	}
	if value, err := ask(t, api(server, trigger.HTTPAuth{CA: server.CA()}), scaler.Env{}); err != nil || value != 3 {
		t.Errorf("with its CA: %v, %v", value, err)
	}
	unsafe := api(server, trigger.HTTPAuth{})
	unsafe.UnsafeSSL = true
	if value, err := ask(t, unsafe, scaler.Env{}); err != nil || value != 3 {
		t.Errorf("with unsafeSsl: %v, %v", value, err)
	}
	if _, err := ask(t, api(server, trigger.HTTPAuth{CA: "no PEM"}), scaler.Env{}); err == nil || !strings.Contains(err.Error(), `"ca"`) {
		t.Errorf("a malformed CA gives %v", err)
	}
}

func TestPrometheusRequest(t *testing.T) {
	server := source.HTTP(t)
	server.Answer(http.StatusOK, `{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"2"]}]}}`)
	value, err := ask(t, &trigger.Prometheus{
		ServerAddress: strings.Replace(server.URL, "http://", "http://user:pw@", 1) + "/prom/?x=y", Query: `sum(rate(a{b="c"}[1m]))`,
		Namespace: "shop", QueryParameters: map[string]string{"dedup": "true"}, CustomHeaders: map[string]string{"X-Scope-OrgID": "tenant"},
	}, scaler.Env{})
	if err != nil || value != 2 {
		t.Fatalf("got %v, %v", value, err)
	}
	r := server.Requests()[0]
	q := r.URL.Query()
	if r.URL.Path != "/prom/api/v1/query" || q.Get("query") != `sum(rate(a{b="c"}[1m]))` || q.Get("namespace") != "shop" || q.Get("dedup") != "true" || q.Get("x") != "y" {
		t.Errorf("asked %s", r.URL)
	}
	if user, password, _ := r.BasicAuth(); user != "user" || password != "pw" || r.Header.Get("X-Scope-OrgID") != "tenant" {
		t.Errorf("headers are %v", r.Header)
	}
}

func TestNullValues(t *testing.T) {
	server := source.HTTP(t)
	server.Answer(http.StatusOK, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	p := trigger.Prometheus{ServerAddress: server.URL, Query: "q", IgnoreNullValues: true}
	if value, err := ask(t, &p, scaler.Env{}); err != nil || value != 0 {
		t.Errorf("ignoring null values: %v, %v", value, err)
	}
	p.IgnoreNullValues = false
	if _, err := ask(t, &p, scaler.Env{}); err == nil || !strings.Contains(err.Error(), `query "q"`) {
		t.Errorf("not ignoring null values: %v", err)
	}
}

// services knows the endpoints of some Services by "namespace/name".
type services map[string][]string

func (services) Pods(context.Context, string, string) ([]scaler.Pod, error) { return nil, nil }
func (s services) Endpoints(_ context.Context, namespace, name string) ([]string, error) {
	return s[namespace+"/"+name], nil
}

func TestAggregatesEndpoints(t *testing.T) {
	one, two, broken := source.HTTP(t), source.HTTP(t), source.HTTP(t)
	one.Answer(http.StatusOK, `{"n":2}`)
	two.Answer(http.StatusOK, `{"n":10}`)
	broken.Answer(http.StatusInternalServerError, "broken")
	host := func(s *source.HTTPServer) string { return strings.TrimPrefix(s.URL, "http://") }
	_, onePort, _ := strings.Cut(host(one), ":")
	env := scaler.Env{Cluster: services{
		"shop/web":    {host(one), host(two), host(broken)},
		"shop/single": {host(one)},
		"shop/broken": {host(broken)},
	}}
	tests := map[string]struct {
		url, how string
		want     float64
		err      string
	}{
		"a port":              {url: "http://web.shop.svc:" + onePort + "/", how: "sum", want: 2},
		"port of the Service": {url: "http://single.shop:80/", how: "sum", want: 2},
		"no port in common":   {url: "http://web.shop:1/", how: "sum", err: "have the ports"},
		"all fail":            {url: "http://broken.shop/", how: "sum", err: "broken"},
		"no endpoints":        {url: "http://none.shop.svc.cluster.local/", how: "sum", err: "no ready endpoints of Service shop/none"},
		"no namespace":        {url: "http://web/", how: "sum", err: "names no Service"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ask(t, &trigger.MetricsAPI{
				URL: test.url, Format: "json", ValueLocation: "n", AggregateFromKubeServiceEndpoints: true, AggregationType: test.how,
			}, env)
			switch {
			case test.err == "" && (err != nil || got != test.want):
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("got error %v, want one with %q", err, test.err)
			}
		})
	}
	if got := one.Requests()[0].Host; !strings.HasSuffix(got, ".shop:80") && !strings.Contains(got, ".shop.svc:") {
		t.Errorf("the Host header is %q, want that of the Service", got)
	}
}

// answerers answers requests by the host that they are sent to.
type answerers map[string]string

func (a answerers) RoundTrip(r *http.Request) (*http.Response, error) {
	body, ok := a[r.URL.Host]
	if !ok { // nobody listens
		<-r.Context().Done()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func TestAURLWithoutAPortMeansThatOfItsScheme(t *testing.T) {
	env := scaler.Env{
		Cluster:   services{"shop/web": {"10.0.0.1:80", "10.0.0.1:443", "10.0.0.1:9090"}},
		Transport: answerers{"10.0.0.1:80": `{"n":4}`, "10.0.0.1:443": `{"n":5}`},
	}
	for url, want := range map[string]float64{"http://web.shop/": 4, "https://web.shop.svc/": 5} {
		got, err := ask(t, &trigger.MetricsAPI{URL: url, Format: "json", ValueLocation: "n", AggregateFromKubeServiceEndpoints: true}, env)
		if err != nil || got != want {
			t.Errorf("%s is %v, %v; want %v", url, got, err, want)
		}
	}
}

// TestEndpointsThatHangTakeNothingFromTheOthers: the time-out is that of one request,
// and more pods than are asked at a time may be on a node that is gone.
func TestEndpointsThatHangTakeNothingFromTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endpoints, answers := []string{}, answerers{}
		for i := range 12 {
			endpoints = append(endpoints, fmt.Sprintf("10.0.0.%d:80", i))
			if i >= 7 {
				answers[endpoints[i]] = `{"n":2}`
			}
		}
		env := scaler.Env{Cluster: services{"shop/web": endpoints}, Transport: answers, HTTPTimeout: time.Second}
		tr := &trigger.MetricsAPI{URL: "http://web.shop/", Format: "json", ValueLocation: "n", AggregateFromKubeServiceEndpoints: true, AggregationType: "sum"}
		b, err := httpquery.Bind(trigger.Decoded{Type: "metrics-api", Trigger: tr, Fingerprint: "f"}, env)
		if err != nil {
			t.Fatal(err)
		}
		s, err := b.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), b.Timeout)
		defer cancel()
		r := s.Read(ctx, []scaler.Query{b.Query})[0]
		if r.Err != nil || r.Readings[0].Value != 10 {
			t.Errorf("got %v, %v; want the sum of the five that answer, 10", r.Readings, r.Err)
		}
	})
}
