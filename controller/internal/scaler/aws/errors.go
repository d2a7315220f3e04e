// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"fmt"

	awsidentity "github.com/keda-tf/terraform-provider-keda/controller/internal/identity/aws"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// explain names the queue and the address, and classifies the error.
func (s *sqsSource) explain(queue string, err error) error {
	f := awsidentity.Explain(err, s.access.Identity)
	if f == nil { // AWS did not answer
		return fmt.Errorf("queue %q of %s: %w", queue, s.address, err)
	}
	full := fmt.Errorf("queue %q of %s: %s", queue, s.address, f.Text)
	switch {
	case f.Throttled:
		return scaler.Throttled(full, 0)
	case f.Server:
		return full
	}
	return scaler.Misconfigured(full)
}
