// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/oidc"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sts"
)

// account is what the kubelet gives a pod to reach the API server with.
const account = "/var/run/secrets/kubernetes.io/serviceaccount"

// trustCluster lets the holder of a token that this cluster has signed for subject assume role. The public keys come from
// the API server, which shows them to every ServiceAccount.
func trustCluster(tokens *sts.Server, role, subject string) error {
	ca, err := os.ReadFile(filepath.Join(account, "ca.crt"))
	if err != nil {
		return fmt.Errorf("-sts works in a pod only, where the cluster's certificate is: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return errors.New("the cluster's certificate is no PEM")
	}
	cluster := oidc.Issuer{
		KeysURL: "https://kubernetes.default.svc/openid/v1/jwks",
		Client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}},
		Authorize: authorize,
	}
	tokens.TrustTokens(func(r *http.Request, token, arn string) bool {
		if arn != role {
			log.Printf("refused to let anybody assume %s: there is only %s", arn, role)
			return false
		}
		got, err := cluster.Subject(r.Context(), token, time.Now())
		if err != nil || got != subject {
			log.Printf("refused to let %q assume %s: %v", got, arn, err)
			return false
		}
		return true
	})
	return nil
}

// authorize reads the pod's own token each time, because the kubelet renews it.
func authorize(r *http.Request) error {
	token, err := os.ReadFile(filepath.Join(account, "token"))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	return nil
}
