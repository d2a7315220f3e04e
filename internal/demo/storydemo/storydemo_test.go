// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sqs"
)

func get(t *testing.T, handler http.Handler, path string, header ...string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestOnlyPagesAreCounted(t *testing.T) {
	handler := pages()
	if _, page := get(t, handler, "/metrics"); !strings.Contains(page, "\nhttp_requests_total 0\n") {
		t.Errorf("before the first page:\n%s", page)
	}
	for _, path := range []string{"/", "/healthz", "/", "/metrics", "/nothing"} {
		get(t, handler, path)
	}
	if _, page := get(t, handler, "/metrics"); !strings.Contains(page, "\nhttp_requests_total 2\n") {
		t.Errorf("after two pages:\n%s", page)
	}
}

func TestTheNumberNeedsTheKey(t *testing.T) {
	handler := number(settings{value: 30, apiKey: "key"})
	if code, body := get(t, handler, "/value", "X-API-KEY", "key"); code != http.StatusOK || body != "{\"value\":30}\n" {
		t.Errorf("with the key: %d %s", code, body)
	}
	for _, header := range [][]string{nil, {"X-API-KEY", "other"}} {
		if code, _ := get(t, handler, "/value", header...); code != http.StatusUnauthorized {
			t.Errorf("with %v: %d", header, code)
		}
	}
}

// counting gets requests and lets a test wait for the nth.
type counting struct{ seen chan struct{} }

func (c counting) ServeHTTP(http.ResponseWriter, *http.Request) { c.seen <- struct{}{} }

func TestLoadAsksUntilItIsStopped(t *testing.T) {
	c := counting{make(chan struct{})}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- load(ctx, settings{url: server.URL, rate: 2000, log: io.Discard}) }()
	for range 100 {
		receive(t, c.seen)
	}
	stop()
	for {
		select {
		case <-c.seen: // sent before the end
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
			return
		case <-time.After(20 * time.Second):
			t.Fatal("the load does not end")
		}
	}
}

func receive(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was asked for")
	}
}

func TestMessagesAreSentAndConsumed(t *testing.T) {
	keys := &sigv4.Keys{}
	keys.Add("AKID", sigv4.Key{Secret: "secret"})
	service := sqs.New(keys)
	service.Create("orders")
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL_SQS": server.URL, "AWS_REGION": "eu-west-3", "AWS_ACCESS_KEY_ID": "AKID",
		"AWS_SECRET_ACCESS_KEY": "secret", "AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none"} {
		t.Setenv(name, value)
	}
	s := settings{queues: []string{"orders"}, messages: 3, work: time.Millisecond, log: io.Discard}
	if err := send(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if got := service.Status()["orders"]; got.Visible != 3 {
		t.Fatalf("after sending: %+v", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- consume(ctx, s) }()
	deadline := time.Now().Add(20 * time.Second)
	for service.Status()["orders"].Deleted < 3 {
		if time.Now().After(deadline) {
			t.Fatalf("not consumed: %+v", service.Status()["orders"])
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("consume = %v after it was told to stop", err)
	}
	if got := (sqs.Status{Deleted: 3}); service.Status()["orders"] != got {
		t.Errorf("after consuming: %+v", service.Status()["orders"])
	}
	s.queues = []string{"absent"}
	if err := send(t.Context(), s); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("send to a missing queue = %v", err)
	}
}

func TestFlagsThatAreMissingAreNamed(t *testing.T) {
	for args, want := range map[string]string{
		"":             "usage",
		"nonsense":     "usage",
		"send":         "-queues",
		"consume":      "-queues",
		"gauge":        "$API_KEY",
		"load -rate=0": "-rate 0",
	} {
		err := run(t.Context(), strings.Fields(args))
		if err == nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("storydemo %s = %v, want %q in it", args, err, want)
		}
	}
}
