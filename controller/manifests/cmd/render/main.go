// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command render prints the objects of an installation as YAML, for kubectl and
// for the release. keda_installation applies the same objects in phases.
//
//	go run ./controller/manifests/cmd/render -version 1.2.3 | kubectl apply --server-side -f -
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	options := manifests.Options{CreateNamespace: true}
	flags := flag.NewFlagSet("render", flag.ContinueOnError)
	flags.StringVar(&options.Version, "version", "dev", "release: label of the objects and tag of the default images")
	flags.StringVar(&options.Controller.Image, "controller-image", "", "image of the controller; default the release's")
	flags.StringVar(&options.MetricsAdapter.Image, "adapter-image", "", "image of the metrics adapter; default the release's")
	flags.StringVar(&options.Namespace, "namespace", "keda", "namespace of the installation")
	flags.StringVar((*string)(&options.ImagePullPolicy), "image-pull-policy", "", "Always, IfNotPresent or Never; default the cluster's")
	flags.StringVar(&options.LogLevel, "log-level", "info", "debug, info or error")
	flags.Func("replicas", "pods of each Deployment", func(text string) error {
		var n int32
		_, err := fmt.Sscan(text, &n)
		options.Controller.Replicas, options.MetricsAdapter.Replicas = n, n
		return err
	})
	flags.Func("watch-namespaces", "namespaces to work in, separated by commas; default all", func(text string) error {
		options.WatchNamespaces = strings.Split(text, ",")
		return nil
	})
	flags.StringVar(&options.WatchLabelSelector, "watch-label-selector", "", "labels of the ScaledObjects and ScaledJobs to work on; default all")
	flags.BoolVar(&options.RestrictSecretAccess, "restrict-secret-access", false, "read the Secrets of the cluster object namespace only")
	options.Webhook.Enabled = flags.Bool("webhook", true, "install the admission webhook")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	switch options.ImagePullPolicy {
	case "", corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever:
	default:
		return fmt.Errorf("-image-pull-policy %q: use Always, IfNotPresent or Never", options.ImagePullPolicy)
	}
	phases, err := manifests.Render(options)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	if err := manifests.WriteYAML(w, phases); err != nil {
		return err
	}
	return w.Flush()
}
