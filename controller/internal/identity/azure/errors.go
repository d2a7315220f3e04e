// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity"
)

// Explain returns an error of an Azure client as one line without the identity's
// secret; the SDK's own are pages that repeat whole answers. A token endpoint that
// refuses is an *identity.Refusal. What is no answer, such as a broken connection,
// stays in the chain.
func Explain(err error, who Identity) error {
	var token *azidentity.AuthenticationFailedError
	var answer *azcore.ResponseError
	switch {
	case errors.As(err, &token) && token.RawResponse != nil:
		body, _ := runtime.Payload(token.RawResponse) // without it the explanation is missing
		return fmt.Errorf("getting a token: %w", identity.NewRefusal(token.RawResponse, body, who.Secret))
	case errors.As(err, &token):
		return fmt.Errorf("getting a token: %s", identity.Line(token.Error(), who.Secret))
	case errors.As(err, &answer):
		return fmt.Errorf("%d %s: %s", answer.StatusCode, answer.ErrorCode, identity.Line(message(answer), who.Secret))
	}
	return err
}

// message reads the explanation in a service's answer.
func message(answer *azcore.ResponseError) string {
	var body struct{ Error struct{ Message string } }
	text, err := runtime.Payload(answer.RawResponse)
	if err != nil || json.Unmarshal(text, &body) != nil || body.Error.Message == "" {
		return "(no explanation)"
	}
	return body.Error.Message
}
