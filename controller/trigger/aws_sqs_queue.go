// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"errors"
	"net/url"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// AWSSQSQueue measures the messages in an Amazon SQS queue.
type AWSSQSQueue struct {
	AWSAuth
	// QueueURL is the URL or the bare name of the queue.
	QueueURL string
	// Endpoint is the URL of the service; empty means that of the region.
	Endpoint string
	// QueueLength is the target, ActivationQueueLength the activation value.
	QueueLength, ActivationQueueLength int64
	// ScaleOnInFlight adds messages that are being worked on, ScaleOnDelayed
	// those that are not visible yet.
	ScaleOnInFlight, ScaleOnDelayed bool
}

func defineAWSSQSQueue() Definition {
	return Definition{
		Type: "aws-sqs-queue", Title: "AWS SQS queue", Typed: true,
		Prose: "Scales with the number of messages in an Amazon SQS queue.\n\n" +
			"The value is the approximate number of messages that wait, plus those that have been received and not deleted yet " +
			"(unless `scaleOnInFlight` is false), plus those whose delay has not passed (only if `scaleOnDelayed` is true). Counting " +
			"messages in flight keeps a replica alive while it works on the last message.\n\n" +
			"The controller asks as the identity that a TriggerAuthentication gives: a pod identity of the provider `aws`, a role in " +
			"`awsRoleArn`, or an access key. With `identityOwner` set to `operator` it asks as itself. The identity needs the " +
			"permission `sqs:GetQueueAttributes`. If `queueURL` holds a name, `sqs:GetQueueUrl` lets the controller look up the URL; without it, " +
			"it asks with the name.",
		Example: Example{
			Metadata: map[string]string{
				"queueURL": "https://sqs.eu-west-3.amazonaws.com/123456789012/jobs", "awsRegion": "eu-west-3", "queueLength": "5",
			},
			Auth: []string{"awsAccessKeyID", "awsSecretAccessKey"},
		},
		New: func() Trigger { return new(AWSSQSQueue) },
	}
}

// Declare implements Trigger.
func (t *AWSSQSQueue) Declare(p *param.Set) {
	p.String(&t.QueueURL, "queueURL", "URL of the queue, or its name.").
		From(param.Metadata, param.Env).Required().Check(sqsQueue)
	p.Int(&t.QueueLength, "queueLength", "Messages that one replica should have to work on.").
		Default("5").Positive().Target()
	p.Int(&t.ActivationQueueLength, "activationQueueLength", "More messages than this activate the workload.").
		Default("0").Activation()
	p.Bool(&t.ScaleOnInFlight, "scaleOnInFlight", "Whether to count messages that have been received but not deleted.").
		Default("true")
	p.Bool(&t.ScaleOnDelayed, "scaleOnDelayed", "Whether to count messages whose delay has not passed.").
		Default("false")
	p.String(&t.Endpoint, "awsEndpoint", "URL of the service, if it is not the one of the region.").Check(httpURL)
	t.declare(p)
}

// Metrics implements External.
func (t *AWSSQSQueue) Metrics() []Metric {
	return []Metric{{
		Name: "aws-sqs-" + t.QueueName(), Integer: true,
		Target: float64(t.QueueLength), Activation: float64(t.ActivationQueueLength),
	}}
}

// QueueName returns the name of the queue: QueueURL itself, or its last path
// segment if it is a URL.
func (t *AWSSQSQueue) QueueName() string {
	if !t.IsURL() {
		return t.QueueURL
	}
	return t.QueueURL[strings.LastIndexByte(t.QueueURL, '/')+1:]
}

// IsURL says whether QueueURL is a URL; if not, it is the queue's name and the
// URL must be asked for.
func (t *AWSSQSQueue) IsURL() bool { return strings.Contains(t.QueueURL, "://") }

// sqsQueue checks that a URL has a path of an account and a queue.
func sqsQueue(text string) error {
	if !strings.Contains(text, "/") {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("must be the URL of a queue, such as https://sqs.eu-west-3.amazonaws.com/123456789012/jobs, or its name")
	}
	if segments := strings.Split(u.Path, "/"); len(segments) != 3 || segments[1] == "" || segments[2] == "" {
		return errors.New("must end in /account/queue, such as https://sqs.eu-west-3.amazonaws.com/123456789012/jobs")
	}
	return nil
}
