// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package eventing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	kedav1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/eventing"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/eventsink"
)

// captured starts a server that keeps the latest request and its body.
func captured(t *testing.T) (address string, latest func() (http.Header, string)) {
	t.Helper()
	type request struct {
		header http.Header
		body   string
	}
	seen := make(chan request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		seen <- request{r.Header, string(body)}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() (http.Header, string) {
		r := <-seen
		return r.header, r.body
	}
}

func event() *eventing.Event {
	return &eventing.Event{
		ID: "6f0a", Time: start, Type: ready, Namespace: "shop", Kind: "ScaledObject", Name: "Consumer",
		Reason: "ScaledObjectReady", Message: `all "is" well`,
	}
}

// TestStructuredEvent holds every byte of an event.
func TestStructuredEvent(t *testing.T) {
	address, latest := captured(t)
	w := newWorld(t)
	w.http.Structured = true
	if err := w.http.Send(t.Context(), eventing.SourceOf(namespaced("shop", "a", spec(address))), event()); err != nil {
		t.Fatal(err)
	}
	header, body := latest()
	want := `{"specversion":"1.0","id":"6f0a","source":"/kubernetes-default/keda/keda","type":"keda.scaledobject.ready.v1",` +
		`"subject":"/kubernetes-default/shop/scaledobject/consumer","time":"2026-01-02T03:04:05.000006Z","datacontenttype":"application/json",` +
		`"data":{"reason":"ScaledObjectReady","message":"all \"is\" well"}}`
	if diff := cmp.Diff(want, body); diff != "" || header.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" {
		t.Errorf("content type %q, body (-want +got):\n%s", header.Get("Content-Type"), diff)
	}
}

// TestBinaryEvent: what may not stand in a header is encoded.
//
// Kept: CloudEvents
// KEDA: To an HTTP destination the attributes of an event are sent as ce- headers, and only reason and message are in the body, although KEDA's documentation shows the whole event as one JSON object. The controller's flag --cloudevents-structured-mode sends it like that.
// Why: Receivers that read the headers and the body by themselves must not break in a move.
func TestBinaryEvent(t *testing.T) {
	address, latest := captured(t)
	w := newWorld(t)
	named := spec(address)
	named.ClusterName = "größte 100%"
	if err := w.http.Send(t.Context(), eventing.SourceOf(namespaced("shop", "a", named)), event()); err != nil {
		t.Fatal(err)
	}
	header, body := latest()
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Ce-Specversion": "1.0", "Ce-Id": "6f0a", "Ce-Type": "keda.scaledobject.ready.v1",
		"Ce-Time": "2026-01-02T03:04:05.000006Z", "Ce-Source": "/gr%C3%B6%C3%9Fte%20100%25/keda/keda",
		"Ce-Subject": "/gr%C3%B6%C3%9Fte%20100%25/shop/scaledobject/consumer",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if want := `{"reason":"ScaledObjectReady","message":"all \"is\" well"}`; body != want {
		t.Errorf("body %s, want %s", body, want)
	}
}

// TestRedirections: an event follows where it may be sent again whole, and is not
// taken for delivered where a browser would go and look.
func TestRedirections(t *testing.T) {
	sink := eventsink.New(t)
	for status, want := range map[int]string{http.StatusTemporaryRedirect: "", http.StatusFound: "302 Found"} {
		server := httptest.NewServer(http.RedirectHandler(sink.URL, status))
		defer server.Close()
		w := newWorld(t)
		err := w.http.Send(t.Context(), eventing.SourceOf(namespaced("shop", "a", spec(server.URL))), event())
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d: error %v, want %q", status, err, want)
		}
	}
	if taken := len(sink.Events()); taken != 1 {
		t.Errorf("%d events were taken", taken)
	}
}

// TestRedirectionsThatLeadNowhere: a sink that sends its events round in circles is
// not asked as often as the time for one event allows.
func TestRedirectionsThatLeadNowhere(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked < 1000 {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		}
	}))
	defer server.Close()
	err := newWorld(t).http.Send(t.Context(), eventing.SourceOf(namespaced("shop", "a", spec(server.URL))), event())
	if err == nil || !strings.Contains(err.Error(), "307") || asked > 11 {
		t.Errorf("asked %d times, error %v", asked, err)
	}
}

// TestErrorsAreShort: what a sink answers becomes part of a condition, so it does
// not choose how long that is.
func TestErrorsAreShort(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer connection.Close()
		fmt.Fprintf(connection, "HTTP/1.1 503 %s\r\n\r\n", strings.Repeat("x", 100_000))
	}))
	defer server.Close()
	err := newWorld(t).http.Send(t.Context(), eventing.SourceOf(namespaced("shop", "a", spec(server.URL))), event())
	if err == nil || !strings.Contains(err.Error(), "503") || len(err.Error()) > 200 {
		t.Errorf("error %.300v", err)
	}
}

// TestErrorsShowNoCredentials: people put them into URLs.
func TestErrorsShowNoCredentials(t *testing.T) {
	w := newWorld(t)
	for _, address := range []string{"http://me:planted@127.0.0.1:1/a?code=planted", "http://me:planted@[::1/planted", "planted://x", "http://host:planted/", "http://127.0.0.1:1/%zzplanted"} {
		err := w.http.Send(t.Context(), eventing.SourceOf(namespaced("shop", "a", spec(address))), event())
		if err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("the error is %v", err)
		}
	}
}

// grid is a source that delivers to a topic of Azure Event Grid.
func grid(endpoint, kind string) v1alpha1.CloudEventSourceSpec {
	return v1alpha1.CloudEventSourceSpec{
		Destination:       v1alpha1.Destination{AzureEventGridTopic: &v1alpha1.AzureEventGridTopicSpec{Endpoint: endpoint}},
		AuthenticationRef: &kedav1alpha1.AuthenticationRef{Name: "grid", Kind: kind},
	}
}

var accessKey = kedav1alpha1.TriggerAuthenticationSpec{SecretTargetRef: []kedav1alpha1.AuthTargetRef{{Parameter: "accessKey", Name: "grid", Key: "key"}}}

func podIdentity(provider kedav1alpha1.PodIdentityProvider) kedav1alpha1.TriggerAuthenticationSpec {
	return kedav1alpha1.TriggerAuthenticationSpec{PodIdentity: &kedav1alpha1.AuthPodIdentity{Provider: provider}}
}

// TestEventGridTakesTheKeyOfNow delivers with a key that is rotated in between.
func TestEventGridTakesTheKeyOfNow(t *testing.T) {
	old, rotated := eventsink.EventGrid(t, "old-key"), eventsink.EventGrid(t, "new-key")
	for _, kind := range []string{"TriggerAuthentication", "ClusterTriggerAuthentication"} {
		namespace, home := "shop", "shop"
		if kind == "ClusterTriggerAuthentication" {
			namespace, home = "", "keda"
		}
		w := newWorld(t, secret(home, "grid", map[string]string{"key": "old-key"}), authentication(namespace, "grid", accessKey))
		send := func(sink *eventsink.Sink) error {
			return w.http.Send(t.Context(), eventing.SourceOf(namespaced("shop", "a", grid(sink.URL, kind))), event())
		}
		if err := send(old); err != nil {
			t.Fatal(err)
		}
		w.update(secret(home, "grid", map[string]string{"key": "new-key"}))
		if err := send(old); err == nil || !strings.Contains(err.Error(), "401 Unauthorized") || strings.Contains(err.Error(), "new-key") {
			t.Errorf("the old topic said %v", err)
		}
		if err := send(rotated); err != nil {
			t.Error(err)
		}
	}
	if got := rotated.Events(); len(got) != 2 || got[0].Subject != "/kubernetes-default/shop/scaledobject/consumer" {
		t.Errorf("the topic has %+v", got)
	}
}

// TestEventGridCredentials: what a topic needs and does not get is named, before
// there is an event.
func TestEventGridCredentials(t *testing.T) {
	for _, variable := range []string{"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"} {
		t.Setenv(variable, "")
	}
	for _, test := range []struct {
		name    string
		objects []client.Object
		want    string
	}{
		{"nothing", nil, "TriggerAuthentication shop/grid does not exist"},
		{"no Secret", []client.Object{authentication("shop", "grid", accessKey)}, "Secret shop/grid does not exist"},
		{"another parameter", []client.Object{secret("shop", "grid", map[string]string{"key": "a"}), authentication("shop", "grid", kedav1alpha1.TriggerAuthenticationSpec{
			SecretTargetRef: []kedav1alpha1.AuthTargetRef{{Parameter: "key", Name: "grid", Key: "key"}},
		})}, "neither the parameter accessKey nor podIdentity azure-workload"},
		{"another identity", []client.Object{authentication("shop", "grid", podIdentity(kedav1alpha1.PodIdentityProviderGCP))}, `podIdentity.provider ("gcp") must be azure-workload`},
		{"no identity here", []client.Object{authentication("shop", "grid", podIdentity(kedav1alpha1.PodIdentityProviderAzureWorkload))}, "no token for Azure Event Grid: the controller's pod has no Azure workload identity"},
		{"key", []client.Object{secret("shop", "grid", map[string]string{"key": "a"}), authentication("shop", "grid", accessKey)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, test.objects...)
			err := w.http.Check(t.Context(), eventing.SourceOf(namespaced("shop", "a", grid("http://127.0.0.1:1", ""))))
			if (test.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// TestEventGridToken delivers under an identity, and sends the token to nobody
// else.
func TestEventGridToken(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was sent on with Authorization %q", r.Method, r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	var got http.Header
	status := http.StatusOK
	topic := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.Header().Set("Location", elsewhere.URL)
		w.WriteHeader(status)
	}))
	defer topic.Close()
	w := newWorld(t, authentication("shop", "grid", podIdentity(kedav1alpha1.PodIdentityProviderAzureWorkload)))
	refused := errors.New("nobody knows this identity")
	w.http.Token = func(_ context.Context, identity *kedav1alpha1.AuthPodIdentity) (string, error) {
		if identity.Provider != kedav1alpha1.PodIdentityProviderAzureWorkload {
			t.Errorf("asked for a token of %v", identity)
		}
		return "t0ken", refused
	}
	source := eventing.SourceOf(namespaced("shop", "a", grid(topic.URL, "")))
	if err := w.http.Send(t.Context(), source, event()); !errors.Is(err, refused) {
		t.Errorf("error %v", err)
	}
	refused = nil
	if err := w.http.Send(t.Context(), source, event()); err != nil || got.Get("Authorization") != "Bearer t0ken" || got.Get("Aeg-Sas-Key") != "" {
		t.Errorf("headers %v, error %v", got, err)
	}
	status = http.StatusTemporaryRedirect
	if err := w.http.Send(t.Context(), source, event()); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("error %v", err)
	}
}

// TestCheckHasATimeout: what is asked for a token may never answer, and the other
// sources wait for their conditions.
func TestCheckHasATimeout(t *testing.T) {
	w := newWorld(t, authentication("shop", "grid", podIdentity(kedav1alpha1.PodIdentityProviderAzureWorkload)))
	w.http.Token = func(ctx context.Context, _ *kedav1alpha1.AuthPodIdentity) (string, error) {
		if _, limited := ctx.Deadline(); !limited {
			t.Error("a token is waited for without a limit")
		}
		return "t0ken", nil
	}
	if err := w.http.Check(t.Context(), eventing.SourceOf(namespaced("shop", "a", grid("http://127.0.0.1:1", "")))); err != nil {
		t.Error(err)
	}
}

// TestTimeout: a sink that does not answer is given up.
func TestTimeout(t *testing.T) {
	sink := eventsink.New(t)
	sink.Hang()
	w := newWorld(t)
	w.http.Timeout = time.Millisecond
	err := w.http.Send(t.Context(), eventing.SourceOf(namespaced("shop", "a", spec(sink.URL))), event())
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
