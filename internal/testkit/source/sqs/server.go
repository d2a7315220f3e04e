// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package sqs is Amazon SQS for tests and demonstrations, in memory: standard
// queues over the AWS JSON 1.0 protocol, written from AWS' API reference. It
// checks the signature of every request for real. Any AWS SDK talks to it through
// its endpoint setting. The program in sqs/server runs it alone.
package sqs

import (
	"crypto/md5" // the protocol reports message digests as MD5
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
)

// account is the AWS account that owns all queues.
const account = "000000000000"

// Server is an http.Handler that serves the SQS API.
type Server struct {
	keys *sigv4.Keys

	mu       sync.Mutex
	queues   map[string]*queue
	throttle bool
	denied   map[string]bool // operations that no key may do
	calls    map[string]int
	sent     chan struct{} // closed and replaced whenever a message arrives
}

// New returns a service without queues that accepts requests signed with keys.
func New(keys *sigv4.Keys) *Server {
	return &Server{keys: keys, queues: map[string]*queue{}, denied: map[string]bool{}, calls: map[string]int{}, sent: make(chan struct{})}
}

// Throttle makes the service refuse all requests with RequestThrottled, or stop
// refusing.
func (s *Server) Throttle(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttle = on
}

// Deny refuses one operation, such as "GetQueueUrl", to everybody.
func (s *Server) Deny(operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied[operation] = true
}

// Calls counts the signed requests of one operation, such as
// "GetQueueAttributes".
func (s *Server) Calls(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}

// Status is that of every queue, by name.
func (s *Server) Status() map[string]Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]Status{}
	for name, q := range s.queues {
		all[name] = q.status(time.Now())
	}
	return all
}

// Create makes an empty queue unless there is one of that name.
func (s *Server) Create(name string) { s.create(name) }

// Send puts messages into a queue, which it creates if needed.
func (s *Server) Send(name string, bodies ...string) {
	q := s.create(name)
	for _, body := range bodies {
		q.send(time.Now(), body, nil)
	}
	s.wake()
}

// Hide receives n messages for half a day, so that they are in flight.
func (s *Server) Hide(name string, n int) {
	long := 12 * time.Hour
	s.create(name).receive(time.Now(), n, &long)
}

// Delay puts messages into a queue that become visible after a quarter of an
// hour, the longest that SQS allows.
func (s *Server) Delay(name string, bodies ...string) {
	long := 15 * time.Minute
	for _, body := range bodies {
		s.create(name).send(time.Now(), body, &long)
	}
}

// Purge empties a queue.
func (s *Server) Purge(name string) { s.create(name).purge() }

func (s *Server) create(name string) *queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[name]
	if q == nil {
		q = &queue{visibility: defaultVisibility}
		s.queues[name] = q
	}
	return q
}

func (s *Server) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.sent)
	s.sent = make(chan struct{})
}

func (s *Server) arrivals() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// fault is an error of the protocol: its shape name, the code of the older query
// protocol and the HTTP status.
type fault struct {
	shape, queryCode, message string
	status                    int
}

func (f *fault) Error() string { return f.shape + ": " + f.message }

func missingQueue() error {
	return &fault{"com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue",
		"The specified queue does not exist.", http.StatusBadRequest}
}

// request holds the members of all operations' inputs that the service reads.
type request struct {
	QueueName, MessageBody, ReceiptHandle, QueueNamePrefix string

	QueueURL                        string `json:"QueueUrl"`
	Attributes                      map[string]string
	AttributeNames                  []string
	DelaySeconds, VisibilityTimeout *int
	MaxNumberOfMessages             int
	WaitTimeSeconds                 int
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := s.call(r)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Requestid", strconv.FormatInt(time.Now().UnixNano(), 36))
	if err == nil {
		_ = json.NewEncoder(w).Encode(answer) // the client may be gone
		return
	}
	var f *fault
	if !errors.As(err, &f) {
		f = &fault{"com.amazon.coral.service#InternalFailure", "InternalFailure", err.Error(), http.StatusInternalServerError}
	}
	if f.queryCode != "" {
		w.Header().Set("X-Amzn-Query-Error", f.queryCode+";Sender")
	}
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": f.shape, "message": f.message})
}

func (s *Server) call(r *http.Request) (any, error) {
	body, err := sigv4.Verify(r, s.keys, "sqs", time.Now())
	var denial *sigv4.Denial
	if errors.As(err, &denial) {
		return nil, &fault{"com.amazon.coral.service#" + denial.Code, denial.Code, denial.Message, http.StatusForbidden}
	}
	if err != nil {
		return nil, err
	}
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	if !ok {
		return nil, &fault{"com.amazon.coral.service#UnknownOperationException", "", "no X-Amz-Target of AmazonSQS", http.StatusBadRequest}
	}
	s.mu.Lock()
	s.calls[operation]++
	throttle, denied := s.throttle, s.denied[operation]
	s.mu.Unlock()
	if denied {
		return nil, &fault{"com.amazon.coral.service#AccessDeniedException", "AccessDenied",
			"User is not authorized to perform: sqs:" + strings.ToLower(operation), http.StatusForbidden}
	}
	if throttle {
		return nil, &fault{"com.amazonaws.sqs#RequestThrottled", "RequestThrottled", "Request is throttled.", http.StatusBadRequest}
	}
	var in request
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, &fault{"com.amazon.coral.service#SerializationException", "", err.Error(), http.StatusBadRequest}
	}
	switch operation {
	case "CreateQueue":
		return s.createQueue(r, in)
	case "GetQueueUrl":
		return s.getQueueURL(r, in)
	case "ListQueues":
		return s.listQueues(r, in)
	}
	return s.onQueue(r, operation, in)
}

// onQueue runs the operations that name their queue by URL. Like the service
// itself it looks at the URL's path only, and takes a bare name for one.
func (s *Server) onQueue(r *http.Request, operation string, in request) (any, error) {
	s.mu.Lock()
	q := s.queues[path.Base(in.QueueURL)]
	s.mu.Unlock()
	if q == nil {
		return nil, missingQueue()
	}
	switch operation {
	case "GetQueueAttributes":
		return attributes(q, path.Base(in.QueueURL), in.AttributeNames), nil
	case "SendMessage":
		m := q.send(time.Now(), in.MessageBody, seconds(in.DelaySeconds))
		s.wake()
		return map[string]string{"MessageId": m.id, "MD5OfMessageBody": digest(m.body)}, nil
	case "ReceiveMessage":
		return s.receive(r, q, in), nil
	case "DeleteMessage":
		q.remove(in.ReceiptHandle)
		return struct{}{}, nil
	case "PurgeQueue":
		q.purge()
		return struct{}{}, nil
	}
	return nil, &fault{"com.amazon.coral.service#UnknownOperationException", "",
		fmt.Sprintf("operation %s is not implemented here", operation), http.StatusBadRequest}
}

func seconds(n *int) *time.Duration {
	if n == nil {
		return nil
	}
	d := time.Duration(*n) * time.Second
	return &d
}

func digest(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}
