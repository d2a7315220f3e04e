// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
)

// sqsSecret is the secret access key of examples/stories/sqs-consumer.
const sqsSecret = "demo-secret-demo-secret-demo-secret-demo"

// sqsConsumer is story 3: consumers of two SQS queues, one read with a key and one with the identity of the pod.
func sqsConsumer() story {
	return story{
		name: "sqs-consumer", namespace: "sqs-demo",
		scaler: "a stand-in for SQS and STS, and two consumers with 0 replicas",
		images: []string{storyImage, awsImage},
		environment: map[string]string{
			"AWS_ROLE_ARN":                "arn:aws:iam::000000000000:role/keda",
			"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/kubernetes.io/serviceaccount/token",
			"AWS_ENDPOINT_URL_STS":        "http://aws.sqs-demo.svc:9325",
			"AWS_REGION":                  "eu-west-3",
		},
		settings: common,
		ready:    func(p *play) fact { return p.replicas("aws", 1) },
		perform:  consume,
	}
}

// awsStatus is what the stand-in for AWS tells.
type awsStatus struct {
	Queues map[string]struct {
		Visible, InFlight, Deleted int
	}
	AssumedByWebIdentity int
}

func (p *play) aws(ctx context.Context) (s awsStatus, err error) {
	return s, p.ask(ctx, "aws", "status", "status", &s)
}

// consumed holds when a queue is empty and n of its messages were worked on.
func (p *play) consumed(queue string, n int) fact {
	return func(ctx context.Context) (string, bool, error) {
		s, err := p.aws(ctx)
		q := s.Queues[queue]
		return fmt.Sprintf("%s has %d messages left, %d done", queue, q.Visible+q.InFlight, q.Deleted), q.Visible+q.InFlight == 0 && q.Deleted == n, err
	}
}

// assumed holds when somebody showed STS a token of the cluster and got the role for it.
func (p *play) assumed() fact {
	return func(ctx context.Context) (string, bool, error) {
		s, err := p.aws(ctx)
		return fmt.Sprintf("%d calls of AssumeRoleWithWebIdentity", s.AssumedByWebIdentity), s.AssumedByWebIdentity > 0, err
	}
}

func consume(ctx context.Context, p *play) (outcome, error) {
	const orders, reports, messages, most = "orders-consumer", "reports-consumer", 20, 4
	recording, stop := context.WithCancel(ctx)
	defer stop()
	length := func(queue string) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			s, err := p.aws(ctx)
			return float64(s.Queues[queue].Visible + s.Queues[queue].InFlight), err
		}
	}
	r := p.record(recording, instrument{"orders (with a key)", orders, 10, length("orders")},
		instrument{"reports (by pod identity)", reports, 10, length("reports")})
	checks, err := p.sequence(ctx, []scene{
		{
			name: "empty queues need no consumers, whether they are read with a key or by pod identity",
			holds: all(p.replicas(orders, 0), p.replicas(reports, 0), p.condition(orders, "Ready", "True"), p.condition(reports, "Ready", "True"),
				p.condition(orders, "Active", "False"), p.assumed(), p.stateless(sqsSecret)),
			within: time.Minute,
		},
		{
			name:   "20 messages, at 5 for each, make 4 consumers of orders and 4 of reports",
			begin:  func(ctx context.Context) error { return p.applyFile(ctx, "producer.yaml") },
			holds:  all(p.replicas(orders, most), p.replicas(reports, most), p.condition(orders, "Active", "True")),
			within: 90 * time.Second,
		},
		{
			name: "all messages are worked on and the consumers go",
			holds: all(p.consumed("orders", messages), p.consumed("reports", messages), p.replicas(orders, 0), p.replicas(reports, 0),
				p.condition(orders, "Active", "False")),
			within: 2 * time.Minute,
		},
	})
	stop()
	return outcome{append(checks, never(r, most)), r.picture("Messages and who works on them")}, err
}

// never looks back: no consumer had more replicas than its queue had work for.
func never(r *recorder, most int) evidence.Check {
	check := evidence.Check{Name: fmt.Sprintf("there were never more than %d consumers of a queue", most), OK: true}
	for i, in := range r.instruments {
		words, peak := r.course(i)
		check.OK = check.OK && peak <= most
		check.Detail += in.deployment + ": " + words + "; "
	}
	return check
}
