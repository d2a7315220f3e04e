// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command metricsadapter serves external.metrics.k8s.io to HPAs. It follows the
// leading controller and asks no event source itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
	"google.golang.org/grpc/grpclog"
	"k8s.io/klog/v2"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/server"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "metricsadapter:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	defer klog.Flush()
	// gRPC warns of each failed attempt to connect; package feed says it better.
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, os.Stderr))
	flags := pflag.NewFlagSet("metricsadapter", pflag.ContinueOnError)
	options := server.NewOptions()
	options.AddFlags(flags)
	logging := flag.NewFlagSet("", flag.ContinueOnError)
	klog.InitFlags(logging)
	flags.AddGoFlag(logging.Lookup("v"))
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return nil
		}
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return server.Run(ctx, options)
}
