// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command server runs the in-memory SQS of package sqs alone, for demonstrations
// and end-to-end tests:
//
//	AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=secret server -listen :9324 -queues orders,jobs
//
// Clients use its address as their endpoint and the same two variables as their
// credentials.
package main

import (
	"flag"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sqs"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9324", "address to listen on")
	queues := flag.String("queues", "", "queues to create, separated by commas")
	flag.Parse()

	id, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	if id == "" || secret == "" {
		log.Fatal("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the credentials that clients are to use")
	}
	keys := &sigv4.Keys{}
	keys.Add(id, sigv4.Key{Secret: secret, Token: os.Getenv("AWS_SESSION_TOKEN")})
	service := sqs.New(keys)
	for name := range strings.SplitSeq(*queues, ",") {
		if name != "" {
			service.Create(name)
		}
	}
	server := &http.Server{Addr: *listen, Handler: service, ReadHeaderTimeout: 10 * time.Second}
	log.Printf("SQS on %s", *listen)
	log.Fatal(server.ListenAndServe())
}
