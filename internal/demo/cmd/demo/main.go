// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command demo shows the product at work on real input and proves what it shows; see package demo.
//
//	go run ./internal/demo/cmd/demo                         # story csv-jobs on a cluster of its own; root
//	go run ./internal/demo/cmd/demo -story prometheus-web   # another one; all for all of them on one cluster
//	go run ./internal/demo/cmd/demo -cluster current        # on minikube, kind, k3d or any other cluster
//	go run ./internal/demo/cmd/demo -clean                  # removes what -keep or a killed run has left
//
// It exits with 0 only when every promise was kept and nothing was left behind.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/keda-tf/terraform-provider-keda/internal/demo"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the clean-up after the first
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	c := demo.Config{Out: os.Stdout, Columns: columns(os.Getenv("COLUMNS"))}
	flag.StringVar(&c.Cluster, "cluster", "dev", "dev: a cluster of the demo's own (root); current: that of the current kubeconfig context")
	flag.BoolVar(&c.Keep, "keep", false, "leave everything as it is at the end, to look around")
	flag.StringVar(&c.Terraform, "terraform", "terraform", "program to run; tofu works too")
	flag.BoolVar(&c.ImagesLoaded, "images-loaded", false, "with -cluster current: the images are on the nodes already")
	flag.StringVar(&c.Charts, "charts", "dist", "folder to write the charts to")
	stories := flag.String("story", demo.Names()[0], "stories to show, separated by commas, or all: "+strings.Join(demo.Names(), ", "))
	clean := flag.Bool("clean", false, "only remove what an earlier run has left")
	buildOnly := flag.Bool("build-only", false, "only build the programs and images")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	c.Stories = strings.Split(*stories, ",")
	if *stories == "all" {
		c.Stories = demo.Names()
	}
	var err error
	if c.Root, err = root(); err != nil {
		return err
	}
	switch {
	case *clean:
		return demo.Clean(ctx, c)
	case *buildOnly:
		return demo.Build(ctx, c)
	}
	return demo.Run(ctx, c)
}

// root is the folder of go.mod: the demo is built from source.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("run the demo in the project's folder: it is built from source")
		}
	}
}

// columns is the width of the terminal if the shell tells it.
func columns(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 40 {
		return 100
	}
	return min(n, 160)
}
