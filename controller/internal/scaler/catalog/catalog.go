// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package catalog names the implementation of every external trigger type. The
// declarations are in package trigger; a test holds the two sets equal.
package catalog

import (
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/aws"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/clock"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/httpquery"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/kube"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/redis"
)

// binds has one entry for each trigger type.
var binds = map[string]scaler.Bind{
	"aws-sqs-queue":       aws.Bind,
	"cron":                clock.Bind,
	"kubernetes-workload": kube.Bind,
	"metrics-api":         httpquery.Bind,
	"prometheus":          httpquery.Bind,
	"redis":               redis.Bind,
	"redis-cluster":       redis.Bind,
	"redis-sentinel":      redis.Bind,
}

// For returns what binds a trigger type, and whether there is such a type.
func For(kind string) (scaler.Bind, bool) {
	bind, ok := binds[kind]
	return bind, ok
}
