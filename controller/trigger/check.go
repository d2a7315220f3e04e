// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"errors"
	"net"
	"net/url"
	"strconv"
)

// hostPort checks an address. IPv6 hosts stand in brackets.
func hostPort(text string) error {
	host, p, err := net.SplitHostPort(text)
	if err != nil || host == "" || port(p) != nil {
		return errors.New("must be host:port, for example redis.default.svc:6379")
	}
	return nil
}

func port(text string) error {
	if n, err := strconv.ParseUint(text, 10, 16); err != nil || n == 0 {
		return errors.New("must be a port number from 1 to 65535")
	}
	return nil
}

// httpURL checks an absolute URL of a web server.
func httpURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("must be a URL that begins with http:// or https:// and has a host")
	}
	return nil
}
