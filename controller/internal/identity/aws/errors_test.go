// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity/aws"
)

// TestNoPartOfASecretIsTold: a message is cut where it is long, and a secret in it
// may be just there.
func TestNoPartOfASecretIsTold(t *testing.T) {
	who := aws.Identity{KeyID: "ASIA", Secret: "key-secret", Token: strings.Repeat("session", 20)}
	for before := range 220 {
		message := strings.Repeat("x", before) + who.Token + " " + who.Secret
		f := aws.Explain(&smithy.GenericAPIError{Code: "InvalidToken", Message: message}, who)
		if f == nil || strings.Contains(f.Text, "sess") || strings.Contains(f.Text, "key-") {
			t.Fatalf("%d bytes before the token: %+v", before, f)
		}
	}
}
