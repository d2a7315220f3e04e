// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package acctest

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster"
)

const (
	terraformPath = "TF_ACC_TERRAFORM_PATH"
	patience      = time.Minute
)

var findTerraform = sync.OnceValue(func() error {
	if os.Getenv(terraformPath) != "" {
		return nil
	}
	found, err := exec.LookPath("terraform")
	if err != nil {
		return err
	}
	return os.Setenv(terraformPath, found)
})

// Terraform prepares an acceptance test. Without TF_ACC it is not run, as is the
// custom of providers; without the terraform command it fails.
func Terraform(t *testing.T) {
	t.Helper()
	if os.Getenv(resource.EnvTfAcc) == "" {
		t.Skipf("acceptance tests run with %s=1", resource.EnvTfAcc)
	}
	if err := findTerraform(); err != nil {
		t.Fatalf("install terraform 1.11 or later into PATH, or set %s: %v", terraformPath, err)
	}
}

// Cluster is a development cluster with KEDA's custom resources, and a namespace
// of the test's own. No controller runs there.
type Cluster struct {
	t         *testing.T
	client    dynamic.Interface
	Config    string
	Namespace string
}

var installed struct {
	sync.Mutex
	done bool
}

// NewCluster takes the cluster that the tests share, and installs the custom
// resources of a folder of manifests into it once.
func NewCluster(t *testing.T, crds string) *Cluster {
	t.Helper()
	Terraform(t)
	c := cluster.ForTest(t)
	installed.Lock()
	defer installed.Unlock()
	if !installed.done {
		install(t, c, crds)
		installed.done = true
	}
	config, err := c.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &Cluster{t: t, client: client, Config: c.Kubeconfig(), Namespace: c.Namespace(t)}
}

func install(t *testing.T, c *cluster.Cluster, folder string) {
	t.Helper()
	files, err := fs.Glob(os.DirFS(folder), "*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no custom resource definitions in %s: %v", folder, err)
	}
	for _, file := range files {
		manifest, err := fs.ReadFile(os.DirFS(folder), file)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Apply(t.Context(), string(manifest)); err != nil {
			t.Fatal(err)
		}
	}
}

// resource is a custom resource of the test's namespace.
func (c *Cluster) resource(plural string) dynamic.ResourceInterface {
	return c.client.Resource(schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: plural}).Namespace(c.Namespace)
}

// Patch changes an object as kubectl would: by a merge patch under another field
// manager.
func (c *Cluster) Patch(plural, name string, patch map[string]any, subresources ...string) {
	c.t.Helper()
	if err := c.patch(c.t.Context(), plural, name, patch, subresources...); err != nil {
		c.t.Fatal(err)
	}
}

func (c *Cluster) patch(ctx context.Context, plural, name string, patch map[string]any, subresources ...string) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = c.resource(plural).Patch(ctx, name, types.MergePatchType, body,
		metav1.PatchOptions{FieldManager: "kubectl-edit"}, subresources...)
	return err
}

// Apply applies an object of the test's namespace as another tool would, under its
// field manager.
func (c *Cluster) Apply(plural, manager string, object map[string]any) {
	c.t.Helper()
	o := &unstructured.Unstructured{Object: object}
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		_, err := c.resource(plural).Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: manager})
		if err == nil {
			return
		}
		if !apierrors.IsNotFound(err) { // the kind is served a moment after its definition was applied
			c.t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Report sets the Ready condition as soon as the object is there, in the place
// of a controller.
func (c *Cluster) Report(plural, name, status, reason, message string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	done := make(chan struct{})
	c.t.Cleanup(func() { cancel(); <-done })
	go func() {
		defer close(done)
		report := map[string]any{"status": map[string]any{"observedGeneration": 1, "conditions": []any{
			map[string]any{"type": "Ready", "status": status, "reason": reason, "message": message}}}}
		for ctx.Err() == nil {
			err := c.patch(ctx, plural, name, report, "status")
			if err == nil || ctx.Err() != nil {
				return
			}
			if !apierrors.IsNotFound(err) {
				c.t.Errorf("report on %s: %v", name, err)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
}
