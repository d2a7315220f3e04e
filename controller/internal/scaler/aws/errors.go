// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// maxMessage bounds what is repeated of a service's own message.
const maxMessage = 200

// queryThrottled is how SQS throttles; the SDK's own list has the others.
const queryThrottled = "RequestThrottled"

// explain names the queue and the address, and classifies the error.
func (s *sqsSource) explain(queue string, err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("queue %q of %s: %w", queue, s.address, err)
	}
	full := fmt.Errorf("queue %q of %s: %s", queue, s.address, s.describe(err, api))
	if _, throttle := retry.DefaultThrottleErrorCodes[api.ErrorCode()]; throttle || api.ErrorCode() == queryThrottled {
		return scaler.Throttled(full, 0)
	}
	var resp *smithyhttp.ResponseError
	if errors.As(err, &resp) && resp.HTTPStatusCode() >= http.StatusInternalServerError {
		return full
	}
	return scaler.Misconfigured(full)
}

// describe repeats the beginning of a service's message only: that of a wrong
// signature goes on with the whole request, session token included.
func (s *sqsSource) describe(err error, api smithy.APIError) string {
	message, _, _ := strings.Cut(api.ErrorMessage(), "\n")
	message = strings.ToValidUTF8(message[:min(len(message), maxMessage)], "")
	for _, secret := range []string{s.access.secret, s.access.token} {
		if secret != "" {
			message = strings.ReplaceAll(message, secret, "***")
		}
	}
	operation := failed(err)
	if s.access.role != "" && strings.HasPrefix(operation, "STS") {
		operation = "assuming role " + s.access.role + ": " + operation
	}
	return operation + api.ErrorCode() + ": " + message
}

// failed names the innermost operation in an error's chain: that of STS, say,
// where credentials for SQS could not be had.
func failed(err error) string {
	name := ""
	var op *smithy.OperationError
	for errors.As(err, &op) {
		name = op.Service() + " " + op.Operation() + ": "
		err = op.Unwrap()
	}
	return name
}
