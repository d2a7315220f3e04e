// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"errors"
	"net"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// RedisConnection says how to reach Redis: a server, a cluster or the sentinels
// that watch over a master.
type RedisConnection struct {
	// Addresses are host:port. Hosts and Ports are their parts, pairwise; they
	// count only where Addresses is empty (see Servers).
	Addresses, Hosts, Ports []string
	// Username and Password log in to the server; empty means without.
	Username, Password string
	// DatabaseIndex is the logical database, always 0 in a cluster.
	DatabaseIndex int64
	// SentinelMaster names the watched master; SentinelUsername and
	// SentinelPassword log in to the sentinels.
	SentinelMaster, SentinelUsername, SentinelPassword string
	// EnableTLS comes from metadata and TLS ("enable" or "disable") from a
	// TriggerAuthentication; see UseTLS.
	EnableTLS bool
	TLS       string
	// UnsafeSSL accepts any server certificate.
	UnsafeSSL bool
	// Cert, Key, KeyPassword and CA are PEM texts; empty means none.
	Cert, Key, KeyPassword, CA string
}

// Servers returns the addresses as host:port.
func (c *RedisConnection) Servers() []string {
	if len(c.Addresses) > 0 {
		return c.Addresses
	}
	servers := make([]string, 0, len(c.Hosts))
	for i := range min(len(c.Hosts), len(c.Ports)) {
		servers = append(servers, net.JoinHostPort(c.Hosts[i], c.Ports[i]))
	}
	return servers
}

// UseTLS says whether the connection is encrypted.
func (c *RedisConnection) UseTLS() bool { return c.EnableTLS || c.TLS == "enable" }

func (c *RedisConnection) declare(p *param.Set) {
	p.Strings(&c.Addresses, "address", "Servers as `host:port`, separated by commas.").
		Alias("addresses").From(param.Metadata, param.Auth, param.Env).Check(hostPort)
	p.Strings(&c.Hosts, "host", "Hosts of the servers, if `address` is not given.").
		Alias("hosts").From(param.Metadata, param.Env, param.Auth)
	p.Strings(&c.Ports, "port", "Ports of the servers, one for each of `host`.").
		Alias("ports").From(param.Metadata, param.Env, param.Auth).Check(port)
	p.String(&c.Username, "username", "User to log in as.").
		From(param.Metadata, param.Env, param.Auth)
	p.String(&c.Password, "password", "Password to log in with.").Secret().
		From(param.Metadata, param.Env, param.Auth)
	c.declareTLS(p)

	p.AtLeastOneOf("address", "host")
	p.Rule("`host` and `port` belong together.", func() error {
		switch {
		case len(c.Addresses) > 0: // an authentication that others share may hold either
		case len(c.Hosts) > 0 && len(c.Ports) == 0:
			return p.Missing("port", `"host" needs it`)
		case len(c.Ports) > 0 && len(c.Hosts) == 0:
			return p.Missing("host", `"port" needs it`)
		}
		return nil
	}, "address", "host", "port")
	p.Rule("`host` and `port` must have equally many entries.", func() error {
		if len(c.Hosts) != len(c.Ports) && len(c.Hosts) > 0 && len(c.Ports) > 0 {
			return errors.New("must have as many entries as \"port\"; write one port for each host")
		}
		return nil
	}, "host", "port")
}

func (c *RedisConnection) declareTLS(p *param.Set) {
	p.Bool(&c.EnableTLS, "enableTLS", "Whether to encrypt the connection.").Default("false")
	p.String(&c.TLS, "tls", "Whether to encrypt the connection, said by the authentication.").
		From(param.Auth).Enum("enable", "disable").Default("disable")
	p.Bool(&c.UnsafeSSL, "unsafeSsl", "Whether to accept any server certificate. For tests only.").Default("false")
	p.String(&c.Cert, "cert", "Client certificate, PEM.").Alias("Cert").From(param.Auth)
	p.String(&c.Key, "key", "Key of the client certificate, PEM.").Secret().From(param.Auth)
	p.String(&c.KeyPassword, "keyPassword", "Password of an encrypted key.").Secret().From(param.Auth)
	p.String(&c.CA, "ca", "Certificate authorities that the server's certificate is checked against, PEM.").From(param.Auth)
	p.AtMostOneOf("enableTLS", "tls")
	p.Together("cert", "key")
	p.Requires("keyPassword", "key")
}

func (c *RedisConnection) declareDatabase(p *param.Set) {
	p.Int(&c.DatabaseIndex, "databaseIndex", "Number of the logical database.").Default("0").Min(0)
}
