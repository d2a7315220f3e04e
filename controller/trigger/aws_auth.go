// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import "github.com/keda-tf/terraform-provider-keda/controller/trigger/param"

// AWSAuth says in which region and as whom an AWS trigger asks. The pod identity of
// the TriggerAuthentication, which is not known here, decides before all of it, a
// role before a key, so half a key may do no harm.
type AWSAuth struct {
	// Region is the AWS region.
	Region string
	// IdentityOwner is "pod" (keys, or the identity that the
	// TriggerAuthentication gives) or "operator" (the controller's own identity).
	IdentityOwner string
	// RoleARN is a role to assume; empty means none.
	RoleARN string
	// AccessKeyID, SecretAccessKey and SessionToken are a key; empty means none.
	AccessKeyID, SecretAccessKey, SessionToken string
}

func (a *AWSAuth) declare(p *param.Set) {
	p.String(&a.Region, "awsRegion", "AWS region, such as `eu-west-3`.").
		From(param.Metadata, param.Auth).Required()
	a.declareIdentity(p)
}

// declareIdentity declares as whom to ask.
func (a *AWSAuth) declareIdentity(p *param.Set) {
	p.String(&a.IdentityOwner, "identityOwner", "Whose identity to use: `pod` for what the trigger and its "+
		"TriggerAuthentication give, `operator` for that of the controller.").Enum("pod", "operator").Default("pod")
	p.String(&a.RoleARN, "awsRoleArn", "Role to assume, unless the pod identity `aws` has one. A key does not count beside it.").From(param.Auth)
	p.String(&a.AccessKeyID, "awsAccessKeyID", "ID of the access key.").Alias("awsAccessKeyId").
		From(param.Auth, param.Metadata, param.Env)
	p.String(&a.SecretAccessKey, "awsSecretAccessKey", "Secret of the access key.").Secret().
		From(param.Auth, param.Env)
	p.String(&a.SessionToken, "awsSessionToken", "Session token of a temporary access key.").Secret().
		From(param.Auth)
}
