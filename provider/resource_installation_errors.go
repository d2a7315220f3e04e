// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/install"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// explainInstall turns an error of package install into a diagnostic with the
// way out.
func (r *installation) explainInstall(err error, diags *diag.Diagnostics) {
	var (
		conflict    *install.ConflictError
		phase       *install.PhaseError
		used        *install.InUseError
		unwatched   *install.UnwatchedError
		stuck       *kube.StuckError
		unreachable *kube.UnreachableError
	)
	switch {
	case err == nil:
	case errors.As(err, &conflict):
		explainConflict(conflict, diags)
	case errors.As(err, &used):
		diags.AddError("The installation is in use", explainUse(used))
	case errors.As(err, &unwatched):
		diags.AddError("The installation does not work on all objects", explainUnwatched(unwatched))
	case errors.As(err, &phase):
		diags.AddError("The installation stopped in phase "+phase.Phase, explainPhase(phase))
	case errors.As(err, &unreachable):
		diags.AddError("Kubernetes did not answer", capital(err.Error())+".\n\n"+howToConfigure)
	case errors.As(err, &stuck):
		explainStuck(stuck, diags)
	default:
		explainRefusal(err, diags)
	}
}

func explainConflict(e *install.ConflictError, diags *diag.Diagnostics) {
	summary, remedy := "KEDA is there already", ""
	place := path.Root("adopt")
	switch e.Conflict {
	case install.Exists:
		summary, place = "This installation exists already", path.Root("namespace")
		remedy = fmt.Sprintf("To manage it, import it:\n\n  import {\n    to = keda_installation.<name>\n    id = %q\n  }\n\nor: terraform import keda_installation.<name> %s\n\nWhere only remains of it are left, set adopt = true instead.", e.Namespace, e.Namespace)
	case install.Second:
		summary, place = "A cluster has one installation", path.Root("namespace")
		remedy = "Metrics of a cluster come from one metrics adapter. Use the installation that is there, or destroy it first."
	case install.Elsewhere:
		remedy = fmt.Sprintf("Metrics of a cluster come from one metrics adapter. To take that KEDA over, set namespace = %q and adopt = true. Otherwise uninstall it; "+
			"its custom resource definitions may stay.", e.Namespace)
	case install.OtherAPI:
		summary, place = "External metrics are taken", path.Root("namespace")
		remedy = fmt.Sprintf("A cluster has one server of external metrics, registered as APIService %s. Remove that one first.", manifests.APIServiceName)
	case install.NoNamespace:
		summary, place = "No such namespace", path.Root("create_namespace")
		remedy = "Set create_namespace = true, or create the namespace before, with a reference to its resource in namespace."
	default:
		remedy = "To take these objects over, with the objects of users that are in the cluster, set adopt = true; what the other installation configured is then replaced by " +
			"the arguments of this resource. Otherwise let " + e.Owner.String() + " remove them first.\n\n  " + strings.Join(e.Objects, "\n  ")
	}
	diags.AddAttributeError(place, summary, capital(e.Error())+". "+remedy)
}

func explainUse(e *install.InUseError) string {
	text := fmt.Sprintf("%d objects need it, and would never be scaled, nor go away when they are deleted, without it:\n\n  %s", e.Count, strings.Join(e.Names, "\n  "))
	if more := e.Count - len(e.Names); more > 0 {
		text += fmt.Sprintf("\n  and %d more", more)
	}
	return text + "\n\nDelete them first; resources of Terraform go first by themselves when they have depends_on = [keda_installation.<name>]. " +
		"To have them deleted with the installation, set on_destroy = \"drain\", apply, and destroy again."
}

// shownUnwatched is how many objects an error shows with the way out of each.
const shownUnwatched = 5

func explainUnwatched(e *install.UnwatchedError) string {
	text := fmt.Sprintf("Nothing was deleted: the finalizer %s of these objects is removed by a controller that works on them, and this one does not:\n", v1alpha1.Finalizer)
	var commands []string
	for _, o := range e.Objects[:min(shownUnwatched, len(e.Objects))] {
		text += fmt.Sprintf("\n  %s: %s", o.Ref, o.Why)
		commands = append(commands, "\n  "+letGo(o.Ref, o.Finalizers))
	}
	if more := len(e.Objects) - shownUnwatched; more > 0 {
		text += fmt.Sprintf("\n  and %d more", more)
	}
	return text + "\n\nLet the installation work on them, apply, and destroy again. If no controller works on them any more, remove the finalizer by hand, " +
		"which leaves replicas as they are:\n" + strings.Join(commands, "")
}

// letGo is the command that removes KEDA's finalizer and no other.
func letGo(ref kube.Ref, finalizers []string) string {
	rest := slices.DeleteFunc(slices.Clone(finalizers), func(f string) bool { return f == v1alpha1.Finalizer })
	return fmt.Sprintf(`kubectl patch %s %s --type merge -p '{"metadata":{"finalizers":%s}}'`, ref.Resource.GroupResource(), inNamespace(ref),
		strings.ReplaceAll(fmt.Sprintf("%q", rest), `" "`, `","`))
}

func explainPhase(e *install.PhaseError) string {
	if e.Status == "" {
		return fmt.Sprintf("The cluster did not take %s: %v", e.Object, e.Err)
	}
	lines := []string{fmt.Sprintf("Waiting for %s took too long: %s (%v).", e.Object, strings.TrimSuffix(e.Status, "."), e.Err)}
	return strings.Join(append(lines, e.Hints...), "\n  ") + "\n\n" + lookFurther(e) + " What was applied stays. Apply again to install anew, with timeouts { create = \"10m\" } to wait longer, or wait = false not to wait."
}

// lookFurther names the commands that show more.
func lookFurther(e *install.PhaseError) string {
	commands := []string{fmt.Sprintf("kubectl describe %s %s", e.Object.Resource.GroupResource(), inNamespace(e.Object))}
	if e.Object.Resource.Resource == "deployments" {
		commands = append(commands,
			fmt.Sprintf("kubectl -n %s describe pods -l app=%s", e.Object.Namespace, e.Object.Name),
			fmt.Sprintf("kubectl -n %s logs deployment/%s", e.Object.Namespace, e.Object.Name))
	}
	return "See more with: " + strings.Join(commands, "; ") + "."
}

// tellAdopted warns of what still believes that it owns the installation.
func (r *installation) tellAdopted(installer *install.Installer, diags *diag.Diagnostics) {
	owners := installer.Adopted()
	helm := slices.IndexFunc(owners, func(o install.Owner) bool { return o.Tool == install.ToolHelm })
	if helm < 0 {
		return
	}
	owner := owners[helm]
	diags.AddAttributeWarning(path.Root("adopt"), "Helm still remembers its release", fmt.Sprintf("The objects of %s belong to Terraform now. Do not run helm uninstall: it would delete "+
		"them, and with the custom resource definitions all objects of users. Make Helm forget the release instead:\n\n  kubectl delete secret -n %s -l owner=helm,name=%s",
		owner, owner.Namespace, owner.Name))
}
