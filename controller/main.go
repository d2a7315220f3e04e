// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// The controller scales workloads between zero and their HPA, builds the HPAs,
// runs Jobs and asks event sources. It reads flags and hands them to app.Run.
package main

import (
	"flag"
	"fmt"
	"os"

	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/app"
)

// version and commit are set by the linker.
var version, commit = "dev", ""

func main() {
	options := app.Defaults()
	options.Version, options.Commit = version, commit
	logging := zap.Options{StacktraceLevel: zapcore.PanicLevel}
	flags := flag.NewFlagSet("keda-operator", flag.ExitOnError)
	options.Bind(flags)
	logging.BindFlags(flags)
	_ = flags.Parse(os.Args[1:]) // exits on error
	options.Log = zap.New(zap.UseFlagOptions(&logging))
	// The loggers of libraries, and whom all clients trust, belong to the process, not
	// to app.Run.
	ctrl.SetLogger(options.Log)
	klog.SetLogger(options.Log)
	err := options.Trust()
	if err == nil {
		err = app.Run(ctrl.SetupSignalHandler(), options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "keda-operator:", err)
		os.Exit(1)
	}
}
