// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package certs gives the services of an installation their certificates: the
// feed, the external metrics API and the webhook. The leader's Rotator keeps one
// self-made authority and one certificate, valid for all three, in a Secret with
// KEDA's layout, renews both long before they expire, and tells the API server
// to trust the authority. Each replica's Keeper holds the current ones in memory
// for its TLS servers, so that nothing restarts.
//
// What is due is decided by Assess and made by Renew, which know the time and
// the present certificates and nothing else.
package certs

import (
	"time"
)

// Lifetimes. Everything is renewed after two thirds of its life.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	// settle is how long a new authority is only announced before anything is
	// signed with it: mounted Secrets take a minute or two to follow.
	settle = time.Hour
	// backdate allows for clocks that are behind ours.
	backdate = 5 * time.Minute
)

// DNSNames returns the names under which the services are reached, from the bare
// name to the full one. An empty domain means cluster.local.
func DNSNames(namespace, domain string, services ...string) []string {
	if domain == "" {
		domain = "cluster.local"
	}
	names := make([]string, 0, 4*len(services))
	for _, service := range services {
		local := service + "." + namespace
		names = append(names, service, local, local+".svc", local+".svc."+domain)
	}
	return names
}
