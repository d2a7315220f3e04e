// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sqs_test

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sqs"
)

// start runs the fake and returns AWS' own client for it.
func start(t *testing.T, secret string) (*sqs.Server, *awssqs.Client) {
	keys := &sigv4.Keys{}
	keys.Add("AKID", sigv4.Key{Secret: "secret"})
	service := sqs.New(keys)
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	return service, awssqs.New(awssqs.Options{
		Region: "eu-west-3", BaseEndpoint: &server.URL, HTTPClient: server.Client(), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", secret, ""),
	})
}

func numbers(t *testing.T, client *awssqs.Client, url *string) [3]string {
	t.Helper()
	out, err := client.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{
		QueueUrl: url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	return [3]string{
		out.Attributes["ApproximateNumberOfMessages"],
		out.Attributes["ApproximateNumberOfMessagesNotVisible"],
		out.Attributes["ApproximateNumberOfMessagesDelayed"],
	}
}

func TestLifeOfMessages(t *testing.T) {
	_, client := start(t, "secret")
	ctx := t.Context()
	created, err := client.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: aws.String("orders")})
	if err != nil {
		t.Fatal(err)
	}
	found, err := client.GetQueueUrl(ctx, &awssqs.GetQueueUrlInput{QueueName: aws.String("orders")})
	if err != nil || *found.QueueUrl != *created.QueueUrl {
		t.Fatalf("GetQueueUrl = %v, %v; want %s", found, err, *created.QueueUrl)
	}
	for i, body := range []string{"a", "b", "late"} {
		in := &awssqs.SendMessageInput{QueueUrl: created.QueueUrl, MessageBody: &body}
		if i == 2 {
			in.DelaySeconds = 900
		}
		if _, err := client.SendMessage(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	got, err := client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: created.QueueUrl, WaitTimeSeconds: 5})
	if err != nil || len(got.Messages) != 1 || *got.Messages[0].Body != "a" {
		t.Fatalf("ReceiveMessage = %v, %v", got, err)
	}
	if n := numbers(t, client, created.QueueUrl); n != [3]string{"1", "1", "1"} {
		t.Errorf("visible, in flight, delayed = %v, want 1 each", n)
	}
	if _, err := client.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: created.QueueUrl, ReceiptHandle: got.Messages[0].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	if n := numbers(t, client, created.QueueUrl); n != [3]string{"1", "0", "1"} {
		t.Errorf("after DeleteMessage: %v, want 1 0 1", n)
	}
	if _, err := client.PurgeQueue(ctx, &awssqs.PurgeQueueInput{QueueUrl: created.QueueUrl}); err != nil {
		t.Fatal(err)
	}
	if n := numbers(t, client, created.QueueUrl); n != [3]string{"0", "0", "0"} {
		t.Errorf("after PurgeQueue: %v, want none", n)
	}
}

func TestErrors(t *testing.T) {
	service, client := start(t, "secret")
	_, err := client.GetQueueUrl(t.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("none")})
	var missing *types.QueueDoesNotExist
	if !errors.As(err, &missing) {
		t.Errorf("missing queue gives %v", err)
	}
	service.Throttle(true)
	_, err = client.GetQueueUrl(t.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("none")})
	var throttled *types.RequestThrottled
	if !errors.As(err, &throttled) {
		t.Errorf("throttling gives %v", err)
	}
	_, client = start(t, "wrong")
	_, err = client.GetQueueUrl(t.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("none")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "SignatureDoesNotMatch" {
		t.Errorf("a wrong secret gives %v", err)
	}
}
