// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/binaries"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/proc"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/progress"
)

// launch is one bring-up of a cluster.
type launch struct {
	o        Options
	cache    string
	dir      string            // the cluster's folder
	bin      map[string]string // folder of each set of programs
	images   []string          // archives for the real node
	steps    *progress.Steps
	state    *State
	children []*proc.Child
	http     *http.Client // as the administrator, from the cluster's network
}

// prepare does what needs no lock on the cluster: it checks the machine, builds programs and images, and takes down
// clusters whose owner is gone.
func prepare(ctx context.Context, o Options) (*launch, error) {
	cache, err := Cache()
	if err != nil {
		return nil, err
	}
	if _, err := PruneOrphans(ctx, o.Log); err != nil {
		return nil, err
	}
	sets := binaries.Loopback
	if o.Mode == Full {
		sets = binaries.All
		if err := EnsureFull(ctx, o.Log); err != nil {
			return nil, err
		}
	}
	l := &launch{o: o, cache: cache, dir: filepath.Join(cache, "clusters", o.Name)}
	if l.bin, err = Build(ctx, o.Log, sets...); err != nil {
		return nil, err
	}
	if o.Mode == Full {
		system, err := systemImages(cache, l.bin)
		if err != nil {
			return nil, err
		}
		l.images = append(system, o.Images...)
	}
	l.steps = progress.New(o.Log, 0)
	return l, nil
}

// Build builds the sets of programs that the cache lacks and returns the folder of each, by its name.
func Build(ctx context.Context, log io.Writer, sets ...binaries.Set) (map[string]string, error) {
	cache, err := Cache()
	if err != nil {
		return nil, err
	}
	store, err := binaries.Open(cache)
	if err != nil {
		return nil, err
	}
	return store.Ensure(ctx, log, sets...)
}

// run starts everything, in the order in which it depends on each other.
func (l *launch) run(ctx context.Context) error {
	if err := l.claim(); err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
		full bool
	}{
		{"making certificates", l.certificates, false},
		{"making the network namespace", l.network, true},
		{"starting the API server", l.apiServer, false},
		{"starting containerd and importing images", l.runtime, true}, // while the API server starts
		{"starting the controllers", l.controllers, false},
		{"starting the node", l.node, true},
		{"starting simulated nodes", l.fakeNodes, false},
		{"deploying CoreDNS and metrics-server", l.system, true},
	} {
		if step.full && l.o.Mode != Full {
			continue
		}
		end := l.steps.Step(step.what, nil)
		err := step.do(ctx)
		end()
		if err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	l.state.Ready = true
	return l.state.save(l.dir)
}

// claim draws the ports and writes the first state file. The folder of all clusters is the lock of the port range.
func (l *launch) claim() error {
	l.state = &State{Name: l.o.Name, Mode: l.o.Mode, Created: time.Now()}
	if l.o.Ephemeral {
		self, err := proc.Identify("owner", os.Getpid())
		if err != nil {
			return err
		}
		l.state.Owner = &self
	}
	for _, d := range []string{"pki", "logs"} {
		if err := os.MkdirAll(filepath.Join(l.dir, d), 0o755); err != nil {
			return err
		}
	}
	unlock, err := lockDir(filepath.Dir(l.dir), false)
	if err != nil {
		return err
	}
	defer unlock()
	others, err := list(l.cache)
	if err != nil {
		return err
	}
	if l.state.Ports, err = drawPorts(others); err != nil {
		return err
	}
	return l.state.save(l.dir)
}

// start starts a server, inside the network namespace if there is one, and records it.
func (l *launch) start(name string, args ...string) error {
	if l.o.Mode == Full {
		args = append(l.inNamespace(), args...)
	}
	return l.startOnHost(name, args...)
}

func (l *launch) startOnHost(name string, args ...string) error {
	c, err := proc.Start(proc.Spec{Name: name, Args: args, Log: l.path("logs", name+".log"), DieWithParent: l.o.Ephemeral})
	if err != nil {
		return err
	}
	l.children = append(l.children, c)
	l.state.Processes = append(l.state.Processes, c.Process)
	return l.state.save(l.dir)
}

// await polls until check succeeds. It fails when a server that we started ends, with the end of its log.
func (l *launch) await(ctx context.Context, what string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	last := error(nil)
	for {
		if last = check(ctx); last == nil {
			return nil
		}
		for _, c := range l.children {
			select {
			case <-c.Done():
				return fmt.Errorf("waiting for %s: %w", what, c.Exited())
			default:
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; last: %w", what, ctx.Err(), last)
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// healthy is a check that an HTTPS path on the cluster's loopback answers 200.
func (l *launch) healthy(port int, path string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d%s", port, path), nil)
		if err != nil {
			return err
		}
		resp, err := l.http.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)); resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s: %s", path, resp.Status, body)
		}
		return nil
	}
}

// newHTTPClient trusts the API server by the cluster's authority. The other servers sign their own certificates and are
// only asked for their health.
func (l *launch) newHTTPClient(ca, cert, key []byte) error {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	api := fmt.Sprintf("127.0.0.1:%d", l.state.Ports.API)
	l.http = &http.Client{Transport: &http.Transport{DialTLSContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		conn, err := attach(l.dir, l.state).Dial(ctx, addr)
		if err != nil {
			return nil, err
		}
		cfg := &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", InsecureSkipVerify: addr != api}
		if addr == api {
			cfg.Certificates = []tls.Certificate{pair}
		}
		c := tls.Client(conn, cfg)
		if err := c.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return c, nil
	}, DisableKeepAlives: true}}
	return nil
}

func (l *launch) path(elem ...string) string {
	return filepath.Join(append([]string{l.dir}, elem...)...)
}
