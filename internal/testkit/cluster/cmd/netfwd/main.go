// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command netfwd listens on the machine and forwards TCP connections into a network namespace. A full development
// cluster starts one, so that its API server is reached like any other on 127.0.0.1.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/netns"
)

func main() {
	listen := flag.String("listen", "", "address to listen on, 127.0.0.1:6443 say")
	path := flag.String("netns", "", "file of the network namespace")
	to := flag.String("to", "", "address inside the namespace")
	flag.Parse()
	l, err := net.Listen("tcp", *listen)
	if err == nil {
		err = netns.Forward(context.Background(), l, *path, *to)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "netfwd:", err)
		os.Exit(1)
	}
}
