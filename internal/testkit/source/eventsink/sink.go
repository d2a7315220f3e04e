// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package eventsink takes CloudEvents as the specification's HTTP binding says, in
// structured, binary and batched mode, and keeps them for a test to look at. It
// refuses what the specification forbids. EventGrid is a fake of a topic of Azure
// Event Grid, written from its documentation: it takes batches only, with the
// right version of the API and one of its keys.
package eventsink

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Event is a CloudEvent that a sink took.
type Event struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            struct {
		Reason  string `json:"reason"`
		Message string `json:"message"`
	} `json:"data"`
}

// Sink is an HTTP server that takes events.
type Sink struct {
	// URL is where to deliver to.
	URL string

	server *httptest.Server
	accept func(*http.Request) ([]Event, int, error)

	mu      sync.Mutex
	status  int           // other than 200 while it takes nothing
	hang    chan struct{} // open while requests get no answer
	asked   int
	events  []Event
	problem error
}

// New starts a sink on a free port.
func New(tb testing.TB) *Sink {
	tb.Helper()
	return start(tb, "/events", anyMode)
}

// EventGrid starts a topic that has one key.
func EventGrid(tb testing.TB, key string) *Sink {
	tb.Helper()
	return start(tb, "/api/events", func(r *http.Request) ([]Event, int, error) {
		if r.Header.Get("Aeg-Sas-Key") != key {
			return nil, http.StatusUnauthorized, nil
		}
		if version := r.URL.Query().Get("api-version"); version != "2018-01-01" {
			return nil, http.StatusBadRequest, fmt.Errorf("api-version is %q", version)
		}
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/cloudevents-batch+json" {
			return nil, http.StatusUnsupportedMediaType, fmt.Errorf("content type %q", r.Header.Get("Content-Type"))
		}
		events, err := batch(r.Body)
		return events, http.StatusOK, err
	})
}

func start(tb testing.TB, path string, accept func(*http.Request) ([]Event, int, error)) *Sink {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &Sink{status: http.StatusOK, accept: accept}
	s.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}}
	s.server.Start()
	s.URL = s.server.URL + path
	tb.Cleanup(func() {
		s.Resume()
		s.server.Close()
		if s.problem != nil {
			tb.Errorf("a request was no CloudEvent: %v", s.problem)
		}
	})
	return s
}

// Answer makes the sink answer another status than 200, and take nothing then.
func (s *Sink) Answer(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// Hang leaves requests without an answer until Resume.
func (s *Sink) Hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hang = make(chan struct{})
}

// Resume ends Hang.
func (s *Sink) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hang != nil {
		close(s.hang)
		s.hang = nil
	}
}

// Events returns what was taken so far, oldest first.
func (s *Sink) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Event(nil), s.events...)
}

// Asked is how many requests there were, whatever their answer.
func (s *Sink) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// ServeHTTP answers one request.
func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked++
	status, hang := s.status, s.hang
	s.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-r.Context().Done():
			return
		}
	}
	if status != http.StatusOK {
		w.WriteHeader(status)
		return
	}
	events, status, err := s.accept(r)
	for i := range events {
		err = errors.Join(err, events[i].check())
	}
	if r.Method != http.MethodPost {
		err = errors.Join(err, fmt.Errorf("method %s", r.Method))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.problem = errors.Join(s.problem, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.events = append(s.events, events...)
	w.WriteHeader(status)
}

// anyMode reads a request of any of the modes.
func anyMode(r *http.Request) ([]Event, int, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, 0, err
	}
	switch kind {
	case "application/cloudevents-batch+json":
		events, err := batch(r.Body)
		return events, http.StatusOK, err
	case "application/cloudevents+json":
		var e Event
		err := json.NewDecoder(r.Body).Decode(&e)
		return []Event{e}, http.StatusOK, err
	}
	e, err := binary(r)
	return []Event{e}, http.StatusOK, err
}

func batch(body io.Reader) (events []Event, err error) {
	err = json.NewDecoder(body).Decode(&events)
	return events, err
}

// binary reads attributes from headers, percent-encoded as they are.
func binary(r *http.Request) (e Event, err error) {
	e.DataContentType = r.Header.Get("Content-Type")
	var at string
	for name, field := range map[string]*string{
		"specversion": &e.SpecVersion, "id": &e.ID, "source": &e.Source, "type": &e.Type, "subject": &e.Subject, "time": &at,
	} {
		if *field, err = url.PathUnescape(r.Header.Get("Ce-" + name)); err != nil {
			return e, fmt.Errorf("attribute %s: %w", name, err)
		}
	}
	if e.Time, err = time.Parse(time.RFC3339Nano, at); err != nil {
		return e, err
	}
	return e, json.NewDecoder(r.Body).Decode(&e.Data)
}

// check holds what the specification requires of every event.
func (e *Event) check() error {
	if e.SpecVersion != "1.0" || e.ID == "" || e.Type == "" || e.Time.IsZero() {
		return fmt.Errorf("attributes are missing: %+v", e)
	}
	if _, err := url.Parse(e.Source); err != nil || !strings.HasPrefix(e.Source, "/") {
		return fmt.Errorf("source %q is no reference: %w", e.Source, err)
	}
	if e.DataContentType != "application/json" {
		return fmt.Errorf("data of type %q", e.DataContentType)
	}
	return nil
}
