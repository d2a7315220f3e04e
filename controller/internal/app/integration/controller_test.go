// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/app"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/port"
)

// controller is one app.Run.
type controller struct {
	app.Options
	registry *prometheus.Registry
	log      *logBuffer
	stop     func() // ends it as a signal would, and waits
	cancel   context.CancelFunc
	done     chan struct{}
	err      error // what it ended with, once it is done
}

// logBuffer keeps what a controller logs.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) write(prefix, args string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintf(&b.text, "%s %s %s\n", time.Now().Format("15:04:05.000"), prefix, args)
}

// about returns the lines that mention a word.
func (b *logBuffer) about(word string) string {
	var lines strings.Builder
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, word) {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// startController runs a controller until the test ends. change adapts its
// options.
func startController(t *testing.T, change func(*app.Options)) *controller {
	t.Helper()
	config, err := testCluster.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	c := &controller{registry: prometheus.NewRegistry(), log: &logBuffer{}, done: make(chan struct{})}
	o := app.Defaults()
	o.Config, o.Registry = config, c.registry
	o.MetricsAddress, o.HealthAddress, o.FeedAddress, o.WebhookPort = "0", port.Address(t), port.Address(t), 0
	o.Namespace, o.HPAPeriod, o.Version = "keda", time.Second, "1.2.3"
	o.PodName = "controller"
	o.StoreInterval, o.FileRoot = 3*time.Second, t.TempDir()
	o.Log = funcr.New(c.log.write, funcr.Options{Verbosity: 1})
	if change != nil {
		change(&o)
	}
	c.Options = o
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	go func() {
		defer close(c.done)
		c.err = app.Run(ctx, o)
	}()
	c.stop = func() {
		cancel()
		<-c.done
	}
	t.Cleanup(c.stop)
	return c
}

// ready waits until the controller says that it is ready.
func (c *controller) ready(t *testing.T) {
	t.Helper()
	eventually(t, "the controller is ready", func() error {
		select {
		case <-c.done:
			t.Fatalf("the controller ended: %v\n%s", c.err, c.log)
		default:
		}
		return probe(t.Context(), c.HealthAddress, "/readyz")
	})
}

// probe asks as the kubelet does.
func probe(ctx context.Context, address, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, response.Status)
	}
	return nil
}

// deadline bounds every wait. It is long, because machines are slow; a test that
// passes does not wait for it.
const deadline = 60 * time.Second

// eventually waits until check returns nil.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	begin := time.Now()
	end := begin.Add(deadline)
	for {
		err := check()
		if err == nil {
			t.Logf("%s after %s", what, time.Since(begin).Round(time.Millisecond))
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s: %v", deadline, what, err)
		}
		time.Sleep(25 * time.Millisecond)
	}
}
