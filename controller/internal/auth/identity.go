// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// roleAnnotation is where EKS keeps the role of a ServiceAccount.
const roleAnnotation = "eks.amazonaws.com/role-arn"

// errNoRole says that a ServiceAccount has no role.
var errNoRole = errors.New("set it to the ARN of the role")

// identity completes a pod identity: that of the workload in AWS is the role of its
// ServiceAccount. An identity of provider none is none. The older provider aws-eks
// does without a role, because the trigger may say whose identity it asks with.
func (r *reading) identity(id *v1alpha1.AuthPodIdentity) (*v1alpha1.AuthPodIdentity, error) {
	if noIdentity(id) {
		return nil, nil
	}
	ofWorkload := id.Provider == v1alpha1.PodIdentityProviderAwsEKS ||
		id.Provider == v1alpha1.PodIdentityProviderAws && ptr.Deref(id.IdentityOwner, "") == v1alpha1.IdentityOwnerWorkload
	if !ofWorkload {
		return id, nil
	}
	role, err := r.workloadRole()
	if errors.Is(err, errNoRole) && id.Provider == v1alpha1.PodIdentityProviderAwsEKS {
		return id, nil
	}
	if err != nil {
		return nil, err
	}
	completed := id.DeepCopy()
	completed.RoleArn = &role
	return completed, nil
}

func noIdentity(id *v1alpha1.AuthPodIdentity) bool {
	return id == nil || id.Provider == v1alpha1.PodIdentityProviderNone || id.Provider == ""
}

// workloadRole reads the role of the ServiceAccount under which the pods of the
// workload run.
func (r *reading) workloadRole() (string, error) {
	template, err := r.workload.Template()
	if err != nil {
		return "", err
	}
	if template == nil {
		return "", fmt.Errorf("%s has no pod template, so it has no ServiceAccount whose role could be taken: use identityOwner keda", r.workload.Name)
	}
	namespace := r.workload.Namespace
	name := cmp.Or(template.Spec.ServiceAccountName, template.Spec.DeprecatedServiceAccount, "default")
	got, err := r.kept("podIdentity", func(ctx context.Context, _ bool) (values, error) {
		role, err := r.resolver.annotation(ctx, namespace, name)
		return values{parameters: map[string]string{roleAnnotation: role}}, err
	}, namespace, name)
	return got[roleAnnotation], err
}

func (r *Resolver) annotation(ctx context.Context, namespace, name string) (string, error) {
	ref := Reference{Kind: "ServiceAccount", Namespace: namespace, Name: name}
	var account corev1.ServiceAccount
	if err := r.Reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &account); err != nil {
		return "", missing(err, ref, "create it, or correct serviceAccountName of the workload")
	}
	role := account.Annotations[roleAnnotation]
	if role == "" {
		return "", fmt.Errorf("%s has no annotation %s: %w", ref, roleAnnotation, errNoRole)
	}
	return role, nil
}
