// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command terraform-provider-keda is the Terraform provider keda. Terraform
// starts it and speaks protocol 6 with it; -version and -debug are for people.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	tfaddr "github.com/hashicorp/terraform-registry-address"

	"github.com/keda-tf/terraform-provider-keda/provider"
)

// version and commit are set by the linker.
var version, commit = "dev", "unknown"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger and print how Terraform is to attach")
	show := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	if *show {
		fmt.Printf("terraform-provider-keda %s (%s)\n", version, commit)
		return
	}
	quietSDK()
	if err := serve(*debug); err != nil {
		log.Fatal(err)
	}
}

func serve(debug bool) error {
	server, err := provider.Server(version)()
	if err != nil {
		return err
	}
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	address := tfaddr.NewProvider(tfaddr.DefaultProviderRegistryHost, "keda-tf", "keda")
	return tf6server.Serve(address.String(), func() tfprotov6.ProviderServer { return server }, options...)
}

// quietSDK turns the plugin SDK's own log down when nobody asked for a log. It
// writes at the finest level otherwise, which costs a third of the time of a
// plan.
func quietSDK() {
	for _, variable := range []string{"TF_LOG", "TF_LOG_PROVIDER", "TF_LOG_SDK"} {
		if os.Getenv(variable) != "" {
			return
		}
	}
	if err := os.Setenv("TF_LOG_SDK", "ERROR"); err != nil {
		log.Printf("TF_LOG_SDK cannot be set, so this will be slower: %v", err)
	}
}
