// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/progress"
)

// currentTarget is the cluster of the current kubeconfig context, somebody else's.
type currentTarget struct {
	loaded   bool   // the images are on the nodes already
	archives string // folder of the images' archives
	steps    *progress.Steps
	out      io.Writer
	context  string
	minikube bool
}

// check names the cluster before anything is done to it.
func (t *currentTarget) check(ctx context.Context, namespaces []string) error {
	if err := t.attach(ctx); err != nil {
		return err
	}
	t.steps.Note("context %s: the demo makes the namespaces %s, the CRDs of keda.sh, an APIService and a webhook there, and removes them at the end",
		t.context, strings.Join(namespaces, ", "))
	if t.loaded {
		return nil
	}
	_, err := t.loader()
	return err
}

func (t *currentTarget) attach(context.Context) error {
	raw, err := clientcmd.NewDefaultClientConfigLoadingRules().Load()
	if err != nil {
		return fmt.Errorf("read the kubeconfig: %w", err)
	}
	t.context = raw.CurrentContext
	if raw.Contexts[t.context] == nil {
		return errors.New("the kubeconfig has no current context: choose one with kubectl config use-context")
	}
	// minikube calls its contexts like its profiles, but adds an extension to them.
	_, t.minikube = raw.Contexts[t.context].Extensions["context_info"]
	return nil
}

func (t *currentTarget) up(ctx context.Context, built images) error {
	if t.loaded {
		return nil
	}
	defer t.steps.Step("loading images into "+t.context, nil)()
	l, err := t.loader()
	if err != nil {
		return err
	}
	for _, archive := range built.archives() {
		cmd := exec.CommandContext(ctx, l.program, l.args(archive)...)
		cmd.Stdout, cmd.Stderr = indented{t.out}, indented{t.out}
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", cmd, err)
		}
	}
	return nil
}

// loader is a tool that puts an image archive onto the nodes of its clusters.
type loader struct {
	program string
	args    func(archive string) []string
}

// loader goes by the names that the tools give their contexts.
func (t *currentTarget) loader() (loader, error) {
	l := loader{}
	if name, ok := strings.CutPrefix(t.context, "kind-"); ok {
		l = loader{"kind", func(a string) []string { return []string{"load", "image-archive", a, "--name", name} }}
	} else if name, ok := strings.CutPrefix(t.context, "k3d-"); ok {
		l = loader{"k3d", func(a string) []string { return []string{"image", "import", a, "--cluster", name} }}
	} else if t.minikube {
		l = loader{"minikube", func(a string) []string { return []string{"image", "load", a, "--profile", t.context} }}
	} else {
		return l, fmt.Errorf("context %s is not of minikube, kind or k3d, so the demo does not know how to give its nodes images. "+
			"Import %s/*.tar on the nodes (ctr -n k8s.io images import FILE; a run with -build-only writes them) and run the demo with -images-loaded", t.context, t.archives)
	}
	if _, err := exec.LookPath(l.program); err != nil {
		return l, fmt.Errorf("context %s needs %s to load images: %w", t.context, l.program, err)
	}
	return l, nil
}

// kubeconfig leaves the choice of files to KUBECONFIG, as kubectl does.
func (t *currentTarget) kubeconfig() (file, context string) { return "", t.context }

func (t *currentTarget) image(public string) string { return public }

func (t *currentTarget) volume(string) (string, error) { return "", nil } // the claim gets one of the default StorageClass

func (t *currentTarget) words() string { return "context " + t.context }

func (t *currentTarget) down(context.Context) error { return nil }
