// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// connect is an ordinary SQS client: region, credentials and, where it is not AWS' own, the endpoint come from the
// environment (AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL_SQS).
func connect(ctx context.Context) (*sqs.Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the AWS configuration: %w", err)
	}
	return sqs.NewFromConfig(cfg), nil
}

func queueURL(ctx context.Context, client *sqs.Client, name string) (*string, error) {
	out, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return nil, fmt.Errorf("find the queue %s: %w", name, err)
	}
	return out.QueueUrl, nil
}

// send fills each queue.
func send(ctx context.Context, s settings) error {
	client, err := connect(ctx)
	if err != nil {
		return err
	}
	for _, name := range s.queues {
		url, err := queueURL(ctx, client, name)
		if err != nil {
			return err
		}
		for i := range s.messages {
			if _, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String(fmt.Sprintf("%s %d", name, i+1))}); err != nil {
				return fmt.Errorf("send to %s: %w", name, err)
			}
		}
		fmt.Fprintf(s.log, "sent %d messages to %s\n", s.messages, name)
	}
	return nil
}

// consume works on one message at a time until it is told to stop. A message that it holds then is finished first.
func consume(ctx context.Context, s settings) error {
	client, err := connect(ctx)
	if err != nil {
		return err
	}
	url, err := queueURL(ctx, client, s.queues[0])
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 1, WaitTimeSeconds: 2, VisibilityTimeout: 60})
		if ctx.Err() != nil {
			return nil //nolint:nilerr // being told to stop is no failure
		}
		if err != nil {
			return fmt.Errorf("receive from %s: %w", s.queues[0], err)
		}
		for _, m := range out.Messages {
			if err := handle(ctx, client, url, m, s.work); err != nil {
				return err
			}
		}
	}
	return nil
}

func handle(ctx context.Context, client *sqs.Client, url *string, m types.Message, work time.Duration) error {
	held, cancel := context.WithTimeout(context.WithoutCancel(ctx), work+10*time.Second)
	defer cancel()
	if err := pause(held, work); err != nil {
		return err
	}
	if _, err := client.DeleteMessage(held, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}); err != nil {
		return fmt.Errorf("delete a message: %w", err)
	}
	return nil
}
