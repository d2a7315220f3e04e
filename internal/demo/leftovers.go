// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

// remains is one kind of object of which nothing may stay after terraform destroy.
type remains struct {
	what      string
	resource  schema.GroupVersionResource
	namespace string // to look in; empty means everywhere
	selector  string // of labels
}

// ofStories in place of a namespace means those of the stories.
const ofStories = "stories"

var installed = manifests.LabelManagedBy + "=" + manifests.ManagedBy

// remainsOfInstall is what to look for, in the words of the summary.
var remainsOfInstall = []remains{
	{"HPAs", gvr("autoscaling", "v2", "horizontalpodautoscalers"), ofStories, ""},
	{"Jobs of the ScaledJob", gvr("batch", "v1", "jobs"), ofStories, "scaledjob.keda.sh/name"},
	{"Deployments", gvr("apps", "v1", "deployments"), kedaNamespace, ""},
	{"Services", gvr("", "v1", "services"), kedaNamespace, ""},
	{"APIServices", gvr("apiregistration.k8s.io", "v1", "apiservices"), metav1.NamespaceAll, installed},
	{"webhook configurations", gvr("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"), metav1.NamespaceAll, installed},
	{"ClusterRoles", gvr("rbac.authorization.k8s.io", "v1", "clusterroles"), metav1.NamespaceAll, installed},
	{"ClusterRoleBindings", gvr("rbac.authorization.k8s.io", "v1", "clusterrolebindings"), metav1.NamespaceAll, installed},
	{"RoleBindings", gvr("rbac.authorization.k8s.io", "v1", "rolebindings"), metav1.NamespaceAll, installed},
}

func gvr(group, version, resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: version, Resource: resource}
}

var (
	crdResource   = gvr("apiextensions.k8s.io", "v1", "customresourcedefinitions")
	scaledObjects = gvr("keda.sh", "v1alpha1", "scaledobjects")
)

// leave removes what an act has made, and is an error when anything stays. The installation goes last, because it has to
// undo what it did for the others.
func (s *show) leave(ctx context.Context, plays []*play) error {
	ctx, cancel := context.WithTimeout(ctx, teardownLimit)
	defer cancel()
	destroy := func(installs bool) error {
		return each(plays, func(p *play) error {
			if _, err := os.Stat(p.workdir()); p.installs != installs || errors.Is(err, os.ErrNotExist) {
				return nil
			}
			return p.terraform(ctx, teardownLimit, "destroy", nil)
		})
	}
	err := destroy(false)
	if err == nil {
		err = destroy(true)
	}
	if err == nil {
		err = s.nothingLeft(ctx, plays)
	}
	if err != nil {
		s.steps.Note("%v", err)
	}
	return errors.Join(err, each(plays, func(p *play) error { return p.unstage(ctx) }))
}

// remembered are the stories of which an earlier run has left a state.
func (s *show) remembered() []*play {
	var plays []*play
	for _, st := range s.stories {
		p := &play{show: s, story: st, several: true}
		if variables, err := p.variables(); err == nil {
			install, said := variables["install"].(bool)
			p.installs = install || !said
		}
		plays = append(plays, p)
	}
	return plays
}

// nothingLeft shows that terraform destroy left nothing. Kubernetes collects some of it in the background, so it may
// take a moment.
func (s *show) nothingLeft(ctx context.Context, plays []*play) error {
	var left []string
	err := poll(ctx, "nothing is left", func(ctx context.Context) (bool, error) {
		var err error
		if left, err = s.leftovers(ctx, plays); err != nil {
			return false, err
		}
		if len(left) > 0 {
			return false, errors.New("left: " + strings.Join(left, ", "))
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	names := []string{"CRDs of keda.sh and their objects", "the namespace " + kedaNamespace}
	for _, r := range remainsOfInstall {
		names = append(names, r.what)
	}
	fmt.Fprintf(s.Out, "✓ terraform destroy left nothing\n    looked for: %s\n", strings.Join(names, ", "))
	return nil
}

func (s *show) leftovers(ctx context.Context, plays []*play) ([]string, error) {
	left, err := s.crds(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range remainsOfInstall {
		places := []string{r.namespace}
		if r.namespace == ofStories {
			places = nil
			for _, p := range plays {
				places = append(places, p.namespace)
			}
		}
		for _, place := range places {
			list, err := s.dynamic.Resource(r.resource).Namespace(place).List(ctx, metav1.ListOptions{LabelSelector: r.selector})
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", r.what, err)
			}
			for _, o := range list.Items {
				left = append(left, o.GetKind()+" "+o.GetName())
			}
		}
	}
	_, err = s.kube.CoreV1().Namespaces().Get(ctx, kedaNamespace, metav1.GetOptions{})
	switch {
	case err == nil:
		left = append(left, "Namespace "+kedaNamespace)
	case !apierrors.IsNotFound(err):
		return nil, err
	}
	return left, nil
}

// crds are the names of KEDA's custom resource definitions in the cluster. Without them there can be no objects of them.
func (s *show) crds(ctx context.Context) ([]string, error) {
	list, err := s.dynamic.Resource(crdResource).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list CRDs: %w", err)
	}
	var names []string
	for _, o := range list.Items {
		if strings.HasSuffix(o.GetName(), ".keda.sh") {
			names = append(names, o.GetName())
		}
	}
	return names, nil
}
