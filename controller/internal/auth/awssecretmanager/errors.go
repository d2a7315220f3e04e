// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package awssecretmanager

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	awsidentity "github.com/keda-tf/terraform-provider-keda/controller/internal/identity/aws"
)

// explain names the secret and what to do about the error.
func (s *store) explain(v version, err error) error {
	f := awsidentity.Explain(err, s.who)
	if f == nil { // AWS did not answer
		return fmt.Errorf("%s: %w", v, err)
	}
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		return fmt.Errorf("%s does not exist in %s (%s); create it, or correct its name, version or region", v, s.region, f.Text)
	case f.Throttled, f.Server:
		return fmt.Errorf("%s: %s; it is read again", v, f.Text)
	}
	return fmt.Errorf("%s: %s; correct the credentials, or allow them secretsmanager:GetSecretValue on it (and kms:Decrypt on its key)", v, f.Text)
}
