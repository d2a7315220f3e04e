// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sqs

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// retryReceive is how often a long poll looks for messages whose delay or
// visibility timeout has ended; new messages wake it at once.
const retryReceive = 100 * time.Millisecond

func queueURL(r *http.Request, name string) string {
	return "http://" + r.Host + "/" + account + "/" + name
}

func (s *Server) createQueue(r *http.Request, in request) (any, error) {
	if in.QueueName == "" || len(in.QueueName) > 80 {
		return nil, &fault{"com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue",
			"a queue name has 1 to 80 characters", http.StatusBadRequest}
	}
	q := s.create(in.QueueName)
	for name, value := range in.Attributes {
		n, err := strconv.Atoi(value)
		if err != nil {
			return nil, &fault{"com.amazonaws.sqs#InvalidAttributeValue", "InvalidAttributeValue", name, http.StatusBadRequest}
		}
		q.mu.Lock()
		switch name {
		case "VisibilityTimeout":
			q.visibility = time.Duration(n) * time.Second
		case "DelaySeconds":
			q.delay = time.Duration(n) * time.Second
		}
		q.mu.Unlock()
	}
	return map[string]string{"QueueUrl": queueURL(r, in.QueueName)}, nil
}

func (s *Server) getQueueURL(r *http.Request, in request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[in.QueueName] == nil {
		return nil, missingQueue()
	}
	return map[string]string{"QueueUrl": queueURL(r, in.QueueName)}, nil
}

func (s *Server) listQueues(r *http.Request, in request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	urls := []string{}
	for name := range s.queues {
		if strings.HasPrefix(name, in.QueueNamePrefix) {
			urls = append(urls, queueURL(r, name))
		}
	}
	slices.Sort(urls)
	return map[string]any{"QueueUrls": urls}, nil
}

// attributes returns those of a queue's attributes that were asked for.
func attributes(q *queue, name string, names []string) any {
	c := q.counts(time.Now())
	q.mu.Lock()
	visibility, delay := q.visibility, q.delay
	q.mu.Unlock()
	all := map[string]string{
		"ApproximateNumberOfMessages":           strconv.Itoa(c.visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(c.inFlight),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(c.delayed),
		"VisibilityTimeout":                     strconv.Itoa(int(visibility.Seconds())),
		"DelaySeconds":                          strconv.Itoa(int(delay.Seconds())),
		"QueueArn":                              "arn:aws:sqs:us-east-1:" + account + ":" + name,
	}
	asked := map[string]string{}
	for attribute, value := range all {
		if slices.Contains(names, attribute) || slices.Contains(names, "All") {
			asked[attribute] = value
		}
	}
	return map[string]any{"Attributes": asked}
}

// received is one message of ReceiveMessage's answer.
type received struct {
	MessageID                      string `json:"MessageId"`
	ReceiptHandle, MD5OfBody, Body string
}

func (s *Server) receive(r *http.Request, q *queue, in request) any {
	until := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second)
	for {
		arrivals := s.arrivals()
		got := q.receive(time.Now(), max(in.MaxNumberOfMessages, 1), seconds(in.VisibilityTimeout))
		if len(got) > 0 || !time.Now().Before(until) {
			messages := make([]received, 0, len(got))
			for _, m := range got {
				messages = append(messages, received{m.id, m.receipt, digest(m.body), m.body})
			}
			return map[string]any{"Messages": messages}
		}
		select {
		case <-arrivals:
		case <-time.After(retryReceive):
		case <-r.Context().Done():
			return map[string]any{}
		}
	}
}
