// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import "github.com/keda-tf/terraform-provider-keda/controller/trigger/param"

// GCPAuth says as whom a trigger asks a service of Google Cloud. Where the
// TriggerAuthentication has the pod identity gcp, that decides instead of the key.
type GCPAuth struct {
	// Credentials is the JSON text of a service account's key; empty means none.
	Credentials string
}

func (a *GCPAuth) declare(p *param.Set) {
	p.String(&a.Credentials, "GoogleApplicationCredentials", "Key of a Google service account as JSON.").
		Alias("credentials").Secret().From(param.Auth, param.Env)
}
