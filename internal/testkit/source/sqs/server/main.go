// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command server runs the in-memory SQS of package sqs alone, for demonstrations and end-to-end tests, and beside it, if
// told to, the STS of package sts:
//
//	AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=secret server -listen :9324 -queues orders,jobs
//
// Clients use its address as their endpoint and the same two variables as their credentials. With
//
//	-sts :9325 -role arn:aws:iam::000000000000:role/keda -subject system:serviceaccount:keda:keda-operator
//
// in a pod, the holder of a token that the cluster has signed for that ServiceAccount may assume the role, as IAM roles for
// service accounts work on EKS. -status tells how many messages each queue has and which calls were made.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sqs"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sts"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	listen := flag.String("listen", "127.0.0.1:9324", "address to serve SQS on")
	queues := flag.String("queues", "", "queues to create, separated by commas")
	status := flag.String("status", "", "address to serve the state of queues on as JSON, at /status")
	stsListen := flag.String("sts", "", "address to serve STS on; only in a pod")
	role := flag.String("role", "", "with -sts: ARN of the role that may be assumed")
	subject := flag.String("subject", "", "with -sts: subject of the tokens for which it may be assumed")
	flag.Parse()

	id, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	if id == "" || secret == "" {
		return errors.New("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the credentials that clients are to use")
	}
	keys := &sigv4.Keys{}
	keys.Add(id, sigv4.Key{Secret: secret, Token: os.Getenv("AWS_SESSION_TOKEN")})
	messages, tokens := sqs.New(keys), sts.New(keys)
	for _, name := range strings.FieldsFunc(*queues, func(r rune) bool { return r == ',' }) {
		messages.Create(name)
	}
	ended := make(chan error)
	serve := func(address string, handler http.Handler) {
		server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		log.Printf("listening on %s", address)
		go func() { ended <- server.ListenAndServe() }()
	}
	serve(*listen, messages)
	if *stsListen != "" {
		if *role == "" || *subject == "" {
			return errors.New("-sts needs -role and -subject")
		}
		if err := trustCluster(tokens, *role, *subject); err != nil {
			return err
		}
		serve(*stsListen, tokens)
	}
	if *status != "" {
		serve(*status, state(messages, tokens))
	}
	return <-ended
}

// state serves /status.
func state(messages *sqs.Server, tokens *sts.Server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{ // the client may be gone
			"queues": messages.Status(), "assumedByWebIdentity": tokens.Calls("AssumeRoleWithWebIdentity"),
		})
	})
	return mux
}
