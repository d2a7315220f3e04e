// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command storydemo is the work that the stories prometheus-web, sqs-consumer and http-fallback scale, and what makes
// that work: one static program, one image.
//
//	storydemo web       serves pages and counts them in http_requests_total
//	storydemo load      asks for pages at a steady rate until it is stopped
//	storydemo send      puts messages into SQS queues
//	storydemo consume   takes messages from an SQS queue, works on each for a while and deletes it
//	storydemo gauge     tells a number as JSON to whoever has the API key
//
// The manifests in examples/stories run it; internal/demo puts them into a cluster.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// settings are the flags of all parts.
type settings struct {
	listen   string
	url      string
	rate     int // requests per second
	queues   []string
	messages int
	work     time.Duration // length of one piece of work
	value    float64
	apiKey   string
	log      io.Writer
}

var parts = map[string]func(context.Context, settings) error{
	"web": web, "load": load, "send": send, "consume": consume, "gauge": gauge,
}

func main() {
	// A pod that is scaled down gets SIGTERM: it finishes what it holds and goes.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "storydemo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 || parts[args[0]] == nil {
		return errors.New("usage: storydemo web|load|send|consume|gauge [flags]")
	}
	s, err := parse(args[0], args[1:])
	if err != nil {
		return err
	}
	return parts[args[0]](ctx, s)
}

func parse(part string, args []string) (settings, error) {
	s := settings{log: os.Stdout, apiKey: os.Getenv("API_KEY")}
	fs := flag.NewFlagSet("storydemo "+part, flag.ContinueOnError)
	fs.StringVar(&s.listen, "listen", ":8080", "web, gauge: address to listen on")
	fs.StringVar(&s.url, "url", "http://web", "load: page to ask for")
	fs.IntVar(&s.rate, "rate", 600, "load: requests per second")
	queues := fs.String("queues", "", "send, consume: names of queues, separated by commas")
	fs.IntVar(&s.messages, "messages", 20, "send: messages for each queue")
	fs.DurationVar(&s.work, "work", 5*time.Second, "consume: how long one message is made to take, so that there is something to see")
	fs.Float64Var(&s.value, "value", 0, "gauge: the number")
	if err := fs.Parse(args); err != nil {
		return s, err
	}
	s.queues = strings.FieldsFunc(*queues, func(r rune) bool { return r == ',' })
	switch {
	case (part == "send" || part == "consume") && len(s.queues) == 0:
		return s, errors.New("-queues must name at least one queue")
	case part == "gauge" && s.apiKey == "":
		return s, errors.New("$API_KEY must hold the key that clients are to send")
	case part == "load" && s.rate <= 0:
		return s, fmt.Errorf("-rate %d: use a positive number of requests per second", s.rate)
	}
	return s, nil
}

// serve serves until it is told to stop, and then answers what it was asked before.
func serve(ctx context.Context, address string, handler http.Handler) error {
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return server.Shutdown(grace)
	}
}

// pause is the work itself. It is an error only when ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
