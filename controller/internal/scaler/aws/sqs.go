// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity"
	awsidentity "github.com/keda-tf/terraform-provider-keda/controller/internal/identity/aws"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// parallel bounds the requests of one client at a time: SQS has no request for
// several queues.
const parallel = 16

// sqsSource measures queues with one client.
type sqsSource struct {
	address   string
	access    access
	transport *http.Transport
	client    *sqs.Client

	mu   sync.Mutex
	urls map[string]string // URLs of the queues that triggers give by name
}

func openSQS(ctx context.Context, a access, address string, observed func(http.RoundTripper) http.RoundTripper) (scaler.Source, error) {
	cfg, err := awsidentity.Config(ctx, a.region, a.Identity, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	transport := awsidentity.Transport(cfg)
	return &sqsSource{
		address: address, access: a, transport: transport, urls: map[string]string{},
		client: sqs.NewFromConfig(cfg, func(o *sqs.Options) {
			o.HTTPClient = &http.Client{Transport: observed(transport), CheckRedirect: identity.NoRedirect}
			if a.endpoint != "" {
				o.BaseEndpoint = &a.endpoint
			}
		}),
	}, nil
}

// Read asks for the attributes of each queue, some at a time.
func (s *sqsSource) Read(ctx context.Context, queries []scaler.Query) []scaler.Result {
	return scaler.ReadEach(ctx, queries, parallel, s.Ask)
}

// Ask asks for the attributes of one queue.
func (s *sqsSource) Ask(ctx context.Context, q scaler.Query) scaler.Result {
	t, ok := q.Trigger.(*trigger.AWSSQSQueue)
	if !ok {
		return scaler.Result{Err: scaler.Terminal(fmt.Errorf("%s cannot answer for a %T", s.address, q.Trigger))}
	}
	value, err := s.length(ctx, t)
	if err != nil {
		return scaler.Result{Err: s.explain(t.QueueName(), err)}
	}
	return scaler.Result{Readings: []scaler.Reading{{Value: value}}}
}

// Parallel implements scaler.Separate.
func (s *sqsSource) Parallel() int { return parallel }

// length adds up the messages in the states that the trigger counts.
func (s *sqsSource) length(ctx context.Context, t *trigger.AWSSQSQueue) (float64, error) {
	names := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages}
	if t.ScaleOnInFlight {
		names = append(names, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
	}
	if t.ScaleOnDelayed {
		names = append(names, types.QueueAttributeNameApproximateNumberOfMessagesDelayed)
	}
	queueURL, err := s.url(ctx, t)
	if err != nil {
		return 0, err
	}
	out, err := s.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queueURL, AttributeNames: names})
	if err != nil {
		var missing *types.QueueDoesNotExist
		if errors.As(err, &missing) {
			s.forget(t.QueueURL)
		}
		return 0, err
	}
	var sum int64
	for _, name := range names {
		n, err := strconv.ParseInt(out.Attributes[string(name)], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("the answer has no number for attribute %s", name)
		}
		sum += n
	}
	return float64(sum), nil
}

// url returns the queue's URL, which is asked for once if only the name is known.
func (s *sqsSource) url(ctx context.Context, t *trigger.AWSSQSQueue) (string, error) {
	if t.IsURL() {
		return t.QueueURL, nil
	}
	s.mu.Lock()
	known := s.urls[t.QueueURL]
	s.mu.Unlock()
	if known != "" {
		return known, nil
	}
	found, err := s.lookUp(ctx, t.QueueURL)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	s.urls[t.QueueURL] = found
	s.mu.Unlock()
	return found, nil
}

// lookUp asks for the URL of a queue. Where that is denied the name stands for it:
// SQS takes it for the URL. KEDA always asks so, and permissions made for it allow
// nothing else.
func (s *sqsSource) lookUp(ctx context.Context, name string) (string, error) {
	out, err := s.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if f := awsidentity.Explain(err, s.access.Identity); f != nil && f.Operation == "SQS GetQueueUrl" && strings.HasPrefix(f.Code, "AccessDenied") {
		return name, nil
	}
	if err != nil {
		return "", err
	}
	if out.QueueUrl == nil {
		return "", errors.New("the answer has no queue URL")
	}
	return *out.QueueUrl, nil
}

// forget drops the URL of a queue that is gone: the next one of its name may have
// another.
func (s *sqsSource) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.urls, name)
}

// Close closes the connections; credentials stay with those who share the identity.
func (s *sqsSource) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}
