// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// maxMessage bounds what is repeated of a service's own message.
const maxMessage = 300

// Explain returns an error of an Azure client as one line without the identity's
// secret. The SDK's own are pages that repeat whole answers. What is no answer,
// such as a broken connection, stays in the chain.
func Explain(err error, who Identity) error {
	var token *azidentity.AuthenticationFailedError
	if errors.As(err, &token) {
		if token.RawResponse == nil {
			return fmt.Errorf("getting a token: %s", who.line(token.Error()))
		}
		code, message := entraError(token.RawResponse)
		return fmt.Errorf("getting a token: %s answers %d %s: %s", token.RawResponse.Request.URL.Host,
			token.RawResponse.StatusCode, code, who.line(message))
	}
	var answer *azcore.ResponseError
	if errors.As(err, &answer) {
		return fmt.Errorf("%d %s: %s", answer.StatusCode, answer.ErrorCode, who.line(serviceMessage(answer.RawResponse)))
	}
	return err
}

// line bounds a message to the beginning of its first line.
func (i Identity) line(message string) string {
	message, _, _ = strings.Cut(strings.TrimSpace(message), "\n")
	if i.Secret != "" {
		message = strings.ReplaceAll(message, i.Secret, "***")
	}
	message = strings.TrimSpace(message)
	return strings.ToValidUTF8(message[:min(len(message), maxMessage)], "")
}

// entraError reads the answer of a token endpoint.
func entraError(response *http.Response) (code, message string) {
	var body struct {
		Error       string
		Description string `json:"error_description"`
	}
	text, err := runtime.Payload(response)
	if err != nil || json.Unmarshal(text, &body) != nil {
		return "", "(no explanation)"
	}
	return body.Error, body.Description
}

// serviceMessage reads the answer of a service.
func serviceMessage(response *http.Response) string {
	var body struct{ Error struct{ Message string } }
	text, err := runtime.Payload(response)
	if err != nil || json.Unmarshal(text, &body) != nil || body.Error.Message == "" {
		return "(no explanation)"
	}
	return body.Error.Message
}
