// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package eventing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	corev1 "k8s.io/api/core/v1"

	kedav1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
)

// Sender delivers one event to the sink of one source.
type Sender interface {
	// Send offers an event once. Its errors name no secret.
	Send(ctx context.Context, s *Source, e *Event) error
}

// HTTP delivers to both kinds of destinations, which speak HTTP. It implements
// Sender.
type HTTP struct {
	// ClusterName stands in the attributes of sources that do not set their own,
	// Namespace is the controller's.
	ClusterName, Namespace string
	// Structured sends the whole event as JSON, in place of its attributes as headers.
	Structured bool
	// Transport and Timeout are of one request.
	Transport http.RoundTripper
	Timeout   time.Duration
	// Auth reads what a source refers to; it is asked for each attempt, so that a
	// new key counts at once.
	Auth interface {
		Resolve(ctx context.Context, ref *kedav1alpha1.AuthenticationRef, workload auth.Workload) (auth.Resolved, error)
	}
	// Token returns the access token of a pod identity for Azure Event Grid.
	Token func(ctx context.Context, identity *kedav1alpha1.AuthPodIdentity) (string, error)
}

// Send implements Sender.
func (h *HTTP) Send(ctx context.Context, s *Source, e *Event) error {
	if err := s.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	cluster := s.Spec.ClusterName
	if cluster == "" {
		cluster = h.ClusterName
	}
	m := e.message(cluster, h.Namespace)
	if d := s.Spec.Destination.HTTP; d != nil {
		form := m.binary
		if h.Structured {
			form = m.structured
		}
		request, err := form(ctx, d.URI)
		if err != nil {
			return err
		}
		return h.deliver(&http.Client{Transport: h.Transport, CheckRedirect: whole}, request)
	}
	return h.toEventGrid(ctx, s, m)
}

// redirections is how many of them are followed for one event.
const redirections = 10

// whole follows a redirection that takes the event along, and no other.
func whole(request *http.Request, via []*http.Request) error {
	if request.Method != http.MethodPost || len(via) > redirections {
		return http.ErrUseLastResponse
	}
	return nil
}

// Check says why nothing could be delivered to a source, before there is an
// event: it reads the authentication.
func (h *HTTP) Check(ctx context.Context, s *Source) error {
	if err := s.Err(); err != nil || s.Spec.Destination.HTTP != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	_, err := h.credentials(ctx, s)
	return err
}

// toEventGrid publishes to a topic of Azure Event Grid.
func (h *HTTP) toEventGrid(ctx context.Context, s *Source, m *message) error {
	header, err := h.credentials(ctx, s)
	if err != nil {
		return err
	}
	endpoint, err := url.Parse(s.Spec.Destination.AzureEventGridTopic.Endpoint)
	if err != nil {
		return fmt.Errorf("endpoint of the topic: %w", spoken(err))
	}
	query := endpoint.Query()
	if !query.Has("api-version") {
		query.Set("api-version", "2018-01-01")
	}
	endpoint.RawQuery = query.Encode()
	request, err := m.batched(ctx, endpoint.String())
	if err != nil {
		return err
	}
	for name := range header {
		request.Header.Set(name, header.Get(name))
	}
	client := &http.Client{Transport: h.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the key is for nobody else
	}}
	return h.deliver(client, request)
}

// credentials are the headers that a topic asks for.
func (h *HTTP) credentials(ctx context.Context, s *Source) (http.Header, error) {
	ref := s.Spec.AuthenticationRef
	found, err := h.Auth.Resolve(ctx, ref, auth.Workload{
		Name: s.Key.Kind + " " + s.Key.String(), Namespace: s.Key.Namespace,
		Template: func() (*corev1.PodTemplateSpec, error) { return nil, nil },
	})
	if err != nil {
		return nil, fmt.Errorf("spec.authenticationRef: %w", err)
	}
	if found.PodIdentity != nil {
		token, err := h.Token(ctx, found.PodIdentity)
		if err != nil {
			return nil, fmt.Errorf("%s %s: no token for Azure Event Grid: %w", ref.KindOrDefault(), ref.Name, err)
		}
		return http.Header{"Authorization": {"Bearer " + token}}, nil
	}
	key := found.Parameters["accessKey"]
	if key == "" {
		return nil, fmt.Errorf("%s %s has neither the parameter accessKey nor podIdentity azure-workload; add one of them", ref.KindOrDefault(), ref.Name)
	}
	return http.Header{"Aeg-Sas-Key": {key}}, nil
}

// answerRead is how much of an answer is read, so that its connection can be used
// again.
const answerRead = 64 << 10

func (h *HTTP) deliver(client *http.Client, request *http.Request) error {
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("cannot deliver to %s: %w", request.URL.Host, spoken(err))
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, answerRead))
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("cannot deliver to %s: it answered %d %s", request.URL.Host, response.StatusCode, http.StatusText(response.StatusCode))
	}
	return nil
}

// spoken drops the URL of an error, in which there may be credentials.
func spoken(err error) error {
	var with *url.Error
	if errors.As(err, &with) {
		return with.Err
	}
	return err
}
