// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxMessage bounds what is repeated of a service's own message.
const maxMessage = 200

// queryThrottled is how SQS throttles; the SDK's own list has the others.
const queryThrottled = "RequestThrottled"

// Failure is an error that an AWS service answered with.
type Failure struct {
	// Text is the operation that failed, AWS' error code and the beginning of its
	// message, without secrets of the identity.
	Text string
	// Operation is what failed, such as "SQS GetQueueUrl", and Code AWS' error code,
	// such as "AccessDenied".
	Operation, Code string
	// Throttled says that the service asks for patience, Server that the fault is
	// its own. All others need a change of configuration.
	Throttled, Server bool
}

// Explain describes an answer of AWS to a request of who. It returns nil if err
// is something else, such as a broken connection.
func Explain(err error, who Identity) *Failure {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return nil
	}
	f := &Failure{Operation: failed(err), Code: api.ErrorCode()}
	f.Text = who.describe(f.Operation, api)
	_, f.Throttled = retry.DefaultThrottleErrorCodes[f.Code]
	f.Throttled = f.Throttled || f.Code == queryThrottled
	var resp *smithyhttp.ResponseError
	f.Server = errors.As(err, &resp) && resp.HTTPStatusCode() >= http.StatusInternalServerError
	return f
}

// describe repeats the beginning of a service's message only: that of a wrong
// signature goes on with the whole request, session token included.
func (i Identity) describe(operation string, api smithy.APIError) string {
	message, _, _ := strings.Cut(api.ErrorMessage(), "\n")
	for _, secret := range []string{i.Secret, i.Token} {
		if secret != "" {
			message = strings.ReplaceAll(message, secret, "***")
		}
	}
	message = strings.ToValidUTF8(message[:min(len(message), maxMessage)], "")
	if operation != "" {
		operation += ": "
	}
	if i.Role != "" && strings.HasPrefix(operation, "STS") {
		operation = "assuming role " + i.Role + ": " + operation
	}
	return operation + api.ErrorCode() + ": " + message
}

// failed names the innermost operation in an error's chain: that of STS, say,
// where credentials for SQS could not be had.
func failed(err error) string {
	name := ""
	var op *smithy.OperationError
	for errors.As(err, &op) {
		name = op.Service() + " " + op.Operation()
		err = op.Unwrap()
	}
	return name
}
