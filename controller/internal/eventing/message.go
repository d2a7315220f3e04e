// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package eventing

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// message is a CloudEvent 1.0, as the JSON format writes it.
type message struct {
	SpecVersion     string `json:"specversion"`
	ID              string `json:"id"`
	Source          string `json:"source"`
	Type            string `json:"type"`
	Subject         string `json:"subject"`
	Time            string `json:"time"`
	DataContentType string `json:"datacontenttype"`
	Data            data   `json:"data"`
}

type data struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

const jsonType = "application/json"

// message returns an event as a cluster tells of it; namespace is the
// controller's.
func (e *Event) message(cluster, namespace string) *message {
	return &message{
		SpecVersion: "1.0", ID: e.ID, Type: string(e.Type), Time: e.Time.UTC().Format(time.RFC3339Nano),
		Source: "/" + cluster + "/" + namespace + "/keda", Subject: e.subject(cluster),
		DataContentType: jsonType, Data: data{Reason: e.Reason, Message: e.Message},
	}
}

// structured is a request whose body is the event.
func (m *message) structured(ctx context.Context, address string) (*http.Request, error) {
	return post(ctx, address, "application/cloudevents+json; charset=utf-8", m)
}

// batched is a request whose body is a list of events, of which there is one.
func (m *message) batched(ctx context.Context, address string) (*http.Request, error) {
	return post(ctx, address, "application/cloudevents-batch+json; charset=utf-8", []*message{m})
}

// binary is a request whose body is the event's data, and whose headers are its
// attributes.
func (m *message) binary(ctx context.Context, address string) (*http.Request, error) {
	request, err := post(ctx, address, m.DataContentType, m.Data)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"specversion": m.SpecVersion, "id": m.ID, "source": m.Source, "type": m.Type, "subject": m.Subject, "time": m.Time,
	} {
		request.Header.Set("Ce-"+name, headerValue(value))
	}
	return request, nil
}

// headerValue encodes what may not stand in a header, as the HTTP binding says.
func headerValue(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		if b <= ' ' || b >= 0x7f || b == '"' || b == '%' {
			fmt.Fprintf(&out, "%%%02X", b)
			continue
		}
		out.WriteByte(b)
	}
	return out.String()
}

func post(ctx context.Context, address, contentType string, body any) (*http.Request, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("cannot write the event: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("cannot make a request: %w", spoken(err))
	}
	request.Header.Set("Content-Type", contentType)
	return request, nil
}
