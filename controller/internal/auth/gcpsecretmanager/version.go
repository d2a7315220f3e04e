// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package gcpsecretmanager

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// version names one version of one secret.
type version struct {
	project, location, secret, version string // location is empty for a global secret
}

// url is what reads the version: one of Google's only API, or of a region's own.
func (v version) url() string {
	host, location := "secretmanager.googleapis.com", ""
	if v.location != "" {
		host = "secretmanager." + v.location + ".rep.googleapis.com"
		location = "/locations/" + v.location
	}
	return "https://" + host + "/v1/projects/" + url.PathEscape(v.project) + location +
		"/secrets/" + url.PathEscape(v.secret) + "/versions/" + url.PathEscape(v.version) + ":access"
}

// locate completes the name of a secret: id is a bare name, or a resource name such
// as projects/P/secrets/S or projects/P/locations/L/secrets/S, with or without
// /versions/V after it.
func (s *store) locate(ctx context.Context, ref *v1alpha1.GCPSecretManagerSecret) (version, error) {
	v := version{version: cmp.Or(ref.Version, "latest")}
	if strings.Contains(ref.ID, "/") {
		return v, v.parse(ref.ID)
	}
	if s.project == "" {
		var err error
		if s.project, err = s.who.Project(ctx); err != nil {
			return v, fmt.Errorf("its project is not known: %w; write its id as projects/PROJECT/secrets/NAME", err)
		}
	}
	v.project, v.secret = s.project, ref.ID
	return v, nil
}

// parse reads a resource name: pairs of a collection and a name.
func (v *version) parse(id string) error {
	collections := map[string]*string{"projects": &v.project, "locations": &v.location, "secrets": &v.secret, "versions": &v.version}
	parts := strings.Split(id, "/")
	for i := 0; i+1 < len(parts); i += 2 {
		field, ok := collections[parts[i]]
		if !ok || parts[i+1] == "" {
			break
		}
		*field = parts[i+1]
	}
	if len(parts)%2 != 0 || v.project == "" || v.secret == "" || !plain(v.location) {
		return errors.New("its id is no resource name; write projects/PROJECT/secrets/NAME, or the bare name")
	}
	return nil
}

// plain says that a location may stand in a host name.
func plain(location string) bool {
	return strings.Trim(location, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
