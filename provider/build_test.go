// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxBinary is how large the provider may be, stripped, in bytes.
const maxBinary = 45 << 20

// TestDependencies keeps the walls: Terraform starts the provider for every
// command, so it must be small, and it must not know the controller's inside.
func TestDependencies(t *testing.T) {
	output, err := exec.Command("go", "list", "-deps", "..").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/keda-tf/terraform-provider-keda/"
	denied := []string{module + "controller/internal/", module + "metricsadapter/", module + "internal/", "sigs.k8s.io/controller-runtime/", "k8s.io/client-go/kubernetes/",
		"k8s.io/client-go/informers/", "github.com/aws/", "github.com/redis/"}
	for dependency := range strings.Lines(string(output)) {
		dependency = strings.TrimSpace(dependency) + "/"
		if i := slices.IndexFunc(denied, func(prefix string) bool { return strings.HasPrefix(dependency, prefix) }); i >= 0 {
			t.Errorf("the provider must not import %s", dependency)
		}
	}
}

// binary builds the provider as a release does.
func binary(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "terraform-provider-keda")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return path
}

func TestBinarySize(t *testing.T) {
	info, err := os.Stat(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxBinary {
		t.Errorf("the provider has %.1f MiB, more than %d", float64(info.Size())/(1<<20), maxBinary>>20)
	}
}

// BenchmarkStart measures the time until Terraform can talk to the provider: the
// line of the handshake.
func BenchmarkStart(b *testing.B) {
	path := binary(b)
	for b.Loop() {
		command := exec.Command(path)
		command.Env = append(os.Environ(), "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2", "PLUGIN_PROTOCOL_VERSIONS=6")
		out, err := command.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := command.Start(); err != nil {
			b.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, "|grpc|") {
			b.Fatalf("no handshake but %q: %v", line, err)
		}
		_ = command.Process.Kill() // it has said all that is measured
		_, _ = io.Copy(io.Discard, out)
		_ = command.Wait()
	}
}
